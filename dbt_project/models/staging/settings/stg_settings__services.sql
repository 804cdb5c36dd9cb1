with source as (

    select * from {{ source('raw_settings', 'services') }}

),

renamed as (

    select
        name::text as name,
        team::text as team
    from source

)

select * from renamed
