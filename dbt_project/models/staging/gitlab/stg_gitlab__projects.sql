with source as (

    select * from {{ source('raw_gitlab', 'projects') }}

),

renamed as (

    select
        connection::text as connection,
        {{ mart_id('id') }} as repository_id,
        {{ mart_id('group_id') }} as group_id,

        path_with_namespace::text as full_name,
        name::text as name,
        default_branch::text as default_branch,
        visibility::text as visibility,

        is_archived,
        is_fork,

        created_at,
        last_activity_at,
        deleted_at,
        synced_at
    from source

)

select * from renamed
