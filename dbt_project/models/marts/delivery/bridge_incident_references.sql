{{ config(indexes=[{'columns': ['incident_id']}]) }}

-- A deployment that is named stands for those of all services that it is one of; if the incident's
-- own is among them, for that alone. One that is told by another event too is meant by that.
with placed as (

    select
        named.*,
        coalesce(assigned.same_as_deployment_id, assigned.deployment_id) as assigned_deployment_id,
        rank() over (
            partition by named.incident_reference_id
            order by coalesce(assigned.service_id = incidents.service_id, false) desc
        ) as nearness
    from {{ ref('int_incident_references_resolved') }} as named
    left join {{ ref('int_deployments_assigned') }} as assigned
        on named.deployment_id = assigned.event_id
    left join {{ ref('int_issue_services_matched') }} as incidents
        on named.incident_id = incidents.issue_id

),

referenced as (

    select
        case
            when assigned_deployment_id is not null
                then incident_id || ':' || kind || ':' || assigned_deployment_id
            else incident_reference_id
        end as incident_reference_id,
        incident_id,
        kind,
        coalesce(assigned_deployment_id, deployment_id) as deployment_id,
        repository_id,
        commit_sha,
        pull_request_id,
        method
    from placed
    where nearness = 1

)

select distinct on (incident_reference_id)
    incident_reference_id,
    incident_id,
    kind,
    deployment_id,
    repository_id,
    commit_sha,
    pull_request_id,
    method
from referenced
-- issue_text before comment
order by incident_reference_id, method desc
