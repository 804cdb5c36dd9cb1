with source as (

    select * from {{ source('raw_settings', 'bots') }}

),

renamed as (

    select login::text as login
    from source

)

select * from renamed
