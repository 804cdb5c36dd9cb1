{{ config(materialized='table', post_hook='analyze {{ this }}') }}

with issues as (

    select
        issues.issue_id,
        issues.connection,
        issues.repository_id,
        coalesce(issues.repository_id, issues.connection) as place,
        issues.title,
        issues.labels,
        array[issues.type, jira_issues.type_name, types.untranslated_name] as types,
        array[jira_issues.project_key] as projects,
        array[jira_issues.priority] as priorities,
        jira_issues.components,
        nullif(issues.severity, 'unknown') as severity,
        issues.created_at as opened_at,
        case when issues.state = 'CLOSED' then issues.closed_at end as resolved_at
    from {{ ref('int_issues_unioned') }} as issues
    left join {{ ref('stg_jira__issues') }} as jira_issues
        on issues.issue_id = jira_issues.issue_id
    left join {{ ref('stg_jira__issue_types') }} as types
        on jira_issues.type_id = types.type_id
    -- whoever deletes an incident says that there was none
    where jira_issues.deleted_at is null

),

rules as (

    select
        *,
        coalesce(repository_id, connection) as place
    from {{ ref('int_incident_rules_matched') }}

)

select distinct on (issues.issue_id)
    issues.issue_id,
    issues.connection,
    issues.repository_id,
    issues.title,
    issues.opened_at,
    issues.resolved_at,
    coalesce(
        issues.severity,
        (
            select min(lower(names.label))
            from unnest(issues.labels) as names (label)
            where names.label ~* '^(sev(erity)?[-_:/ ]*[a-z0-9]+|[ps][0-4])$'
        )
    ) as severity,
    rules.rule_position
from issues
inner join rules
    on
        issues.place = rules.place
        and (rules.labels is null or {{ lists_overlap('rules.labels', 'issues.labels') }})
        and (rules.issue_types is null or {{ lists_overlap('rules.issue_types', 'issues.types') }})
        and (rules.projects is null or {{ lists_overlap('rules.projects', 'issues.projects') }})
        and (
            rules.components is null
            or {{ lists_overlap('rules.components', 'issues.components') }}
        )
        and (
            rules.priorities is null
            or {{ lists_overlap('rules.priorities', 'issues.priorities') }}
        )
order by issues.issue_id, rules.rule_position
