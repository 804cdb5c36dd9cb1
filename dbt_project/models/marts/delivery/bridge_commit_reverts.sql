with direct_pushes as (

    select
        commits.repository_id,
        commits.sha,
        commits.committed_at,
        commits.reverted_shas,
        substring(commits.message_headline from '^Revert "(.*)"$') as reverted_headline
    from {{ ref('int_commits_unioned') }} as commits
    left join {{ ref('int_commits_linked') }} as linked
        on commits.repository_id = linked.repository_id and commits.sha = linked.sha
    where
        linked.pull_request_id is null
        and (commits.reverted_shas != '{}' or commits.message_headline like 'Revert "%')

),

by_sha as (

    select distinct
        direct_pushes.repository_id,
        direct_pushes.sha,
        named.sha as reverted_sha,
        'sha' as method
    from direct_pushes
    cross join unnest(direct_pushes.reverted_shas) as named (sha)
    where named.sha != direct_pushes.sha

),

-- Only a headline left: the latest commit of that headline that was there before.
by_headline as (

    select distinct on (direct_pushes.repository_id, direct_pushes.sha)
        direct_pushes.repository_id,
        direct_pushes.sha,
        commits.sha as reverted_sha,
        'headline' as method
    from direct_pushes
    inner join {{ ref('int_commits_unioned') }} as commits
        on
            direct_pushes.repository_id = commits.repository_id
            and direct_pushes.reverted_headline = commits.message_headline
            and direct_pushes.committed_at >= commits.committed_at
            and direct_pushes.sha != commits.sha
    where direct_pushes.reverted_shas = '{}'
    order by direct_pushes.repository_id, direct_pushes.sha, commits.committed_at desc, commits.sha

),

found as (

    select * from by_sha
    union all
    select * from by_headline

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
