select
    connection,
    'github' as source,
    event_id,
    pull_request_id,
    type,
    created_at,
    synced_at
from {{ ref('stg_github__pull_request_events') }}
