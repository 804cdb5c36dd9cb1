with source as (

    select * from {{ source('raw_jira', 'sprints') }}

),

renamed as (

    select
        connection::text as connection,
        {{ mart_id('id') }} as sprint_id,
        {{ mart_id('origin_board_id') }} as board_id,

        name::text as name,
        state::text as state,

        created_at,
        started_at,
        ends_at,
        completed_at,
        deleted_at,
        synced_at
    from source

)

select * from renamed
