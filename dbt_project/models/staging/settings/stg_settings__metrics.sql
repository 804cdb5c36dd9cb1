with source as (

    select * from {{ source('raw_settings', 'metrics') }}

),

renamed as (

    select
        definition::text as definition,

        incident_link_window_hours,
        baseline_window_hours,
        -- null in settings that an older version of this program wrote
        coalesce(deduplication_window_hours, 0) as deduplication_window_hours,
        minimum_sample,
        bands_year,

        revert_counts_as_failure,
        exclude_bots,

        {{ texts('hotfix_labels') }} as hotfix_labels,
        {{ texts('hotfix_branches') }} as hotfix_branches
    from source

)

select * from renamed
