{{ config(materialized='table', post_hook='analyze {{ this }}') }}

with pull_requests as (

    select * from {{ ref('int_pull_requests_unioned') }}

),

turns as (

    select
        events.pull_request_id,
        (array_agg(events.type order by events.created_at, events.event_id))[1] as first_type,
        min(events.created_at) filter (where events.type = 'READY_FOR_REVIEW') as first_ready_at
    from {{ ref('int_pull_request_events_unioned') }} as events
    inner join pull_requests on events.pull_request_id = pull_requests.pull_request_id
    where events.synced_at is null or events.synced_at >= pull_requests.synced_at
    group by events.pull_request_id

),

responses as (

    select
        pull_request_id,
        min(responded_at) as first_review_at,
        min(responded_at) filter (where is_approval) as first_approved_at,
        count(*) filter (where kind = 'review') as reviews_count
    from {{ ref('int_pull_request_responses_unioned') }}
    group by pull_request_id

),

commits as (

    select
        commits.pull_request_id,
        min(commits.authored_at) as first_commit_at,
        count(*) as commit_count,
        count(*) filter (where commits.committed_at > responses.first_review_at)
            as commits_after_first_review_count
    from {{ ref('int_pull_request_commits_filtered') }} as commits
    left join responses on commits.pull_request_id = responses.pull_request_id
    group by commits.pull_request_id

)

select
    pull_requests.pull_request_id,
    case
        -- opened as a draft: its first turn is to ready, or it is a draft that never turned
        when turns.first_type = 'READY_FOR_REVIEW' then turns.first_ready_at
        when turns.first_type is null and pull_requests.is_draft then null
        else pull_requests.created_at
    end as ready_at,
    commits.first_commit_at,
    commits.commit_count,
    responses.first_review_at,
    responses.first_approved_at,
    coalesce(responses.reviews_count, 0) as reviews_count,
    case
        when responses.first_review_at is not null
            then coalesce(commits.commits_after_first_review_count, 0)
    end as commits_after_first_review_count
from pull_requests
left join turns on pull_requests.pull_request_id = turns.pull_request_id
left join responses on pull_requests.pull_request_id = responses.pull_request_id
left join commits on pull_requests.pull_request_id = commits.pull_request_id
