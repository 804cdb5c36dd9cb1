{{ config(materialized='table', post_hook='analyze {{ this }}') }}

select distinct on (issues.issue_id)
    issues.issue_id,
    issues.repository_id,
    issues.title,
    issues.created_at as opened_at,
    case when issues.state = 'CLOSED' then issues.closed_at end as resolved_at,
    (
        select min(lower(names.label))
        from unnest(issues.labels) as names (label)
        where names.label ~* '^(sev(erity)?[-_:/ ]*[a-z0-9]+|[ps][0-4])$'
    ) as severity,
    rules.rule_position
from {{ ref('int_issues_unioned') }} as issues
inner join {{ ref('int_incident_rules_matched') }} as rules
    on
        issues.repository_id = rules.repository_id
        and (rules.labels is null or {{ lists_overlap('rules.labels', 'issues.labels') }})
order by issues.issue_id, rules.rule_position
