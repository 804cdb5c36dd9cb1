-- Services that could have an incident: one without such a source has no_source, not no incidents.
with rules as (

    select * from {{ ref('int_incident_rules_matched') }}

),

-- A service is kept where its projects and its components are: of either list any one will do.
places as (

    select
        service_id,
        kind,
        connection,
        array[value] as names
    from {{ ref('int_service_jira_places_parsed') }}

),

compared as (

    select
        places.service_id,
        rules.connection,
        rules.rule_position,
        places.kind,
        bool_or(
            (places.connection is null or places.connection = rules.connection)
            and (
                places.kind = 'component'
                or rules.projects is null
                or {{ lists_overlap('places.names', 'rules.projects') }}
            )
            and (
                places.kind = 'project'
                or rules.components is null
                or {{ lists_overlap('places.names', 'rules.components') }}
            )
        ) as is_compatible
    from rules
    cross join places
    where rules.repository_id is null
    group by places.service_id, rules.connection, rules.rule_position, places.kind

)

select
    services.service_id,
    rules.connection,
    rules.rule_position
from {{ ref('int_service_repositories_matched') }} as services
inner join rules on services.repository_id = rules.repository_id

union

-- A rule about other projects or components than the service's can't be about the service.
select
    service_id,
    connection,
    rule_position
from compared
group by service_id, connection, rule_position
having bool_and(is_compatible)
