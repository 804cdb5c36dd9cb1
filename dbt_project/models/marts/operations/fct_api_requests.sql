{{ config(indexes=[{'columns': ['synced_at']}]) }}

select
    connection,
    source,
    endpoint,
    synced_at,
    run_id,
    resource,
    request_count,
    counted_request_count,
    point_count,
    not_modified_count,
    retry_count,
    rate_limited_count,
    failed_count,
    wait_seconds,
    backoff_seconds,
    reply_seconds,
    byte_count
from {{ ref('int_api_requests_unioned') }}
