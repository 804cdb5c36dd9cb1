with source as (

    select * from {{ source('raw_gitlab', 'jobs') }}

),

renamed as (

    select
        connection::text as connection,
        {{ mart_id("'job:' || id") }} as job_id,
        {{ mart_id('project_id') }} as repository_id,
        {{ mart_id('pipeline_id') }} as pipeline_id,

        name::text as name,
        stage::text as stage,
        status::text as status,
        ref_name::text as ref_name,
        head_sha::text as head_sha,

        id as number,

        is_retried,

        created_at,
        started_at,
        finished_at,
        synced_at
    from source

)

select * from renamed
