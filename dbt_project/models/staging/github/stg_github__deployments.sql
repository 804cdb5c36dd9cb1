with source as (

    select * from {{ source('raw_github', 'deployments') }}

),

renamed as (

    select
        connection::text as connection,
        {{ mart_id('id') }} as deployment_id,
        database_id,
        {{ mart_id('repository_id') }} as repository_id,

        environment::text as environment,
        task::text as task,
        commit_sha::text as commit_sha,
        ref_name::text as ref_name,

        created_at,
        synced_at
    from source

)

select * from renamed
