with source as (

    select * from {{ source('raw_gitlab', 'commits') }}

),

renamed as (

    select
        connection::text as connection,
        {{ mart_id('project_id') }} as repository_id,

        sha::text as sha,
        author_name::text as author_name,
        author_email::text as author_email,
        message_headline::text as message_headline,

        merge_request_iid,
        additions,
        deletions,

        is_on_default_branch,

        {{ texts('parent_shas') }} as parent_shas,
        {{ texts('reverted_shas') }} as reverted_shas,
        ({{ texts('reverted_iids') }})::bigint[] as reverted_iids,
        {{ texts('issue_keys') }} as issue_keys,
        case when changed_paths is not null then {{ texts('changed_paths') }} end as changed_paths,

        authored_at,
        committed_at,
        synced_at
    from source

)

select * from renamed
