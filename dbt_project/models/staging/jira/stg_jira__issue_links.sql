with source as (

    select * from {{ source('raw_jira', 'issue_links') }}

),

renamed as (

    select
        connection::text as connection,
        {{ mart_id('id') }} as issue_link_id,
        {{ mart_id('source_issue_id') }} as source_issue_id,
        {{ mart_id('target_issue_id') }} as target_issue_id,
        {{ mart_id('seen_from_issue_id') }} as seen_from_issue_id,

        type::text as type,

        synced_at
    from source

)

select * from renamed
