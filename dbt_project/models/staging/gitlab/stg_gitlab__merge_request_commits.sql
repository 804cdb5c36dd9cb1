with source as (

    select * from {{ source('raw_gitlab', 'merge_request_commits') }}

),

renamed as (

    select
        connection::text as connection,
        {{ mart_id('merge_request_id') }} as merge_request_id,
        {{ mart_id('project_id') }} as repository_id,

        sha::text as sha,
        author_name::text as author_name,
        author_email::text as author_email,
        message_headline::text as message_headline,

        position,

        {{ texts('issue_keys') }} as issue_keys,

        authored_at,
        committed_at,
        synced_at
    from source

)

select * from renamed
