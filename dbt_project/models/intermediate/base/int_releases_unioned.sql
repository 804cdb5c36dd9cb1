select
    connection,
    'github' as source,
    release_id,
    repository_id,
    name,
    tag_name,
    commit_sha,
    is_draft,
    is_prerelease,
    created_at,
    published_at,
    synced_at
from {{ ref('stg_github__releases') }}
