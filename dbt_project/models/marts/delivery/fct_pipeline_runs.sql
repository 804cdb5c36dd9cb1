{{ config(indexes=[{'columns': ['repository_id', 'started_at']}]) }}

select
    pipeline_run_id,
    repository_id,
    name,
    event,
    branch,
    commit_sha,
    status,
    conclusion,
    run_number,
    attempt,
    created_at,
    started_at,
    finished_at
from {{ ref('int_pipeline_runs_unioned') }}
