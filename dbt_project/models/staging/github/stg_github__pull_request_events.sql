with source as (

    select * from {{ source('raw_github', 'pull_request_events') }}

),

renamed as (

    select
        connection::text as connection,
        {{ mart_id('id') }} as event_id,
        {{ mart_id('pull_request_id') }} as pull_request_id,
        {{ mart_id('repository_id') }} as repository_id,

        type::text as type,

        created_at,
        synced_at
    from source

)

select * from renamed
