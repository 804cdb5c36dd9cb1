{{ config(materialized='table', post_hook='analyze {{ this }}') }}

with recursive organization as (

    select organization_id from {{ ref('stg_settings__organization') }}

),

source_teams as (

    select * from {{ ref('int_source_teams_unioned') }}

),

absorbed as (

    select * from {{ ref('int_teams_absorbed') }}

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

-- A service may name a team of a source; one that is nowhere else exists by being named.
named_by_services as (

    select
        services.team,
        null,
        3
    from {{ ref('stg_settings__services') }} as services
    where
        services.team is not null
        and (
            select count(distinct coalesce(absorbed.team_id, source_teams.team_id))
            from source_teams
            left join absorbed on source_teams.team_id = absorbed.absorbed_team_id
            where
                {{ slug('services.team') }}
                in (source_teams.slug, {{ slug('source_teams.name') }})
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

),

-- Where the settings name no team above, that of what a team absorbs stands, if it is one.
inherited as (

    select
        absorbed.team_id,
        case
            when count(distinct coalesce(above.team_id, parents.team_id)) = 1
                then min(coalesce(above.team_id, parents.team_id))
        end as parent_team_id
    from absorbed
    inner join source_teams on absorbed.absorbed_team_id = source_teams.team_id
    inner join source_teams as parents on source_teams.parent_team_id = parents.team_id
    left join absorbed as above on parents.team_id = above.absorbed_team_id
    where above.team_id is distinct from absorbed.team_id
    group by absorbed.team_id

),

teams as (

    select
        'team:' || settings.slug as team_id,
        settings.name,
        settings.slug,
        case
            when settings.parent is not null then 'team:' || {{ slug('settings.parent') }}
            else inherited.parent_team_id
        end as parent_team_id,
        'settings' as origin
    from settings
    left join inherited on 'team:' || settings.slug = inherited.team_id

    union all

    select
        source_teams.team_id,
        source_teams.name,
        source_teams.slug,
        coalesce(above.team_id, source_teams.parent_team_id),
        source_teams.source
    from source_teams
    left join absorbed on source_teams.team_id = absorbed.absorbed_team_id
    left join absorbed as above on source_teams.parent_team_id = above.absorbed_team_id
    where absorbed.absorbed_team_id is null

),

ways_up as (

    select
        team_id,
        parent_team_id as ancestor_team_id
    from teams
    where parent_team_id is not null
    union
    select
        ways_up.team_id,
        teams.parent_team_id
    from ways_up
    inner join teams on ways_up.ancestor_team_id = teams.team_id
    where teams.parent_team_id is not null

)

select
    teams.team_id,
    organization.organization_id,
    teams.name,
    teams.slug,
    -- who would be above itself stands at the top
    case
        when
            not exists (
                select 1 from ways_up
                where ways_up.team_id = teams.team_id and ways_up.ancestor_team_id = teams.team_id
            )
            then teams.parent_team_id
    end as parent_team_id,
    teams.origin
from teams
left join organization on true
