with source as (

    select * from {{ source('raw_gitlab', 'merge_requests') }}

),

renamed as (

    select
        connection::text as connection,
        {{ mart_id('id') }} as merge_request_id,
        {{ mart_id('project_id') }} as repository_id,
        {{ mart_id('author_id') }} as author_id,

        title::text as title,
        state::text as state,
        author_username::text as author_login,
        target_branch::text as target_branch,
        source_branch::text as source_branch,
        head_sha::text as head_sha,
        merge_commit_sha::text as merge_commit_sha,
        squash_commit_sha::text as squash_commit_sha,

        iid,

        is_draft,

        {{ texts('labels') }} as labels,
        {{ texts('closing_issues') }} as closing_issues,
        {{ texts('reverted_iids') }}::bigint[] as reverted_iids,
        {{ texts('reverted_shas') }} as reverted_shas,
        {{ texts('issue_keys') }} as issue_keys,

        created_at,
        updated_at,
        closed_at,
        merged_at,
        synced_at
    from source

)

select * from renamed
