with source as (

    select * from {{ source('raw_github', 'pull_request_reviews') }}

),

renamed as (

    select
        connection::text as connection,
        {{ mart_id('id') }} as review_id,
        {{ mart_id('pull_request_id') }} as pull_request_id,
        {{ mart_id('repository_id') }} as repository_id,
        {{ mart_id('author_id') }} as author_id,

        author_login::text as author_login,
        author_type::text as author_type,
        state::text as state,

        submitted_at,
        synced_at
    from source

)

select * from renamed
