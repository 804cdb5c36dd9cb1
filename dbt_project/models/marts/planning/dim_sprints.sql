{{ config(indexes=[{'columns': ['board_id', 'started_at']}]) }}

select
    sprint_id,
    connection,
    board_id,
    name,
    state,
    created_at,
    started_at,
    ends_at,
    completed_at,
    deleted_at
from {{ ref('int_sprints_unioned') }}
