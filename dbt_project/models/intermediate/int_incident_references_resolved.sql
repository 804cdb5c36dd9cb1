-- What incidents name, found in the warehouse.
with mentions as (

    select * from {{ ref('int_incident_mentions_unioned') }}

),

urls as (

    select urls.*
    from {{ ref('int_jira_urls_resolved') }} as urls
    inner join {{ ref('int_incidents_detected') }} as incidents
        on urls.issue_id = incidents.issue_id

),

-- A pull request that answers the incident is its fix and not its cause; so are its commits.
fixes as (

    select
        pull_request_id,
        issue_id as incident_id
    from {{ ref('int_pull_request_issues_linked') }}
    where is_work

),

deployments_named as (

    select
        mentions.incident_id,
        known.deployment_id,
        mentions.method,
        mentions.preference
    from mentions
    inner join {{ ref('int_deployments_unioned') }} as known
        on mentions.connection = known.connection and mentions.name = known.number::text
    where mentions.kind = 'deployment'

    union all

    select
        issue_id,
        deployment_id,
        method,
        preference
    from urls
    where kind = 'deployment'

),

pull_requests_named as (

    select
        mentions.incident_id,
        pull_requests.pull_request_id,
        pull_requests.repository_id,
        mentions.method,
        mentions.preference
    from mentions
    inner join {{ ref('int_repositories_unioned') }} as repositories
        on
            mentions.connection = repositories.connection
            and split_part(mentions.name, '#', 1) = lower(repositories.full_name)
    inner join {{ ref('int_pull_requests_unioned') }} as pull_requests
        on
            repositories.repository_id = pull_requests.repository_id
            and split_part(mentions.name, '#', 2) = pull_requests.number::text
    where mentions.kind = 'pull_request'

),

shas_named as (

    select
        incident_id,
        connection,
        repository_id,
        service_id,
        name,
        min(preference) as preference,
        (array_agg(method order by preference))[1] as method
    from mentions
    where kind = 'commit' and name ~ '^[0-9a-f]{7,40}$'
    group by 1, 2, 3, 4, 5

),

-- A commit of a branch that was squashed or rebased away is known by its pull request only.
known_shas as (

    select
        commits.connection,
        commits.repository_id,
        commits.sha,
        linked.pull_request_id,
        true as is_known
    from {{ ref('int_commits_unioned') }} as commits
    left join {{ ref('int_commits_linked') }} as linked
        on commits.repository_id = linked.repository_id and commits.sha = linked.sha

    union all

    select
        merged.connection,
        merged.repository_id,
        listed.sha,
        merged.pull_request_id,
        false
    from {{ ref('int_pull_request_commits_filtered') }} as listed
    inner join {{ ref('int_pull_requests_merged') }} as merged
        on listed.pull_request_id = merged.pull_request_id

    union all

    -- deployed, but never loaded: from before the history, or gone
    select
        repositories.connection,
        deployed.repository_id,
        deployed.commit_sha,
        null,
        true
    from {{ ref('int_deployments_assigned') }} as deployed
    inner join {{ ref('int_repositories_unioned') }} as repositories
        on deployed.repository_id = repositories.repository_id
    where
        deployed.commit_sha is not null
        and deployed.environment_tier = 'production'
        and deployed.status = 'success'

),

-- Equality on the shortest abbreviation lets the planner hash; starts_with then decides.
-- The incident's own repository first, then those of its service.
sha_candidates as (

    select
        shas_named.incident_id,
        shas_named.name,
        shas_named.method,
        shas_named.preference,
        known_shas.repository_id,
        known_shas.sha,
        known_shas.pull_request_id,
        known_shas.is_known,
        known_shas.repository_id
        || ':'
        || case when known_shas.is_known then known_shas.sha else known_shas.pull_request_id end
            as target,
        rank() over (
            partition by shas_named.incident_id, shas_named.name
            order by
                known_shas.is_known desc,
                coalesce(known_shas.repository_id = shas_named.repository_id, false) desc,
                services.service_id is not null desc
        ) as nearness
    from shas_named
    inner join known_shas
        on
            left(shas_named.name, 7) = left(known_shas.sha, 7)
            -- a tracker's issues are about the code of every host
            and (
                shas_named.repository_id is null
                or shas_named.connection = known_shas.connection
            )
    left join {{ ref('int_service_repositories_matched') }} as services
        on
            shas_named.service_id = services.service_id
            and known_shas.repository_id = services.repository_id
            and services.path_prefix = ''
    where starts_with(known_shas.sha, shas_named.name)

),

-- An abbreviation that fits several commits names none.
shas_resolved as (

    select
        incident_id,
        min(repository_id) as repository_id,
        min(sha) filter (where is_known) as commit_sha,
        min(pull_request_id) as pull_request_id,
        min(method) as method,
        min(preference) as preference
    from sha_candidates
    where nearness = 1
    group by incident_id, name
    having count(distinct target) = 1

),

code_named as (

    select
        incident_id,
        repository_id,
        null as commit_sha,
        pull_request_id,
        method,
        preference
    from pull_requests_named

    union all

    select
        incident_id,
        repository_id,
        commit_sha,
        pull_request_id,
        method,
        preference
    from shas_resolved

    union all

    select
        issue_id,
        repository_id,
        commit_sha,
        pull_request_id,
        method,
        preference
    from urls
    where kind != 'deployment'

),

causes as (

    select code_named.*
    from code_named
    left join fixes
        on
            code_named.incident_id = fixes.incident_id
            and code_named.pull_request_id = fixes.pull_request_id
    where fixes.incident_id is null

),

found as (

    select
        named.incident_id,
        'deployment' as kind,
        named.deployment_id as target,
        named.deployment_id,
        null as repository_id,
        null as commit_sha,
        null as pull_request_id,
        named.method,
        named.preference
    from deployments_named as named
    where
        exists (
            select 1 from {{ ref('int_deployments_assigned') }} as assigned
            where assigned.event_id = named.deployment_id
        )

    union all

    select
        incident_id,
        case when commit_sha is null then 'pull_request' else 'commit' end,
        coalesce(repository_id || ':' || commit_sha, pull_request_id),
        null,
        repository_id,
        commit_sha,
        case when commit_sha is null then pull_request_id end,
        method,
        preference
    from causes

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
