"""The main job and its schedule."""

import dagster as dg

from ingestion.settings import SettingsError, load_settings
from orchestration.automation import NIGHTLY_CRON, REFRESH_TAG


def timezone() -> str:
    """The organization's zone; UTC while there are no valid settings."""
    try:
        return load_settings().organization.timezone
    except (SettingsError, OSError):
        return "UTC"


refresh_everything = dg.define_asset_job(
    "refresh_everything",
    selection=dg.AssetSelection.all(),
    description="From the sources' APIs to the metrics, with the checks at each door.",
    tags={REFRESH_TAG: "everything"},
)

refresh_everything_nightly = dg.ScheduleDefinition(
    name="refresh_everything_nightly",
    job=refresh_everything,
    cron_schedule=NIGHTLY_CRON,
    execution_timezone=timezone(),
    # Once more, beginning with what failed: a night has time.
    tags={"dagster/max_retries": "1", "dagster/retry_strategy": "FROM_FAILURE"},
    description="Every night, in the organization's time zone. `sei up` switches it on.",
)
