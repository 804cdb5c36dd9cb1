-- Each attempt of a job is a job of its own, with its own result and times. One that was skipped,
-- or waits for somebody who never came, is none: nothing ran.
select
    connection,
    'github' as source,
    workflow_job_id as job_id,
    repository_id || ':run:' || run_id as run_key,
    repository_id || ':job:' || database_id as job_key,
    repository_id,
    name,
    run_attempt as attempt,
    head_branch as branch,
    head_sha as commit_sha,
    {{ run_status('conclusion') }} as status,
    coalesce(started_at, created_at) as started_at,
    case when conclusion is not null then coalesce(completed_at, started_at, created_at) end
        as finished_at,
    synced_at
from {{ ref('stg_github__workflow_jobs') }}
where conclusion is distinct from 'skipped'

union all

select
    connection,
    'gitlab',
    job_id,
    pipeline_id,
    job_id,
    repository_id,
    name,
    null,
    ref_name,
    head_sha,
    {{ gitlab_status('status') }},
    coalesce(started_at, created_at),
    case when {{ gitlab_is_finished('status') }} then coalesce(finished_at, created_at) end,
    synced_at
from {{ ref('stg_gitlab__jobs') }}
where status not in ('manual', 'skipped')
