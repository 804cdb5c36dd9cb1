{{ config(materialized='table', post_hook='analyze {{ this }}') }}

with closing as (

    select
        pull_request_id,
        unnest(closing_issue_ids) as issue_id
    from {{ ref('int_pull_requests_unioned') }}

)

select distinct
    closing.pull_request_id,
    issues.issue_id,
    'closing_reference' as method
from closing
inner join {{ ref('int_issues_unioned') }} as issues on closing.issue_id = issues.issue_id
