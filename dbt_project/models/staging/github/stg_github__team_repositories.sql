with source as (

    select * from {{ source('raw_github', 'team_repositories') }}

),

renamed as (

    select
        connection::text as connection,
        {{ mart_id('team_id') }} as team_id,
        {{ mart_id('repository_id') }} as repository_id,

        permission::text as permission,

        synced_at
    from source

)

select * from renamed
