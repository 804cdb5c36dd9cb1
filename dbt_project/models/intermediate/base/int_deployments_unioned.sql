select
    deployments.connection,
    'github' as source,
    deployments.deployment_id,
    deployments.database_id as number,
    deployments.repository_id,
    deployments.repository_id || ':run:' || statuses.run_id as run_key,
    deployments.repository_id || ':job:' || statuses.job_id as job_key,
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

union all

select
    deployments.connection,
    'gitlab',
    deployments.deployment_id,
    deployments.number,
    deployments.repository_id,
    deployments.pipeline_id,
    deployments.job_id,
    coalesce(deployments.environment, environments.name),
    coalesce(deployments.environment_tier, environments.tier),
    null,
    deployments.commit_sha,
    deployments.ref_name,
    {{ gitlab_status('deployments.status') }},
    deployments.created_at,
    coalesce(deployments.job_started_at, deployments.created_at),
    -- Older versions don't tell when a deployment ended: then its job did and, without a job,
    -- nothing has changed since.
    case
        when {{ gitlab_is_finished('deployments.status') }}
            then coalesce(
                deployments.finished_at,
                deployments.job_finished_at,
                deployments.updated_at,
                deployments.created_at
            )
    end,
    deployments.synced_at
from {{ ref('stg_gitlab__deployments') }} as deployments
left join {{ ref('stg_gitlab__environments') }} as environments
    on deployments.environment_id = environments.environment_id
