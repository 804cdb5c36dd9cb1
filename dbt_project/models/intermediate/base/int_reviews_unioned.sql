select
    connection,
    'github' as source,
    review_id,
    pull_request_id,
    repository_id,
    author_id,
    author_login,
    author_type,
    state,
    submitted_at,
    synced_at
from {{ ref('stg_github__pull_request_reviews') }}
