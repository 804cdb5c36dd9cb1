with jobs as (

    select
        *,
        max(run_attempt) over (partition by repository_id, run_id, name) as last_attempt
    from {{ ref('stg_github__workflow_jobs') }}

)

select
    deployments.deployment_id as event_id,
    deployments.repository_id,
    'deployment' as kind,
    deployments.environment,
    deployments.task as name,
    null::text as title,
    deployments.ref_name as branch,
    deployments.ref_name,
    deployments.commit_sha,
    statuses.status,
    statuses.started_at,
    statuses.finished_at,
    false as is_prerelease
from {{ ref('stg_github__deployments') }} as deployments
inner join {{ ref('int_deployment_statuses_summarized') }} as statuses
    on deployments.deployment_id = statuses.deployment_id

union all

select
    workflow_run_id,
    repository_id,
    'workflow_run',
    null,
    name,
    null,
    head_branch,
    head_branch,
    head_sha,
    {{ run_status('conclusion') }},
    coalesce(run_started_at, created_at),
    case when conclusion is not null then updated_at end,
    false
from {{ ref('stg_github__workflow_runs') }}

union all

-- A job's own result and times, not its run's; only the last attempt is what came of it.
select
    workflow_job_id,
    repository_id,
    'job',
    null,
    name,
    null,
    head_branch,
    head_branch,
    head_sha,
    {{ run_status('conclusion') }},
    coalesce(started_at, created_at),
    case when conclusion is not null then completed_at end,
    false
from jobs
where run_attempt is not distinct from last_attempt

union all

select
    release_id,
    repository_id,
    'release',
    null,
    tag_name,
    name,
    null,
    tag_name,
    commit_sha,
    'success',
    published_at,
    published_at,
    is_prerelease
from {{ ref('stg_github__releases') }}
where not is_draft and published_at is not null

union all

select
    repository_id || ':tag:' || name,
    repository_id,
    'tag',
    null,
    name,
    null,
    null,
    name,
    commit_sha,
    'success',
    tagged_at,
    tagged_at,
    false
from {{ ref('stg_github__tags') }}
-- without a time it has no place in the order of deployments
where tagged_at is not null

union all

select
    connection || ':merge:' || substr(pull_request_id, length(connection) + 2),
    repository_id,
    'merge',
    null,
    null,
    null,
    base_ref_name,
    base_ref_name,
    coalesce(merge_commit_sha, head_sha),
    'success',
    merged_at,
    merged_at,
    false
from {{ ref('int_pull_requests_merged') }}
where is_into_default_branch
