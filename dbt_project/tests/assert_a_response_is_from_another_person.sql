-- A row means: a first response or approval has no review or comment of another person behind it.
-- Only approvals are looked up: comments do not reach the marts.
select pull_requests.pull_request_id
from {{ ref('fct_pull_requests') }} as pull_requests
where
    pull_requests.first_approved_at is not null
    and not exists (
        select 1 from {{ ref('fct_pull_request_reviews') }} as reviews
        where
            reviews.pull_request_id = pull_requests.pull_request_id
            and reviews.submitted_at = pull_requests.first_approved_at
            and reviews.state = 'approved'
            and not reviews.is_bot
            and reviews.reviewer_id is distinct from pull_requests.author_id
    )
