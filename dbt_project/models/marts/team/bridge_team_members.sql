with stated as (

    select
        'team:' || {{ slug('members.team') }} as team_id,
        accounts.account_id as developer_id,
        'member' as role
    from {{ ref('stg_settings__team_members') }} as members
    inner join {{ ref('int_accounts_unioned') }} as accounts
        on
            split_part(members.member, ':', 1) = accounts.connection
            and lower(split_part(members.member, ':', 2)) = lower(accounts.login)

),

github as (

    select
        members.team_id,
        members.account_id as developer_id,
        coalesce(lower(members.role), 'member') as role
    from {{ ref('stg_github__team_members') }} as members
    inner join {{ ref('stg_github__teams') }} as teams
        on members.team_id = teams.team_id
    inner join {{ ref('int_teams_unioned') }} as current_teams
        on teams.team_id = current_teams.team_id
    -- who is not in the team's last list has left it
    where members.synced_at >= teams.synced_at

)

select distinct on (team_id, developer_id)
    team_id,
    developer_id,
    role
from (
    select * from stated
    union all
    select * from github
) as members
order by team_id, developer_id, role
