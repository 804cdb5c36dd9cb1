with source as (

    select * from {{ source('raw_jira', 'worklogs') }}

),

renamed as (

    select
        connection::text as connection,
        {{ mart_id('id') }} as worklog_id,
        {{ mart_id('issue_id') }} as issue_id,
        {{ mart_id('author_id') }} as author_id,

        seconds_spent,

        started_at,
        created_at,
        updated_at,
        synced_at
    from source

)

select * from renamed
