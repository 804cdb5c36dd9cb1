with source as (

    select * from {{ source('raw_settings', 'environment_tiers') }}

),

renamed as (

    select
        tier::text as tier,
        pattern::text as pattern,

        position
    from source

)

select * from renamed
