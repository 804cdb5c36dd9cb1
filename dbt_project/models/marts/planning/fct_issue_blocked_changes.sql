select
    issue_id,
    valid_from as blocked_at,
    valid_to as unblocked_at
from {{ ref('int_jira_values_dated') }}
where topic = 'flagged'
