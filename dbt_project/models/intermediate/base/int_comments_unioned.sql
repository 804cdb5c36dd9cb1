select
    connection,
    'github' as source,
    comment_id,
    'comment' as kind,
    repository_id,
    pull_request_id,
    issue_id,
    author_id,
    author_login,
    author_type,
    mentioned,
    created_at,
    synced_at
from {{ ref('stg_github__issue_comments') }}

union all

select
    connection,
    'github',
    review_comment_id,
    'review_comment',
    repository_id,
    pull_request_id,
    null,
    author_id,
    author_login,
    author_type,
    null,
    created_at,
    synced_at
from {{ ref('stg_github__pull_request_review_comments') }}

union all

-- those on changed lines are among the reviews; GitLab's own notes are nobody's words
select
    connection,
    'gitlab',
    note_id,
    'comment',
    repository_id,
    merge_request_id,
    null,
    author_id,
    author_login,
    null,
    null,
    created_at,
    null
from {{ ref('stg_gitlab__merge_request_notes') }}
where not is_system and type is distinct from 'DiffNote'
