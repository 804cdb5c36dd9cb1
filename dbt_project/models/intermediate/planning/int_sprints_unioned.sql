-- Sprints of the boards, and those that only issues know: deleted, or of a board that is not shown.
with sprints as (

    select * from {{ ref('stg_jira__sprints') }}

),

members as (

    select distinct
        sprint_id,
        connection
    from {{ ref('int_sprint_issues_dated') }}

),

-- The names beside the ids in a changelog's entry, unless a comma in one of them makes them more.
named as (

    select distinct on (listed.sprint_id)
        listed.sprint_id,
        nullif(btrim(listed.name), '') as name
    from {{ ref('int_jira_issue_changes_classified') }} as changes
    cross join
        lateral unnest(
            string_to_array(changes.to_value, ','), string_to_array(changes.to_text, ',')
        ) as listed (sprint_id, name)
    where
        changes.topic = 'sprint'
        and cardinality(string_to_array(changes.to_value, ','))
        = cardinality(string_to_array(changes.to_text, ','))
    order by listed.sprint_id, changes.changed_at desc

)

select
    sprint_id,
    connection,
    board_id,
    name,
    state,
    created_at,
    started_at,
    ends_at,
    completed_at,
    deleted_at
from sprints

union all

select
    members.sprint_id,
    members.connection,
    null,
    named.name,
    null,
    null,
    null,
    null,
    null,
    null
from members
left join named on members.sprint_id = named.sprint_id
where
    not exists (
        select 1 from sprints
        where sprints.sprint_id = members.sprint_id
    )
