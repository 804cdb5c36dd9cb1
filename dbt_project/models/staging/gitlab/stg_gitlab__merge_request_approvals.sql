with source as (

    select * from {{ source('raw_gitlab', 'merge_request_approvals') }}

),

renamed as (

    select
        connection::text as connection,
        {{ mart_id('merge_request_id') }} as merge_request_id,
        {{ mart_id('user_id') }} as account_id,
        {{ mart_id('project_id') }} as repository_id,

        username::text as login,

        user_id as user_number,

        approved_at,
        synced_at
    from source

)

select * from renamed
