with source as (

    select * from {{ source('raw_settings', 'team_members') }}

),

renamed as (

    select
        team::text as team,
        member::text as member
    from source

)

select * from renamed
