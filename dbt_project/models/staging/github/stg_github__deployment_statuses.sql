with source as (

    select * from {{ source('raw_github', 'deployment_statuses') }}

),

renamed as (

    select
        connection::text as connection,
        {{ mart_id('id') }} as deployment_status_id,
        {{ mart_id('deployment_id') }} as deployment_id,
        {{ mart_id('repository_id') }} as repository_id,
        run_id,
        job_id,

        state::text as state,

        created_at,
        synced_at
    from source

)

select * from renamed
