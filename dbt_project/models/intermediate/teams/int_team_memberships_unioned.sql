-- Days of the settings begin at midnight in the organization's time zone, GitLab's in UTC.
with settings as (

    select
        'team:' || {{ slug('members.team') }} as team_id,
        accounts.account_id,
        'settings' as origin,
        'member' as role,
        case
            when members.valid_from > '0001-01-01'
                then members.valid_from::timestamp at time zone organization.timezone
        end as valid_from,
        members.valid_to::timestamp at time zone organization.timezone as valid_to
    from {{ ref('stg_settings__team_members') }} as members
    inner join {{ ref('int_accounts_stated') }} as accounts on members.member = accounts.reference
    cross join {{ ref('stg_settings__organization') }} as organization

),

source_teams as (

    select * from {{ ref('int_source_teams_unioned') }}

),

syncs as (

    select distinct
        connection,
        synced_at
    from {{ ref('stg_github__repository_syncs') }}
    union
    select distinct
        connection,
        synced_at
    from {{ ref('stg_gitlab__project_syncs') }}

),

github as (

    select
        members.team_id,
        members.connection,
        members.account_id,
        coalesce(lower(members.role), 'member') as role,
        null::timestamptz as valid_from,
        null::timestamptz as expires_at,
        members.synced_at
    from {{ ref('stg_github__team_members') }} as members

),

gitlab as (

    select
        team_id,
        connection,
        account_id,
        case
            when access_level >= 50 then 'owner'
            when access_level >= 40 then 'maintainer'
            when access_level >= 30 then 'member'
            when access_level >= 20 then 'reporter'
            else 'guest'
        end as role,
        created_at as valid_from,
        expires_on::timestamp at time zone 'UTC' as expires_at,
        synced_at
    from {{ ref('stg_gitlab__group_members') }}

),

listed as (

    select * from github
    union all
    select * from gitlab

),

-- Who is not in the team's last list has left it, at the latest when the next sync looked.
sources as (

    select
        listed.team_id,
        listed.account_id,
        source_teams.source,
        listed.role,
        listed.valid_from,
        least(
            case
                when listed.expires_at <= source_teams.members_synced_at then listed.expires_at
            end,
            case
                when listed.synced_at < source_teams.members_synced_at
                    then least(
                        source_teams.members_synced_at,
                        (
                            select min(syncs.synced_at) from syncs
                            where
                                syncs.connection = listed.connection
                                and syncs.synced_at > listed.synced_at
                        )
                    )
            end
        ) as valid_to
    from listed
    inner join source_teams on listed.team_id = source_teams.team_id

),

-- An end that lies ahead of what was read last has not come.
latest as (

    select max(synced_at) as synced_at from (
        select synced_at from {{ ref('stg_github__organizations') }}
        union all
        select synced_at from {{ ref('stg_gitlab__groups') }}
        union all
        select synced_at from {{ ref('stg_jira__projects') }}
    ) as read
),

memberships as (

    select
        settings.team_id,
        settings.account_id,
        settings.origin,
        settings.role,
        settings.valid_from,
        case when settings.valid_to <= latest.synced_at then settings.valid_to end as valid_to
    from settings
    cross join latest

    union all

    select
        coalesce(absorbed.team_id, sources.team_id),
        sources.account_id,
        sources.source,
        sources.role,
        sources.valid_from,
        sources.valid_to
    from sources
    left join {{ ref('int_teams_absorbed') }} as absorbed
        on sources.team_id = absorbed.absorbed_team_id

)

select
    memberships.team_id,
    developers.developer_id,
    memberships.account_id,
    memberships.origin,
    memberships.role,
    memberships.valid_from,
    memberships.valid_to
from memberships
inner join {{ ref('int_developers_matched') }} as developers
    on memberships.account_id = developers.account_id
where coalesce(memberships.valid_from < memberships.valid_to, true)
