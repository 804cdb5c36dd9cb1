with source as (

    select * from {{ source('raw_github', 'workflow_runs') }}

),

renamed as (

    select
        connection::text as connection,
        {{ mart_id('id') }} as workflow_run_id,
        database_id,
        {{ mart_id('repository_id') }} as repository_id,

        name::text as name,
        event::text as event,
        status::text as status,
        conclusion::text as conclusion,
        head_branch::text as head_branch,
        head_sha::text as head_sha,

        run_number,
        run_attempt,

        created_at,
        run_started_at,
        updated_at,
        synced_at
    from source

)

select * from renamed
