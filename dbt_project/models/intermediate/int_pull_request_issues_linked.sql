{{ config(materialized='table', post_hook='analyze {{ this }}') }}

with pull_requests as (

    select * from {{ ref('int_pull_requests_unioned') }}

),

keys as (

    select * from {{ ref('int_jira_issue_keys_unioned') }}

),

closing as (

    select
        pull_requests.pull_request_id,
        named.issue_id
    from pull_requests
    cross join lateral unnest(pull_requests.closing_issue_ids) as named (issue_id)

    union all

    select
        pull_requests.pull_request_id,
        issues.issue_id
    from pull_requests
    cross join lateral unnest(pull_requests.closing_issue_keys) as named (key)
    inner join {{ ref('int_repositories_unioned') }} as repositories
        on
            pull_requests.connection = repositories.connection
            and lower(split_part(named.key, '#', 1)) = lower(repositories.full_name)
    inner join {{ ref('int_issues_unioned') }} as issues
        on
            repositories.repository_id = issues.repository_id
            and split_part(named.key, '#', 2) = issues.number::text

),

-- The loader tells which keys, not where: title, branch and text are read as one.
named as (

    select
        pull_requests.pull_request_id,
        keys.issue_id,
        case
            when pull_requests.head_ref_name ~* ('(^|[^a-z0-9])' || keys.key || '([^0-9]|$)')
                then 'branch'
            when pull_requests.title ~* ('(^|[^a-z0-9])' || keys.key || '([^0-9]|$)') then 'title'
            else 'text'
        end as method
    from pull_requests
    cross join lateral unnest(pull_requests.issue_keys) as found (key)
    inner join keys on found.key = keys.key

),

-- A merge of the default branch into another one brings everybody's commits.
own_commits as (

    select
        listed.pull_request_id,
        commits.issue_keys
    from {{ ref('int_pull_request_commits_filtered') }} as listed
    inner join {{ ref('int_pull_request_commits_unioned') }} as commits
        on listed.pull_request_id = commits.pull_request_id and listed.sha = commits.sha
    left join {{ ref('int_pull_requests_merged') }} as merged
        on listed.pull_request_id = merged.pull_request_id
    where commits.issue_keys != '{}' and merged.is_back_merge is not true

    union all

    select
        linked.pull_request_id,
        commits.issue_keys
    from {{ ref('int_commits_linked') }} as linked
    inner join {{ ref('int_commits_unioned') }} as commits
        on linked.repository_id = commits.repository_id and linked.sha = commits.sha
    where commits.issue_keys != '{}'

),

in_commits as (

    select
        own_commits.pull_request_id,
        keys.issue_id
    from own_commits
    cross join lateral unnest(own_commits.issue_keys) as found (key)
    inner join keys on found.key = keys.key

),

links as (

    select
        pull_request_id,
        issue_id,
        'closing_reference' as method
    from closing

    union all

    select
        pull_request_id,
        issue_id,
        method
    from named

    union all

    select
        pull_request_id,
        issue_id,
        'commit'
    from in_commits

    union all

    select
        pull_request_id,
        issue_id,
        'remote_link'
    from {{ ref('int_jira_urls_resolved') }}
    where pull_request_id is not null

),

best as (

    select distinct on (pull_request_id, issue_id)
        pull_request_id,
        issue_id,
        method
    from links
    order by
        pull_request_id,
        issue_id,
        array_position(
            array['closing_reference', 'branch', 'title', 'text', 'commit', 'remote_link'], method
        )

)

select
    best.pull_request_id,
    best.issue_id,
    best.method,
    -- What was merged before the issue was there may have caused it, but did not answer it.
    best.method = 'closing_reference'
    or pull_requests.merged_at is null
    or pull_requests.merged_at >= issues.created_at as is_work
from best
inner join pull_requests on best.pull_request_id = pull_requests.pull_request_id
inner join {{ ref('int_issues_unioned') }} as issues on best.issue_id = issues.issue_id
