"""The raw tables: one multi-asset a source, whatever the number of its connections.

dagster-dlt's decorator wants one pipeline per set of assets; docs/decisions/0002-dlt-assets.md
says why the contract of the tables is used instead.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import dagster as dg
import psycopg
from pydantic import Field

from ingestion.contracts import GITHUB, GITLAB, JIRA, SETTINGS, Table
from orchestration import door_process
from orchestration.api_costs import COST_TABLES, cost_metadata
from orchestration.automation import LOAD_RETRIES, MISTAKE, REFRESH_TAG, is_mistake, may_retry
from orchestration.progress import notice, reporter
from orchestration.resources import Platform
from orchestration.tables import facts
from orchestration.translators import asset_key, raw_asset_spec


class LoadConfig(dg.Config):
    """What `sei run --source … --full` passes on."""

    # Names of connections; none means all.
    sources: list[str] = Field(default_factory=list)
    # Reads everything since history.since again, in place of what changed.
    full: bool = False
    # Reads the history back to this day (YYYY-MM-DD), if that is before history.since.
    since: str | None = None
    # Seconds after which a load that has read what is new leaves older history for the next one,
    # so that a first run comes to its metrics; null reads all of it.
    older_seconds: float | None = 900.0


Load = Callable[..., Any]


def load_of(source: str) -> Load:
    """The load function of a source; imported when a run needs it, not with the definitions."""
    from importlib import import_module

    loaded: Load = import_module(f"ingestion.{source}.load").load
    return loaded


def source_assets(source: str, tables: Mapping[str, Table], counted: str) -> dg.AssetsDefinition:
    """The assets of a source's raw tables; `counted` is what its progress counts."""

    @dg.multi_asset(
        name=source,
        specs=[raw_asset_spec(table, source) for table in tables.values()],
        retry_policy=LOAD_RETRIES,
        pool=f"{source}_api",
        description=f"Loads what changed on every {source} connection of the settings.",
    )
    def assets(
        context: dg.AssetExecutionContext, config: LoadConfig, platform: Platform
    ) -> Iterator[dg.MaterializeResult]:
        from ingestion.raw_tables import create_missing

        if REFRESH_TAG in context.run.tags:
            door_process.start_ahead(context.run_id, platform.url("inspector"))
        settings = platform.settings()
        if config.since is not None:
            settings = settings.with_history_since(date.fromisoformat(config.since))
        connections = getattr(settings, source)
        # Models read the tables of every source, also of one that is not connected.
        create_missing(platform.url("loader"), tables.values())
        if not connections:
            context.log.info(f"no [[{source}]] connection in the settings")
        wanted = chosen(connections, config.sources)
        try:
            loaded, costs = _load_all(context, platform, source, settings, wanted, config, counted)
        finally:
            # What one connection brought is there to be seen, whatever befell another.
            platform.warehouse().show_raw()
        yield from _materialized(platform.url("inspector"), tables.values(), loaded, costs)

    return assets


def _load_all(
    context: dg.AssetExecutionContext,
    platform: Platform,
    source: str,
    settings: Any,
    connections: Sequence[Any],
    config: LoadConfig,
    counted: str,
) -> tuple[dict[str, int], dict[str, Any]]:
    """Rows loaded by table, and what the requests cost as metadata; raises dg.Failure, after the
    others were tried, if a load failed."""
    loaded: dict[str, int] = {}
    results: list[Any] = []
    failed: list[str] = []
    error: Exception | None = None
    for connection in connections:
        report = reporter(f"{counted} of {connection.name}", context.log.info)
        try:
            result = load_of(source)(
                connection,
                settings,
                platform.url("loader"),
                full=config.full,
                progress=_told(report),
                run_id=context.run_id,
                history_seconds=math.inf if config.older_seconds is None else config.older_seconds,
            )
        except Exception as raised:  # the other connections' data is worth having
            error = error or raised
            failed.append(str(raised))
            context.log.error(failed[-1])
            continue
        results.append(result)
        context.log.info(
            f"{connection.name}: {sum(result.row_counts.values())} rows from "
            f"{result.repositories} {counted} ({result.skipped} unchanged, "
            f"{len(result.failures)} failed), {result.requests} requests, "
            f"{result.seconds_waited:.0f} s waited for rate limits"
        )
        if result.behind:
            notice(
                f"{connection.name}: the newest history is there; {result.behind} {counted} go back"
                " further, which the next run reads on with, or sei backfill at once",
                context.log.info,
            )
        for table, count in result.row_counts.items():
            loaded[table] = loaded.get(table, 0) + count
    if error:
        raise dg.Failure(
            "; ".join(failed),
            metadata={MISTAKE: is_mistake(error)},
            allow_retries=may_retry(context.run, error),
        ) from error
    return loaded, cost_metadata(results)


github = source_assets("github", GITHUB, "repositories")
gitlab = source_assets("gitlab", GITLAB, "projects")
jira = source_assets("jira", JIRA, "projects")


@dg.multi_asset(
    name="settings",
    specs=[raw_asset_spec(table, "toml") for table in SETTINGS.values()],
)
def settings_tables(
    context: dg.AssetExecutionContext, platform: Platform
) -> Iterator[dg.MaterializeResult]:
    """Carries the settings that models need into the warehouse."""
    from ingestion.settings_tables import write

    write(platform.settings(), platform.url("loader"))
    platform.warehouse().show_raw()
    yield from _materialized(platform.url("inspector"), SETTINGS.values())


def chosen(connections: Sequence[Any], names: Sequence[str]) -> list[Any]:
    """The connections with these names, all when none is named."""
    return [connection for connection in connections if not names or connection.name in names]


def _told(report: Callable[[int, int, str], None]) -> Callable[[Any], None]:
    """A callback for the load's own kind of progress."""

    def tell(p: Any) -> None:
        back = f"history back to {p.back_to:%Y-%m-%d}" if p.back_to else ""
        detail = ", ".join(filter(None, (p.current, back)))
        report(p.repositories_done, p.repositories_total, detail)

    return tell


def _materialized(
    url: str,
    tables: Iterable[Table],
    loaded: Mapping[str, int] | None = None,
    costs: Mapping[str, Any] | None = None,
) -> Iterator[dg.MaterializeResult]:
    tables = list(tables)
    with psycopg.connect(url) as connection:
        found = [facts(connection, table.schema, table.name) for table in tables]
    for table, metadata in zip(tables, found, strict=True):
        # The contract's, with its descriptions, is shown already.
        metadata.pop("dagster/column_schema", None)
        if loaded is not None:
            metadata["rows_loaded"] = loaded.get(table.name, 0)
        if costs and table.name in COST_TABLES:
            metadata.update(costs)
        yield dg.MaterializeResult(asset_key=asset_key(table.schema, table.name), metadata=metadata)
