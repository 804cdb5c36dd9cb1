with source as (

    select * from {{ source('raw_jira', 'statuses') }}

),

renamed as (

    select
        connection::text as connection,
        {{ mart_id('id') }} as status_id,
        {{ mart_id('project_id') }} as project_id,

        name::text as name,
        untranslated_name::text as untranslated_name,
        category::text as category,

        deleted_at,
        synced_at
    from source

)

select * from renamed
