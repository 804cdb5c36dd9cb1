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
    actors.developer_id as actor_id,
    responses.is_approval,
    responses.responded_at
from responses
inner join {{ ref('int_pull_requests_unioned') }} as pull_requests
    on responses.pull_request_id = pull_requests.pull_request_id
inner join {{ ref('int_accounts_identified') }} as actors
    on responses.actor_id = actors.account_id
left join {{ ref('int_accounts_identified') }} as authors
    on pull_requests.author_id = authors.account_id
where
    not actors.is_bot
    -- the author with another account is not another person
    and actors.developer_id is distinct from authors.developer_id
    and (responses.synced_at is null or responses.synced_at >= pull_requests.synced_at)
    and (pull_requests.merged_at is null or responses.responded_at <= pull_requests.merged_at)
