select
    connection,
    'github' as source,
    workflow_run_id as pipeline_run_id,
    repository_id,
    name,
    event,
    head_branch as branch,
    head_sha as commit_sha,
    {{ run_status('conclusion') }} as status,
    conclusion,
    run_number,
    run_attempt as attempt,
    created_at,
    coalesce(run_started_at, created_at) as started_at,
    case when conclusion is not null then updated_at end as finished_at,
    synced_at
from {{ ref('stg_github__workflow_runs') }}
