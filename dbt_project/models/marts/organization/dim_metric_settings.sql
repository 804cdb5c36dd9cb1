select
    organization.organization_id,
    organization.timezone,
    organization.week_starts_on,
    organization.history_since,
    metrics.incident_link_window_hours,
    metrics.baseline_window_hours,
    metrics.revert_counts_as_failure,
    metrics.minimum_sample,
    metrics.exclude_bots,
    metrics.bands_year
from {{ ref('stg_settings__organization') }} as organization
cross join {{ ref('stg_settings__metrics') }} as metrics
