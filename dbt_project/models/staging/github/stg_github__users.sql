with source as (

    select * from {{ source('raw_github', 'users') }}

),

renamed as (

    select
        connection::text as connection,
        {{ mart_id('id') }} as account_id,

        login::text as login,
        name::text as name,
        type::text as account_type,
        public_email::text as public_email,

        database_id as user_number,

        synced_at
    from source

)

select * from renamed
