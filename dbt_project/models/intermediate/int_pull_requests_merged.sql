{{ config(materialized='table', post_hook='analyze {{ this }}') }}

select
    pull_requests.pull_request_id,
    pull_requests.repository_id,
    pull_requests.connection,
    pull_requests.number,
    pull_requests.title,
    pull_requests.base_ref_name,
    pull_requests.head_sha,
    pull_requests.merge_commit_sha,
    pull_requests.squash_commit_sha,
    pull_requests.merged_at,
    coalesce(pull_requests.base_ref_name = repositories.default_branch, false)
        as is_into_default_branch,
    coalesce(
        pull_requests.head_ref_name = repositories.default_branch
        and pull_requests.base_ref_name != repositories.default_branch,
        false
    ) as is_back_merge
from {{ ref('int_pull_requests_unioned') }} as pull_requests
inner join {{ ref('int_repositories_unioned') }} as repositories
    on pull_requests.repository_id = repositories.repository_id
where pull_requests.merged_at is not null
