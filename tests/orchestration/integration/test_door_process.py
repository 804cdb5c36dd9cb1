"""The checks in a process of their own tell what they would have told here."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import psycopg
import pytest

from orchestration import door_process
from quality.checkpoint import QualityError, run

pytestmark = pytest.mark.integration


@pytest.fixture
def served(warehouse: Any) -> Iterator[str]:
    """The address of an empty warehouse, with a process that waits to check it."""
    url = str(warehouse.url("inspector"))
    for door in ("raw", "marts"):
        run(door, url, "before")  # later ones are compared with it
    door_process.start_ahead("run-1", url)
    yield url
    door_process.discard("run-1")


def told(outcomes: list[Any]) -> list[dict[str, Any]]:
    return [asdict(outcome) for outcome in outcomes]


def test_a_process_started_ahead_serves_several_doors_as_this_one_would(served: str) -> None:
    for door in ("raw", "marts"):
        assert told(door_process.outcomes("run-1", door, served)) == told(run(door, served, "here"))
    with psycopg.connect(served) as connection:
        runs = connection.execute("select distinct run_id from quality.check_results").fetchall()
    assert set(runs) == {("before",), ("run-1",), ("here",)}


def test_without_a_process_or_after_its_end_the_checks_are_run_here(served: str) -> None:
    expected = told(run("marts", served, "here"))
    assert told(door_process.outcomes("another run", "marts", served)) == expected

    os.kill(door_process._serving["run-1"].process.pid, signal.SIGKILL)

    assert told(door_process.outcomes("run-1", "marts", served)) == expected


def test_what_goes_wrong_there_is_told_here() -> None:
    unreachable = "postgresql://inspector:geheim@127.0.0.1:1/sei"
    door_process.start_ahead("run-2", unreachable)
    try:
        with pytest.raises(QualityError, match=r"warehouse 127\.0\.0\.1:1/sei") as caught:
            door_process.outcomes("run-2", "raw", unreachable)
    finally:
        door_process.discard("run-2")
    assert "geheim" not in str(caught.value)
