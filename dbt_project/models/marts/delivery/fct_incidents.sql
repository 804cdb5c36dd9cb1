{{ config(indexes=[{'columns': ['service_id', 'opened_at']}]) }}

select
    incidents.issue_id as incident_id,
    services.service_id,
    incidents.repository_id,
    incidents.opened_at,
    incidents.resolved_at,
    incidents.severity,
    incidents.title,
    incidents.issue_id
from {{ ref('int_incidents_detected') }} as incidents
left join {{ ref('int_service_repositories_matched') }} as services
    on incidents.repository_id = services.repository_id and services.path_prefix = ''
