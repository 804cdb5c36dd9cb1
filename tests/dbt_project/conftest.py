"""A warehouse with raw tables as ingestion.contracts has them, and dbt to build on it."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql

from ingestion.contracts import ALL_TABLES
from ingestion.raw_tables import create_missing
from orchestration.postgres import HOST, OWNER, EmbeddedPostgres
from orchestration.warehouse import Warehouse

PROJECT = Path(__file__).parents[2] / "dbt_project"
SYNCED = datetime(2026, 3, 1, 6, tzinfo=UTC)

_TABLES = {(table.schema, table.name): table for table in ALL_TABLES}
_DEFAULTS: dict[str, Any] = {
    "text": "",
    "bigint": 0,
    "double": 0.0,
    "bool": False,
    "timestamp": SYNCED,
    "json": [],
    "date": date.min,
}


@dataclass
class Project:
    """dbt on one database: raw rows in, built rows out."""

    warehouse: Warehouse
    target: Path
    _loader: psycopg.Connection[Any] = field(init=False)
    _modeller: psycopg.Connection[Any] = field(init=False)

    def __post_init__(self) -> None:
        self._loader = psycopg.connect(self.warehouse.url("loader"), autocommit=True)
        self._modeller = psycopg.connect(self.warehouse.url("modeller"), autocommit=True)
        create_missing(self.warehouse.url("loader"), ALL_TABLES)

    def insert(self, name: str, *rows: dict[str, Any]) -> None:
        """Adds raw rows; columns that are not given are null, or nothing where they must not be."""
        schema, _, table_name = name.partition(".")
        table = _TABLES[schema, table_name]
        for row in rows:
            unknown = set(row) - set(table.column_names())
            assert not unknown, f"{name} has no {unknown}"
            values = []
            for column in table.columns:
                value = row.get(column.name)
                if value is None and not column.nullable:
                    value = (
                        schema.removeprefix("raw_")
                        if column.name == "connection"
                        else _DEFAULTS[column.data_type]
                    )
                if column.data_type == "json" and value is not None:
                    value = json.dumps(value)
                values.append(value)
            statement = sql.SQL("insert into {} values ({})").format(
                sql.Identifier(schema, table_name), sql.SQL(", ").join(map(sql.Literal, values))
            )
            self._loader.execute(statement)

    def execute(self, statement: str, role: str = "loader") -> None:
        """Runs a statement as the loader or the modeller."""
        connection = self._loader if role == "loader" else self._modeller
        connection.execute(statement.encode())

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What a query returns."""
        return self._modeller.execute(query.encode()).fetchall()

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """dbt as a process of its own, as users and Dagster start it."""
        login = urlsplit(self.warehouse.url("modeller"))
        environment = {
            **os.environ,
            "SEI_DBT_HOST": login.hostname or "",
            "SEI_DBT_PORT": str(login.port),
            "SEI_DBT_USER": login.username or "",
            "SEI_DBT_PASSWORD": login.password or "",
            "SEI_DBT_DATABASE": login.path.lstrip("/"),
        }
        command = [
            str(Path(sys.executable).with_name("dbt")),
            *arguments,
            "--project-dir",
            str(PROJECT),
            "--profiles-dir",
            str(PROJECT),
            "--target-path",
            str(self.target),
            "--log-path",
            str(self.target),
            "--no-use-colors",
        ]
        return subprocess.run(
            command, env=environment, capture_output=True, text=True, check=False, timeout=900
        )

    def build(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """`dbt build`; fails the test with dbt's own words if anything in it fails."""
        done = self.run("build", *arguments)
        assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
        return done

    def close(self) -> None:
        """Ends the connections."""
        self._loader.close()
        self._modeller.close()


@pytest.fixture(scope="session")
def new_project(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[], Project]]:
    """Makes projects on databases of their own; one parse of the models serves them all.

    SEI_TEST_POSTGRES_URL (a superuser, no database) takes the place of the embedded server.
    """
    login = os.environ.get("SEI_TEST_POSTGRES_URL", "")
    home = tmp_path_factory.mktemp("home")
    if not login:
        server: EmbeddedPostgres = request.getfixturevalue("postgres_server")
        credentials = server.start()
        login = f"postgresql://{OWNER}:{credentials.password}@{HOST}:{credentials.port}"
        home = server.home
    target = tmp_path_factory.mktemp("dbt")
    projects: dict[str, Project] = {}

    def create() -> Project:
        name = f"dbt_{secrets.token_hex(4)}"
        with psycopg.connect(f"{login}/postgres", autocommit=True) as connection:
            connection.execute(f"create database {name}".encode())
        warehouse = Warehouse.open(
            home,
            {"SEI_WAREHOUSE_URL": f"{login}/{name}"},
            dagster_database=f"dagster_{name}",
        )
        projects[name] = Project(warehouse, target)
        return projects[name]

    yield create
    with psycopg.connect(f"{login}/postgres", autocommit=True) as connection:
        for name, project in projects.items():
            project.close()
            connection.execute(f"drop database if exists {name} with (force)".encode())
