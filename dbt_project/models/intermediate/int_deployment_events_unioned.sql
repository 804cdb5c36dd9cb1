select
    deployment_id as event_id,
    repository_id,
    'deployment' as kind,
    run_key,
    job_key,
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
    null::bigint as attempt,
    false as is_prerelease
from {{ ref('int_deployments_unioned') }}

union all

-- A pipeline that another one started is a part of it, one that was skipped did nothing.
select
    case
        when source = 'github'
            then pipeline_run_id || case when attempt > 1 then '#' || attempt else '' end
        else connection || ':pipeline:' || substr(pipeline_run_id, length(connection) + 2)
    end,
    repository_id,
    case source when 'github' then 'workflow_run' else 'pipeline' end,
    run_key,
    null,
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
    attempt,
    false
from {{ ref('int_pipeline_runs_unioned') }}
where conclusion is distinct from 'skipped' and event is distinct from 'parent_pipeline'

union all

-- Of a run that was run again GitHub's list tells the last attempt only; jobs tell of the others.
select
    runs.pipeline_run_id || case when jobs.attempt > 1 then '#' || jobs.attempt else '' end,
    runs.repository_id,
    'workflow_run',
    runs.run_key,
    null,
    null,
    null,
    runs.name,
    null,
    runs.branch,
    runs.branch,
    runs.commit_sha,
    case
        when bool_or(jobs.status = 'failure') then 'failure'
        when bool_and(jobs.status = 'success') then 'success'
        else 'canceled'
    end,
    min(jobs.started_at),
    max(coalesce(jobs.finished_at, jobs.started_at)),
    jobs.attempt,
    false
from {{ ref('int_pipeline_runs_unioned') }} as runs
inner join {{ ref('int_jobs_unioned') }} as jobs
    on runs.run_key = jobs.run_key and runs.attempt > jobs.attempt
group by
    runs.pipeline_run_id,
    runs.repository_id,
    runs.run_key,
    runs.name,
    runs.branch,
    runs.commit_sha,
    jobs.attempt

union all

-- a job's own result and times, not its run's
select
    job_id,
    repository_id,
    'job',
    run_key,
    job_key,
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
    attempt,
    false
from {{ ref('int_jobs_unioned') }}

union all

select
    release_id,
    repository_id,
    'release',
    null,
    null,
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
    null,
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
    null,
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
    null,
    null,
    base_ref_name,
    base_ref_name,
    coalesce(merge_commit_sha, head_sha),
    'success',
    merged_at,
    merged_at,
    null,
    false
from {{ ref('int_pull_requests_merged') }}
where is_into_default_branch
