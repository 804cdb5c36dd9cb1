"""The metrics as plain SQL in PostgreSQL and in DuckDB: seconds by phase, and whether equal.

The marts are those of bench/transform_marts.py; the statements know no more than these have.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg

from transform.schemas import INPUTS

HERE = Path(__file__).parent
COMPARED = ("value", "numerator", "denominator", "p75", "p90", "p95", "status", "band")
_KEY = "entity_type, entity_id, environment, grain, period_start, metric"
_SELECT = f"select {_KEY}, {', '.join(COMPARED)}, mean from {{table}} order by {_KEY}"

Seconds = dict[str, float | None]
Rows = list[tuple[Any, ...]]


class TooLongError(Exception):
    """A phase did not end in the time it was given."""


def statements(path: Path, as_of: datetime) -> Iterator[tuple[str, str]]:
    """(phase, statement) of a file."""
    for part in re.split(r"^-- phase: ", path.read_text(), flags=re.M)[1:]:
        phase, _, text = part.partition("\n")
        text = re.sub(r"^--.*$", "", text, flags=re.M)
        for statement in text.split(";\n"):
            if statement.strip():
                yield phase, statement.replace("{as_of}", f"timestamptz '{as_of.isoformat()}'")


def by_phase(path: Path, as_of: datetime, run: Callable[[str], None]) -> Seconds:
    """Seconds per phase; None for the one that took too long and for those after it."""
    found: Seconds = dict.fromkeys(phase for phase, _ in statements(path, as_of))
    for phase, statement in statements(path, as_of):
        started = time.perf_counter()
        try:
            run(statement)
        except TooLongError:
            found[phase] = None
            break
        found[phase] = (found[phase] or 0.0) + time.perf_counter() - started
    return found


def in_postgres(url: str, as_of: datetime, limit: float) -> tuple[Seconds, Rows]:
    """Seconds and the rows of dora; a phase longer than `limit` seconds is given up."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("drop schema if exists sql_metrics cascade")
        connection.execute("create schema sql_metrics")
        for name, value in {
            "statement_timeout": f"{limit:.0f}s", "work_mem": "256MB", "jit": "off",
            "maintenance_work_mem": "256MB", "temp_file_limit": "40GB",
        }.items():  # fmt: skip
            connection.execute(f"set {name} = '{value}'".encode())

        def run(statement: str) -> None:
            try:
                connection.execute(statement.encode())
            except (psycopg.errors.QueryCanceled, psycopg.errors.ConfigurationLimitExceeded):
                raise TooLongError from None

        seconds = by_phase(HERE / "metrics_sql_postgres.sql", as_of, run)
        rows: Rows = []
        if None not in seconds.values():
            connection.execute("set statement_timeout = 0")
            rows = connection.execute(_SELECT.format(table="sql_metrics.dora").encode()).fetchall()
        connection.execute("drop schema sql_metrics cascade")
    return seconds, rows


def in_duckdb(url: str, as_of: datetime, limit: float, folder: Path) -> tuple[Seconds, Rows]:
    """The same in DuckDB with 2 threads and 3 GB; `load` is the copying of the marts."""
    import threading

    import adbc_driver_postgresql.dbapi
    import duckdb

    with duckdb.connect(folder / "metrics.duckdb") as connection:
        connection.execute("set threads = 2; set memory_limit = '3GB'; set timezone = 'UTC'")
        # It filled a disk of 30 GB once.
        connection.execute("set max_temp_directory_size = '10GB'")
        connection.execute("create schema marts; create schema sql_metrics")
        started = time.perf_counter()
        with adbc_driver_postgresql.dbapi.connect(url) as source, source.cursor() as cursor:
            for table in INPUTS.values():
                columns = ", ".join(f'"{c.name}"::{c.type}' for c in table.columns)
                cursor.execute(f"select {columns} from {table.full_name}")
                rows = cursor.fetch_record_batch()
                connection.register("rows", rows)
                connection.execute(f"create table {table.full_name} as select * from rows")
                connection.unregister("rows")
        load = time.perf_counter() - started

        def run(statement: str) -> None:
            alarm = threading.Timer(limit, connection.interrupt)
            alarm.start()
            try:
                connection.execute(statement)
            except (duckdb.InterruptException, duckdb.OutOfMemoryException):
                raise TooLongError from None
            finally:
                alarm.cancel()

        seconds: Seconds = {
            "load": load,
            **by_phase(HERE / "metrics_sql_duckdb.sql", as_of, run),
        }
        told: Rows = []
        if None not in seconds.values():
            told = connection.execute(_SELECT.format(table="sql_metrics.dora")).fetchall()
    return seconds, told


def of_transform(url: str) -> Rows:
    """The rows of metrics.dora, as compared."""
    with psycopg.connect(url) as connection:
        return connection.execute(_SELECT.format(table="metrics.dora").encode()).fetchall()


def differences(ours: Rows, theirs: Rows) -> Mapping[str, int]:
    """How many rows only one has, and how many values of each column differ."""
    keys = len(_KEY.split(", "))
    one, other = ({row[:keys]: row[keys:] for row in rows} for rows in (ours, theirs))
    found = {"rows": len(one.keys() ^ other.keys())}
    for number, name in enumerate((*COMPARED, "mean")):
        pairs = ((one[key][number], other[key][number]) for key in one.keys() & other.keys())
        found[name] = sum(not _same(name, a, b) for a, b in pairs)
    return {name: count for name, count in found.items() if count}


def _same(name: str, a: Any, b: Any) -> bool:
    if name == "mean" and a is not None and b is not None:
        # SQL adds doubles up in whatever order they come.
        return math.isclose(a, b, rel_tol=1e-9)
    return bool(a == b)
