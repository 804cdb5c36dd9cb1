with source as (

    select * from {{ source('raw_settings', 'people') }}

),

renamed as (

    select
        relation::text as relation,

        position,

        {{ texts('accounts') }} as accounts
    from source

)

select * from renamed
