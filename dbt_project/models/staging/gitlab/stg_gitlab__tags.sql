with source as (

    select * from {{ source('raw_gitlab', 'tags') }}

),

renamed as (

    select
        connection::text as connection,
        {{ mart_id('project_id') }} as repository_id,

        name::text as name,
        commit_sha::text as commit_sha,

        is_annotated,

        tagged_at,
        synced_at
    from source

)

select * from renamed
