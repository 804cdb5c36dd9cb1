with source as (

    select * from {{ source('raw_gitlab', 'deployments') }}

),

renamed as (

    select
        connection::text as connection,
        {{ mart_id('id') }} as deployment_id,
        id as number,
        {{ mart_id('project_id') }} as repository_id,
        {{ mart_id('environment_id') }} as environment_id,
        {{ mart_id("'job:' || job_id") }} as job_id,
        {{ mart_id('pipeline_id') }} as pipeline_id,

        environment::text as environment,
        environment_tier::text as environment_tier,
        status::text as status,
        commit_sha::text as commit_sha,
        ref_name::text as ref_name,

        job_started_at,
        job_finished_at,
        created_at,
        updated_at,
        finished_at,
        synced_at
    from source

)

select * from renamed
