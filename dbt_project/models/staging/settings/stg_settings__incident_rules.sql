with source as (

    select * from {{ source('raw_settings', 'incident_rules') }}

),

renamed as (

    select
        connection::text as connection,

        position,

        case when repositories is not null then {{ texts('repositories') }} end as repositories,
        case when labels is not null then {{ texts('labels') }} end as labels,
        case when issue_types is not null then {{ texts('issue_types') }} end as issue_types,
        case when projects is not null then {{ texts('projects') }} end as projects,
        case when components is not null then {{ texts('components') }} end as components,
        case when priorities is not null then {{ texts('priorities') }} end as priorities
    from source

)

select * from renamed
