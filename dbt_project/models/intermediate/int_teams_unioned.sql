with organization as (

    select organization_id from {{ ref('stg_settings__organization') }}

),

-- A team that the last whole list of its organization did not hold is gone.
github as (

    select teams.*
    from {{ ref('stg_github__teams') }} as teams
    inner join {{ ref('stg_github__organizations') }} as owners
        on teams.owner_id = owners.owner_id
    where teams.synced_at >= owners.teams_synced_at

),

stated as (

    select
        name,
        parent,
        1 as preference
    from {{ ref('stg_settings__teams') }}
    union all
    select
        parent,
        null,
        2
    from {{ ref('stg_settings__teams') }}
    where parent is not null

),

-- A service may name a team that is on GitHub; one that is nowhere else exists by being named.
named_by_services as (

    select
        services.team,
        null,
        3
    from {{ ref('stg_settings__services') }} as services
    where
        services.team is not null
        and (
            select count(*)
            from github
            where {{ slug('services.team') }} in (github.slug, {{ slug('github.name') }})
        ) != 1

),

settings as (

    select distinct on ({{ slug('name') }})
        {{ slug('name') }} as slug,
        name,
        parent
    from (
        select * from stated
        union all
        select * from named_by_services
    ) as names
    order by {{ slug('name') }}, preference, name

)

select
    'team:' || settings.slug as team_id,
    organization.organization_id,
    settings.name,
    settings.slug,
    case
        when {{ slug('settings.parent') }} != settings.slug
            then 'team:' || {{ slug('settings.parent') }}
    end as parent_team_id,
    'settings' as origin
from settings
left join organization on true

union all

select
    github.team_id,
    organization.organization_id,
    github.name,
    github.slug,
    parents.team_id as parent_team_id,
    'github' as origin
from github
left join github as parents on github.parent_team_id = parents.team_id
left join organization on true
