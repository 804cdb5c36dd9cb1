with source as (

    select * from {{ source('raw_github', 'pull_request_commits') }}

),

renamed as (

    select
        connection::text as connection,
        {{ mart_id('pull_request_id') }} as pull_request_id,
        {{ mart_id('repository_id') }} as repository_id,
        {{ mart_id('author_id') }} as author_id,

        sha::text as sha,
        author_login::text as author_login,
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
