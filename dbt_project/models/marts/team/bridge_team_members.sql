-- Several accounts of a person in one team, or a team and what it absorbs, overlap: one row.
with memberships as (

    select
        team_id,
        developer_id,
        role,
        tstzrange(valid_from, valid_to) as validity
    from {{ ref('int_team_memberships_unioned') }}

),

periods as (

    select
        team_id,
        developer_id,
        unnest(range_agg(validity)) as validity
    from memberships
    group by team_id, developer_id

)

select
    periods.team_id || ' ' || periods.developer_id
    || coalesce(
        to_char(lower(periods.validity) at time zone 'UTC', ' YYYY-MM-DD"T"HH24:MI:SS"Z"'), ''
    ) as team_member_id,
    periods.team_id,
    periods.developer_id,
    (
        array_agg(
            memberships.role
            order by array_position(
                array['owner', 'maintainer', 'member', 'reporter', 'guest'], memberships.role
            )
        )
    )[1] as role,
    lower(periods.validity) as valid_from,
    upper(periods.validity) as valid_to
from periods
inner join memberships
    on
        periods.team_id = memberships.team_id
        and periods.developer_id = memberships.developer_id
        and periods.validity && memberships.validity
group by periods.team_id, periods.developer_id, periods.validity
