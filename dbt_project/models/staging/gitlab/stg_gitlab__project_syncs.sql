with source as (

    select * from {{ source('raw_gitlab', 'project_syncs') }}

),

renamed as (

    select
        connection::text as connection,

        project_path::text as project_path,
        status::text as status,
        failed_resource::text as failed_resource,

        synced_at
    from source

)

select * from renamed
