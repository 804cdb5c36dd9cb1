with source as (

    select * from {{ source('raw_jira', 'board_sprints') }}

),

renamed as (

    select
        connection::text as connection,
        {{ mart_id('board_id') }} as board_id,
        {{ mart_id('sprint_id') }} as sprint_id,

        synced_at
    from source

)

select * from renamed
