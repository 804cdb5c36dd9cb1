{{ config(indexes=[{'columns': ['incident_id']}]) }}

select
    incident_reference_id,
    incident_id,
    kind,
    deployment_id,
    repository_id,
    commit_sha,
    pull_request_id,
    method
from {{ ref('int_incident_references_resolved') }}
