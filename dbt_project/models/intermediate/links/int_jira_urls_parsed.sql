-- Addresses of pull requests, merge requests, commits and deployments that Jira's issues lead to.
with removed as (

    select distinct
        issue_id,
        from_value as remote_link_id
    from {{ ref('stg_jira__issue_changes') }}
    where
        -- under the second name since Jira calls issues work items
        field in ('RemoteIssueLink', 'RemoteWorkItemLink')
        and from_value is not null
        and to_value is null

),

urls as (

    select
        links.issue_id,
        links.url,
        'remote_link' as method,
        1 as preference
    from {{ ref('stg_jira__remote_links') }} as links
    left join removed
        on links.issue_id = removed.issue_id and links.remote_link_id = removed.remote_link_id
    where removed.issue_id is null

    union all

    select
        issues.issue_id,
        named.url,
        'issue_text',
        2
    from {{ ref('stg_jira__issues') }} as issues
    cross join lateral unnest({{ texts("issues.mentioned -> 'urls'") }}) as named (url)

),

matched as (

    select
        *,
        regexp_match(
            url,
            '^https?://(?:[^/?#@]*@)?([^/?#]+)/([^?#]+)'
            || '/(pull|merge_requests|commit|deployments)/([0-9a-f]+)',
            'i'
        ) as parts
    from urls

)

select
    issue_id,
    method,
    preference,
    lower(parts[1]) as host,
    -- GitLab puts a dash between a project's path and what is in it
    lower(regexp_replace(parts[2], '/-$', '')) as path,
    case
        when parts[2] like '%/-' or lower(parts[3]) = 'merge_requests' then 'gitlab'
        when lower(parts[3]) = 'pull' then 'github'
    end as source,
    case lower(parts[3])
        when 'commit' then 'commit'
        when 'deployments' then 'deployment'
        else 'pull_request'
    end as kind,
    lower(parts[4]) as name
from matched
where
    parts is not null
    and (
        (lower(parts[3]) = 'commit' and parts[4] ~* '^[0-9a-f]{7,40}$')
        or (lower(parts[3]) != 'commit' and parts[4] ~ '^[0-9]{1,9}$')
    )
