with source as (

    select * from {{ source('raw_gitlab', 'groups') }}

),

renamed as (

    select
        connection::text as connection,
        {{ mart_id('id') }} as team_id,
        {{ mart_id('parent_id') }} as parent_team_id,

        full_path::text as full_path,
        name::text as name,
        visibility::text as visibility,

        is_root,

        created_at,
        members_synced_at,
        deleted_at,
        synced_at
    from source

)

select * from renamed
