-- Services that could have an incident: one without such a source has no_source, not no incidents.
with rules as (

    select * from {{ ref('int_incident_rules_matched') }}

),

places as (

    select * from {{ ref('int_service_jira_places_parsed') }}

),

-- A rule about other projects or components than the service's can't be about the service.
compared as (

    select
        places.service_id,
        rules.connection,
        rules.rule_position,
        bool_or(places.kind = 'project') as has_projects,
        bool_or(places.kind = 'component') as has_components,
        coalesce(
            bool_or(rules.projects is null or {{ lists_overlap('array[places.value]', 'rules.projects') }})
                filter (where places.kind = 'project' and (places.connection is null or places.connection = rules.connection)),
            false
        ) as is_about_projects,
        coalesce(
            bool_or(
                rules.components is null or {{ lists_overlap('array[places.value]', 'rules.components') }}
            ) filter (where places.kind = 'component' and (places.connection is null or places.connection = rules.connection)),
            false
        ) as is_about_components
    from rules
    inner join places on true
    where rules.repository_id is null
    group by places.service_id, rules.connection, rules.rule_position

)

select
    services.service_id,
    rules.connection,
    rules.rule_position
from {{ ref('int_service_repositories_matched') }} as services
inner join rules on services.repository_id = rules.repository_id

union

select
    service_id,
    connection,
    rule_position
from compared
where
    (is_about_projects or not has_projects)
    and (is_about_components or not has_components)
