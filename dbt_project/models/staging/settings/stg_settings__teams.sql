with source as (

    select * from {{ source('raw_settings', 'teams') }}

),

renamed as (

    select
        name::text as name,
        parent::text as parent,

        {{ texts('same') }} as same
    from source

)

select * from renamed
