select
    connection,
    'github' as source,
    repository_id,
    name,
    commit_sha,
    tagged_at,
    synced_at
from {{ ref('stg_github__tags') }}

union all

select
    connection,
    'gitlab',
    repository_id,
    name,
    commit_sha,
    tagged_at,
    synced_at
from {{ ref('stg_gitlab__tags') }}
