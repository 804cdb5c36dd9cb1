{{ config(indexes=[{'columns': ['issue_id']}]) }}

select
    pull_request_id,
    issue_id,
    method,
    is_work
from {{ ref('int_pull_request_issues_linked') }}
