"""Loads killed at any moment, or robbed of PostgreSQL or of their session, and repeated: the same
warehouse, no lock, no table left over. `make kill` has many seeds (SEI_KILL_SEEDS)."""

from __future__ import annotations

import json
import os
import random
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest

from orchestration.postgres import HOST, OWNER, EmbeddedPostgres
from orchestration.warehouse import Warehouse
from tests.fixtures.spoiled_company import TOKEN, Contents, SpoiledCompany, contents, difference

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[3]
SEEDS = int(os.environ.get("SEI_KILL_SEEDS", "1"))
VICTIMS = ("loader", "postmaster", "backend")
_LOAD = """
import sys
from importlib import import_module
from pathlib import Path
from ingestion.loading import LoadError
from ingestion.settings import load_settings
source, file, url, folder = sys.argv[1:]
settings = load_settings(Path(file))
load = import_module(f"ingestion.{source}.load").load
try:
    load(getattr(settings, source)[0], settings, url, pipelines_dir=Path(folder))
except LoadError as error:
    sys.exit(f"said: {error}")
"""
_STATE = """
select 'lock ' || pid from pg_locks where locktype = 'advisory' and database =
    (select oid from pg_database where datname = current_database())
union all
select 'in a transaction: ' || left(query, 60) from pg_stat_activity
where datname = current_database() and state like 'idle in transaction%'
"""


class Server:
    """A PostgreSQL of its own, that may be killed, with a warehouse."""

    def __init__(self) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="sei-test-"))
        self.home.chmod(0o755)
        self.embedded = EmbeddedPostgres(self.home)
        credentials = self.embedded.start()
        name = f"test_{secrets.token_hex(4)}"
        login = f"postgresql://{OWNER}:{credentials.password}@{HOST}:{credentials.port}"
        with psycopg.connect(f"{login}/postgres", autocommit=True) as connection:
            connection.execute(f"create database {name}".encode())
        environ = {"SEI_WAREHOUSE_URL": f"{login}/{name}"}
        self.url = Warehouse.open(self.home, environ, dagster_database=f"d_{name}").url("loader")

    def processes(self, victim: str) -> list[psutil.Process]:
        content = json.loads((self.home / "warehouse.json").read_text())
        data = Path(content.get("data") or self.home / "warehouse")
        server = psutil.Process(int((data / "postmaster.pid").read_text().split()[0]))
        if victim == "postmaster":
            return [server]
        return [c for c in server.children() if " loader " in " ".join(c.cmdline())]

    def lines(self, statement: str) -> list[str]:
        with psycopg.connect(self.url) as connection:
            return [row[0] for row in connection.execute(statement.encode()).fetchall()]

    def tables(self, source: str) -> list[str]:
        return self.lines(
            "select schemaname || '.' || tablename from pg_tables where schemaname in"
            f" ('raw_{source}', 'raw_{source}_staging') order by 1"
        )


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.embedded.stop()
    shutil.rmtree(made.home, ignore_errors=True)


@pytest.fixture(scope="module")
def quiet_loads() -> dict[str, tuple[Contents, list[str], int]]:
    """By source, what an undisturbed load brings, its tables, and its requests."""
    return {}


@pytest.mark.parametrize("seed", range(SEEDS))
@pytest.mark.parametrize("source", ["github", "gitlab", "jira"])
def test_a_load_killed_at_any_moment_and_repeated_equals_an_undisturbed_one(
    company: SpoiledCompany,
    server: Server,
    quiet_loads: dict[str, tuple[Contents, list[str], int]],
    make_clock: Any,
    source: str,
    seed: int,
) -> None:
    proxy = company.proxies[source]
    if source not in quiet_loads:
        company.forget(server.url, source)
        company.load(server.url, source, clock=make_clock())
        requests = len(proxy.requests)
        quiet_loads[source] = contents(server.url, source), server.tables(source), requests
    expected, tables, requests = quiet_loads[source]
    company.forget(server.url, source)
    chance = random.Random(f"{source} {seed}")
    victim = VICTIMS[(seed + len(source)) % len(VICTIMS)] if seed else "loader"
    # While it reads, or (half of the time) while dlt normalizes and loads.
    asked = chance.randint(1, requests) if chance.random() < 0.5 else requests
    delay = chance.uniform(0, 0.3) if asked < requests else chance.uniform(0, 5)

    proxy.begin()
    loader = subprocess.Popen(
        [sys.executable, "-c", _LOAD, source, company.file, server.url, company.pipelines],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "SEI_DEMO_TOKEN": TOKEN},
        stderr=subprocess.PIPE,
        text=True,
    )
    while len(proxy.requests) < asked and loader.poll() is None:
        time.sleep(0.02)
    time.sleep(delay)
    when = f"{victim} after {asked} of {requests} requests and {delay:.1f} s"
    is_met = loader.poll() is None
    if is_met:
        if victim == "loader":
            loader.kill()
        else:
            chance.choice(server.processes(victim)).kill()
    said = loader.communicate(timeout=300)[1]
    outcome = f"{loader.returncode}{'' if is_met else ', was over'}"
    print(f"{source} {seed}: {when} → {outcome} {said.strip()[-200:]}")
    if loader.returncode not in (0, -9):
        # dlt logs each of its own tries before it.
        assert said.strip().splitlines()[-1].startswith("said: "), f"{when}: {said}"
    server.embedded.start()
    _answers(server)

    result = company.load(server.url, source, clock=make_clock(), timeout=30.0)

    assert result.failures == [], when
    assert difference(expected, contents(server.url, source)) == {}, when
    assert server.tables(source) == tables, when
    assert server.lines(_STATE) == [], when


def _answers(server: Server) -> None:
    """A server that was robbed of a process recovers for a moment."""
    for _ in range(300):
        try:
            server.lines("select 'x'")
            return
        except psycopg.OperationalError:
            time.sleep(0.1)
    raise AssertionError("PostgreSQL does not come back")
