with current_teams as (

    select
        source_teams.team_id,
        source_teams.members_synced_at,
        coalesce(absorbed.team_id, source_teams.team_id) as owner_team_id
    from {{ ref('int_source_teams_unioned') }} as source_teams
    left join {{ ref('int_teams_absorbed') }} as absorbed
        on source_teams.team_id = absorbed.absorbed_team_id

),

candidates as (

    select
        team_repositories.repository_id,
        current_teams.owner_team_id as team_id,
        dense_rank() over (
            partition by team_repositories.repository_id
            order by
                case team_repositories.permission
                    when 'ADMIN' then 1 when 'MAINTAIN' then 2 else 3
                end
        ) as preference
    from {{ ref('stg_github__team_repositories') }} as team_repositories
    inner join current_teams on team_repositories.team_id = current_teams.team_id
    where
        team_repositories.permission in ('ADMIN', 'MAINTAIN', 'WRITE')
        and team_repositories.synced_at >= current_teams.members_synced_at

)

-- Several teams with the highest permission: nobody can tell whose it is.
select
    repository_id,
    case when count(distinct team_id) = 1 then min(team_id) end as team_id,
    count(distinct team_id) as candidate_count
from candidates
where preference = 1
group by repository_id

union all

-- A project is its group's.
select
    repositories.repository_id,
    current_teams.owner_team_id,
    1
from {{ ref('int_repositories_unioned') }} as repositories
inner join current_teams on repositories.owner_id = current_teams.team_id
where repositories.source = 'gitlab'
