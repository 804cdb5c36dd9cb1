{{ config(materialized='table', post_hook='analyze {{ this }}') }}

with absorbed as (

    select * from {{ ref('int_teams_absorbed') }}

),

stated as (

    select distinct on ({{ slug('name') }})
        'service:' || {{ slug('name') }} as service_id,
        {{ slug('team') }} as team
    from {{ ref('stg_settings__services') }}
    order by {{ slug('name') }}, team nulls last, name

),

-- The names of a team: its own, and those of what it absorbs.
names as (

    select
        team_id,
        1 as preference,
        unnest(array[slug, {{ slug('name') }}]) as name
    from {{ ref('int_teams_unioned') }}
    where origin = 'settings'

    union

    select
        coalesce(absorbed.team_id, source_teams.team_id),
        2,
        unnest(array[source_teams.slug, {{ slug('source_teams.name') }}])
    from {{ ref('int_source_teams_unioned') }} as source_teams
    left join absorbed on source_teams.team_id = absorbed.absorbed_team_id

),

unique_names as (

    select
        name,
        preference,
        min(team_id) as team_id
    from names
    group by name, preference
    having count(distinct team_id) = 1

),

by_settings as (

    select distinct on (stated.service_id)
        stated.service_id,
        unique_names.team_id
    from stated
    inner join unique_names on stated.team = unique_names.name
    order by stated.service_id, unique_names.preference

),

-- A team owns a service when it owns all of its repositories.
by_repositories as (

    select
        services.service_id,
        case
            when
                count(owners.team_id) = count(*)
                and min(owners.team_id) = max(owners.team_id)
                then min(owners.team_id)
        end as team_id
    from {{ ref('int_service_repositories_matched') }} as services
    left join {{ ref('int_repository_owners_resolved') }} as owners
        on services.repository_id = owners.repository_id
    group by services.service_id

)

select
    coalesce(by_settings.service_id, by_repositories.service_id) as service_id,
    coalesce(by_settings.team_id, by_repositories.team_id) as team_id
from by_settings
full outer join by_repositories on by_settings.service_id = by_repositories.service_id
where coalesce(by_settings.team_id, by_repositories.team_id) is not null
