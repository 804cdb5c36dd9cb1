{{ config(materialized='table', post_hook='analyze {{ this }}') }}

with pull_requests as (

    select
        pull_request_id,
        repository_id,
        title,
        created_at,
        reverted_numbers,
        reverted_shas
    from {{ ref('int_pull_requests_unioned') }}

),

merged as (

    select * from {{ ref('int_pull_requests_merged') }}

),

-- Hashes named by the pull request itself or by a commit that it brought.
named_shas as (

    select
        pull_request_id,
        repository_id,
        unnest(reverted_shas) as sha
    from pull_requests

    union

    select
        linked.pull_request_id,
        commits.repository_id,
        unnest(commits.reverted_shas)
    from {{ ref('int_commits_unioned') }} as commits
    inner join {{ ref('int_commits_linked') }} as linked
        on commits.repository_id = linked.repository_id and commits.sha = linked.sha
    where commits.reverted_shas != '{}'

),

by_number as (

    select
        pull_requests.pull_request_id,
        merged.pull_request_id as reverted_pull_request_id,
        'number' as method,
        1 as preference
    from pull_requests
    cross join unnest(pull_requests.reverted_numbers) as named (number)
    inner join merged
        on
            pull_requests.repository_id = merged.repository_id
            and named.number = merged.number

),

by_sha as (

    select
        named_shas.pull_request_id,
        linked.pull_request_id as reverted_pull_request_id,
        'sha' as method,
        2 as preference
    from named_shas
    inner join {{ ref('int_commits_linked') }} as linked
        on named_shas.repository_id = linked.repository_id and named_shas.sha = linked.sha

    union all

    select
        named_shas.pull_request_id,
        merged.pull_request_id,
        'sha',
        2
    from named_shas
    inner join {{ ref('int_pull_request_commits_filtered') }} as listed
        on named_shas.repository_id = listed.repository_id and named_shas.sha = listed.sha
    inner join merged on listed.pull_request_id = merged.pull_request_id

),

explicit as (

    select * from by_number
    union all
    select * from by_sha

),

-- Only a title left: the latest pull request of that title that was merged before.
by_headline as (

    select distinct on (pull_requests.pull_request_id)
        pull_requests.pull_request_id,
        merged.pull_request_id as reverted_pull_request_id,
        'headline' as method,
        3 as preference
    from pull_requests
    inner join merged
        on
            pull_requests.repository_id = merged.repository_id
            and substring(pull_requests.title from '^Revert "(.*)"$') = merged.title
            and pull_requests.created_at >= merged.merged_at
    where
        not exists (
            select 1 from explicit
            where explicit.pull_request_id = pull_requests.pull_request_id
        )
    order by pull_requests.pull_request_id, merged.merged_at desc, merged.pull_request_id

)

select distinct on (pull_request_id, reverted_pull_request_id)
    pull_request_id,
    reverted_pull_request_id,
    method
from (
    select * from explicit
    union all
    select * from by_headline
) as found
where pull_request_id != reverted_pull_request_id
order by pull_request_id, reverted_pull_request_id, preference
