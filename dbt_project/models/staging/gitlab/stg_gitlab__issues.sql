with source as (

    select * from {{ source('raw_gitlab', 'issues') }}

),

renamed as (

    select
        connection::text as connection,
        {{ mart_id('id') }} as issue_id,
        {{ mart_id('project_id') }} as repository_id,
        {{ mart_id('author_id') }} as author_id,

        title::text as title,
        state::text as state,
        type::text as type,
        severity::text as severity,
        author_username::text as author_login,

        iid,
        weight,

        {{ texts('labels') }} as labels,
        {{ texts('assignee_ids', prefix="connection || ':'") }} as assignee_ids,
        mentioned,

        created_at,
        updated_at,
        closed_at,
        synced_at
    from source

)

select * from renamed
