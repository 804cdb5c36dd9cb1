{{ config(
    materialized='table',
    indexes=[{'columns': ['repository_id', 'sha'], 'unique': true}],
    post_hook='analyze {{ this }}',
) }}

-- All joins are on equality (hash joins): the cost grows with the rows, not with their product.
with merged as (

    select
        pull_request_id,
        repository_id,
        number,
        head_sha,
        merge_commit_sha,
        squash_commit_sha,
        merged_at,
        is_into_default_branch
    from {{ ref('int_pull_requests_merged') }}
    -- it carries the default branch's own commits elsewhere, direct pushes among them
    where not is_back_merge

),

by_merge_commit as (

    select
        commits.repository_id,
        commits.sha,
        merged.pull_request_id,
        'merge_commit' as method,
        1 as preference
    from {{ ref('int_commits_unioned') }} as commits
    inner join merged
        on
            commits.repository_id = merged.repository_id
            and commits.sha = merged.merge_commit_sha

),

-- Squashed, and merged by a commit of its own: both are on the branch.
by_squash_commit as (

    select
        commits.repository_id,
        commits.sha,
        merged.pull_request_id,
        'squash_commit' as method,
        2 as preference
    from {{ ref('int_commits_unioned') }} as commits
    inner join merged
        on
            commits.repository_id = merged.repository_id
            and commits.sha = merged.squash_commit_sha

),

by_commit_list as (

    select
        commits.repository_id,
        commits.sha,
        merged.pull_request_id,
        'commit_list' as method,
        3 as preference
    from {{ ref('int_commits_unioned') }} as commits
    inner join {{ ref('int_pull_request_commits_filtered') }} as listed
        on commits.repository_id = listed.repository_id and commits.sha = listed.sha
    inner join merged on listed.pull_request_id = merged.pull_request_id

),

associated as (

    select
        repository_id,
        sha,
        unnest(pull_request_ids) as pull_request_id
    from {{ ref('int_commits_unioned') }}

),

by_association as (

    select
        associated.repository_id,
        associated.sha,
        merged.pull_request_id,
        'association' as method,
        4 as preference
    from associated
    inner join merged
        on
            associated.pull_request_id = merged.pull_request_id
            and associated.repository_id = merged.repository_id

),

by_message as (

    select
        commits.repository_id,
        commits.sha,
        merged.pull_request_id,
        'message' as method,
        5 as preference
    from {{ ref('int_commits_unioned') }} as commits
    inner join merged
        on
            commits.repository_id = merged.repository_id
            and commits.pull_request_number = merged.number

),

-- A rebase makes new commits, but keeps who wrote what when.
by_rebase as (

    select
        commits.repository_id,
        commits.sha,
        merged.pull_request_id,
        'rebase' as method,
        6 as preference
    from {{ ref('int_commits_unioned') }} as commits
    inner join {{ ref('int_pull_request_commits_filtered') }} as listed
        on
            commits.repository_id = listed.repository_id
            and commits.authored_at = listed.authored_at
            and commits.message_headline = listed.message_headline
    inner join merged on listed.pull_request_id = merged.pull_request_id

),

-- Its list of commits was cut, or is gone with its branch.
by_head as (

    select
        commits.repository_id,
        commits.sha,
        merged.pull_request_id,
        'head' as method,
        7 as preference
    from {{ ref('int_commits_unioned') }} as commits
    inner join merged
        on
            commits.repository_id = merged.repository_id
            and commits.sha = merged.head_sha

),

found as (

    select * from by_merge_commit
    union all
    select * from by_squash_commit
    union all
    select * from by_commit_list
    union all
    select * from by_association
    union all
    select * from by_message
    union all
    select * from by_rebase
    union all
    select * from by_head

)

-- Several pull requests by the same method: the one that brought it to the default branch, then
-- the one merged first.
select distinct on (found.repository_id, found.sha)
    found.repository_id,
    found.sha,
    found.pull_request_id,
    found.method
from found
inner join merged on found.pull_request_id = merged.pull_request_id
order by
    found.repository_id,
    found.sha,
    found.preference,
    merged.is_into_default_branch desc,
    merged.merged_at,
    found.pull_request_id
