with source as (

    select * from {{ source('raw_github', 'teams') }}

),

renamed as (

    select
        connection::text as connection,
        {{ mart_id('id') }} as team_id,
        {{ mart_id('organization_id') }} as owner_id,
        {{ mart_id('parent_team_id') }} as parent_team_id,

        slug::text as slug,
        name::text as name,

        synced_at
    from source

)

select * from renamed
