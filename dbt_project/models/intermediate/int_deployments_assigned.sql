-- Which service a deployment is of: the one that its rule names, else that of the repository. One
-- of a repository that services split is one for each of them: it deploys them all.
with services as (

    select distinct
        repository_id,
        service_id,
        is_split
    from {{ ref('int_service_repositories_matched') }}
    where is_deployed

)

select
    case
        when services.is_split then deployments.deployment_id || '#' || services.service_id
        else deployments.deployment_id
    end as deployment_id,
    deployments.deployment_id as event_id,
    coalesce(deployments.stated_service_id, services.service_id) as service_id,
    deployments.repository_id,
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
