with source as (

    select * from {{ source('raw_gitlab', 'pipelines') }}

),

renamed as (

    select
        connection::text as connection,
        {{ mart_id('id') }} as pipeline_id,
        {{ mart_id('project_id') }} as repository_id,

        name::text as name,
        source::text as event,
        status::text as status,
        ref_name::text as ref_name,
        head_sha::text as head_sha,

        iid,

        created_at,
        started_at,
        finished_at,
        updated_at,
        synced_at
    from source

)

select * from renamed
