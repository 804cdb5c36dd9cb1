with source as (

    select * from {{ source('raw_github', 'repository_syncs') }}

),

renamed as (

    select
        connection::text as connection,

        repository_full_name::text as repository_full_name,
        status::text as status,
        failed_resource::text as failed_resource,

        synced_at
    from source

)

select * from renamed
