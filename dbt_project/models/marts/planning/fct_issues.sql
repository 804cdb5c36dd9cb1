{{ config(indexes=[
    {'columns': ['repository_id', 'created_at']},
    {'columns': ['project_key', 'created_at']},
    {'columns': ['connection', 'key']},
]) }}

select
    issues.issue_id,
    coalesce(jira_issues.key, repositories.full_name || '#' || issues.number) as key,
    issues.connection,
    issues.source,
    jira_issues.project_key,
    issues.repository_id,
    services.service_id,
    issues.number,
    case issues.source
        when 'jira' then hosts.web_url || 'browse/' || jira_issues.key
        when 'gitlab' then hosts.web_url || repositories.full_name || '/-/issues/' || issues.number
        else hosts.web_url || repositories.full_name || '/issues/' || issues.number
    end as url,
    issues.title,
    case
        when issues.source = 'jira' then coalesce(issues.type, 'issue')
        when incidents.issue_id is not null then 'incident'
        else coalesce(lower(issues.type), 'issue')
    end as type,
    incidents.issue_id is not null as is_incident,
    coalesce(jira_issues.is_subtask, false) as is_subtask,
    case
        when issues.source = 'jira'
            then coalesce(statuses.name, jira_issues.status_name, 'unknown')
        else lower(issues.state)
    end as status,
    case
        when issues.state = 'CLOSED' then 'done'
        else coalesce(timed.status_category, 'to_do')
    end as status_category,
    lower(issues.state_reason) as resolution,
    jira_issues.priority,
    authors.developer_id as author_id,
    assignees.developer_id as assignee_id,
    jira_issues.parent_issue_id,
    issues.labels,
    coalesce(jira_issues.components, '{}') as components,
    jira_issues.story_points,
    coalesce(jira_issues.is_flagged, false) as is_blocked,
    issues.created_at,
    timed.started_at,
    case when issues.state = 'CLOSED' then issues.closed_at end as resolved_at,
    issues.updated_at,
    jira_issues.deleted_at
from {{ ref('int_issues_unioned') }} as issues
left join {{ ref('int_repositories_unioned') }} as repositories
    on issues.repository_id = repositories.repository_id
left join {{ ref('int_connection_hosts_derived') }} as hosts
    on issues.connection = hosts.connection
left join {{ ref('stg_jira__issues') }} as jira_issues
    on issues.issue_id = jira_issues.issue_id
left join {{ ref('int_jira_issues_timed') }} as timed
    on issues.issue_id = timed.issue_id
left join {{ ref('stg_jira__statuses') }} as statuses
    on jira_issues.status_id = statuses.status_id
left join {{ ref('int_issue_services_matched') }} as services
    on issues.issue_id = services.issue_id
left join {{ ref('int_incidents_detected') }} as incidents
    on issues.issue_id = incidents.issue_id
left join {{ ref('int_developers_matched') }} as authors
    on issues.author_id = authors.account_id
left join {{ ref('int_developers_matched') }} as assignees
    on jira_issues.assignee_id = assignees.account_id
where repositories.repository_id is not null or issues.source = 'jira'
