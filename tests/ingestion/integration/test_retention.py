"""Old raw rows go when the settings say so, and only those that nothing hangs on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from pydantic import ValidationError

from ingestion.contracts import ALL_TABLES
from ingestion.contracts.retention import AGED_ROWS, ATTEMPTS, LEDGERS
from ingestion.raw_tables import create_missing
from ingestion.retention import remove
from ingestion.settings import Retention

NOW = datetime(2026, 6, 1, tzinfo=UTC)
OLD, NEW = NOW - timedelta(days=800), NOW - timedelta(days=10)


@pytest.fixture
def house(warehouse: Any) -> Any:
    create_missing(warehouse.url("loader"), ALL_TABLES)
    with psycopg.connect(warehouse.url("loader"), autocommit=True) as connection:
        yield connection


def add(house: psycopg.Connection[Any], table: str, **values: Any) -> None:
    """A row with what must not be null."""
    contract = next(t for t in ALL_TABLES if f"{t.schema}.{t.name}" == table)
    row = {
        c.name: {"text": "x", "bigint": 1, "bool": False, "timestamp": NOW, "json": "[]"}.get(
            c.data_type, 1
        )
        for c in contract.columns
        if not c.nullable
    } | values
    names, marks = ", ".join(row), ", ".join(["%s"] * len(row))
    statement = f"insert into {table} ({names}) values ({marks})"
    house.execute(statement.encode(), list(row.values()))


def ids(house: psycopg.Connection[Any], table: str, column: str = "id") -> list[Any]:
    return [v for (v,) in house.execute(f"select {column} from {table} order by 1".encode())]


@pytest.mark.integration
def test_ci_runs_go_with_their_jobs_comments_by_their_own_age_and_what_others_hang_on_stays(
    house: Any, warehouse: Any
) -> None:
    for name, at in (("old", OLD), ("new", NEW)):
        number = 1 if name == "old" else 2
        add(house, "raw_github.workflow_runs", id=name, database_id=number, created_at=at)
        add(house, "raw_github.workflow_jobs", id=name, run_id=number, created_at=OLD)
        add(house, "raw_github.issue_comments", id=name, created_at=at)
        add(house, "raw_github.pull_requests", id=name, created_at=at, updated_at=at)
        add(house, "raw_gitlab.pipelines", id=number, created_at=OLD, updated_at=at)
        add(house, "raw_gitlab.jobs", id=number, pipeline_id=number, created_at=OLD)
    # run again lately
    add(
        house, "raw_github.workflow_runs", id="again", database_id=3, created_at=OLD, updated_at=NEW
    )
    url = warehouse.url("loader")
    assert remove(url, Retention(), NOW) == {}
    removed = remove(url, Retention.model_validate({"raw": "730d"}), NOW)
    assert removed == {
        "raw_github.workflow_jobs": 1,
        "raw_github.workflow_runs": 1,
        "raw_github.issue_comments": 1,
        "raw_gitlab.jobs": 1,
        "raw_gitlab.pipelines": 1,
    }
    assert ids(house, "raw_github.workflow_runs") == ["again", "new"]
    assert ids(house, "raw_github.workflow_jobs") == ["new"]
    assert ids(house, "raw_gitlab.jobs") == [2]
    assert ids(house, "raw_github.pull_requests") == ["new", "old"]


@pytest.mark.integration
def test_of_old_attempts_one_a_sync_stays_and_the_last_sync_of_a_connection(
    house: Any, warehouse: Any
) -> None:
    for connection, times in (("github", (OLD, NEW)), ("silent", (OLD,))):
        for at in times:
            for name in ("acme/a", "acme/b", "acme/c"):
                add(house, "raw_github.repository_syncs", connection=connection,
                    repository_full_name=name, synced_at=at)  # fmt: skip
    add(house, "raw_github.request_ledger", synced_at=OLD)
    add(house, "raw_github.request_ledger", synced_at=NEW)
    house.execute(
        "create table raw_github._dlt_loads (load_id text, inserted_at timestamptz);"
        "create table raw_github._dlt_pipeline_state (_dlt_load_id text);"
        "insert into raw_github._dlt_pipeline_state values ('1.0');"
        "insert into raw_github._dlt_loads values ('1.0', '2024-01-01'), ('2.0', '2024-01-02'),"
        " ('3.0', '2026-05-30')"
    )
    assert remove(warehouse.url("loader"), Retention(), NOW) == {
        "raw_github.repository_syncs": 2,
        "raw_github.request_ledger": 1,
        "raw_github._dlt_loads": 1,
    }
    kept = house.execute(
        "select connection, synced_at, count(*) from raw_github.repository_syncs group by 1, 2"
        " order by 1, 2"
    ).fetchall()
    assert kept == [("github", OLD, 1), ("github", NEW, 3), ("silent", OLD, 3)]
    assert ids(house, "raw_github._dlt_loads", "load_id") == ["1.0", "3.0"]
    off = {"requests": "off"}
    assert remove(warehouse.url("loader"), Retention.model_validate(off), NOW) == {}


def test_the_tables_that_are_shortened_are_tables_of_the_contract() -> None:
    known = {f"{table.schema}.{table.name}" for table in ALL_TABLES}
    assert {table for table, _ in (*AGED_ROWS, *ATTEMPTS, *LEDGERS)} <= known


@pytest.mark.parametrize("wrong", [{"raw": "90d"}, {"runs": "1d"}, {"raw": 730}, {"checks": "all"}])
def test_a_retention_that_takes_what_numbers_need_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Retention.model_validate(wrong)
