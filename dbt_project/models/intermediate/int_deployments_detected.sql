{{ config(materialized='table', post_hook='analyze {{ this }}') }}

with events as (

    select * from {{ ref('int_deployment_events_unioned') }}

),

rules as (

    select * from {{ ref('int_deployment_rules_matched') }}

),

by_rule as (

    select distinct on (events.event_id)
        events.*,
        rules.rule_position,
        rules.tier as stated_tier,
        rules.service_id as stated_service_id,
        events.kind as detected_by
    from events
    inner join rules
        on
            events.repository_id = rules.repository_id
            and events.kind = rules.kind
            and (
                rules.environment_pattern is null
                or events.environment ~ rules.environment_pattern
            )
            and (
                rules.name_pattern is null
                or events.name ~ rules.name_pattern
                or events.title ~ rules.name_pattern
            )
            and (rules.branch_pattern is null or events.branch ~ rules.branch_pattern)
    order by events.event_id, rules.rule_position

),

-- No rule is about the repository: its deployments, else its releases, else tags like versions.
-- GitHub Pages deploys documentation: that must not hide a library's releases.
candidates as (

    select
        events.*,
        rank() over (
            partition by events.repository_id
            order by array_position(array['deployment', 'release', 'tag'], events.kind)
        ) as preference
    from events
    where
        (
            (
                events.kind = 'deployment'
                and events.environment is distinct from 'github-pages'
            )
            or events.kind = 'release'
            or (events.kind = 'tag' and events.name ~ '^v?[0-9]+(\.[0-9]+)+')
        )
        and not exists (
            select 1 from rules
            where rules.repository_id = events.repository_id
        )

),

by_default as (

    select
        event_id,
        repository_id,
        kind,
        run_key,
        job_key,
        environment,
        source_tier,
        name,
        title,
        branch,
        ref_name,
        commit_sha,
        status,
        started_at,
        finished_at,
        attempt,
        is_prerelease,
        null::bigint as rule_position,
        null::text as stated_tier,
        null::text as stated_service_id,
        'default:' || kind as detected_by
    from candidates
    where preference = 1

),

-- An attempt that runs again what had failed lists the other jobs too, as they were.
detected as (

    select
        *,
        1 as listing
    from by_default

    union all

    select
        *,
        case
            when kind = 'job' and attempt is not null
                then rank() over (
                    partition by kind, run_key, name, status, started_at, finished_at
                    order by attempt
                )
            else 1
        end
    from by_rule

),

-- What names no environment went to production, unless its rule or its maker says otherwise.
placed as (

    select
        *,
        case
            when kind != 'deployment' or environment is null
                then coalesce(stated_tier, case when is_prerelease then 'staging' end, 'production')
        end as implied_tier
    from detected
    where listing = 1

),

tiers as (

    select distinct on (environments.environment)
        environments.environment,
        patterns.tier
    from (select distinct environment from placed) as environments
    inner join {{ ref('stg_settings__environment_tiers') }} as patterns
        on environments.environment ~ patterns.pattern
    order by environments.environment, patterns.position

)

select
    placed.event_id as deployment_id,
    placed.repository_id,
    placed.stated_service_id,
    placed.kind,
    placed.run_key,
    placed.job_key,
    coalesce(placed.environment, placed.implied_tier) as environment,
    -- the settings' patterns come before what the source thinks of the name
    coalesce(
        placed.stated_tier, placed.implied_tier, tiers.tier, placed.source_tier, 'other'
    ) as environment_tier,
    placed.status,
    placed.commit_sha,
    placed.ref_name,
    placed.started_at,
    placed.finished_at,
    placed.detected_by,
    placed.rule_position
from placed
left join tiers on placed.environment = tiers.environment
