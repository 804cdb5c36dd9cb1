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
        min(repositories.full_name) as full_name
    from matched
    inner join {{ ref('int_repositories_unioned') }} as repositories
        on matched.repository_id = repositories.repository_id
    group by matched.service_id

),

-- Services that could be deployed: by a rule that names them or is about their repository, or
-- since the default found something.
deployable as (

    select service_id from {{ ref('int_deployment_rules_matched') }}
    where service_id is not null

    union

    select matched.service_id
    from matched
    inner join {{ ref('int_deployment_rules_matched') }} as rules
        on matched.repository_id = rules.repository_id
    where matched.is_deployed and rules.service_id is null

    union

    select service_id from {{ ref('int_deployments_assigned') }}

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
    coalesce(deployable.service_id is not null, false) as has_deployment_source,
    services.service_id in (
        select sources.service_id from {{ ref('int_service_incident_sources') }} as sources
    ) as has_incident_source
from services
left join deployable on services.service_id = deployable.service_id
left join {{ ref('int_service_owners_resolved') }} as owners
    on services.service_id = owners.service_id
left join organization on true
