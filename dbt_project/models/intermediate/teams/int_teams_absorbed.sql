-- Of several teams of the settings that claim one of a source, the first by name has it.
select distinct on (teams.team_id)
    teams.team_id as absorbed_team_id,
    'team:' || {{ slug('stated.name') }} as team_id
from {{ ref('stg_settings__teams') }} as stated
cross join unnest(stated.same) as entries (reference)
inner join {{ ref('int_source_teams_unioned') }} as teams
    on
        lower(trim(entries.reference)) in (
            lower(teams.connection || ':' || teams.path), lower(teams.team_id)
        )
order by teams.team_id, stated.name
