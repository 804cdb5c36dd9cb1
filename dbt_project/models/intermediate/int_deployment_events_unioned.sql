select
    deployment_id as event_id,
    repository_id,
    'deployment' as kind,
    environment,
    source_tier,
    task as name,
    null::text as title,
    ref_name as branch,
    ref_name,
    commit_sha,
    status,
    started_at,
    finished_at,
    false as is_prerelease
from {{ ref('int_deployments_unioned') }}

union all

select
    case
        when source = 'github' then pipeline_run_id
        else connection || ':pipeline:' || substr(pipeline_run_id, length(connection) + 2)
    end,
    repository_id,
    case source when 'github' then 'workflow_run' else 'pipeline' end,
    null,
    null,
    name,
    null,
    branch,
    branch,
    commit_sha,
    status,
    started_at,
    finished_at,
    false
from {{ ref('int_pipeline_runs_unioned') }}

union all

-- a job's own result and times, not its run's
select
    job_id,
    repository_id,
    'job',
    null,
    null,
    name,
    null,
    branch,
    branch,
    commit_sha,
    status,
    started_at,
    finished_at,
    false
from {{ ref('int_jobs_unioned') }}

union all

select
    release_id,
    repository_id,
    'release',
    null,
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
from {{ ref('int_releases_unioned') }}
where not is_draft and published_at is not null

union all

select
    repository_id || ':tag:' || name,
    repository_id,
    'tag',
    null,
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
from {{ ref('int_tags_unioned') }}
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
