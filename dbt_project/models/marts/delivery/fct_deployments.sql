{{ config(indexes=[
    {'columns': ['service_id', 'environment', 'finished_at']},
    {'columns': ['repository_id', 'commit_sha']},
]) }}

with merged as (

    select
        same_as_deployment_id,
        array_agg(deployment_id order by deployment_id) as deployment_ids
    from {{ ref('int_deployments_assigned') }}
    where same_as_deployment_id is not null
    group by same_as_deployment_id

)

select
    deployments.deployment_id,
    deployments.repository_id,
    deployments.service_id,
    deployments.environment,
    deployments.environment_tier,
    deployments.status,
    deployments.commit_sha,
    deployments.ref_name,
    deployments.started_at,
    deployments.finished_at,
    deployments.detected_by,
    deployments.rule_position,
    coalesce(merged.deployment_ids, '{}') as merged_deployment_ids
from {{ ref('int_deployments_assigned') }} as deployments
left join merged on deployments.deployment_id = merged.same_as_deployment_id
where deployments.same_as_deployment_id is null
