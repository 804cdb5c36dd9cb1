select
    connection,
    'github' as source,
    workflow_run_id as pipeline_run_id,
    repository_id || ':run:' || database_id as run_key,
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

union all

select
    connection,
    'gitlab',
    pipeline_id,
    pipeline_id,
    repository_id,
    name,
    event,
    ref_name,
    head_sha,
    {{ gitlab_status('status') }},
    case when {{ gitlab_is_finished('status') }} then status end,
    iid,
    null,
    created_at,
    coalesce(started_at, created_at),
    case
        when {{ gitlab_is_finished('status') }} then coalesce(finished_at, updated_at, created_at)
    end,
    synced_at
from {{ ref('stg_gitlab__pipelines') }}
