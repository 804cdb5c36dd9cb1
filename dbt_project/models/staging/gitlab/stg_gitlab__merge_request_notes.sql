with source as (

    select * from {{ source('raw_gitlab', 'merge_request_notes') }}

),

renamed as (

    select
        connection::text as connection,
        {{ mart_id('id') }} as note_id,
        {{ mart_id('merge_request_id') }} as merge_request_id,
        {{ mart_id('project_id') }} as repository_id,
        {{ mart_id('author_id') }} as author_id,

        author_username::text as author_login,
        type::text as type,
        action::text as action,

        is_system,

        created_at,
        synced_at
    from source

)

select * from renamed
