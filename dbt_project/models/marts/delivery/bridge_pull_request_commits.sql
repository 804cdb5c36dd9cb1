{{ config(indexes=[{'columns': ['repository_id', 'sha']}]) }}

select
    pull_request_id,
    repository_id,
    sha,
    position,
    authored_at
from {{ ref('int_pull_request_commits_filtered') }}
