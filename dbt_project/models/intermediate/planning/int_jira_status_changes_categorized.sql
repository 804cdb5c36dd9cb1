{{ config(materialized='table', post_hook='analyze {{ this }}') }}

with stays as (

    select
        dated.issue_id,
        dated.position,
        dated.value as status_id,
        coalesce(statuses.name, dated.label, split_part(dated.value, ':', 2)) as status,
        statuses.category,
        coalesce(statuses.is_category_assumed, true) as is_category_assumed,
        dated.valid_from as entered_at,
        dated.valid_to as left_at
    from {{ ref('int_jira_values_dated') }} as dated
    left join {{ ref('int_jira_statuses_resolved') }} as statuses
        on dated.value = statuses.status_id
    where dated.topic = 'status'

),

-- A stay of unknown category falls into one group with the next known one, and with the last.
grouped as (

    select
        *,
        count(category) over (partition by issue_id order by position desc) as next_known,
        count(category) over (partition by issue_id order by position) as last_known
    from stays

),

neighbours as (

    select
        *,
        max(category) over (partition by issue_id, next_known) as next_category,
        max(category) over (partition by issue_id, last_known) as last_category
    from grouped

)

select
    neighbours.issue_id,
    neighbours.position,
    neighbours.status_id,
    neighbours.status,
    coalesce(
        neighbours.category,
        neighbours.next_category,
        neighbours.last_category,
        case when issues.resolved_at is not null then 'done' else 'to_do' end
    ) as category,
    neighbours.is_category_assumed,
    neighbours.entered_at,
    neighbours.left_at
from neighbours
inner join {{ ref('stg_jira__issues') }} as issues on neighbours.issue_id = issues.issue_id
