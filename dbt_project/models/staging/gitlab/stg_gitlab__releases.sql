with source as (

    select * from {{ source('raw_gitlab', 'releases') }}

),

renamed as (

    select
        connection::text as connection,
        {{ mart_id('project_id') }} as repository_id,

        tag_name::text as tag_name,
        name::text as name,
        commit_sha::text as commit_sha,

        is_upcoming,

        created_at,
        released_at,
        synced_at
    from source

)

select * from renamed
