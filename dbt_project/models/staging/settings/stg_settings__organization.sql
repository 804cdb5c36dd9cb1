with source as (

    select * from {{ source('raw_settings', 'organization') }}

),

renamed as (

    select
        'organization:' || slug as organization_id,

        slug::text as slug,
        name::text as name,
        timezone::text as timezone,
        week_starts_on::text as week_starts_on,
        pseudonym_salt::text as pseudonym_salt,

        pseudonymize,

        history_since
    from source

)

select * from renamed
