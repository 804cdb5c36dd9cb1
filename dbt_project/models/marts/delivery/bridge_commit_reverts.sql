with direct_pushes as (

    select
        commits.repository_id,
        commits.sha,
        commits.committed_at,
        commits.reverted_shas,
        commits.reverted_numbers,
        {{ reverted_headline('commits.message_headline') }} as reverted_headline
    from {{ ref('int_commits_unioned') }} as commits
    left join {{ ref('int_commits_linked') }} as linked
        on commits.repository_id = linked.repository_id and commits.sha = linked.sha
    where
        linked.pull_request_id is null
        and (
            commits.reverted_shas != '{}'
            or commits.reverted_numbers != '{}'
            or commits.message_headline like 'Revert "%'
            or commits.message_headline like 'Reapply "%'
        )

),

named_shas as (

    select distinct
        direct_pushes.repository_id,
        direct_pushes.sha,
        named.sha as name
    from direct_pushes
    cross join unnest(direct_pushes.reverted_shas) as named (sha)

),

-- An abbreviation that fits several commits names none, as one that fits none.
abbreviations as (

    select
        named_shas.repository_id,
        named_shas.name,
        min(commits.sha) as sha
    from named_shas
    inner join {{ ref('int_commits_unioned') }} as commits
        on
            named_shas.repository_id = commits.repository_id
            and left(named_shas.name, 7) = left(commits.sha, 7)
            and starts_with(commits.sha, named_shas.name)
    where length(named_shas.name) < 40
    group by named_shas.repository_id, named_shas.name
    having count(distinct commits.sha) = 1

),

by_sha as (

    select
        named_shas.repository_id,
        named_shas.sha,
        coalesce(abbreviations.sha, named_shas.name) as reverted_sha,
        'sha' as method,
        2 as preference
    from named_shas
    left join abbreviations
        on
            named_shas.repository_id = abbreviations.repository_id
            and named_shas.name = abbreviations.name

),

by_number as (

    select
        direct_pushes.repository_id,
        direct_pushes.sha,
        coalesce(merged.merge_commit_sha, merged.head_sha) as reverted_sha,
        'number' as method,
        1 as preference
    from direct_pushes
    cross join unnest(direct_pushes.reverted_numbers) as named (number)
    inner join {{ ref('int_pull_requests_merged') }} as merged
        on
            direct_pushes.repository_id = merged.repository_id
            and named.number = merged.number
    where coalesce(merged.merge_commit_sha, merged.head_sha) is not null

),

-- Only a headline left: the latest commit of that headline that was there before.
by_headline as (

    select distinct on (direct_pushes.repository_id, direct_pushes.sha)
        direct_pushes.repository_id,
        direct_pushes.sha,
        commits.sha as reverted_sha,
        'headline' as method,
        3 as preference
    from direct_pushes
    inner join {{ ref('int_commits_unioned') }} as commits
        on
            direct_pushes.repository_id = commits.repository_id
            and direct_pushes.reverted_headline = commits.message_headline
            and direct_pushes.committed_at >= commits.committed_at
            and direct_pushes.sha != commits.sha
    where direct_pushes.reverted_shas = '{}' and direct_pushes.reverted_numbers = '{}'
    order by direct_pushes.repository_id, direct_pushes.sha, commits.committed_at desc, commits.sha

),

found as (

    select distinct on (repository_id, sha, reverted_sha)
        repository_id,
        sha,
        reverted_sha,
        method
    from (
        select * from by_number
        union all
        select * from by_sha
        union all
        select * from by_headline
    ) as named
    where sha != reverted_sha
    order by repository_id, sha, reverted_sha, preference

),

branch_commits as (

    select distinct on (listed.repository_id, listed.sha)
        listed.repository_id,
        listed.sha,
        merged.pull_request_id
    from found
    inner join {{ ref('int_pull_request_commits_filtered') }} as listed
        on found.repository_id = listed.repository_id and found.reverted_sha = listed.sha
    inner join {{ ref('int_pull_requests_merged') }} as merged
        on listed.pull_request_id = merged.pull_request_id
    order by listed.repository_id, listed.sha, merged.merged_at, merged.pull_request_id

)

select
    found.repository_id,
    found.sha,
    found.reverted_sha,
    coalesce(linked.pull_request_id, branch_commits.pull_request_id) as reverted_pull_request_id,
    found.method
from found
left join {{ ref('int_commits_linked') }} as linked
    on found.repository_id = linked.repository_id and found.reverted_sha = linked.sha
left join branch_commits
    on
        found.repository_id = branch_commits.repository_id
        and found.reverted_sha = branch_commits.sha
