-- Of a job that was run again only the last attempt: it is what came of it.
with github as (

    select
        *,
        max(run_attempt) over (partition by repository_id, run_id, name) as last_attempt
    from {{ ref('stg_github__workflow_jobs') }}

),

-- A retry is a job of its own, of the same name and with a higher number.
gitlab as (

    select
        *,
        case
            when is_retried is not null then is_retried
            when pipeline_id is null then false
            else number < max(number) over (partition by pipeline_id, name)
        end as is_superseded
    from {{ ref('stg_gitlab__jobs') }}
    -- nobody has started it
    where status != 'manual'

)

select
    connection,
    'github' as source,
    workflow_job_id as job_id,
    repository_id,
    name,
    head_branch as branch,
    head_sha as commit_sha,
    {{ run_status('conclusion') }} as status,
    coalesce(started_at, created_at) as started_at,
    case when conclusion is not null then completed_at end as finished_at,
    synced_at
from github
where run_attempt is not distinct from last_attempt

union all

select
    connection,
    'gitlab',
    job_id,
    repository_id,
    name,
    ref_name,
    head_sha,
    {{ gitlab_status('status') }},
    coalesce(started_at, created_at),
    case when {{ gitlab_is_finished('status') }} then coalesce(finished_at, created_at) end,
    synced_at
from gitlab
where not is_superseded
