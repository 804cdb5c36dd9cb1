select
    connection,
    'github' as source,
    repository_id,
    owner_id,
    owner_login,
    name,
    full_name,
    default_branch,
    is_archived,
    is_fork,
    is_private,
    created_at,
    pushed_at,
    null::timestamptz as deleted_at,
    synced_at
from {{ ref('stg_github__repositories') }}
