{{ config(indexes=[{'columns': ['category', 'entered_at']}]) }}

with stays as (

    select
        issue_id,
        position,
        status_id,
        status,
        category,
        is_category_assumed,
        entered_at,
        left_at
    from {{ ref('int_jira_status_changes_categorized') }}

    union all

    -- Code hosts tell the last close only: what was closed and reopened in between is not known.
    select
        issue_id,
        1,
        connection || ':open',
        'open',
        'to_do',
        false,
        created_at,
        resolved_at
    from {{ ref('fct_issues') }}
    where source != 'jira'

    union all

    select
        issue_id,
        2,
        connection || ':closed',
        'closed',
        'done',
        false,
        resolved_at,
        null
    from {{ ref('fct_issues') }}
    where source != 'jira' and resolved_at is not null

)

select
    issue_id,
    position,
    status_id,
    status,
    category,
    is_category_assumed,
    entered_at,
    left_at,
    (extract(epoch from left_at - entered_at) / 3600)::double precision as hours
from stays
