with source as (

    select * from {{ source('raw_gitlab', 'environments') }}

),

renamed as (

    select
        connection::text as connection,
        {{ mart_id('id') }} as environment_id,
        {{ mart_id('project_id') }} as repository_id,

        name::text as name,
        tier::text as tier,
        state::text as state,

        created_at,
        synced_at
    from source

)

select * from renamed
