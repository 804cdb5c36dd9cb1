"""The main job and its schedule."""

import dagster as dg

from ingestion.settings import Schedule, SettingsError, load_settings
from orchestration.automation import REFRESH_TAG


def cadence() -> tuple[str, str]:
    """Cron expression and time zone of the nightly run; defaults without valid settings."""
    try:
        settings = load_settings()
        return settings.schedule.nightly, settings.organization.timezone
    except (SettingsError, OSError):
        return Schedule().nightly, "UTC"


_cron, _timezone = cadence()


refresh_everything = dg.define_asset_job(
    "refresh_everything",
    selection=dg.AssetSelection.all(),
    description="From the sources' APIs to the metrics, with the checks at each door.",
    tags={REFRESH_TAG: "everything"},
)

refresh_everything_nightly = dg.ScheduleDefinition(
    name="refresh_everything_nightly",
    job=refresh_everything,
    cron_schedule=_cron,
    execution_timezone=_timezone,
    # Once more, beginning with what failed: a night has time.
    tags={"dagster/max_retries": "1", "dagster/retry_strategy": "FROM_FAILURE"},
    description="Every night, in the organization's time zone. `sei up` switches it on.",
)
