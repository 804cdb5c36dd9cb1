{{ config(indexes=[{'columns': ['assignee_id']}]) }}

select
    dated.issue_id,
    developers.developer_id as assignee_id,
    dated.valid_from,
    dated.valid_to
from {{ ref('int_jira_values_dated') }} as dated
left join {{ ref('int_developers_matched') }} as developers
    on dated.value = developers.account_id
where dated.topic = 'assignee'
