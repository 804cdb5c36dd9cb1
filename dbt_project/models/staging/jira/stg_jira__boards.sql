with source as (

    select * from {{ source('raw_jira', 'boards') }}

),

renamed as (

    select
        connection::text as connection,
        {{ mart_id('id') }} as board_id,
        {{ mart_id('project_id') }} as project_id,

        name::text as name,
        type::text as type,
        project_key::text as project_key,

        deleted_at,
        synced_at
    from source

)

select * from renamed
