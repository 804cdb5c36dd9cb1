{{ config(indexes=[{'columns': ['issue_id']}]) }}

select
    sprint_id,
    issue_id,
    added_at,
    removed_at
from {{ ref('int_sprint_issues_dated') }}
