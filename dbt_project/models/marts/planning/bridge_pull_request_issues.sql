{{ config(indexes=[{'columns': ['issue_id']}]) }}

select distinct
    pull_requests.pull_request_id,
    issues.issue_id,
    'closing_reference' as method
from {{ ref('stg_github__pull_requests') }} as pull_requests
cross join unnest(pull_requests.closing_issue_ids) as closing (issue_id)
inner join {{ ref('stg_github__issues') }} as issues on closing.issue_id = issues.issue_id
