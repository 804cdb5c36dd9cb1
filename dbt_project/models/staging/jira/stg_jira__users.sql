with source as (

    select * from {{ source('raw_jira', 'users') }}

),

renamed as (

    select
        connection::text as connection,
        {{ mart_id('id') }} as account_id,

        name::text as name,
        email::text as email,
        type::text as account_type,
        time_zone::text as time_zone,

        is_active,

        synced_at
    from source

)

select * from renamed
