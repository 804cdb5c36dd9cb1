{{ config(indexes=[{'columns': ['sprint_id']}]) }}

select
    listed.board_id,
    listed.sprint_id
from {{ ref('stg_jira__board_sprints') }} as listed
inner join {{ ref('dim_boards') }} as boards on listed.board_id = boards.board_id
inner join {{ ref('stg_jira__sprints') }} as sprints on listed.sprint_id = sprints.sprint_id
