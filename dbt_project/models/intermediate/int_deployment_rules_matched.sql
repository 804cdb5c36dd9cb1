{{ config(materialized='table', post_hook='analyze {{ this }}') }}

with services as (

    select distinct
        {{ slug('name') }} as service_slug,
        'service:' || {{ slug('name') }} as service_id
    from {{ ref('stg_settings__services') }}

)

select
    rules.position as rule_position,
    rules.kind,
    repositories.repository_id,
    rules.environment as environment_pattern,
    rules.name as name_pattern,
    rules.branch as branch_pattern,
    rules.tier,
    services.service_id
from {{ ref('stg_settings__deployment_rules') }} as rules
inner join {{ ref('int_repositories_unioned') }} as repositories
    on rules.connection is null or rules.connection = repositories.connection
left join services on {{ slug('rules.service') }} = services.service_slug
where
    -- pipelines are GitLab's and workflow runs GitHub's: a rule about one says nothing of the other
    (rules.kind != 'pipeline' or repositories.source = 'gitlab')
    and (rules.kind != 'workflow_run' or repositories.source = 'github')
    and (
        rules.repositories is null
        or exists (
            select 1
            from unnest(rules.repositories) as globs (glob)
            where {{ repository_matches('repositories.full_name', 'globs.glob') }}
        )
    )
