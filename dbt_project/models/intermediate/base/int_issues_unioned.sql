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
    connection,
    'gitlab',
    issue_id,
    repository_id,
    author_id,
    author_login,
    null,
    iid,
    title,
    type,
    case state when 'closed' then 'CLOSED' else 'OPEN' end,
    null,
    lower(severity),
    labels,
    -- named like GitHub's: "group/project!1" is "group/project#1" of the pull requests
    case
        when mentioned -> 'merge_requests' is not null
            then (mentioned - 'merge_requests') || jsonb_build_object(
                'pull_requests', replace((mentioned -> 'merge_requests')::text, '!', '#')::jsonb
            )
        else mentioned
    end,
    created_at,
    updated_at,
    closed_at,
    synced_at
from {{ ref('stg_gitlab__issues') }}

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
