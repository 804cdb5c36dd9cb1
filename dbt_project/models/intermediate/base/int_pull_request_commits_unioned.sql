select
    connection,
    'github' as source,
    pull_request_id,
    repository_id,
    sha,
    author_id as author_account_id,
    author_login,
    author_name,
    author_email,
    message_headline,
    position,
    issue_keys,
    authored_at,
    committed_at,
    synced_at
from {{ ref('stg_github__pull_request_commits') }}

union all

select
    connection,
    'gitlab',
    merge_request_id,
    repository_id,
    sha,
    null,
    null,
    author_name,
    author_email,
    message_headline,
    position,
    issue_keys,
    authored_at,
    committed_at,
    synced_at
from {{ ref('stg_gitlab__merge_request_commits') }}
