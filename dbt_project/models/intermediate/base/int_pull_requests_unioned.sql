select
    connection,
    'github' as source,
    pull_request_id,
    repository_id,
    author_id,
    author_login,
    author_type,
    title,
    state,
    base_ref_name,
    head_ref_name,
    head_sha,
    merge_commit_sha,
    null::text as squash_commit_sha,
    number,
    additions,
    deletions,
    changed_files,
    commit_count,
    is_draft,
    labels,
    closing_issue_ids,
    '{}'::text[] as closing_issue_keys,
    reverted_numbers,
    reverted_shas,
    issue_keys,
    created_at,
    updated_at,
    closed_at,
    merged_at,
    synced_at
from {{ ref('stg_github__pull_requests') }}

union all

select
    connection,
    'gitlab',
    merge_request_id,
    repository_id,
    author_id,
    author_login,
    null,
    title,
    case state when 'merged' then 'MERGED' when 'closed' then 'CLOSED' else 'OPEN' end,
    target_branch,
    source_branch,
    head_sha,
    -- Squashed and merged: the merge commit has the squash commit as its parent. Fast-forward has
    -- no merge commit: the squash commit is on the branch itself or, not squashed, the head.
    coalesce(merge_commit_sha, squash_commit_sha, head_sha),
    squash_commit_sha,
    iid,
    null,
    null,
    null,
    null,
    is_draft,
    labels,
    '{}',
    closing_issues,
    reverted_iids,
    reverted_shas,
    issue_keys,
    created_at,
    updated_at,
    case
        when state = 'merged' then coalesce(merged_at, closed_at, updated_at)
        when state = 'closed' then closed_at
    end,
    -- old merge requests are merged without a time
    case when state = 'merged' then coalesce(merged_at, closed_at, updated_at) end,
    synced_at
from {{ ref('stg_gitlab__merge_requests') }}
