with source as (

    select * from {{ source('raw_settings', 'connections') }}

),

renamed as (

    select
        connection::text as connection,
        source::text as source,
        url::text as url
    from source

)

select * from renamed
