-- All conditions of a rule must hold. One that a source can't fulfil (a repository of a Jira issue,
-- a project of GitHub's) makes the rule one about other sources.
with rules as (

    select
        *,
        coalesce(projects, components, priorities) is not null as has_jira_conditions,
        coalesce(labels, issue_types) is not null as has_conditions
    from {{ ref('stg_settings__incident_rules') }}

)

select
    rules.position as rule_position,
    repositories.connection,
    repositories.repository_id,
    rules.labels,
    rules.issue_types,
    null::text[] as projects,
    null::text[] as components,
    null::text[] as priorities
from rules
inner join {{ ref('int_repositories_unioned') }} as repositories
    on rules.connection is null or rules.connection = repositories.connection
where
    not rules.has_jira_conditions
    and (rules.issue_types is null or repositories.source = 'gitlab')
    -- without conditions on issues it needs repositories of its own
    and (rules.has_conditions or rules.repositories is not null)
    and (
        rules.repositories is null
        or exists (
            select 1
            from unnest(rules.repositories) as globs (glob)
            where {{ repository_matches('repositories.full_name', 'globs.glob') }}
        )
    )

union all

select
    rules.position,
    connections.connection,
    null,
    rules.labels,
    rules.issue_types,
    rules.projects,
    rules.components,
    rules.priorities
from rules
inner join {{ ref('stg_settings__connections') }} as connections
    on
        connections.source = 'jira'
        and (rules.connection is null or rules.connection = connections.connection)
where rules.repositories is null and (rules.has_conditions or rules.has_jira_conditions)
