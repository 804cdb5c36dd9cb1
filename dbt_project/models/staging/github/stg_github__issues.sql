with source as (

    select * from {{ source('raw_github', 'issues') }}

),

renamed as (

    select
        connection::text as connection,
        {{ mart_id('id') }} as issue_id,
        {{ mart_id('repository_id') }} as repository_id,
        {{ mart_id('author_id') }} as author_id,

        title::text as title,
        state::text as state,
        state_reason::text as state_reason,
        author_login::text as author_login,
        author_type::text as author_type,

        number,

        {{ texts('labels') }} as labels,
        mentioned,

        created_at,
        updated_at,
        closed_at,
        synced_at
    from source

)

select * from renamed
