-- Of a job that was run again only the last attempt: it is what came of it.
with github as (

    select
        *,
        max(run_attempt) over (partition by repository_id, run_id, name) as last_attempt
    from {{ ref('stg_github__workflow_jobs') }}

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
