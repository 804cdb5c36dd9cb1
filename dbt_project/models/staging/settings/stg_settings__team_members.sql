with source as (

    select * from {{ source('raw_settings', 'team_members') }}

),

renamed as (

    select
        team::text as team,
        member::text as member,

        valid_from,
        valid_to
    from source

)

select * from renamed
