select
    team_id,
    organization_id,
    name,
    slug,
    parent_team_id
from {{ ref('int_teams_unioned') }}
