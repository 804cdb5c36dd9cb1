select
    deployments.connection,
    'github' as source,
    deployments.deployment_id,
    deployments.database_id as number,
    deployments.repository_id,
    deployments.environment,
    null::text as source_tier,
    deployments.task,
    deployments.commit_sha,
    deployments.ref_name,
    statuses.status,
    deployments.created_at,
    statuses.started_at,
    statuses.finished_at,
    deployments.synced_at
from {{ ref('stg_github__deployments') }} as deployments
inner join {{ ref('int_deployment_statuses_summarized') }} as statuses
    on deployments.deployment_id = statuses.deployment_id
