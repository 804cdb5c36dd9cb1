select
    connection,
    'github' as source,
    repository_id,
    sha,
    author_id as author_account_id,
    author_login,
    author_name,
    author_email,
    message_headline,
    additions,
    deletions,
    is_on_default_branch,
    parent_shas,
    reverted_shas,
    pull_request_ids,
    null::bigint as pull_request_number,
    changed_paths,
    issue_keys,
    authored_at,
    committed_at,
    synced_at
from {{ ref('stg_github__commits') }}

union all

select
    connection,
    'gitlab',
    repository_id,
    sha,
    null,
    null,
    author_name,
    author_email,
    message_headline,
    additions,
    deletions,
    is_on_default_branch,
    parent_shas,
    reverted_shas,
    '{}',
    merge_request_iid,
    changed_paths,
    issue_keys,
    authored_at,
    committed_at,
    synced_at
from {{ ref('stg_gitlab__commits') }}
