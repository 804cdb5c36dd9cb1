"""`sei run`: one refresh, with its progress on the terminal."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ingestion.contracts import SOURCES
from orchestration.commands import RunFailedError, UsageProblem
from orchestration.homes import PROJECT, Home, demo_home, own_home
from orchestration.instance import dagster_environment
from orchestration.processes import last_line
from orchestration.terminal import RunDisplay
from orchestration.warehouse import Warehouse

# No connection has this name: everything is built from what is loaded.
NO_SOURCE = "-"


def run(sources: Sequence[str], full: bool, demo: bool) -> None:
    """Refreshes everything; raises when settings are wrong or the run fails."""
    home = demo_home() if demo else own_home()
    check_settings(home, sources)
    warehouse = home.open_warehouse()
    refresh(home, warehouse, run_config(sources, full))


def check_settings(home: Home, sources: Sequence[str] = ()) -> None:
    """Raises SettingsError for a mistake, a secret that is not there, or an unknown source."""
    from ingestion.settings import load_settings

    settings = load_settings(home.config, home.environ)
    names = [c.name for c in (*settings.github, *settings.gitlab, *settings.jira)]
    for source in sources:
        if source not in names:
            raise UsageProblem(f'no connection is called "{source}"; there are: {", ".join(names)}')
    for github in settings.github:
        github.tokens(home.environ)
    for gitlab in settings.gitlab:
        gitlab.tokens(home.environ)
    for site in settings.jira:
        site.credentials(home.environ)


def run_config(sources: Sequence[str], full: bool) -> dict[str, Any]:
    """The run's configuration for the options of the command."""
    config = {"config": {"sources": list(sources), "full": full}}
    loads = {source: config for source in SOURCES}
    return {"ops": {**loads, "metrics": {"config": {"full": full}}}}


def refresh(
    home: Home, warehouse: Warehouse, config: dict[str, Any], job: str = "refresh_everything"
) -> None:
    """Runs a job that refreshes everything in a process of its own and shows how it goes.

    Raises RunFailedError with the step and the reason.
    """
    log = home.folder / "logs" / f"run-{datetime.now(UTC):%Y%m%d-%H%M%S}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    environ = dagster_environment(home, warehouse)
    request = {"job": job, "run_config": config, "tags": {"sei/started_by": "command line"}}
    display = RunDisplay()
    with display:
        for event in worker_events(request, environ, log):
            display.show(event)
    if display.problem and display.is_mistake:
        raise UsageProblem(display.problem)
    if display.problem:
        raise RunFailedError(f"{display.problem} (log: {log})")
    if not display.succeeded:
        reason = reason_of_end(log)
        raise RunFailedError(f"the run stopped: {reason} (log: {log})")
    prune_logs(log.parent)


def reason_of_end(log: Path) -> str:
    """Why a worker ended without telling, from the log of its one run."""
    # Whatever broke in the end, a full disk was the reason.
    if "No space left on device" in log.read_text(encoding="utf-8", errors="replace")[-65536:]:
        return "the disk is full; make room and repeat, nothing of the last good run is lost"
    return last_line(log) or "the process ended without a word"


def worker_events(
    request: dict[str, Any], environ: dict[str, str], log: Path
) -> Iterator[dict[str, Any]]:
    """What the worker process tells, until it ends; it is ended when we are."""
    reading, writing = os.pipe()
    with open(log, "ab") as output:
        worker = subprocess.Popen(
            [sys.executable, "-m", "orchestration.run_worker", str(writing)],
            cwd=PROJECT,
            env=environ,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            pass_fds=[writing],
        )
    os.close(writing)
    try:
        assert worker.stdin is not None
        worker.stdin.write(json.dumps(request).encode())
        worker.stdin.close()
        with open(reading) as lines:
            for line in lines:
                yield json.loads(line)
        worker.wait()
    except KeyboardInterrupt:
        # The terminal sent it to the worker too: Dagster marks the run as cancelled meanwhile.
        try:
            worker.wait(30)
        except subprocess.TimeoutExpired:
            worker.kill()
        raise
    finally:
        if worker.poll() is None:
            worker.terminate()


def prune_logs(folder: Path, keep: int = 20) -> None:
    """Removes the oldest logs of runs."""
    for old in sorted(folder.glob("run-*.log"))[:-keep]:
        old.unlink(missing_ok=True)
