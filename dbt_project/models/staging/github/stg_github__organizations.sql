with source as (

    select * from {{ source('raw_github', 'organizations') }}

),

renamed as (

    select
        connection::text as connection,
        {{ mart_id('id') }} as owner_id,

        login::text as login,
        name::text as name,
        type::text as owner_type,

        created_at,
        teams_synced_at,
        synced_at
    from source

)

select * from renamed
