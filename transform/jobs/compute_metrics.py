"""Compute all metrics: `python -m transform.jobs.compute_metrics --as-of 2026-11-01T00:00:00Z`.

Reads marts and writes metrics in the warehouse at SEI_METRICS_URL, in one Spark process. Started
by Dagster Pipes it reports a materialization per table.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from transform.errors import TransformError

if TYPE_CHECKING:
    from dagster_pipes import PipesContext
    from pyspark.sql import SparkSession

    from transform.schemas import Table
    from transform.warehouse import Warehouse


class _Progress:
    """Lines with the seconds since the start, for people and for Dagster's log."""

    def __init__(self, pipes: PipesContext | None) -> None:
        self._pipes = pipes
        self._started = time.monotonic()

    def __call__(self, message: str) -> None:
        line = f"[{time.monotonic() - self._started:5.1f} s] {message}"
        if self._pipes is not None:
            self._pipes.log.info(line)
        print(line, flush=True)


def main(arguments: Sequence[str] | None = None, opened: SparkSession | None = None) -> int:
    """The exit status: 0 done, 1 failed, 2 wrong arguments or settings.

    `opened`: a session for small warehouses that is there already.
    """
    options = _parser().parse_args(arguments)
    if options.when_told:
        return _when_told()
    url = options.url or os.environ.get("SEI_METRICS_URL") or ""
    try:
        if not url:
            raise _UsageError(
                "No warehouse: set SEI_METRICS_URL to postgresql://user:password@host:port/database"
            )
        as_of = _moment(options.as_of) if options.as_of else datetime.now(UTC)
        with ExitStack() as stack:
            pipes = _pipes(stack)
            run(url, as_of, pipes, full=options.full, opened=opened)
    except Exception as error:
        if options.debug:
            raise
        print(f"compute_metrics: {_one_line(error, url)}", file=sys.stderr)
        return 2 if isinstance(error, _UsageError) else 1
    return 0


def _when_told() -> int:
    """Opens a session, then waits for a line of JSON with the arguments and environment of the
    job; exit status 0 if none comes."""
    opened = None
    try:
        opened = _opened_ahead(os.environ.get("SEI_METRICS_URL") or "")
        line = sys.stdin.readline()
    except KeyboardInterrupt:
        return 130
    if not line:
        return 0
    told = json.loads(line)
    os.environ.update(told["environment"])
    return main(told["arguments"], opened)


def _opened_ahead(url: str) -> SparkSession | None:
    """A session for small warehouses, if this is one by now. What is wrong is told by the job,
    when its time has come."""
    from transform.schemas import INPUTS
    from transform.session import is_local, open_session
    from transform.warehouse import Warehouse

    # A cluster's cores are not taken before there is work for them.
    if not is_local(os.environ.get("SEI_SPARK_MASTER") or "local[*]"):
        return None
    try:
        if not _is_small(Warehouse(url), list(INPUTS.values())):
            return None
        session = open_session(small=True)
        importlib.import_module("transform.recompute")
        return session
    except TransformError:
        return None


def _is_small(warehouse: Warehouse, tables: Sequence[Table]) -> bool:
    try:
        return warehouse.is_small(tables)
    except TransformError:
        return True  # no marts yet: the first run


def run(
    url: str,
    as_of: datetime,
    pipes: PipesContext | None = None,
    *,
    full: bool = False,
    opened: SparkSession | None = None,
) -> dict[str, int]:
    """Compute and write everything; the number of rows written per table.

    In a large warehouse the rows of what has not changed since the last run stay, unless `full`.
    `opened`: a session for small warehouses that is there already.
    """
    # Imported here, so that --help and a missing URL answer at once.
    from transform.schemas import INPUTS
    from transform.session import open_session
    from transform.warehouse import Warehouse

    say = _Progress(pipes)
    warehouse = Warehouse(url)
    # Before Spark starts: what is missing is told within a second.
    small = warehouse.is_small(list(INPUTS.values()))
    if opened is not None and not small:
        opened.stop()
        opened = None
    with ThreadPoolExecutor(1) as beside:
        # Java takes some seconds, in which this process reads and imports the rest. Whether what
        # has changed in a large warehouse is little is known later only.
        opening = None
        if opened is None and (small or full or not warehouse.has_computed()):
            opening = beside.submit(open_session, small=small)
        from transform.recompute import prepared, recompute

        # Of a small warehouse everything is computed sooner than it is told what has changed.
        work = prepared(warehouse, as_of, small=small, remember=not small, full=full)
        say(f"marts read from {warehouse.where}, as of {as_of.isoformat(timespec='seconds')}")
        if work.told:
            say(work.told)
        spark = opened or (opening.result() if opening else open_session(small=work.is_short))
    try:
        say(f"Spark {spark.version} runs on {os.environ.get('SEI_SPARK_MASTER') or 'local[*]'}")
        counts = recompute(spark, work, say)
    finally:
        spark.stop()
    say("done: " + ", ".join(f"{name} {count:,}" for name, count in counts.items()))
    if pipes is not None:
        from transform.schemas import OUTPUTS

        for name, table in OUTPUTS.items():
            pipes.report_asset_materialization(
                asset_key=f"metrics/{name}", metadata=_metadata(table, counts[name])
            )
    return counts


def _metadata(table: Any, count: int) -> dict[str, Any]:
    """Row count and columns, as Dagster shows them."""
    return {
        "dagster/row_count": {"raw_value": count, "type": "int"},
        "dagster/table_name": {"raw_value": table.full_name, "type": "text"},
        "columns": {
            "raw_value": "\n".join(
                ["| column | type | meaning |", "|---|---|---|"]
                + [f"| {c.name} | {c.type} | {c.description} |" for c in table.columns]
            ),
            "type": "md",
        },
    }


def _pipes(stack: ExitStack) -> PipesContext | None:
    """The connection to Dagster, None if it did not start this process."""
    if "DAGSTER_PIPES_CONTEXT" not in os.environ:
        return None
    from dagster_pipes import open_dagster_pipes

    return stack.enter_context(open_dagster_pipes())


class _UsageError(TransformError):
    """Wrong arguments or settings."""


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise _UsageError(
            f"--as-of {text!r} is no time: expected ISO 8601, like 2026-11-01T00:00:00Z"
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m transform.jobs.compute_metrics",
        description="Compute the metrics tables from the marts.",
    )
    parser.add_argument("--as-of", help="time of the computation, ISO 8601, UTC if without zone")
    parser.add_argument("--url", help="warehouse, default SEI_METRICS_URL")
    parser.add_argument(
        "--full", action="store_true", help="compute what has not changed since the last run too"
    )
    parser.add_argument("--when-told", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--debug", action="store_true", help="show tracebacks")
    return parser


def _one_line(error: BaseException, url: str) -> str:
    from transform.session import first_line
    from transform.warehouse import without_password

    text = first_line(error)
    if not isinstance(error, TransformError):
        text = f"{type(error).__name__}: {text} (--debug shows more)"
    return without_password(text, url) if url else text


if __name__ == "__main__":
    sys.exit(main())
