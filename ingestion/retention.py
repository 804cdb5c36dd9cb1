"""Removes raw rows that `[retention]` lets go, and what dlt notes of every load."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import psycopg

from ingestion.contracts import RAW_SCHEMAS
from ingestion.contracts.retention import AGED_ROWS, ATTEMPTS, LEDGERS
from ingestion.settings import Retention
from ingestion.stored import is_stored

# A load that a stored state names is what tells that state valid: it stays.
_OLD_LOAD = (
    "t.inserted_at < %(before)s and not exists (select 1 from {schema}._dlt_pipeline_state as state"
    " where state._dlt_load_id = t.load_id)"
)


def remove(url: str, retention: Retention, now: datetime) -> dict[str, int]:
    """Rows removed by schema.table, those tables only that lost some; all of it or nothing.

    `url`: the loader's. Raises psycopg.Error.
    """
    steps: list[tuple[float | None, Iterable[tuple[str, str]]]] = [
        (retention.raw, AGED_ROWS),
        (retention.requests, (*ATTEMPTS, *LEDGERS)),
        (
            retention.requests,
            [(f"{schema}._dlt_loads", _OLD_LOAD.format(schema=schema)) for schema in RAW_SCHEMAS],
        ),
    ]
    removed = {}
    with psycopg.connect(url) as connection:
        for hours, tables in steps:
            if hours is None:
                continue
            parameters = {"before": now - timedelta(hours=hours)}
            for table, condition in tables:
                if not is_stored(connection, table):
                    continue
                statement = f"delete from {table} as t where {condition}"
                count = connection.execute(statement.encode(), parameters).rowcount
                if count:
                    removed[table] = count
    return removed
