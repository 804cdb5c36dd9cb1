{{ config(indexes=[{'columns': ['repository_id', 'created_at']}]) }}

select
    issues.issue_id,
    repositories.full_name || '#' || issues.number as key,
    issues.repository_id,
    issues.number,
    issues.title,
    case when incidents.issue_id is not null then 'incident' else 'issue' end as type,
    lower(issues.state) as status,
    case when issues.state = 'CLOSED' then 'done' else 'to_do' end as status_category,
    lower(issues.state_reason) as resolution,
    issues.author_id,
    issues.labels,
    null::double precision as story_points,
    issues.created_at,
    null::timestamptz as started_at,
    case when issues.state = 'CLOSED' then issues.closed_at end as resolved_at
from {{ ref('int_issues_unioned') }} as issues
inner join {{ ref('int_repositories_unioned') }} as repositories
    on issues.repository_id = repositories.repository_id
left join {{ ref('int_incidents_detected') }} as incidents
    on issues.issue_id = incidents.issue_id
