"""The main job and its schedule."""

from typing import Any

import dagster as dg

from ingestion.contracts import SOURCES
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


@dg.config_mapping(
    config_schema={"since": str, "sources": dg.Field([str], is_required=False, default_value=[])}
)
def _backfill_config(asked: dict[str, Any]) -> dict[str, Any]:
    load = {"since": asked["since"], "sources": asked["sources"], "older_seconds": None}
    return {"ops": {source: {"config": load} for source in SOURCES}}


backfill = dg.define_asset_job(
    "backfill",
    selection=dg.AssetSelection.all(),
    config=_backfill_config,
    description="Older history of everything (or of the connections named in sources), back to "
    "`since` (YYYY-MM-DD), newest first; then models and metrics. Cancelled or killed, it goes on "
    "where it was.",
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
