select
    connection,
    'github' as source,
    issue_id,
    repository_id,
    author_id,
    author_login,
    author_type,
    number,
    title,
    null::text as type,
    state,
    state_reason,
    null::text as severity,
    labels,
    mentioned,
    created_at,
    updated_at,
    closed_at,
    synced_at
from {{ ref('stg_github__issues') }}

union all

select
    issues.connection,
    'jira',
    issues.issue_id,
    null,
    coalesce(issues.creator_id, issues.reporter_id),
    null,
    null,
    substring(issues.key from '[0-9]+$')::bigint,
    issues.title,
    coalesce(types.name, issues.type_name),
    case when timed.status_category = 'done' then 'CLOSED' else 'OPEN' end,
    issues.resolution,
    lower(issues.priority),
    issues.labels,
    issues.mentioned,
    issues.created_at,
    issues.updated_at,
    timed.resolved_at,
    issues.synced_at
from {{ ref('stg_jira__issues') }} as issues
left join {{ ref('stg_jira__issue_types') }} as types on issues.type_id = types.type_id
left join {{ ref('int_jira_issues_timed') }} as timed on issues.issue_id = timed.issue_id
