"""Empty tables of sources that are not connected, and dlt loading into them later."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import dlt
import psycopg
import pyarrow as pa
import pytest
from dlt.destinations import postgres

from ingestion.contracts import SCHEMA_CONTRACT, Column, Table
from ingestion.raw_tables import LOADED_TABLES, create_missing
from orchestration.warehouse import Warehouse

pytestmark = pytest.mark.integration

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
_ARROW: dict[str, tuple[Any, Any]] = {
    "text": (pa.string(), "one"),
    "bigint": (pa.int64(), 1),
    "double": (pa.float64(), 1.5),
    "bool": (pa.bool_(), True),
    "timestamp": (pa.timestamp("us", "UTC"), NOON),
    "json": (pa.string(), '{"one": [1]}'),
    "date": (pa.date32(), date(2026, 3, 1)),
}


def one_row(table: Table) -> pa.Table:
    """A row with a value in every column, as loads hand rows over."""

    def array(column: Column) -> pa.Array:
        arrow_type, value = _ARROW[column.data_type]
        return pa.array([value], arrow_type)

    return pa.table({column.name: array(column) for column in table.columns})


def load(url: str, folder: Path) -> None:
    """Merges one row into every table by dlt, with the hints that the sources use."""
    for dataset in sorted({table.schema for table in LOADED_TABLES}):
        resources = [
            dlt.resource(
                [one_row(table)],
                name=table.name,
                columns=table.dlt_columns(),
                primary_key=table.key,
                write_disposition={"disposition": "merge", "strategy": "delete-insert"},
                schema_contract=SCHEMA_CONTRACT,
                max_table_nesting=0,
            )
            for table in LOADED_TABLES
            if table.schema == dataset
        ]
        pipeline = dlt.pipeline(
            f"test_{dataset}",
            pipelines_dir=str(folder / secrets.token_hex(4)),
            destination=postgres(credentials=url),
            dataset_name=dataset,
        )
        pipeline.run(resources, loader_file_format="csv")


def columns(url: str) -> dict[str, list[tuple[Any, ...]]]:
    """Columns of the raw tables: name, type with its precision, nullable."""
    with psycopg.connect(url) as connection:
        found = connection.execute(
            "select attrelid::regclass::text, attname, format_type(atttypid, atttypmod), attnotnull"
            " from pg_attribute inner join pg_class on pg_class.oid = attrelid"
            " where relnamespace::regnamespace::text in ('raw_github', 'raw_gitlab', 'raw_jira')"
            " and relkind = 'r' and attnum > 0 and relname not like '\\_dlt%'"
            " order by 1, attnum"
        ).fetchall()
    tables: dict[str, list[tuple[Any, ...]]] = {}
    for table, *column in found:
        tables.setdefault(table, []).append(tuple(column))
    return tables


@pytest.fixture
def url(warehouse: Warehouse) -> str:
    return warehouse.url("loader")


@pytest.fixture
def other_url(postgres_server: Any, warehouse: Warehouse) -> Iterator[str]:
    """A second database, prepared alike."""
    login = warehouse.url().rpartition("/")[0]
    name = f"test_{secrets.token_hex(4)}"
    with psycopg.connect(f"{login}/postgres", autocommit=True) as connection:
        connection.execute(f"create database {name}".encode())
    yield Warehouse.open(
        postgres_server.home, {"SEI_WAREHOUSE_URL": f"{login}/{name}"}, dagster_database=f"d_{name}"
    ).url("loader")
    with psycopg.connect(f"{login}/postgres", autocommit=True) as connection:
        connection.execute(f"drop database if exists {name} with (force)".encode())
        connection.execute(f"drop database if exists d_{name} with (force)".encode())


def test_a_load_takes_the_tables_it_finds_for_its_own(
    url: str, other_url: str, tmp_path: Path
) -> None:
    assert len(create_missing(url)) == len(LOADED_TABLES)
    made = columns(url)
    load(url, tmp_path)
    load(url, tmp_path)  # the second looks rows up by their keys
    load(other_url, tmp_path)
    assert columns(url) == columns(other_url) == made
    with psycopg.connect(url) as connection:
        for table in LOADED_TABLES:
            counted = connection.execute(
                f"select count(*) from {table.schema}.{table.name}".encode()
            )
            assert counted.fetchone() == (1,), table.name


def test_the_tables_have_their_keys_and_the_models_may_read_them(
    url: str, warehouse: Warehouse
) -> None:
    create_missing(url)
    with psycopg.connect(url) as connection:
        indexes = connection.execute(
            "select count(*) from pg_index inner join pg_class on pg_class.oid = indexrelid"
            " where indisunique and relname like '%\\_key'"
        ).fetchone()
    assert indexes == (len(LOADED_TABLES),)
    with psycopg.connect(warehouse.url("modeller")) as connection:
        assert connection.execute("select * from raw_gitlab.merge_requests").fetchall() == []


def test_what_is_there_stays_as_it_is(url: str, tmp_path: Path) -> None:
    load(url, tmp_path)
    before = columns(url)
    assert create_missing(url) == []
    assert columns(url) == before


def test_a_column_that_a_newer_version_knows_is_added(url: str) -> None:
    create_missing(url)
    with psycopg.connect(url) as connection:
        connection.execute(
            "insert into raw_gitlab.users (connection, id, username, synced_at)"
            " values ('gitlab', 1, 'ann', now())"
        )
        connection.execute("alter table raw_gitlab.users drop column commit_email, drop is_bot")
    assert create_missing(url) == ["raw_gitlab.users"]
    with psycopg.connect(url) as connection:
        assert connection.execute(
            "select username, is_bot, commit_email from raw_gitlab.users"
        ).fetchall() == [("ann", None, None)]
