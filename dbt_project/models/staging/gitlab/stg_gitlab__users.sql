with source as (

    select * from {{ source('raw_gitlab', 'users') }}

),

renamed as (

    select
        connection::text as connection,
        {{ mart_id('id') }} as account_id,

        username::text as login,
        name::text as name,
        state::text as state,
        public_email::text as public_email,
        commit_email::text as commit_email,

        id as user_number,

        is_bot,

        synced_at
    from source

)

select * from renamed
