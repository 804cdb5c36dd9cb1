select
    repositories.repository_id,
    organization.organization_id,
    repositories.connection,
    repositories.source,
    repositories.full_name,
    hosts.web_url || repositories.full_name as url,
    repositories.default_branch,
    repositories.is_archived,
    repositories.is_fork,
    repositories.is_private,
    repositories.created_at,
    repositories.pushed_at,
    repositories.deleted_at
from {{ ref('int_repositories_unioned') }} as repositories
left join {{ ref('stg_settings__organization') }} as organization on true
left join {{ ref('int_connection_hosts_derived') }} as hosts
    on repositories.connection = hosts.connection
