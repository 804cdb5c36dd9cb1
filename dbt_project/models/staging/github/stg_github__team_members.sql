with source as (

    select * from {{ source('raw_github', 'team_members') }}

),

renamed as (

    select
        connection::text as connection,
        {{ mart_id('team_id') }} as team_id,
        {{ mart_id('user_id') }} as account_id,

        user_login::text as login,
        role::text as role,

        synced_at
    from source

)

select * from renamed
