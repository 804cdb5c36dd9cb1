{{ config(indexes=[
    {'columns': ['repository_id', 'number'], 'unique': true},
    {'columns': ['author_id']},
    {'columns': ['merged_at']},
    {'columns': ['repository_id', 'merge_commit_sha']},
]) }}

with reverting as (

    select distinct pull_request_id from {{ ref('int_pull_request_reverts_resolved') }}

),

hotfix as (

    select
        hotfix_labels,
        hotfix_branches
    from {{ ref('stg_settings__metrics') }}

)

select
    pull_requests.pull_request_id,
    pull_requests.repository_id,
    pull_requests.number,
    pull_requests.title,
    authors.developer_id as author_id,
    coalesce(authors.is_bot, false) as is_bot,
    case when pull_requests.merged_at is not null then 'merged' else lower(pull_requests.state) end
        as state,
    pull_requests.is_draft,
    pull_requests.base_ref_name,
    pull_requests.head_ref_name,
    pull_requests.head_sha,
    -- of an unmerged one it is a test merge that nobody has
    case when pull_requests.merged_at is not null then pull_requests.merge_commit_sha end
        as merge_commit_sha,
    pull_requests.labels,
    coalesce(
        {{ lists_overlap('pull_requests.labels', 'hotfix.hotfix_labels') }}
        or exists (
            select 1
            from unnest(hotfix.hotfix_branches) as globs (glob)
            where {{ glob_matches('pull_requests.head_ref_name', 'globs.glob') }}
        ),
        false
    ) as is_hotfix,
    (
        reverting.pull_request_id is not null
        or pull_requests.reverted_numbers != '{}'
        or pull_requests.reverted_shas != '{}'
        or {{ reverted_headline('pull_requests.title') }} is not null
    ) as is_revert,
    pull_requests.created_at,
    timed.ready_at,
    timed.first_commit_at,
    timed.first_review_at,
    timed.first_approved_at,
    pull_requests.merged_at,
    pull_requests.closed_at,
    coalesce(pull_requests.commit_count, timed.commit_count) as commit_count,
    timed.commits_after_first_review_count,
    timed.reviews_count,
    pull_requests.additions,
    pull_requests.deletions,
    coalesce(merged.is_into_default_branch, false) as merged_to_default_branch
from {{ ref('int_pull_requests_unioned') }} as pull_requests
inner join {{ ref('int_pull_requests_timed') }} as timed
    on pull_requests.pull_request_id = timed.pull_request_id
left join {{ ref('int_pull_requests_merged') }} as merged
    on pull_requests.pull_request_id = merged.pull_request_id
left join {{ ref('int_accounts_identified') }} as authors
    on pull_requests.author_id = authors.account_id
left join reverting
    on pull_requests.pull_request_id = reverting.pull_request_id
left join hotfix on true
