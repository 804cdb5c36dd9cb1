-- A component may have a colon in its name: before it only the name of a Jira connection is one.
with statements as (

    select
        service_jira.service,
        service_jira.kind,
        service_jira.value,
        case
            when service_jira.kind = 'project' and service_jira.value like '%:%'
                then split_part(service_jira.value, ':', 1)
            else connections.connection
        end as connection
    from {{ ref('stg_settings__service_jira') }} as service_jira
    left join {{ ref('stg_settings__connections') }} as connections
        on
            connections.source = 'jira'
            and service_jira.value like '%:%'
            and split_part(service_jira.value, ':', 1) = connections.connection

)

select distinct
    'service:' || {{ slug('service') }} as service_id,
    kind,
    connection,
    lower(
        btrim(
            case
                when connection is null then value
                else substr(value, length(connection) + 2)
            end
        )
    ) as value
from statements
