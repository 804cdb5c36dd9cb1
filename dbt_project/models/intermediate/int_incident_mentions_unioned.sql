-- What incidents and the comments under them name, as they name it.
with incidents as (

    select
        incidents.issue_id as incident_id,
        incidents.connection,
        incidents.repository_id,
        services.service_id,
        issues.mentioned
    from {{ ref('int_incidents_detected') }} as incidents
    inner join {{ ref('int_issues_unioned') }} as issues on incidents.issue_id = issues.issue_id
    left join {{ ref('int_issue_services_matched') }} as services
        on incidents.issue_id = services.issue_id

),

texts as (

    select
        incident_id,
        mentioned,
        'issue_text' as method,
        1 as preference
    from incidents

    union all

    select
        issue_id,
        mentioned,
        'comment',
        2
    from {{ ref('int_comments_unioned') }}
    where issue_id is not null

)

select
    incidents.incident_id,
    incidents.connection,
    incidents.repository_id,
    incidents.service_id,
    lists.kind,
    lower(named.name) as name,
    texts.method,
    texts.preference
from incidents
inner join texts on incidents.incident_id = texts.incident_id
cross join
    lateral (
        values
        ('deployment', texts.mentioned -> 'deployments'),
        ('pull_request', texts.mentioned -> 'pull_requests'),
        ('commit', texts.mentioned -> 'shas')
    ) as lists (kind, names)
cross join lateral unnest({{ texts('lists.names') }}) as named (name)
