with source as (

    select * from {{ source('raw_jira', 'issue_changes') }}

),

renamed as (

    select
        connection::text as connection,
        {{ mart_id('issue_id') }} as issue_id,
        change_id::text as change_id,
        {{ mart_id('author_id') }} as author_id,
        field_id::text as field_id,

        field::text as field,
        from_value::text as from_value,
        from_text::text as from_text,
        to_value::text as to_value,
        to_text::text as to_text,

        position,

        created_at,
        synced_at
    from source

)

select * from renamed
