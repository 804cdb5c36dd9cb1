with source as (

    select * from {{ source('raw_settings', 'service_repositories') }}

),

renamed as (

    select
        service::text as service,
        repository::text as repository,
        path_prefix::text as path_prefix
    from source

)

select * from renamed
