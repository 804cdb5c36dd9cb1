"""Runs that were killed, on a real instance."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import dagster as dg
import pytest
from dagster import DagsterInstance, DagsterRunStatus

from orchestration.automation import PROCESS_TAG, REFRESH_TAG
from orchestration.runs import fail_abandoned_runs, running_refresh

pytestmark = pytest.mark.integration


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


def begun(instance: DagsterInstance, process: str) -> dg.DagsterRun:
    return instance.create_run_for_job(
        idle,
        status=DagsterRunStatus.STARTED,
        tags={REFRESH_TAG: "everything", PROCESS_TAG: process},
    )


def test_a_run_whose_process_is_gone_makes_way(instance: DagsterInstance) -> None:
    run = begun(instance, f"{socket.gethostname()}:4194305")
    assert running_refresh(instance) is not None
    assert fail_abandoned_runs(instance) == [run.run_id]
    assert running_refresh(instance) is None
    found = instance.get_run_by_id(run.run_id)
    assert found is not None
    assert found.status is DagsterRunStatus.FAILURE


def test_a_run_of_another_machine_is_left_alone(instance: DagsterInstance) -> None:
    run = begun(instance, "another-host:1")
    assert fail_abandoned_runs(instance) == []
    found = running_refresh(instance)
    assert found is not None
    assert found.run_id == run.run_id
