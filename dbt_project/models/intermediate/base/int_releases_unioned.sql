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

union all

select
    connection,
    'gitlab',
    repository_id || ':release:' || tag_name,
    repository_id,
    name,
    tag_name,
    commit_sha,
    -- its date lies in the future
    is_upcoming,
    false,
    created_at,
    coalesce(released_at, created_at),
    synced_at
from {{ ref('stg_gitlab__releases') }}
