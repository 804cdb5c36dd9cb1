with source as (

    select * from {{ source('raw_jira', 'fields') }}

),

renamed as (

    select
        connection::text as connection,
        id::text as field_id,

        name::text as name,
        untranslated_name::text as untranslated_name,
        schema_type::text as schema_type,
        schema_custom::text as schema_custom,
        used_as::text as used_as,

        preference,

        is_custom,

        synced_at
    from source

)

select * from renamed
