select
    board_id,
    connection,
    name,
    type,
    project_key,
    deleted_at
from {{ ref('stg_jira__boards') }}

union all

-- a board that is only named as the one a sprint was made on
select
    sprints.board_id,
    min(sprints.connection),
    null,
    null,
    null,
    null
from {{ ref('stg_jira__sprints') }} as sprints
left join {{ ref('stg_jira__boards') }} as boards on sprints.board_id = boards.board_id
where sprints.board_id is not null and boards.board_id is null
group by sprints.board_id
