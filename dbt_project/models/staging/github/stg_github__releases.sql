with source as (

    select * from {{ source('raw_github', 'releases') }}

),

renamed as (

    select
        connection::text as connection,
        {{ mart_id('id') }} as release_id,
        {{ mart_id('repository_id') }} as repository_id,

        name::text as name,
        tag_name::text as tag_name,
        commit_sha::text as commit_sha,

        is_draft,
        is_prerelease,

        created_at,
        published_at,
        synced_at
    from source

)

select * from renamed
