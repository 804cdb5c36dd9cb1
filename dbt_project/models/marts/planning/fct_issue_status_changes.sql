{{ config(indexes=[{'columns': ['issue_id', 'changed_at']}]) }}

with issues as (

    select * from {{ ref('fct_issues') }}

)

-- GitHub tells the last close only: what was closed and reopened in between is not known.
select
    issue_id || ':opened' as status_change_id,
    issue_id,
    null::text as from_status,
    'open' as to_status,
    'to_do' as to_status_category,
    created_at as changed_at
from issues

union all

select
    issue_id || ':closed',
    issue_id,
    'open',
    'closed',
    'done',
    resolved_at
from issues
where resolved_at is not null
