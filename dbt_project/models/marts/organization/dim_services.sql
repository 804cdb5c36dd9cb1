with matched as (

    select * from {{ ref('int_service_repositories_matched') }}

),

organization as (

    select organization_id from {{ ref('stg_settings__organization') }}

),

stated as (

    select distinct on ({{ slug('name') }})
        'service:' || {{ slug('name') }} as service_id,
        name
    from {{ ref('stg_settings__services') }}
    order by {{ slug('name') }}, name

),

by_repositories as (

    select
        matched.service_id,
        bool_or(
            exists (
                select 1 from {{ ref('int_deployment_rules_matched') }} as rules
                where rules.repository_id = matched.repository_id
            )
            or exists (
                select 1 from {{ ref('int_deployments_detected') }} as deployments
                where deployments.repository_id = matched.repository_id
            )
        ) as has_deployment_source,
        min(repositories.full_name) as full_name
    from matched
    inner join {{ ref('int_repositories_unioned') }} as repositories
        on matched.repository_id = repositories.repository_id
    group by matched.service_id

),

services as (

    select
        service_id,
        name,
        false as is_default
    from stated
    union all
    select distinct
        matched.service_id,
        by_repositories.full_name,
        true
    from matched
    inner join by_repositories on matched.service_id = by_repositories.service_id
    where matched.is_default

)

select
    services.service_id,
    organization.organization_id,
    services.name,
    owners.team_id,
    services.is_default,
    coalesce(by_repositories.has_deployment_source, false) as has_deployment_source,
    exists (
        select 1 from {{ ref('int_service_incident_sources') }} as sources
        where sources.service_id = services.service_id
    ) as has_incident_source
from services
left join by_repositories on services.service_id = by_repositories.service_id
left join {{ ref('int_service_owners_resolved') }} as owners
    on services.service_id = owners.service_id
left join organization on true
