with candidates as (

    select
        team_repositories.repository_id,
        team_repositories.team_id,
        dense_rank() over (
            partition by team_repositories.repository_id
            order by
                case team_repositories.permission
                    when 'ADMIN' then 1 when 'MAINTAIN' then 2 else 3
                end
        ) as preference
    from {{ ref('stg_github__team_repositories') }} as team_repositories
    inner join {{ ref('stg_github__teams') }} as teams
        on team_repositories.team_id = teams.team_id
    inner join {{ ref('int_teams_unioned') }} as current_teams
        on teams.team_id = current_teams.team_id
    where
        team_repositories.permission in ('ADMIN', 'MAINTAIN', 'WRITE')
        and team_repositories.synced_at >= teams.synced_at

)

-- Several teams with the highest permission: nobody can tell whose it is.
select
    repository_id,
    case when count(*) = 1 then min(team_id) end as team_id,
    count(*) as candidate_count
from candidates
where preference = 1
group by repository_id
