select
    organization_id,
    name,
    slug,
    timezone,
    week_starts_on
from {{ ref('stg_settings__organization') }}
