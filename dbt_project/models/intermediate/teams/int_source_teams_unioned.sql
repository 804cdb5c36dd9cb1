-- A team that the last whole list of its organization did not hold is gone; GitLab's groups say so.
with github as (

    select
        teams.team_id,
        teams.connection,
        'github' as source,
        owners.login || '/' || teams.slug as path,
        teams.slug,
        teams.name,
        teams.parent_team_id,
        teams.synced_at as members_synced_at
    from {{ ref('stg_github__teams') }} as teams
    inner join {{ ref('stg_github__organizations') }} as owners
        on teams.owner_id = owners.owner_id
    where teams.synced_at >= owners.teams_synced_at

),

gitlab as (

    select
        team_id,
        connection,
        'gitlab' as source,
        full_path as path,
        substring(full_path from '[^/]+$') as slug,
        name,
        parent_team_id,
        members_synced_at
    from {{ ref('stg_gitlab__groups') }}
    where deleted_at is null

),

unioned as (

    select * from github
    union all
    select * from gitlab

)

select
    unioned.team_id,
    unioned.connection,
    unioned.source,
    unioned.path,
    unioned.slug,
    unioned.name,
    parents.team_id as parent_team_id,
    unioned.members_synced_at
from unioned
left join unioned as parents on unioned.parent_team_id = parents.team_id
