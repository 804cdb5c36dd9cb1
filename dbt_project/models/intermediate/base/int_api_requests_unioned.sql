select
    connection,
    'github' as source,
    endpoint,
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
    byte_count,
    synced_at
from {{ ref('stg_github__request_ledger') }}

union all

select
    connection,
    'gitlab',
    endpoint,
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
    byte_count,
    synced_at
from {{ ref('stg_gitlab__request_ledger') }}

union all

select
    connection,
    'jira',
    endpoint,
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
    byte_count,
    synced_at
from {{ ref('stg_jira__request_ledger') }}
