with source as (

    select * from {{ source('raw_github', 'pull_requests') }}

),

renamed as (

    select
        connection::text as connection,
        {{ mart_id('id') }} as pull_request_id,
        {{ mart_id('repository_id') }} as repository_id,
        {{ mart_id('author_id') }} as author_id,

        title::text as title,
        state::text as state,
        author_login::text as author_login,
        author_type::text as author_type,
        base_ref_name::text as base_ref_name,
        head_ref_name::text as head_ref_name,
        head_sha::text as head_sha,
        merge_commit_sha::text as merge_commit_sha,

        number,
        additions,
        deletions,
        changed_files,
        commit_count,

        is_draft,

        {{ texts('labels') }} as labels,
        {{ texts('closing_issue_ids', prefix="connection || ':'") }} as closing_issue_ids,
        {{ texts('reverted_numbers') }}::bigint[] as reverted_numbers,
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
