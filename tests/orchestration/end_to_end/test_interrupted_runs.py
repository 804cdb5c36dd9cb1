"""A run killed, or robbed of its warehouse, and repeated gives the warehouse of an undisturbed one.

Kills while GitHub is read and while dlt loads are in tests/ingestion.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import psutil
import psycopg
import pytest

from demo.company import Company
from demo.settings import sei_toml
from orchestration.postgres import EmbeddedPostgres
from tests.fixtures.pipeline import (
    Addresses,
    Installation,
    contents,
    demo_server,
    run_group_is_killed,
)

pytestmark = pytest.mark.end_to_end

UNTIL = datetime.now(UTC).replace(microsecond=0)
START = (UNTIL - timedelta(days=45)).date()
SIZE = ["--seed", "3", "--repositories", "4", "--start", START.isoformat()]
SIZE += ["--until", UNTIL.isoformat()]


@pytest.fixture(scope="module")
def server() -> Iterator[Addresses]:
    with demo_server(*SIZE) as addresses:
        yield addresses


@pytest.fixture(scope="module")
def configured(
    installation: Callable[[str], Installation], server: Addresses
) -> Callable[[str], Installation]:
    settings = sei_toml(Company.generate(3, 4, START, UNTIL), *server)

    def make(name: str) -> Installation:
        one = installation(name)
        one.configure(settings)
        return one

    return make


@pytest.fixture(scope="module")
def undisturbed(configured: Callable[[str], Installation]) -> dict[str, str]:
    one = configured("undisturbed")
    done = one.sei("run")
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    found = contents(one)
    assert len(found) > 50
    return found


def rows_of(one: Installation, table: str) -> int:
    try:
        return int(one.query(f"select count(*) from {table}")[0][0])
    except psycopg.Error:
        return 0


def while_building(one: Installation) -> bool:
    return rows_of(one, "marts.dim_developers") > 0


def while_computing(one: Installation) -> bool:
    for process in psutil.process_iter(["cmdline"]):
        if "transform.jobs.compute_metrics" in (process.info["cmdline"] or []):
            try:
                if process.environ().get("SEI_HOME") == str(one.home):
                    time.sleep(6)  # Spark needs that long to be in the middle of it
                    return True
            except psutil.Error:
                continue
    return False


def wait_for(stage: Callable[[Installation], bool], one: Installation) -> None:
    began = time.monotonic()
    while not stage(one):
        assert time.monotonic() - began < 240, f"{stage.__name__} never came"
        time.sleep(0.2)


def test_a_run_robbed_of_its_warehouse_then_killed_and_repeated_gives_the_same_warehouse(
    configured, undisturbed
):
    one = configured("interrupted")
    one.warehouse()

    process = one.start("run")
    wait_for(while_building, one)
    embedded = EmbeddedPostgres(one.home)
    embedded.stop()
    embedded.start()
    process.wait(300)
    assert process.returncode == 1
    said = (one.home / "out.log").read_text()
    assert "Traceback" not in said
    assert "sei:" in said

    process = one.start("run")
    wait_for(while_computing, one)
    run_group_is_killed(process)

    done = one.sei("run")
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    assert contents(one) == undisturbed
