with source as (

    select * from {{ source('raw_settings', 'jira_status_categories') }}

),

renamed as (

    select
        connection::text as connection,
        status::text as status,
        category::text as category
    from source

)

select * from renamed
