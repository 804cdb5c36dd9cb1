{{ config(materialized='table', post_hook='analyze {{ this }}') }}

with rules as (

    select * from {{ ref('stg_settings__incident_rules') }}
    -- a rule by type or project is about Jira
    where
        labels is not null
        or (repositories is not null and issue_types is null and projects is null)

)

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
    rules.position as rule_position
from {{ ref('stg_github__issues') }} as issues
inner join {{ ref('stg_github__repositories') }} as repositories
    on issues.repository_id = repositories.repository_id
inner join rules
    on
        (rules.connection is null or issues.connection = rules.connection)
        and (
            rules.repositories is null
            or exists (
                select 1
                from unnest(rules.repositories) as globs (glob)
                where {{ repository_matches('repositories.full_name', 'globs.glob') }}
            )
        )
        and (
            rules.labels is null
            or {{ lists_overlap('rules.labels', 'issues.labels') }}
        )
order by issues.issue_id, rules.position
