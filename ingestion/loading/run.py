"""Brings the raw tables of one connection up to date: pipelines, killed runs, what went wrong."""

from __future__ import annotations

import errno
import hashlib
import logging
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import dlt
import psycopg
from dlt.common.schema.typing import PIPELINE_STATE_TABLE_NAME
from dlt.destinations import postgres
from dlt.destinations.impl.postgres.configuration import PostgresCredentials
from dlt.pipeline.exceptions import PipelineStepFailed

from ingestion.contracts import Table
from ingestion.erasure import read as read_erased
from ingestion.http import ApiError
from ingestion.http.errors import one_line
from ingestion.loading.lock import only_load
from ingestion.loading.reader import ConnectionReader
from ingestion.loading.results import Failure, LoadError, LoadResult
from ingestion.settings import SettingsError, home_path

logger = logging.getLogger(__name__)

_NO_ROOM = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk's quota is used up",
    errno.EROFS: "the disk can only be read",
}


def run(
    source: str,
    connection: str,
    tables: Mapping[str, Table],
    destination_url: str,
    make_reader: Callable[[], ConnectionReader[Any]],
    make_source: Callable[[Any], Any],
    *,
    synced_at: datetime,
    full: bool = False,
    pipelines_dir: Path | None = None,
) -> LoadResult:
    """Reads a connection into raw_<source> and says what was done.

    `make_source` gives the dlt source that is fed by a reader. What a killed run left behind is
    finished first. Another load of the same source is waited for, for a minute. Raises LoadError
    when nothing could be read or written; single repositories that fail are in the result and in
    the table of attempts.
    """
    started = time.monotonic()
    _quiet()
    name = f'[[{source}]] "{connection}"'
    reader = None
    try:
        with only_load(destination_url, f"raw_{source}", name):
            pipeline = _pipeline(source, connection, destination_url, pipelines_dir)
            reader = make_reader()
            with psycopg.connect(destination_url) as warehouse:
                reader.erased = read_erased(warehouse)
            _finish_pending(pipeline, full or _was_read_before(pipeline, reader.erased.latest))
            while not reader.is_done:
                pipeline.run(make_source(reader), loader_file_format="csv")
            _add_keys(pipeline, tables)
            _forget_old_states(pipeline)
    except Exception as error:
        raise _explained(error, name, pipelines_dir or home_path()) from error
    finally:
        if reader is not None:
            reader.close()
    report = reader.report
    whole = [failure for failure in report.failures if not failure.is_partial]
    if whole and len(whole) - report.lists_failed >= report.total:
        raise LoadError(_nothing_read(whole)) from report.first_error
    return LoadResult(
        connection=connection,
        synced_at=synced_at,
        row_counts={name: report.row_counts[name] for name in tables},
        failures=report.failures,
        repositories=report.repositories,
        skipped=report.skipped,
        behind=report.behind,
        requests=reader.requests,
        seconds=time.monotonic() - started,
        seconds_waited=reader.seconds_waited,
        costs=reader.ledger.costs(),
        budgets=reader.budgets(),
    )


def _pipeline(
    source: str, connection: str, destination_url: str, pipelines_dir: Path | None
) -> dlt.Pipeline:
    credentials = PostgresCredentials(destination_url)
    # A folder for each warehouse: a package meant for one must not end up in another.
    where = f"{credentials.host}:{credentials.port}/{credentials.database}"
    folder = (pipelines_dir or home_path() / "dlt") / hashlib.sha256(where.encode()).hexdigest()[:8]
    return dlt.pipeline(
        pipeline_name=f"{source}_{connection}".replace("-", "_"),
        pipelines_dir=str(folder),
        destination=postgres(credentials=credentials),
        dataset_name=f"raw_{source}",
    )


def _was_read_before(pipeline: dlt.Pipeline, moment: datetime | None) -> bool:
    """Whether rows wait that were read before somebody was erased: they are read again."""
    # the id of a package is the time of its reading, in seconds
    waiting = (*pipeline.list_extracted_load_packages(), *pipeline.list_normalized_load_packages())
    return moment is not None and any(float(id_) <= moment.timestamp() for id_ in waiting)


def _finish_pending(pipeline: dlt.Pipeline, is_dropped: bool) -> None:
    """Loads what a killed run had read, or drops it; then the warehouse's state is the only one
    that counts."""
    if pipeline.has_pending_data:
        if is_dropped:
            pipeline.abort_packages()
        else:
            logger.info("finishing what an interrupted load had read")
            _forget_uncertain_states(pipeline)
            pipeline.run(loader_file_format="csv")
    if not pipeline.has_pending_data:
        pipeline.drop()


def _forget_uncertain_states(pipeline: dlt.Pipeline) -> None:
    """Deletes states that will be written again: a kill between the row's commit and the file's
    move leaves a job that its own row, whose id is unique, would refuse for ever."""
    waiting = []
    for load_id in pipeline.list_normalized_load_packages():
        jobs = pipeline.get_load_package_info(load_id).jobs
        open_jobs = [*jobs["new_jobs"], *jobs["started_jobs"]]
        if any(job.job_file_info.table_name == PIPELINE_STATE_TABLE_NAME for job in open_jobs):
            waiting.append(load_id)
    with pipeline.sql_client() as client:
        if waiting and client.has_dataset():
            states = client.make_qualified_table_name(PIPELINE_STATE_TABLE_NAME)
            found = client.execute_sql("select 1 where to_regclass(%s) is not null", states)
            for load_id in waiting if found else []:
                client.execute_sql(f"delete from {states} where _dlt_load_id = %s", load_id)


def _add_keys(pipeline: dlt.Pipeline, tables: Mapping[str, Table]) -> None:
    """Gives the tables their keys as unique indexes: merges look rows up by them, and so do
    the models."""
    with pipeline.sql_client() as client:
        for table in tables.values():
            columns = ", ".join(f'"{name}"' for name in table.key)
            client.execute_sql(
                f'create unique index if not exists "{table.name}_key" '
                f"on {client.make_qualified_table_name(table.name)} ({columns})"
            )


def _forget_old_states(pipeline: dlt.Pipeline) -> None:
    """Deletes all but the latest states: dlt keeps each, and one of a thousand repositories is
    megabytes."""
    with pipeline.sql_client() as client:
        states = client.make_qualified_table_name(PIPELINE_STATE_TABLE_NAME)
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
    # What is loaded is not kept a second time: on disk, and in the staging tables.
    dlt.config["load.delete_completed_jobs"] = True
    dlt.config["load.truncate_staging_dataset"] = True
    # Packing took half of the time from the last reply to the rows in the warehouse; the files are
    # of one round and go with it.
    dlt.config["normalize.data_writer.disable_compression"] = True
    noisy = logging.getLogger("dlt")
    if not any(isinstance(known, _HintNoise) for known in noisy.filters):
        noisy.addFilter(_HintNoise())


def _explained(error: Exception, name: str, folder: Path) -> Exception:
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
    for found in chain:
        if isinstance(found, OSError) and found.errno in _NO_ROOM:
            what, where = _NO_ROOM[found.errno], found.filename or folder
            return LoadError(f"{name}: {what}: {where}; mend that and repeat, nothing is lost")
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
