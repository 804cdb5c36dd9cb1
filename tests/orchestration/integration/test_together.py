"""Processes that belong together end together, and of two refreshes only one begins."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import Any

import psutil
import pytest

from orchestration.resources import WITH_PARENT
from orchestration.runs import only_refresh

pytestmark = pytest.mark.integration


@pytest.mark.skipif(sys.platform != "linux", reason="Linux' own wish")
def test_dbt_ends_with_the_run_that_started_it() -> None:
    program = [sys.executable, "-E", "-S", str(WITH_PARENT), "sleep", "60"]
    parent = subprocess.Popen(
        [
            sys.executable,
            "-c",
            f"import subprocess, time; print(subprocess.Popen({program!r}).pid, flush=True);"
            " time.sleep(60)",
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout is not None
    child = psutil.Process(int(parent.stdout.readline()))
    ended = time.monotonic() + 30
    while child.name() != "sleep" and time.monotonic() < ended:
        time.sleep(0.02)
    assert child.name() == "sleep"

    parent.kill()
    parent.wait()

    psutil.wait_procs([child], timeout=30)
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE


def test_only_one_of_two_commands_may_refresh(
    warehouse: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(os.environ, "SEI_DAGSTER_URL", warehouse.dagster_url())

    with only_refresh() as first, only_refresh() as second:
        assert (first, second) == (True, False)
    with only_refresh() as again:
        assert again
