"""What grows with every run is cut back, and what is still needed stays."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import psycopg
import pytest
from dagster import DagsterInstance, DagsterRunStatus

from orchestration import hygiene
from orchestration.hygiene import cut_logs, remove_outputs, remove_runs
from orchestration.warehouse import Warehouse
from quality import results

pytestmark = pytest.mark.integration

SOON = datetime.now(UTC) + timedelta(days=1)


@dg.op
def nothing() -> None:
    """Does nothing."""


@dg.job
def idle() -> None:
    """A job to have runs of."""
    nothing()


@pytest.fixture
def instance() -> Iterator[DagsterInstance]:
    with DagsterInstance.ephemeral() as instance:
        yield instance


def test_old_runs_that_have_ended_go_with_their_events(
    instance: DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hygiene, "_ALWAYS_KEPT", 2)
    ended = [idle.execute_in_process(instance=instance).run_id for _ in range(3)]
    going = instance.create_run_for_job(idle, status=DagsterRunStatus.STARTED).run_id
    assert remove_runs(instance, datetime.now(UTC) - timedelta(days=1)) == []
    assert remove_runs(instance, SOON) == ended[:2]
    assert {run.run_id for run in instance.get_runs()} == {ended[2], going}
    assert instance.all_logs(ended[0]) == []
    assert instance.all_logs(ended[2])


def test_the_output_of_old_runs_goes_and_that_of_this_run_stays(tmp_path: Path) -> None:
    old, own = "11111111-1111-1111-1111-111111111111", "22222222-2222-2222-2222-222222222222"
    for name in (old, own, "schedules"):
        (tmp_path / "storage" / name).mkdir(parents=True)
    assert remove_outputs(tmp_path, SOON, {own}) == 1
    assert sorted(path.name for path in (tmp_path / "storage").iterdir()) == [own, "schedules"]
    assert remove_outputs(tmp_path / "nowhere", SOON) == 0


def test_a_log_that_has_grown_too_large_keeps_its_end_and_its_writer(tmp_path: Path) -> None:
    log, small = tmp_path / "daemon.log", tmp_path / "webserver.log"
    small.write_text("few\n")
    with log.open("ab", buffering=0) as writer:
        for number in range(1000):
            writer.write(f"line {number}\n".encode())
        assert cut_logs(tmp_path, 2000) == ["daemon.log"]
        writer.write(b"line 1000\n")
    assert log.read_text() == "line 1000\n"
    kept = (tmp_path / "daemon.log.1").read_text().splitlines()
    assert kept[-1] == "line 999"
    assert kept[0].startswith("line ")
    assert os.path.getsize(tmp_path / "daemon.log.1") <= 1000
    assert small.read_text() == "few\n"


def test_old_results_of_checks_go_but_not_the_volumes_that_runs_are_compared_with(
    warehouse: Warehouse,
) -> None:
    with psycopg.connect(warehouse.url("inspector")) as connection:
        results.prepare(connection)
        for run, is_accepted in (("accepted", True), ("refused", False)):
            connection.execute(
                "insert into quality.table_volumes values"
                " (%s, 'raw', %s, 'raw_github', 'commits', '', 5, %s)",
                (run, SOON - timedelta(days=900 - is_accepted), is_accepted),
            )
        connection.execute(
            "insert into quality.check_results values"
            " ('r', 'raw', now() - interval '500 days', 's', 't', 'c', 'warn', false, true)"
        )
        before = datetime.now(UTC) - timedelta(days=400)
        assert results.prune(connection, before) == {
            "quality.check_results": 1,
            "quality.table_volumes": 1,
        }
        kept = connection.execute("select run_id from quality.table_volumes").fetchall()
        assert kept == [("accepted",)]
