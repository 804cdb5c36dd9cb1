"""A run killed at any stage, or robbed of its warehouse, and repeated gives the same warehouse."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import httpx
import psutil
import psycopg
import pytest

from demo.company import Company
from demo.settings import sei_toml
from orchestration.postgres import EmbeddedPostgres
from tests.fixtures.pipeline import Installation, contents, demo_server, run_group_is_killed

pytestmark = pytest.mark.end_to_end

UNTIL = datetime.now(UTC).replace(microsecond=0)
START = (UNTIL - timedelta(days=45)).date()
SIZE = ["--seed", "3", "--repositories", "4", "--start", START.isoformat()]
SIZE += ["--until", UNTIL.isoformat()]


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with demo_server(*SIZE) as url:
        yield url


@pytest.fixture(scope="module")
def configured(
    installation: Callable[[str], Installation], server: str
) -> Callable[[str], Installation]:
    settings = sei_toml(Company.generate(3, 4, START, UNTIL), server)

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


def requests_seen(server: str) -> int:
    return sum(httpx.get(f"{server}/demo/stats").json()["requests"].values())


def while_reading(one: Installation, server: str, before: int) -> bool:
    return requests_seen(server) > before + 15


def while_loading(one: Installation, server: str, before: int) -> bool:
    return rows_of(one, "raw_github.repositories") > 0


def while_building(one: Installation, server: str, before: int) -> bool:
    return rows_of(one, "marts.dim_developers") > 0


def while_computing(one: Installation, server: str, before: int) -> bool:
    for process in psutil.process_iter(["cmdline"]):
        if "transform.jobs.compute_metrics" in (process.info["cmdline"] or []):
            try:
                if process.environ().get("SEI_HOME") == str(one.home):
                    time.sleep(6)  # Spark needs that long to be in the middle of it
                    return True
            except psutil.Error:
                continue
    return False


Stage = Callable[[Installation, str, int], bool]
STAGES: list[Stage] = [while_reading, while_loading, while_building, while_computing]


def wait_for(stage: Stage, one: Installation, server: str) -> None:
    began, before = time.monotonic(), requests_seen(server)
    while not stage(one, server, before):
        assert time.monotonic() - began < 240, f"{stage.__name__} never came"
        time.sleep(0.2)


def test_a_run_killed_at_every_stage_and_repeated_gives_the_same_warehouse(
    configured, undisturbed, server
):
    one = configured("killed")
    one.warehouse()
    for stage in STAGES:
        process = one.start("run")
        wait_for(stage, one, server)
        run_group_is_killed(process)
    done = one.sei("run")
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    assert contents(one) == undisturbed


def test_a_warehouse_restarted_in_the_middle_costs_at_most_a_repeat(
    configured, undisturbed, server
):
    one = configured("restarted")
    one.warehouse()
    process = one.start("run")
    wait_for(while_loading, one, server)
    embedded = EmbeddedPostgres(one.home)
    embedded.stop()
    embedded.start()
    process.wait(300)
    if process.returncode:
        said = (one.home / "out.log").read_text()
        assert "Traceback" not in said
        assert one.sei("run").returncode == 0
    assert contents(one) == undisturbed
