-- What incidents and the comments under them name, found in the warehouse.
with incidents as (

    select
        detected.issue_id as incident_id,
        detected.repository_id,
        issues.connection
    from {{ ref('int_incidents_detected') }} as detected
    inner join {{ ref('int_issues_unioned') }} as issues on detected.issue_id = issues.issue_id

),

texts as (

    select
        issue_id as incident_id,
        mentioned,
        'issue_text' as method,
        1 as preference
    from {{ ref('int_issues_unioned') }}
    where mentioned is not null

    union all

    select
        issue_id,
        mentioned,
        'comment',
        2
    from {{ ref('int_comments_unioned') }}
    where mentioned is not null and issue_id is not null

),

-- A pull request that closes the incident is its fix and not its cause; so are its commits.
fixes as (

    select
        links.pull_request_id,
        links.issue_id
    from {{ ref('int_pull_request_issues_linked') }} as links
    inner join incidents on links.issue_id = incidents.incident_id

),

mentions as (

    select
        incidents.*,
        texts.mentioned,
        texts.method,
        texts.preference
    from incidents
    inner join texts on incidents.incident_id = texts.incident_id

),

deployments_named as (

    select
        mentions.incident_id,
        deployments.deployment_id,
        mentions.method,
        mentions.preference
    from mentions
    cross join lateral unnest({{ texts("mentions.mentioned -> 'deployments'") }}) as named (number)
    inner join {{ ref('int_deployments_unioned') }} as known
        on mentions.connection = known.connection and named.number = known.number::text
    inner join {{ ref('int_deployments_detected') }} as deployments
        on known.deployment_id = deployments.deployment_id

),

pull_requests_named as (

    select
        mentions.incident_id,
        pull_requests.pull_request_id,
        pull_requests.repository_id,
        mentions.method,
        mentions.preference
    from mentions
    cross join lateral unnest({{ texts("mentions.mentioned -> 'pull_requests'") }}) as named (key)
    inner join {{ ref('int_repositories_unioned') }} as repositories
        on
            mentions.connection = repositories.connection
            and lower(split_part(named.key, '#', 1)) = lower(repositories.full_name)
    inner join {{ ref('int_pull_requests_unioned') }} as pull_requests
        on
            repositories.repository_id = pull_requests.repository_id
            and split_part(named.key, '#', 2) = pull_requests.number::text
    where
        not exists (
            select 1 from fixes
            where
                fixes.issue_id = mentions.incident_id
                and fixes.pull_request_id = pull_requests.pull_request_id
        )

),

named_shas as (

    select
        mentions.incident_id,
        mentions.connection,
        mentions.repository_id as incident_repository_id,
        lower(named.sha) as sha,
        min(mentions.preference) as preference
    from mentions
    cross join lateral unnest({{ texts("mentions.mentioned -> 'shas'") }}) as named (sha)
    where named.sha ~* '^[0-9a-f]{7,40}$'
    group by 1, 2, 3, 4

),

-- Equality on the shortest abbreviation lets the planner hash; starts_with then decides.
known_shas as (

    select
        connection,
        repository_id,
        sha
    from {{ ref('int_commits_unioned') }}

),

sha_candidates as (

    select
        named_shas.incident_id,
        named_shas.sha as named_sha,
        named_shas.preference,
        known_shas.repository_id,
        known_shas.sha,
        rank() over (
            partition by named_shas.incident_id, named_shas.sha
            order by known_shas.repository_id != named_shas.incident_repository_id
        ) as nearness
    from named_shas
    inner join known_shas
        on
            left(named_shas.sha, 7) = left(known_shas.sha, 7)
            and named_shas.connection = known_shas.connection
    where starts_with(known_shas.sha, named_shas.sha)

),

-- The incident's own repository first; an abbreviation that fits several commits names none.
sole_commits as (

    select
        incident_id,
        min(repository_id) as repository_id,
        min(sha) as commit_sha,
        min(preference) as preference
    from sha_candidates
    where nearness = 1
    group by incident_id, named_sha
    having count(*) = 1

),

commits as (

    select
        sole_commits.incident_id,
        sole_commits.repository_id,
        sole_commits.commit_sha,
        case sole_commits.preference when 1 then 'issue_text' else 'comment' end as method,
        sole_commits.preference
    from sole_commits
    left join {{ ref('int_commits_linked') }} as linked
        on
            sole_commits.repository_id = linked.repository_id
            and sole_commits.commit_sha = linked.sha
    where
        not exists (
            select 1 from fixes
            where
                fixes.issue_id = sole_commits.incident_id
                and fixes.pull_request_id = linked.pull_request_id
        )

),

-- A commit of a branch that was squashed or rebased away is known by its pull request only.
branch_commits as (

    select
        named_shas.incident_id,
        min(merged.pull_request_id) as pull_request_id,
        min(merged.repository_id) as repository_id,
        case min(named_shas.preference) when 1 then 'issue_text' else 'comment' end as method,
        min(named_shas.preference) as preference
    from named_shas
    inner join {{ ref('int_pull_request_commits_filtered') }} as listed
        on left(named_shas.sha, 7) = left(listed.sha, 7) and starts_with(listed.sha, named_shas.sha)
    inner join {{ ref('int_pull_requests_merged') }} as merged
        on
            listed.pull_request_id = merged.pull_request_id
            and named_shas.connection = merged.connection
    where
        not exists (
            select 1 from fixes
            where
                fixes.issue_id = named_shas.incident_id
                and fixes.pull_request_id = merged.pull_request_id
        )
        and not exists (
            select 1 from sha_candidates
            where
                sha_candidates.incident_id = named_shas.incident_id
                and sha_candidates.named_sha = named_shas.sha
        )
    group by named_shas.incident_id, named_shas.sha
    having count(distinct merged.pull_request_id) = 1

),

found as (

    select
        incident_id,
        'deployment' as kind,
        deployment_id as target,
        deployment_id,
        null::text as repository_id,
        null::text as commit_sha,
        null::text as pull_request_id,
        method,
        preference
    from deployments_named

    union all

    select
        incident_id,
        'commit',
        repository_id || ':' || commit_sha,
        null,
        repository_id,
        commit_sha,
        null,
        method,
        preference
    from commits

    union all

    select
        incident_id,
        'pull_request',
        pull_request_id,
        null,
        repository_id,
        null,
        pull_request_id,
        method,
        preference
    from (
        select * from pull_requests_named
        union all
        select
            incident_id,
            pull_request_id,
            repository_id,
            method,
            preference
        from branch_commits
    ) as named

)

select distinct on (incident_id, kind, target)
    incident_id || ':' || kind || ':' || target as incident_reference_id,
    incident_id,
    kind,
    deployment_id,
    repository_id,
    commit_sha,
    pull_request_id,
    method
from found
order by incident_id, kind, target, preference
