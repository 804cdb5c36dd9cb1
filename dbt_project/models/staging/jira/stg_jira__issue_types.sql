with source as (

    select * from {{ source('raw_jira', 'issue_types') }}

),

renamed as (

    select
        connection::text as connection,
        {{ mart_id('id') }} as type_id,
        {{ mart_id('project_id') }} as project_id,

        name::text as name,
        untranslated_name::text as untranslated_name,

        hierarchy_level,

        is_subtask,

        synced_at
    from source

)

select * from renamed
