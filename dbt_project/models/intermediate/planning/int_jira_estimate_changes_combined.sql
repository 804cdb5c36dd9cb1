{{ config(materialized='table', post_hook='analyze {{ this }}') }}

-- A site may have several fields for story points, and an issue estimates in more than one of them
-- (it moved to a project that uses another). Its estimate is, at any moment, what stands in the
-- field that goes first; a change is one of the estimate, whichever field it was in.
with changes as (

    select
        changes.*,
        fields.preference
    from {{ ref('int_jira_issue_changes_classified') }} as changes
    left join {{ ref('stg_jira__fields') }} as fields
        on changes.connection = fields.connection and changes.field_key = fields.field_id
    where changes.topic = 'story_points'

),

-- what each field of an issue held before its first change
fields_of_issues as (

    select distinct on (issue_id, field_key)
        issue_id,
        field_key,
        preference,
        from_value as first_value
    from changes
    order by issue_id, field_key, change_position

),

held as (

    select
        changes.issue_id,
        changes.change_position,
        array_agg(
            coalesce(latest.to_value, case when latest.issue_id is null then its.first_value end)
            order by its.preference nulls last, its.field_key
        ) as values_after
    from changes
    inner join fields_of_issues as its on changes.issue_id = its.issue_id
    left join lateral (
        select
            earlier.issue_id,
            earlier.to_value
        from changes as earlier
        where
            earlier.issue_id = changes.issue_id
            and earlier.field_key = its.field_key
            and earlier.change_position <= changes.change_position
        order by earlier.change_position desc
        limit 1
    ) as latest on true
    group by changes.issue_id, changes.change_position

),

estimated as (

    select
        changes.*,
        (array_remove(held.values_after, null))[1] as estimate
    from changes
    inner join held
        on changes.issue_id = held.issue_id and changes.change_position = held.change_position

),

begun as (

    select
        issue_id,
        (array_remove(array_agg(first_value order by preference nulls last, field_key), null))[1]
            as estimate
    from fields_of_issues
    group by issue_id

)

select
    estimated.connection,
    estimated.issue_id,
    estimated.topic,
    'story_points' as field_key,
    estimated.change_position,
    case
        when lag(estimated.issue_id) over followed is null then begun.estimate
        else lag(estimated.estimate) over followed
    end as from_value,
    null::text as from_text,
    estimated.estimate as to_value,
    null::text as to_text,
    estimated.changed_at
from estimated
inner join begun on estimated.issue_id = begun.issue_id
window followed as (partition by estimated.issue_id order by estimated.change_position)
