{{ config(materialized='table', post_hook='analyze {{ this }}') }}

with hosts as (

    select * from {{ ref('int_connection_hosts_derived') }}

),

urls as (

    select distinct on (parsed.issue_id, repositories.repository_id, parsed.kind, parsed.name)
        parsed.issue_id,
        repositories.repository_id,
        parsed.kind,
        parsed.name,
        parsed.method,
        parsed.preference
    from {{ ref('int_jira_urls_parsed') }} as parsed
    inner join hosts
        on
            coalesce(parsed.source, hosts.source) = hosts.source
            and (
                parsed.host = hosts.host
                or (
                    hosts.host is null
                    and not exists (
                        select 1 from hosts as named
                        where named.host = parsed.host
                    )
                )
            )
    inner join {{ ref('int_repositories_unioned') }} as repositories
        on
            hosts.connection = repositories.connection
            and parsed.path = hosts.path_prefix || lower(repositories.full_name)
    order by
        parsed.issue_id,
        repositories.repository_id,
        parsed.kind,
        parsed.name,
        parsed.preference

),

pull_requests as (

    select
        urls.issue_id,
        'pull_request' as kind,
        urls.repository_id,
        null as deployment_id,
        null as commit_sha,
        pull_requests.pull_request_id,
        urls.method,
        urls.preference
    from urls
    inner join {{ ref('int_pull_requests_unioned') }} as pull_requests
        on
            urls.repository_id = pull_requests.repository_id
            and urls.name = pull_requests.number::text
    where urls.kind = 'pull_request'

),

commits as (

    select
        urls.issue_id,
        'commit' as kind,
        urls.repository_id,
        null as deployment_id,
        commits.sha as commit_sha,
        linked.pull_request_id,
        urls.method,
        urls.preference
    from urls
    inner join {{ ref('int_commits_unioned') }} as commits
        on
            urls.repository_id = commits.repository_id
            and left(urls.name, 7) = left(commits.sha, 7)
            and starts_with(commits.sha, urls.name)
    left join {{ ref('int_commits_linked') }} as linked
        on commits.repository_id = linked.repository_id and commits.sha = linked.sha
    where urls.kind = 'commit'

),

-- A commit of a branch that was squashed or rebased away is known by its pull request only.
branch_commits as (

    select
        urls.issue_id,
        'pull_request' as kind,
        urls.repository_id,
        null as deployment_id,
        null as commit_sha,
        listed.pull_request_id,
        urls.method,
        urls.preference
    from urls
    inner join {{ ref('int_pull_request_commits_filtered') }} as listed
        on
            urls.repository_id = listed.repository_id
            and left(urls.name, 7) = left(listed.sha, 7)
            and starts_with(listed.sha, urls.name)
    where
        urls.kind = 'commit'
        and not exists (
            select 1 from commits
            where
                commits.issue_id = urls.issue_id
                and commits.repository_id = urls.repository_id
                and starts_with(commits.commit_sha, urls.name)
        )

),

deployments as (

    select
        urls.issue_id,
        'deployment' as kind,
        urls.repository_id,
        known.deployment_id,
        null as commit_sha,
        null as pull_request_id,
        urls.method,
        urls.preference
    from urls
    inner join {{ ref('int_deployments_unioned') }} as known
        on urls.repository_id = known.repository_id and urls.name = known.number::text
    where urls.kind = 'deployment'

)

select * from pull_requests
union all
select * from commits
union all
select * from branch_commits
union all
select * from deployments
