"""The raw tables: one multi-asset a source, whatever the number of its connections.

dagster-dlt's decorator wants one pipeline per set of assets; docs/decisions/0002-dlt-assets.md
says why the contract of the tables is used instead.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import dagster as dg
from pydantic import Field

from ingestion.contracts import GITHUB, SETTINGS, Table
from orchestration.automation import LOAD_RETRIES, MISTAKE, is_mistake, may_retry
from orchestration.progress import reporter
from orchestration.resources import Platform
from orchestration.tables import row_counts
from orchestration.translators import asset_key, raw_asset_spec


class LoadConfig(dg.Config):
    """What `sei run --source … --full` passes on."""

    # Names of connections; none means all.
    sources: list[str] = Field(default_factory=list)
    # Reads everything since history.since again, in place of what changed.
    full: bool = False


@dg.multi_asset(
    name="github",
    specs=[raw_asset_spec(table, "github") for table in GITHUB.values()],
    retry_policy=LOAD_RETRIES,
    pool="github_api",
)
def github(
    context: dg.AssetExecutionContext, config: LoadConfig, platform: Platform
) -> Iterator[dg.MaterializeResult]:
    """Loads what changed on every GitHub of the settings."""
    from ingestion.github.load import load

    settings = platform.settings()
    url = platform.url("loader")
    loaded: dict[str, int] = {}
    failed: list[str] = []
    error: Exception | None = None
    for connection in chosen(settings.github, config.sources):
        report = reporter(f"repositories of {connection.name}", context.log.info)
        try:
            result = load(
                connection,
                settings,
                url,
                full=config.full,
                progress=_told(report),
            )
        except Exception as raised:  # the other connections' data is worth having
            error = error or raised
            failed.append(str(raised))
            context.log.error(failed[-1])
            continue
        context.log.info(
            f"{connection.name}: {sum(result.row_counts.values())} rows from "
            f"{result.repositories} repositories ({result.skipped} unchanged, "
            f"{len(result.failures)} failed), {result.requests} requests, "
            f"{result.seconds_waited:.0f} s waited for rate limits"
        )
        for table, count in result.row_counts.items():
            loaded[table] = loaded.get(table, 0) + count
    if error:
        raise dg.Failure(
            "; ".join(failed),
            metadata={MISTAKE: is_mistake(error)},
            allow_retries=may_retry(context.run, error),
        ) from error
    yield from _materialized(platform.url("inspector"), GITHUB.values(), loaded)


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
    yield from _materialized(platform.url("inspector"), SETTINGS.values(), None)


def chosen(connections: Sequence[Any], names: Sequence[str]) -> list[Any]:
    """The connections with these names, all when none is named."""
    return [connection for connection in connections if not names or connection.name in names]


def _told(report: Callable[[int, int, str], None]) -> Callable[[Any], None]:
    """A callback for the load's own kind of progress."""
    return lambda p: report(p.repositories_done, p.repositories_total, p.current or "")


def _materialized(
    url: str, tables: Iterable[Table], loaded: dict[str, int] | None
) -> Iterator[dg.MaterializeResult]:
    tables = list(tables)
    counts = row_counts(url, [(table.schema, table.name) for table in tables])
    for table in tables:
        metadata: dict[str, Any] = {}
        count = counts.get((table.schema, table.name))
        if count is not None:
            metadata["dagster/row_count"] = count
        if loaded is not None:
            metadata["rows_loaded"] = loaded.get(table.name, 0)
        yield dg.MaterializeResult(asset_key=asset_key(table.schema, table.name), metadata=metadata)
