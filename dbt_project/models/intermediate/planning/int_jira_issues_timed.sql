-- Work begins with the first status of work: of an issue that went straight to done nobody knows
-- when, and a cycle time of 0 would be invented. It ends with the entry into the last
-- unbroken row of done ones. Jira's own resolution date moves with every bulk change and is
-- missing where a workflow sets none; it decides only where no entry tells when an issue was done
-- (imported, or created in a done status). Nor does a guess: where the row of done ones begins with
-- statuses that no longer exist, the first known one counts.
with stays as (

    select
        *,
        max(position) filter (where category != 'done') over (partition by issue_id)
            as last_open_position,
        max(position) over (partition by issue_id) as last_position
    from {{ ref('int_jira_status_changes_categorized') }}

),

summarized as (

    select
        issue_id,
        min(entered_at) filter (where category = 'in_progress') as started_at,
        bool_or(position = last_position and category = 'done') as is_done,
        bool_and(last_open_position is null) as is_born_done,
        coalesce(
            min(entered_at) filter (
                where position > coalesce(last_open_position, 0) and not is_category_assumed
            ),
            min(entered_at) filter (where position > coalesce(last_open_position, 0))
        ) as done_at,
        max(category) filter (where position = last_position) as category
    from stays
    group by issue_id

)

select
    issues.issue_id,
    summarized.category as status_category,
    summarized.started_at,
    case
        when not summarized.is_done then null
        when summarized.is_born_done then greatest(summarized.done_at, issues.resolved_at)
        else summarized.done_at
    end as resolved_at
from {{ ref('stg_jira__issues') }} as issues
inner join summarized on issues.issue_id = summarized.issue_id
