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

union all

select
    connection,
    'gitlab',
    repository_id,
    group_id,
    regexp_replace(full_name, '/[^/]+$', ''),
    -- the last part of the path, as on GitHub: GitLab's display name may be anything
    regexp_replace(full_name, '^.*/', ''),
    full_name,
    default_branch,
    -- what is gone is written to no more; its history stays
    is_archived or deleted_at is not null,
    is_fork,
    visibility != 'public',
    created_at,
    null,
    deleted_at,
    synced_at
from {{ ref('stg_gitlab__projects') }}
