{{ config(materialized='table', post_hook='analyze {{ this }}') }}

-- Which service a deployment is of: the one that its rule names, else that of the repository. One
-- of a repository that services split is one for each of them: it deploys them all.
with recursive services as (

    select distinct
        repository_id,
        service_id,
        is_split
    from {{ ref('int_service_repositories_matched') }}
    where is_deployed

),

assigned as (

    select
        case
            when services.is_split then deployments.deployment_id || '#' || services.service_id
            else deployments.deployment_id
        end as deployment_id,
        deployments.deployment_id as event_id,
        coalesce(deployments.stated_service_id, services.service_id) as service_id,
        deployments.repository_id,
        deployments.kind,
        deployments.run_key,
        deployments.job_key,
        deployments.environment,
        deployments.environment_tier,
        deployments.status,
        deployments.commit_sha,
        deployments.ref_name,
        deployments.started_at,
        deployments.finished_at,
        deployments.detected_by,
        deployments.rule_position
    from {{ ref('int_deployments_detected') }} as deployments
    left join services
        on
            deployments.repository_id = services.repository_id
            and deployments.stated_service_id is null
    where coalesce(deployments.stated_service_id, services.service_id) is not null

),

-- What several events tell is one deployment: that of the first rule. A run contains its jobs, a
-- run or job made a deployment, a release has its tag.
contained as (

    select
        later.deployment_id,
        earlier.deployment_id as same_as,
        earlier.rule_position,
        abs(extract(epoch from later.started_at - earlier.started_at)) as distance
    from assigned as later
    inner join assigned as earlier
        on
            later.run_key = earlier.run_key
            and later.service_id = earlier.service_id
            and later.environment_tier = earlier.environment_tier
            and later.kind != earlier.kind
            and later.rule_position > earlier.rule_position
    where coalesce(later.job_key = earlier.job_key, true)

    union all

    select
        later.deployment_id,
        earlier.deployment_id,
        earlier.rule_position,
        0
    from assigned as later
    inner join assigned as earlier
        on
            later.repository_id = earlier.repository_id
            and later.ref_name = earlier.ref_name
            and later.service_id = earlier.service_id
            and later.rule_position > earlier.rule_position
            and (later.kind, earlier.kind) in (('tag', 'release'), ('release', 'tag'))

),

parts as (

    select distinct on (deployment_id)
        deployment_id,
        same_as
    from contained
    order by deployment_id, rule_position, distance, same_as

),

wholes as (

    select *
    from assigned
    where deployment_id not in (select parts.deployment_id from parts)

),

-- A release, a tag or a merge is a moment and names no environment; what ran on its commit in that
-- tier is the same deployment, one run for each. So is a deployment that does not say which run
-- made it, if the commit's run went on meanwhile.
related as (

    select
        later.deployment_id,
        later.run_key,
        earlier.deployment_id as same_as,
        earlier.rule_position,
        abs(extract(epoch from later.started_at - earlier.started_at)) as distance,
        row_number() over nearest as turn,
        first_value(later.run_key) over nearest as nearest_run_key
    from wholes as earlier
    inner join wholes as later
        on
            earlier.repository_id = later.repository_id
            and earlier.commit_sha = later.commit_sha
            and earlier.service_id = later.service_id
            and earlier.environment_tier = later.environment_tier
            and earlier.kind != later.kind
            and earlier.rule_position < later.rule_position
    where
        earlier.kind in ('release', 'tag', 'merge')
        or later.kind in ('release', 'tag', 'merge')
        or (
            'deployment' in (earlier.kind, later.kind)
            and (earlier.run_key is null or later.run_key is null)
            and earlier.started_at <= coalesce(later.finished_at, 'infinity')
            and later.started_at <= coalesce(earlier.finished_at, 'infinity')
        )
    window
        nearest as (
            partition by earlier.deployment_id, later.kind, later.environment
            order by
                later.status = 'success' desc,
                abs(extract(epoch from later.started_at - earlier.started_at)),
                later.deployment_id
        )

),

claims as (

    select distinct on (deployment_id)
        deployment_id,
        same_as
    from related
    where turn = 1 or run_key = nearest_run_key
    order by deployment_id, rule_position, distance, same_as

),

-- The commit that is there already goes there again within the window.
ordered as (

    select
        wholes.deployment_id,
        wholes.service_id,
        wholes.environment,
        wholes.repository_id,
        row_number() over place as turn,
        coalesce(
            wholes.commit_sha = lag(wholes.commit_sha) over place
            and wholes.finished_at - lag(wholes.finished_at) over place
            <= make_interval(secs => settings.deduplication_window_hours * 3600),
            false
        ) as is_again
    from wholes
    inner join {{ ref('stg_settings__metrics') }} as settings
        on settings.deduplication_window_hours > 0
    where
        wholes.status = 'success'
        and wholes.finished_at is not null
        and wholes.deployment_id not in (select claims.deployment_id from claims)
    window
        place as (
            partition by wholes.service_id, wholes.environment, wholes.repository_id
            order by wholes.finished_at, wholes.deployment_id
        )

),

grouped as (

    select
        *,
        count(*) filter (where not is_again) over (
            partition by service_id, environment, repository_id
            order by turn
        ) as first_turn
    from ordered

),

repeats as (

    select
        deployment_id,
        first_value(deployment_id) over (
            partition by service_id, environment, repository_id, first_turn
            order by turn
        ) as same_as
    from grouped

),

steps as (

    select * from parts
    union all
    select * from claims
    union all
    select * from repeats
    where deployment_id != same_as

),

-- What stands for a deployment may itself be stood for.
followed as (

    select
        deployment_id,
        same_as
    from steps

    union all

    select
        followed.deployment_id,
        steps.same_as
    from followed
    inner join steps on followed.same_as = steps.deployment_id

)

select
    assigned.*,
    followed.same_as as same_as_deployment_id
from assigned
left join followed
    on
        assigned.deployment_id = followed.deployment_id
        and followed.same_as not in (select steps.deployment_id from steps)
