with source as (

    select * from {{ source('raw_github', 'repositories') }}

),

renamed as (

    select
        connection::text as connection,
        {{ mart_id('id') }} as repository_id,
        {{ mart_id('owner_id') }} as owner_id,

        owner_login::text as owner_login,
        name::text as name,
        full_name::text as full_name,
        default_branch::text as default_branch,

        is_archived,
        is_fork,
        is_private,

        created_at,
        pushed_at,
        synced_at
    from source

)

select * from renamed
