{{ config(materialized='table', post_hook='analyze {{ this }}') }}

-- Every history of an issue in one shape: what a field held, from when until when. Half-open, so
-- that "as of t" is valid_from <= t and (valid_to is null or valid_to > t).
with considered as (

    select *
    from {{ ref('int_jira_issue_changes_classified') }}
    where topic != 'story_points'

    union all

    select * from {{ ref('int_jira_estimate_changes_combined') }}

),

issues as (

    select
        issue_id,
        created_at,
        updated_at,
        deleted_at,
        status_id,
        status_name,
        assignee_id,
        story_points,
        is_flagged,
        nullif(array_to_string(sprint_ids, ','), '') as sprint_ids
    from {{ ref('stg_jira__issues') }}

),

first_changes as (

    select distinct on (issue_id, topic)
        issue_id,
        topic,
        from_value,
        from_text
    from considered
    order by issue_id, topic, change_position

),

last_changes as (

    select distinct on (issue_id, topic)
        issue_id,
        topic,
        to_value,
        changed_at
    from considered
    order by issue_id, topic, change_position desc

),

held_now as (

    select
        issues.issue_id,
        issues.created_at,
        issues.updated_at,
        held.topic,
        held.value,
        held.label
    from issues
    cross join
        lateral (
            values
            ('status', issues.status_id, issues.status_name),
            ('assignee', issues.assignee_id, null),
            ('story_points', issues.story_points::text, null),
            ('flagged', case when issues.is_flagged then 'true' end, null),
            ('sprint', issues.sprint_ids, null)
        ) as held (topic, value, label)

),

placed as (

    -- before the first change; without one, what it holds now it has always held
    select
        held_now.issue_id,
        held_now.topic,
        0 as position,
        case
            when first_changes.issue_id is null then held_now.value
            else first_changes.from_value
        end as value,
        case
            when first_changes.issue_id is null then held_now.label
            else first_changes.from_text
        end as label,
        held_now.created_at as valid_from
    from held_now
    left join first_changes
        on held_now.issue_id = first_changes.issue_id and held_now.topic = first_changes.topic

    union all

    select
        considered.issue_id,
        considered.topic,
        considered.change_position,
        considered.to_value,
        considered.to_text,
        greatest(considered.changed_at, issues.created_at)
    from considered
    inner join issues on considered.issue_id = issues.issue_id
    where considered.topic != 'key'

    union all

    -- Some changes leave no entry (a workflow replaced, a sprint deleted, two estimates made one):
    -- what an issue holds now it holds at the latest since anything of it changed last.
    select
        held_now.issue_id,
        held_now.topic,
        2147483647,
        held_now.value,
        held_now.label,
        held_now.updated_at
    from held_now
    inner join last_changes
        on held_now.issue_id = last_changes.issue_id and held_now.topic = last_changes.topic
    where
        last_changes.to_value is distinct from held_now.value
        and last_changes.changed_at <= held_now.updated_at

),

followed as (

    select
        *,
        lead(valid_from) over (partition by issue_id, topic order by position) as followed_at
    from placed

),

-- What lasted no time was never so as of any moment; only of a status it is told that it was met.
lasting as (

    select
        *,
        lag(value) over (partition by issue_id, topic order by position) as value_before,
        position = min(position) over (partition by issue_id, topic) as is_first
    from followed
    where followed_at is null or followed_at > valid_from or topic = 'status'

),

changed as (

    select
        issue_id,
        topic,
        position,
        value,
        label,
        valid_from,
        lead(valid_from) over (partition by issue_id, topic order by position) as followed_at
    from lasting
    where is_first or value is distinct from value_before

)

select
    changed.issue_id,
    changed.topic,
    row_number() over (partition by changed.issue_id, changed.topic order by changed.position)
        as position,
    changed.value,
    changed.label,
    changed.valid_from,
    -- nothing is true of an issue that is gone
    case
        when changed.followed_at is not null or issues.deleted_at is null then changed.followed_at
        else greatest(issues.deleted_at, changed.valid_from)
    end as valid_to
from changed
inner join issues on changed.issue_id = issues.issue_id
where changed.value is not null
