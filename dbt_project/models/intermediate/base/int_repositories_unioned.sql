-- GitHub lists every repository of an owner in every sync. One that the last whole list did not
-- hold was deleted, moved away, hidden from the token, or is wanted no longer.
with github as (

    select
        repositories.*,
        case
            when repositories.synced_at < owners.synced_at
                then coalesce(
                    (
                        select min(syncs.synced_at)
                        from {{ ref('stg_github__repository_syncs') }} as syncs
                        where
                            syncs.connection = repositories.connection
                            and syncs.synced_at > repositories.synced_at
                    ),
                    owners.synced_at
                )
        end as deleted_at
    from {{ ref('stg_github__repositories') }} as repositories
    left join {{ ref('stg_github__organizations') }} as owners
        on repositories.owner_id = owners.owner_id

)

select
    connection,
    'github' as source,
    repository_id,
    owner_id,
    owner_login,
    name,
    full_name,
    default_branch,
    -- what is gone is written to no more; its history stays
    is_archived or deleted_at is not null as is_archived,
    is_fork,
    is_private,
    created_at,
    pushed_at,
    deleted_at,
    synced_at
from github

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
    is_archived or deleted_at is not null,
    is_fork,
    visibility != 'public',
    created_at,
    null,
    deleted_at,
    synced_at
from {{ ref('stg_gitlab__projects') }}
