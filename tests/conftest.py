"""Fixtures that every room shares."""

from __future__ import annotations

import secrets
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from xdist.scheduler import LoadFileScheduling

from orchestration.postgres import HOST, OWNER, EmbeddedPostgres
from orchestration.warehouse import Warehouse

# A crash of the machine may cost a test its data: an order of magnitude quicker on slow disks.
_NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
# Both look at one company, which takes minutes to load.
_TOGETHER = ("end_to_end/test_demo_company.py", "end_to_end/test_one_company.py")


class Together(LoadFileScheduling):  # type: ignore[misc]
    """Whole files, as with `--dist loadfile`, and some of them to the same worker.

    Groups of marks (`loadgroup`) are not heeded by xdist 3.8 with pytest 9.2 (its issue 1386).
    """

    def _split_scope(self, nodeid: str) -> str:
        file = str(nodeid.split("::")[0])
        return _TOGETHER[0] if file.endswith(_TOGETHER) else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Together:
    """How tests are spread over workers."""
    return Together(config, log)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[EmbeddedPostgres]:
    """A running embedded server in a home of its own, gone after the session."""
    # Not pytest's tmp_path: as root that is closed to the account the server runs as.
    home = Path(tempfile.mkdtemp(prefix="sei-test-"))
    home.chmod(0o755)
    server = EmbeddedPostgres(home, _NOT_DURABLE)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def warehouse(postgres_server: EmbeddedPostgres) -> Iterator[Warehouse]:
    """A fresh database on the server, with roles, schemas and grants."""
    credentials = postgres_server.start()
    name = f"test_{secrets.token_hex(4)}"
    login = f"postgresql://{OWNER}:{credentials.password}@{HOST}:{credentials.port}"
    with psycopg.connect(f"{login}/postgres", autocommit=True) as connection:
        connection.execute(f"create database {name}".encode())
    try:
        yield Warehouse.open(
            postgres_server.home,
            {"SEI_WAREHOUSE_URL": f"{login}/{name}"},
            dagster_database=f"dagster_{name}",
        )
    finally:
        with psycopg.connect(f"{login}/postgres", autocommit=True) as connection:
            for database in (name, f"dagster_{name}"):
                connection.execute(f"drop database if exists {database} with (force)".encode())
