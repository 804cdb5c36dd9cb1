select
    team_id,
    organization_id,
    name,
    slug,
    parent_team_id,
    origin as source
from {{ ref('int_teams_unioned') }}
