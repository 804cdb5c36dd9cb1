"""staging, intermediate and marts: one asset a model, dbt's tests as asset checks."""

import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import dagster as dg
import psycopg

from ingestion.raw_tables import create_missing
from orchestration.dbt_engine import DbtProcess, DbtProject, dbt_assets
from orchestration.defs.dbt import kept_views
from orchestration.defs.dbt.manifest import ensure_manifest
from orchestration.metrics_process import MetricsProcess, discard
from orchestration.resources import DBT_PROJECT, Platform
from orchestration.tables import facts
from orchestration.translators import WarehouseDbtTranslator

KEPT_ARTIFACTS = 10

project = DbtProject(project_dir=DBT_PROJECT, profiles_dir=DBT_PROJECT)


@dbt_assets(
    name="dbt",
    manifest=ensure_manifest(DBT_PROJECT),
    project=project,
    dagster_dbt_translator=WarehouseDbtTranslator(),
)
def models(
    context: dg.AssetExecutionContext, dbt: DbtProcess, platform: Platform, spark: MetricsProcess
) -> Iterator[Any]:
    """Builds seeds and models and runs their tests, in dbt's own order."""
    if computes_metrics(context.run):
        spark.start_ahead(context.run_id, platform.url("metrician"))
    try:
        yield from _build(context, dbt, platform)
    except BaseException:
        discard(context.run_id)
        raise


def computes_metrics(run: dg.DagsterRun) -> bool:
    """Whether the run goes on to the metrics."""
    if run.step_keys_to_execute is not None:
        return "metrics" in run.step_keys_to_execute
    chosen = run.asset_selection
    return chosen is None or any(key.path[0] == "metrics" for key in chosen)


def _build(context: dg.AssetExecutionContext, dbt: DbtProcess, platform: Platform) -> Iterator[Any]:
    # Sources that were never loaded, say because only some assets were chosen in the web interface.
    create_missing(platform.url("loader"))
    with platform.dbt_environment() as artifacts:
        target = artifacts / context.run_id[:8]
        prune(artifacts, KEPT_ARTIFACTS)
        target.mkdir(parents=True, exist_ok=True)
        parsed = last_parse(artifacts)
        # A step repeated within its run finds its own.
        if parsed and parsed.parent != target:
            shutil.copy(parsed, target)
        # Not dagster-dbt's fetch_row_counts: a dbt adapter and a thread per model cost seconds.
        with psycopg.connect(platform.url("modeller"), autocommit=True) as connection:
            manifest = json.loads(ensure_manifest(DBT_PROJECT).read_text())
            # Whoever chooses assets in the web interface means them.
            is_whole = not context.is_subset
            views = kept_views.lasting_views(manifest)
            kept = kept_views.kept(connection, manifest) if is_whole else []
            for view in kept:
                yield dg.MaterializeResult(
                    asset_key=[*views[view]], metadata={"left as it is": "unchanged view"}
                )
            command = dbt_arguments(kept)
            for event in dbt.cli(command, context=context, target_path=target).stream():
                yield described(event, context, connection)
            if is_whole and not kept:
                kept_views.note(connection, manifest)


def described(
    event: Any, context: dg.AssetExecutionContext, connection: psycopg.Connection[Any]
) -> Any:
    """The event; one of a model that was built gets its row count and columns."""
    if not isinstance(event, dg.Output):
        return event
    schema, table = context.asset_key_for_output(event.output_name).path
    metadata = {**event.metadata, **facts(connection, schema, table)}
    return dg.Output(event.value, output_name=event.output_name, metadata=metadata)


def last_parse(artifacts: Path) -> Path | None:
    """What dbt remembers of the project from the latest run; reading it anew costs seconds.

    That of `dbt parse` would not do: it belongs to another profile, and dbt compares them.
    """
    found = artifacts.glob("*/partial_parse.msgpack")
    return max(found, key=lambda path: path.stat().st_mtime, default=None)


def dbt_arguments(kept: Sequence[str] = ()) -> list[str]:
    """The arguments of the one dbt command of a refresh; `kept`: models to leave as they are.

    dbt's unit tests are left out: they test the code, not the data; `make integration` runs them.
    """
    # A log of everything for a file that nobody reads costs a tenth of the build.
    command = ["--log-level-file", "info", "build", "--exclude-resource-type", "unit_test"]
    # One word: dagster-dbt takes one after the option.
    return [*command, "--exclude", " ".join(kept)] if kept else command


def prune(folder: Path, keep: int) -> None:
    """Removes the oldest artifacts, so that at most `keep` folders stay."""
    if not folder.exists():
        return
    folders = sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
    for old in folders[keep:]:
        shutil.rmtree(old, ignore_errors=True)
