with source as (

    select * from {{ source('raw_jira', 'issues') }}

),

renamed as (

    select
        connection::text as connection,
        {{ mart_id('id') }} as issue_id,
        {{ mart_id('project_id') }} as project_id,
        {{ mart_id('type_id') }} as type_id,
        {{ mart_id('status_id') }} as status_id,
        {{ mart_id('creator_id') }} as creator_id,
        {{ mart_id('reporter_id') }} as reporter_id,
        {{ mart_id('assignee_id') }} as assignee_id,
        {{ mart_id('parent_id') }} as parent_issue_id,

        key::text as key,
        project_key::text as project_key,
        type_name::text as type_name,
        title::text as title,
        status_name::text as status_name,
        priority::text as priority,
        resolution::text as resolution,
        parent_key::text as parent_key,

        story_points,
        original_estimate_seconds,
        time_spent_seconds,

        is_subtask,
        is_flagged,

        {{ texts('labels') }} as labels,
        {{ texts('components') }} as components,
        {{ texts('fix_versions') }} as fix_versions,
        {{ texts('sprint_ids', prefix="connection || ':'") }} as sprint_ids,
        mentioned,

        due_on,
        created_at,
        updated_at,
        resolved_at,
        deleted_at,
        synced_at
    from source

)

select * from renamed
