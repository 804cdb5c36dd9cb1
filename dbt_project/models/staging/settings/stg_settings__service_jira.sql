with source as (

    select * from {{ source('raw_settings', 'service_jira') }}

),

renamed as (

    select
        service::text as service,
        kind::text as kind,
        value::text as value
    from source

)

select * from renamed
