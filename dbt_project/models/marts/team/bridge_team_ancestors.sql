with recursive ways_up as (

    select
        team_id,
        team_id as ancestor_team_id,
        0 as depth
    from {{ ref('int_teams_unioned') }}

    union all

    -- int_teams_unioned has no loops
    select
        ways_up.team_id,
        teams.parent_team_id,
        ways_up.depth + 1
    from ways_up
    inner join {{ ref('int_teams_unioned') }} as teams
        on ways_up.ancestor_team_id = teams.team_id
    where teams.parent_team_id is not null

)

select
    team_id,
    ancestor_team_id,
    depth
from ways_up
