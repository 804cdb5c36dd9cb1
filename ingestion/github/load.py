"""Loads a connection into the warehouse, in one call."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dlt
from dlt.destinations import postgres
from dlt.destinations.impl.postgres.configuration import PostgresCredentials
from dlt.pipeline.exceptions import PipelineStepFailed

from ingestion.contracts import GITHUB
from ingestion.github import github
from ingestion.github.client import GithubClient
from ingestion.github.reader import Failure, Progress, Reader
from ingestion.http import ApiError
from ingestion.http.errors import one_line
from ingestion.settings import GithubConnection, Settings, SettingsError, home_path

logger = logging.getLogger(__name__)

DATASET = "raw_github"


class LoadError(Exception):
    """A load that brought nothing; the message is one line for people."""


@dataclass
class LoadResult:
    """What a load did."""

    connection: str
    synced_at: datetime
    row_counts: dict[str, int]
    """Rows handed over, by table; all tables are named."""
    failures: list[Failure] = field(default_factory=list)
    repositories: int = 0
    skipped: int = 0
    requests: int = 0
    seconds: float = 0.0
    seconds_waited: float = 0.0
    """For rate limits, all threads together."""


def load(
    connection: GithubConnection,
    settings: Settings,
    destination_url: str,
    *,
    full: bool = False,
    synced_at: datetime | None = None,
    progress: Callable[[Progress], None] | None = None,
    pipelines_dir: Path | None = None,
    client: GithubClient | None = None,
    longest_round: float = 900.0,
) -> LoadResult:
    """Brings raw_github up to date for one connection and says what was done.

    What a killed run left behind is finished first. Long syncs are stored in rounds of
    `longest_round` seconds, so that a kill loses no more than that. Raises LoadError when nothing
    could be read or written; single repositories that fail are in the result and in
    raw_github.repository_syncs.
    """
    started = time.monotonic()
    synced_at = synced_at or datetime.now(UTC)
    _quiet()
    pipeline = _pipeline(connection, destination_url, pipelines_dir)
    reader = None
    try:
        reader = Reader(
            connection,
            settings,
            synced_at,
            client=client,
            full=full,
            progress=progress,
            longest_round=longest_round,
        )
        _finish_pending(pipeline, full)
        while not reader.is_done:
            source = github(connection, settings, synced_at, full=full, reader=reader)
            pipeline.run(source, loader_file_format="csv")
        _add_keys(pipeline)
        _forget_old_states(pipeline)
    except Exception as error:
        raise _explained(error, connection) from error
    finally:
        if reader is not None:
            reader.close()
    report = reader.report
    if report.failures and len(report.failures) >= max(report.total, 1):
        raise LoadError(_nothing_read(report.failures)) from report.first_error
    return LoadResult(
        connection=connection.name,
        synced_at=synced_at,
        row_counts={name: report.row_counts[name] for name in GITHUB},
        failures=report.failures,
        repositories=report.repositories,
        skipped=report.skipped,
        requests=reader.client.requests,
        seconds=time.monotonic() - started,
        seconds_waited=reader.client.rest.pool.seconds_waited,
    )


def _pipeline(
    connection: GithubConnection, destination_url: str, pipelines_dir: Path | None
) -> dlt.Pipeline:
    credentials = PostgresCredentials(destination_url)
    # A folder for each warehouse: a package meant for one must not end up in another.
    where = f"{credentials.host}:{credentials.port}/{credentials.database}"
    folder = (pipelines_dir or home_path() / "dlt") / hashlib.sha256(where.encode()).hexdigest()[:8]
    return dlt.pipeline(
        pipeline_name=f"github_{connection.name}".replace("-", "_"),
        pipelines_dir=str(folder),
        destination=postgres(credentials=credentials),
        dataset_name=DATASET,
    )


def _finish_pending(pipeline: dlt.Pipeline, full: bool) -> None:
    """Loads what a killed run had read; then the warehouse's state is the only one that counts."""
    if pipeline.has_pending_data:
        if full:
            pipeline.drop_pending_packages(with_partial_loads=False)
        else:
            logger.info("finishing what an interrupted load had read")
            pipeline.run(loader_file_format="csv")
    if not pipeline.has_pending_data:
        pipeline.drop()


def _add_keys(pipeline: dlt.Pipeline) -> None:
    """Gives the tables their keys as unique indexes: merges look rows up by them, and so do
    the models."""
    with pipeline.sql_client() as client:
        for table in GITHUB.values():
            columns = ", ".join(f'"{name}"' for name in table.key)
            client.execute_sql(
                f'create unique index if not exists "{table.name}_key" '
                f"on {client.make_qualified_table_name(table.name)} ({columns})"
            )


def _forget_old_states(pipeline: dlt.Pipeline) -> None:
    """Deletes all but the latest states: dlt keeps each, and one of a thousand repositories is
    megabytes."""
    with pipeline.sql_client() as client:
        states = client.make_qualified_table_name("_dlt_pipeline_state")
        client.execute_sql(
            f"delete from {states} where pipeline_name = %s and version < "
            f"(select max(version) - 5 from {states} where pipeline_name = %s)",
            pipeline.pipeline_name,
            pipeline.pipeline_name,
        )


class _HintNoise(logging.Filter):
    """Drops one warning of dlt: JSON travels as text in Arrow, and is meant to."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record may pass."""
        return "when merging arrow schema with dlt schema" not in record.getMessage()


def _quiet() -> None:
    dlt.config["runtime.dlthub_telemetry"] = False
    noisy = logging.getLogger("dlt")
    if not any(isinstance(known, _HintNoise) for known in noisy.filters):
        noisy.addFilter(_HintNoise())


def _explained(error: Exception, connection: GithubConnection) -> Exception:
    """The error as one line: what the API or the warehouse said, not what dlt makes of it."""
    if isinstance(error, SettingsError):
        return error  # wrong before anything was asked
    chain: list[BaseException] = []
    step: Any = error
    while step is not None and step not in chain:
        chain.append(step)
        step = getattr(step, "exception", None) or step.__cause__ or step.__context__
    for found in chain:
        if isinstance(found, ApiError):
            return LoadError(str(found))
    root = chain[-1]
    name = f'[[github]] "{connection.name}"'
    said = one_line(root, 300) or type(root).__name__
    if said.startswith(name):  # it says where by itself
        return LoadError(said)
    if isinstance(error, PipelineStepFailed):
        return LoadError(f"{name}: {error.step} failed: {said}")
    return LoadError(f"{name}: {said}")


def _nothing_read(failures: list[Failure]) -> str:
    first = failures[0]
    more = f" (and {len(failures) - 1} more like it)" if len(failures) > 1 else ""
    return f"nothing could be read: {first.repository}: {first.reason}{more}"
