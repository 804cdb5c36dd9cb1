with source as (

    select * from {{ source('raw_jira', 'projects') }}

),

renamed as (

    select
        connection::text as connection,
        {{ mart_id('id') }} as project_id,
        {{ mart_id('lead_account_id') }} as lead_account_id,

        key::text as key,
        name::text as name,
        type::text as type,

        is_simplified,
        is_archived,

        deleted_at,
        synced_at
    from source

)

select * from renamed
