select
    connection,
    'github' as source,
    event_id,
    pull_request_id,
    type,
    created_at,
    synced_at
from {{ ref('stg_github__pull_request_events') }}

union all

select
    connection,
    'gitlab',
    note_id,
    merge_request_id,
    case action when 'ready' then 'READY_FOR_REVIEW' else 'CONVERT_TO_DRAFT' end,
    created_at,
    null
from {{ ref('stg_gitlab__merge_request_notes') }}
where is_system and action in ('draft', 'ready')
