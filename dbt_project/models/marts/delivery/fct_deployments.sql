{{ config(indexes=[
    {'columns': ['service_id', 'environment', 'finished_at']},
    {'columns': ['repository_id', 'commit_sha']},
]) }}

select
    deployment_id,
    repository_id,
    service_id,
    environment,
    environment_tier,
    status,
    commit_sha,
    ref_name,
    started_at,
    finished_at,
    detected_by,
    rule_position
from {{ ref('int_deployments_assigned') }}
