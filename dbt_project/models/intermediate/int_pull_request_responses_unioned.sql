-- People other than the author; an account that is gone is nobody we could tell from the author.
with responses as (

    select
        'review' as kind,
        pull_request_id,
        author_id as actor_id,
        state = 'APPROVED' as is_approval,
        submitted_at as responded_at,
        synced_at
    from {{ ref('int_reviews_unioned') }}
    where state != 'PENDING' and submitted_at is not null

    union all

    select
        kind,
        pull_request_id,
        author_id,
        false,
        created_at,
        synced_at
    from {{ ref('int_comments_unioned') }}
    where pull_request_id is not null

)

select
    responses.pull_request_id,
    responses.kind,
    responses.actor_id,
    responses.is_approval,
    responses.responded_at
from responses
inner join {{ ref('int_pull_requests_unioned') }} as pull_requests
    on responses.pull_request_id = pull_requests.pull_request_id
inner join {{ ref('int_accounts_unioned') }} as accounts
    on responses.actor_id = accounts.account_id
where
    not accounts.is_bot
    and responses.actor_id is distinct from pull_requests.author_id
    and responses.synced_at >= pull_requests.synced_at
    and (pull_requests.merged_at is null or responses.responded_at <= pull_requests.merged_at)
