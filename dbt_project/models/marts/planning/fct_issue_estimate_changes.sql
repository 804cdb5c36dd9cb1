select
    issue_id,
    value::double precision as story_points,
    valid_from,
    valid_to
from {{ ref('int_jira_values_dated') }}
where topic = 'story_points'
