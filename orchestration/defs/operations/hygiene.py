"""Removes in every refresh what `[retention]` lets go; nothing that is kept grows for ever."""

from datetime import UTC, datetime, timedelta

import dagster as dg
import psycopg

from orchestration.hygiene import cut_logs, remove_outputs, remove_runs
from orchestration.resources import Platform
from orchestration.translators import asset_key, owner
from orchestration.warehouse import home_folder
from quality.results import prune


@dg.asset(
    key=["operations", "hygiene"],
    group_name="operations",
    # Not after the metrics: what fails every night would never be cleaned up after.
    deps=[asset_key("raw_settings", "organization")],
    owners=[owner("operations")],
    kinds={"python", "postgres"},
    tags={"layer": "operations"},
    description="Removes old runs, logs, results of checks and, where set, raw rows ([retention]).",
)
def hygiene(context: dg.AssetExecutionContext, platform: Platform) -> dg.MaterializeResult:
    """Tells what was removed."""
    from ingestion.retention import remove

    retention = platform.settings().retention
    now = datetime.now(UTC)
    home = home_folder()
    rows = remove(platform.url("loader"), retention, now)
    if retention.checks is not None:
        with psycopg.connect(platform.url("inspector")) as connection:
            rows |= prune(connection, now - timedelta(hours=retention.checks))
    runs, outputs = [], 0
    if retention.runs is not None:
        before = now - timedelta(hours=retention.runs)
        runs = remove_runs(context.instance, before)
        outputs = remove_outputs(home / "dagster", before, {context.run_id})
    return dg.MaterializeResult(
        metadata={
            "rows removed": dg.MetadataValue.json(rows),
            "runs removed": len(runs),
            "folders of output removed": outputs,
            "logs cut": ", ".join(cut_logs(home / "logs")) or "none",
        }
    )
