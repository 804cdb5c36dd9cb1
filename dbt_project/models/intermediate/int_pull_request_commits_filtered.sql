{{ config(
    materialized='table',
    indexes=[{'columns': ['repository_id', 'sha']}],
    post_hook='analyze {{ this }}',
) }}

-- A force-push drops commits without a trace in the API: what the last reading of the pull request
-- did not hold is no longer part of it.
select
    commits.pull_request_id,
    commits.repository_id,
    commits.sha,
    commits.position,
    commits.author_account_id,
    commits.author_email,
    commits.message_headline,
    commits.authored_at,
    commits.committed_at
from {{ ref('int_pull_request_commits_unioned') }} as commits
inner join {{ ref('int_pull_requests_unioned') }} as pull_requests
    on commits.pull_request_id = pull_requests.pull_request_id
where commits.synced_at >= pull_requests.synced_at
