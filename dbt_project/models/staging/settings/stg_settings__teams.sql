with source as (

    select * from {{ source('raw_settings', 'teams') }}

),

renamed as (

    select
        name::text as name,
        parent::text as parent
    from source

)

select * from renamed
