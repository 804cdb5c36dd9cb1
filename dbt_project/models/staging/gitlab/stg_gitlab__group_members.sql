with source as (

    select * from {{ source('raw_gitlab', 'group_members') }}

),

renamed as (

    select
        connection::text as connection,
        {{ mart_id('group_id') }} as team_id,
        {{ mart_id('user_id') }} as account_id,

        username::text as login,

        access_level,

        created_at,
        expires_on,
        synced_at
    from source

)

select * from renamed
