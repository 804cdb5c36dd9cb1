with matched as (

    select * from {{ ref('int_service_repositories_matched') }}

),

organization as (

    select organization_id from {{ ref('stg_settings__organization') }}

),

stated as (

    select distinct on ({{ slug('name') }})
        'service:' || {{ slug('name') }} as service_id,
        name,
        team
    from {{ ref('stg_settings__services') }}
    order by {{ slug('name') }}, team nulls last, name

),

teams as (

    select
        team_id,
        slug,
        {{ slug('name') }} as name_slug,
        origin,
        count(*) over (partition by origin, slug) as namesake_count
    from {{ ref('int_teams_unioned') }}

),

stated_teams as (

    select distinct on (stated.service_id)
        stated.service_id,
        teams.team_id
    from stated
    inner join teams
        on
            {{ slug('stated.team') }} in (teams.slug, teams.name_slug)
            and teams.namesake_count = 1
    order by stated.service_id, teams.origin desc, teams.team_id

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
        bool_or(
            exists (
                select 1 from {{ ref('int_incident_rules_matched') }} as rules
                where rules.repository_id = matched.repository_id
            )
        ) as has_incident_source,
        -- a team owns a service when it owns all of its repositories
        case
            when
                count(owners.team_id) = count(*)
                and min(owners.team_id) = max(owners.team_id)
                then min(owners.team_id)
        end as team_id,
        min(repositories.full_name) as full_name
    from matched
    inner join {{ ref('int_repositories_unioned') }} as repositories
        on matched.repository_id = repositories.repository_id
    left join {{ ref('int_repository_owners_resolved') }} as owners
        on matched.repository_id = owners.repository_id
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
    coalesce(stated_teams.team_id, by_repositories.team_id) as team_id,
    services.is_default,
    coalesce(by_repositories.has_deployment_source, false) as has_deployment_source,
    coalesce(by_repositories.has_incident_source, false) as has_incident_source
from services
left join by_repositories on services.service_id = by_repositories.service_id
left join stated_teams on services.service_id = stated_teams.service_id
left join organization on true
