{{ config(indexes=[{'columns': ['service_id', 'opened_at']}]) }}

select
    incidents.issue_id as incident_id,
    services.service_id,
    incidents.repository_id,
    incidents.connection,
    incidents.opened_at,
    incidents.resolved_at,
    incidents.severity,
    incidents.title,
    incidents.issue_id
from {{ ref('int_incidents_detected') }} as incidents
left join {{ ref('int_issue_services_matched') }} as services
    on incidents.issue_id = services.issue_id
