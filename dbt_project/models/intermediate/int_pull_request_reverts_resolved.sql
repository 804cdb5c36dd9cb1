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

-- What the commits that a pull request brought say that they undo.
in_commits as (

    select
        linked.pull_request_id,
        commits.repository_id,
        commits.reverted_shas,
        commits.reverted_numbers
    from {{ ref('int_commits_unioned') }} as commits
    inner join {{ ref('int_commits_linked') }} as linked
        on commits.repository_id = linked.repository_id and commits.sha = linked.sha
    where commits.reverted_shas != '{}' or commits.reverted_numbers != '{}'

),

named_shas as (

    select
        pull_request_id,
        repository_id,
        unnest(reverted_shas) as sha
    from pull_requests

    union

    select
        pull_request_id,
        repository_id,
        unnest(reverted_shas)
    from in_commits

),

named_numbers as (

    select
        pull_request_id,
        repository_id,
        unnest(reverted_numbers) as number
    from pull_requests

    union

    select
        pull_request_id,
        repository_id,
        unnest(reverted_numbers)
    from in_commits

),

by_number as (

    select
        named_numbers.pull_request_id,
        merged.pull_request_id as reverted_pull_request_id,
        'number' as method,
        1 as preference
    from named_numbers
    inner join merged
        on
            named_numbers.repository_id = merged.repository_id
            and named_numbers.number = merged.number

),

-- Equality on the shortest abbreviation lets the planner hash; starts_with then decides.
sha_candidates as (

    select
        named_shas.pull_request_id,
        named_shas.sha as name,
        linked.sha,
        linked.pull_request_id as reverted_pull_request_id
    from named_shas
    inner join {{ ref('int_commits_linked') }} as linked
        on
            named_shas.repository_id = linked.repository_id
            and left(named_shas.sha, 7) = left(linked.sha, 7)
    where starts_with(linked.sha, named_shas.sha)

    union all

    select
        named_shas.pull_request_id,
        named_shas.sha,
        listed.sha,
        merged.pull_request_id
    from named_shas
    inner join {{ ref('int_pull_request_commits_filtered') }} as listed
        on
            named_shas.repository_id = listed.repository_id
            and left(named_shas.sha, 7) = left(listed.sha, 7)
    inner join merged on listed.pull_request_id = merged.pull_request_id
    where starts_with(listed.sha, named_shas.sha)

),

-- An abbreviation that fits several commits names none.
by_sha as (

    select
        pull_request_id,
        reverted_pull_request_id,
        'sha' as method,
        2 as preference
    from (
        select
            *,
            min(sha) over named = max(sha) over named as is_clear
        from sha_candidates
        window named as (partition by pull_request_id, name)
    ) as candidates
    where is_clear

),

explicit as (

    select * from by_number
    union all
    select * from by_sha

),

-- Only a title left: the latest pull request of that title that was merged before. Git and GitHub
-- call the revert of a revert `Reapply "…"`.
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
            and {{ reverted_headline('pull_requests.title') }} = merged.title
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
