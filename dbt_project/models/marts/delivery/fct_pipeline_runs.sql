{{ config(indexes=[{'columns': ['repository_id', 'started_at']}]) }}

select
    runs.workflow_run_id as pipeline_run_id,
    runs.repository_id,
    runs.name,
    runs.event,
    runs.head_branch as branch,
    runs.head_sha as commit_sha,
    {{ run_status('runs.conclusion') }} as status,
    runs.conclusion,
    runs.run_number,
    runs.run_attempt as attempt,
    runs.created_at,
    coalesce(runs.run_started_at, runs.created_at) as started_at,
    case when runs.conclusion is not null then runs.updated_at end as finished_at
from {{ ref('stg_github__workflow_runs') }} as runs
