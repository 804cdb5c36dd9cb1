{{ config(indexes=[{'columns': ['pull_request_id']}, {'columns': ['reviewer_id']}]) }}

select
    reviews.review_id,
    reviews.pull_request_id,
    reviewers.developer_id as reviewer_id,
    coalesce(reviewers.is_bot, false) as is_bot,
    lower(reviews.state) as state,
    reviews.submitted_at
from {{ ref('int_reviews_unioned') }} as reviews
inner join {{ ref('int_pull_requests_unioned') }} as pull_requests
    on reviews.pull_request_id = pull_requests.pull_request_id
left join {{ ref('int_accounts_identified') }} as reviewers
    on reviews.author_id = reviewers.account_id
where
    reviews.state != 'PENDING'
    and reviews.submitted_at is not null
    and (reviews.synced_at is null or reviews.synced_at >= pull_requests.synced_at)
