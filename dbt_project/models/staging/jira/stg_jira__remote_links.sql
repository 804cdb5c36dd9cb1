with source as (

    select * from {{ source('raw_jira', 'remote_links') }}

),

renamed as (

    select
        connection::text as connection,
        {{ mart_id('issue_id') }} as issue_id,
        id::text as remote_link_id,

        url::text as url,
        title::text as title,
        application::text as application,

        synced_at
    from source

)

select * from renamed
