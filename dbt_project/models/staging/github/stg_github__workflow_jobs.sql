with source as (

    select * from {{ source('raw_github', 'workflow_jobs') }}

),

renamed as (

    select
        connection::text as connection,
        {{ mart_id('id') }} as workflow_job_id,
        {{ mart_id('repository_id') }} as repository_id,
        run_id,
        database_id,

        name::text as name,
        status::text as status,
        conclusion::text as conclusion,
        head_sha::text as head_sha,
        head_branch::text as head_branch,

        run_attempt,

        created_at,
        started_at,
        completed_at,
        synced_at
    from source

)

select * from renamed
