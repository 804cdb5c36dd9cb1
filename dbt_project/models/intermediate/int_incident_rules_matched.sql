select
    rules.position as rule_position,
    repositories.repository_id,
    rules.labels
from {{ ref('stg_settings__incident_rules') }} as rules
inner join {{ ref('int_repositories_unioned') }} as repositories
    on rules.connection is null or rules.connection = repositories.connection
where
    -- a rule by type or project alone is about Jira; one by neither needs repositories of its own
    (
        rules.labels is not null
        or (
            rules.repositories is not null
            and rules.issue_types is null
            and rules.projects is null
        )
    )
    and (
        rules.repositories is null
        or exists (
            select 1
            from unnest(rules.repositories) as globs (glob)
            where {{ repository_matches('repositories.full_name', 'globs.glob') }}
        )
    )
