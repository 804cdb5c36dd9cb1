"""The warehouse on a real server: who may do what, and what survives."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from ingestion.contracts import ALL_TABLES
from ingestion.raw_tables import create_missing
from orchestration import raw_grants
from orchestration.postgres import EmbeddedPostgres
from orchestration.warehouse import ROLES, Warehouse, WarehouseError

pytestmark = pytest.mark.integration

OWNERS = {
    "raw_github": "loader",
    "raw_settings": "loader",
    "erasure": "loader",
    "staging": "modeller",
    "intermediate": "modeller",
    "marts": "modeller",
    "metrics": "metrician",
    "quality": "inspector",
}
READS = {
    "loader": {"raw_github", "raw_settings", "erasure"},
    "modeller": {"raw_github", "raw_settings", "staging", "intermediate", "marts"},
    "metrician": {"marts", "metrics"},
    # of raw tables columns only, see below
    "inspector": {"marts", "metrics", "quality"},
    "reader": {"marts", "metrics", "quality"},
}


def execute(url: str, statement: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(statement.encode())


def test_each_role_reads_and_writes_only_what_its_room_may(warehouse: Warehouse) -> None:
    for schema, owner in OWNERS.items():
        execute(warehouse.url(owner), f"create table {schema}.made_later (a int)")
    for role in ROLES:
        for schema, owner in OWNERS.items():
            url = warehouse.url(role)
            if schema in READS[role]:
                execute(url, f"select * from {schema}.made_later")
            else:
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    execute(url, f"select * from {schema}.made_later")
            if role != owner:
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    execute(url, f"insert into {schema}.made_later values (1)")
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    execute(url, f"create table {schema}.intruder (a int)")


PRIVATE = [
    (table, column.name) for table in ALL_TABLES for column in table.columns if column.is_private
]


def test_addresses_are_read_by_the_loader_and_the_modeller_alone(warehouse: Warehouse) -> None:
    create_missing(warehouse.url("loader"), ALL_TABLES)
    # A field that the API grew and nobody has looked at.
    execute(warehouse.url("loader"), "alter table raw_github.users add column twitter text")
    warehouse.show_raw()
    assert {(table.name, name) for table, name in PRIVATE} >= {
        ("commits", "author_email"),
        ("users", "email"),
        ("users", "public_email"),
        ("people", "accounts"),
    }
    for role in ("inspector", "metrician", "reader"):
        for table, column in PRIVATE:
            statement = f"select {column} from {table.schema}.{table.name}"
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                execute(warehouse.url(role), statement)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        execute(warehouse.url("inspector"), "select twitter from raw_github.users")
    for role, table in ((r, t) for r in ("modeller", "inspector") for t in ALL_TABLES):
        names = table.column_names() if role == "modeller" else table.open_columns()
        execute(warehouse.url(role), f"select {', '.join(names)} from {table.schema}.{table.name}")


def test_nothing_is_granted_anew_when_nothing_is_new(warehouse: Warehouse) -> None:
    create_missing(warehouse.url("loader"), ALL_TABLES)
    with psycopg.connect(warehouse.url()) as connection:
        assert len(raw_grants.show(connection)) == len(ALL_TABLES)
        assert raw_grants.show(connection) == []


def test_preparing_again_changes_no_password_and_keeps_tables(warehouse: Warehouse) -> None:
    execute(warehouse.url("modeller"), "create table marts.kept as select 1 as a")

    def hashes() -> list[tuple[str, ...]]:
        with psycopg.connect(warehouse.url()) as connection:
            query = "select rolname, rolpassword from pg_authid order by 1"
            return connection.execute(query).fetchall()

    before = hashes()
    warehouse.prepare(force=True)
    assert hashes() == before
    execute(warehouse.url("reader"), "select * from marts.kept")


def test_a_password_changed_by_hand_is_mended(warehouse: Warehouse) -> None:
    execute(warehouse.url(), "alter role reader password 'something else'")
    warehouse.prepare(force=True)
    execute(warehouse.url("reader"), "select 1")


def test_an_owner_without_superuser_rights_is_enough(home: Path) -> None:
    server = EmbeddedPostgres(home, {"fsync": "off"})
    credentials = server.start()
    try:
        place = f"127.0.0.1:{credentials.port}"
        owner = f"postgresql://sei:{credentials.password}@{place}/postgres"
        with psycopg.connect(owner, autocommit=True) as connection:
            connection.execute("create role plain login createrole createdb password 'plain'")
            connection.execute("create database theirs owner plain")
        environ = {"SEI_WAREHOUSE_URL": f"postgresql://plain:plain@{place}/theirs"}
        prepared = Warehouse.open(home, environ)
        execute(prepared.url("modeller"), "create table marts.t (a int)")
        execute(prepared.url("reader"), "select * from marts.t")
        execute(prepared.dagster_url(), "create table runs (a int)")
        prepared.prepare(force=True)
    finally:
        server.stop()


def test_an_owner_who_may_not_create_roles_is_told_what_is_missing(warehouse: Warehouse) -> None:
    parts = urlsplit(warehouse.url())
    execute(warehouse.url(), "create role meek login password 'meek'")
    try:
        url = f"postgresql://meek:meek@{parts.hostname}:{parts.port}{parts.path}"
        with pytest.raises(WarehouseError, match="needs CREATEROLE") as caught:
            Warehouse.open(environ={"SEI_WAREHOUSE_URL": url})
        assert "\n" not in str(caught.value)
        assert "meek:meek" not in str(caught.value)
    finally:
        execute(warehouse.url(), "drop role meek")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda parts: parts._replace(netloc="sei:wrong@" + parts.netloc.rpartition("@")[2]),
         "wrong user or password"),
        (lambda parts: parts._replace(netloc=parts.netloc.rpartition(":")[0] + ":1"),
         "connection refused"),
        (lambda parts: parts._replace(path="/nowhere"), "database does not exist"),
        (lambda parts: parts._replace(scheme="mysql"), "not of the form"),
    ],
)  # fmt: skip
def test_a_wrong_url_is_explained_in_one_line(warehouse: Warehouse, change, message) -> None:
    url = change(urlsplit(warehouse.url())).geturl()
    with pytest.raises(WarehouseError, match=message) as caught:
        Warehouse.open(environ={"SEI_WAREHOUSE_URL": url})
    assert "\n" not in str(caught.value)
    assert urlsplit(warehouse.url()).password not in str(caught.value)


def test_dagster_has_a_database_of_its_own_that_the_reader_may_not_enter(
    warehouse: Warehouse,
) -> None:
    execute(warehouse.dagster_url(), "create table runs (a int)")
    execute(warehouse.dagster_url(), "select * from runs")
    parts = urlsplit(warehouse.dagster_url())
    reader = urlsplit(warehouse.url("reader"))
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        execute(reader._replace(path=parts.path).geturl(), "select 1")
