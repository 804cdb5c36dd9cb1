with source as (

    select * from {{ source('raw_settings', 'deployment_rules') }}

),

renamed as (

    select
        kind::text as kind,
        connection::text as connection,
        environment::text as environment,
        name::text as name,
        branch::text as branch,
        tier::text as tier,
        service::text as service,

        position,

        case when repositories is not null then {{ texts('repositories') }} end as repositories
    from source

)

select * from renamed
