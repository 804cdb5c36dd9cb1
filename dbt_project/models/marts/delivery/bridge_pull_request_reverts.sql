{{ config(indexes=[{'columns': ['reverted_pull_request_id']}]) }}

select
    pull_request_id,
    reverted_pull_request_id,
    method
from {{ ref('int_pull_request_reverts_resolved') }}
