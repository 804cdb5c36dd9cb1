{{ config(indexes=[
    {'columns': ['service_id', 'environment', 'finished_at']},
    {'columns': ['repository_id', 'commit_sha']},
]) }}

select
    deployments.deployment_id,
    deployments.repository_id,
    services.service_id,
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
inner join {{ ref('int_service_repositories_matched') }} as services
    on deployments.repository_id = services.repository_id and services.path_prefix = ''
