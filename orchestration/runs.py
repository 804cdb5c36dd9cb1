"""Dagster's runs: which refresh is running, and which only looks so because it was killed."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg
import psutil  # type: ignore[import-untyped]
import psycopg
from dagster import DagsterInstance, DagsterRun, DagsterRunStatus, RunsFilter

from orchestration.automation import PROCESS_TAG, REFRESH_TAG

_UNDER_WAY = [
    DagsterRunStatus.STARTING,
    DagsterRunStatus.STARTED,
    DagsterRunStatus.CANCELING,
]

# Seconds by which the machine's clock may have been set meanwhile.
_CLOCK_STEP = 60.0


def running_refresh(instance: DagsterInstance) -> DagsterRun | None:
    """A refresh that is under way, None when the way is free."""
    runs = instance.get_runs(
        RunsFilter(statuses=_UNDER_WAY, tags={REFRESH_TAG: "everything"}), limit=1
    )
    return runs[0] if runs else None


@contextmanager
def only_refresh() -> Iterator[bool]:
    """Whether no other command line is refreshing; the way is held as long as this lasts.

    Between the look at Dagster's runs and the first event of a new one lie seconds, in which two
    commands started together would both find the way free. The server lets go of the lock when the
    session ends, however it ends.
    """
    with psycopg.connect(os.environ["SEI_DAGSTER_URL"], autocommit=True) as session:
        row = session.execute("select pg_try_advisory_lock(hashtext('refresh'))").fetchone()
        yield bool(row and row[0])


def fail_abandoned_runs(instance: DagsterInstance) -> list[str]:
    """Ids of the runs that were marked as failed since their process is gone.

    Dagster's own monitoring can't tell: its default launcher has no check of health, and a run of
    the command line has no launcher. A run killed would count as running for ever.
    """
    abandoned = []
    for record in instance.get_run_records(RunsFilter(statuses=_UNDER_WAY)):
        run = record.dagster_run
        if is_gone(run.tags.get(PROCESS_TAG), began=record.start_time):
            instance.report_run_failed(run, "The process that executed this run is gone.")
            abandoned.append(run.run_id)
    return abandoned


def is_gone(process: str | None, host: str | None = None, *, began: float | None = None) -> bool:
    """Whether `host:pid` names a process that has ended; what can't be told counts as alive.

    `began`: seconds since 1970 when the run did. A process that is younger has its number only:
    after a restart of the machine numbers come again.
    """
    if process is None:
        return False
    where, _, pid = process.rpartition(":")
    if where != (host or socket.gethostname()):
        return False
    try:
        found = psutil.Process(int(pid))
        if found.status() == psutil.STATUS_ZOMBIE:  # killed, and nobody has taken notice yet
            return True
        created = found.create_time()
    except psutil.NoSuchProcess:
        return True
    except psutil.Error:
        return False
    return began is not None and created > began + _CLOCK_STEP


def mark_process(context: dg.InitResourceContext) -> None:
    """Notes on the run which process executes it."""
    if context.run and context.instance and PROCESS_TAG not in context.run.tags:
        process = f"{socket.gethostname()}:{os.getpid()}"
        context.instance.add_run_tags(context.run.run_id, {PROCESS_TAG: process})


def keep_connections(instance: DagsterInstance) -> None:
    """Lets a process that executes a run keep its connections to Dagster's database.

    Dagster opens one for every event otherwise, and a refresh has a thousand: 18 ms each in place
    of 3 (docs/benchmarks.md). Named for the web interface, it is the only switch there is.
    """
    instance.optimize_for_webserver(statement_timeout=600_000, pool_recycle=3600, max_overflow=20)
