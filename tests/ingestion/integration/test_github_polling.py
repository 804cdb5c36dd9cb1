"""When the list of workflow runs is asked for, of which the list of repositories tells nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

pytestmark = pytest.mark.integration

A, B = "a" * 40, "b" * 40


@pytest.fixture
def quiet(github: Any, read: Callable[..., Any], noon: datetime) -> dict[str, Any]:
    """A repository in which nothing happened for hours, after two syncs."""
    github.owner()
    repository: dict[str, Any] = github.repository(pushedAt="2026-02-01T08:00:00Z")
    github.commit(repository, A, date="2026-02-01T08:00:00Z")
    github.runs["acme/shop"] = [run(1, "2026-02-01T08:00:05Z")]
    read(at=noon)
    read(at=noon + timedelta(hours=1))
    github.requests.clear()
    return repository


def run(id_: int, created: str, **more: Any) -> dict[str, Any]:
    return {
        "id": id_,
        "node_id": f"WFR_{id_}",
        "head_sha": A,
        "head_branch": "main",
        "status": "completed",
        "conclusion": "success",
        "run_attempt": 1,
        "created_at": created,
        "updated_at": created,
        "event": "push",
        **more,
    }


def after(noon: datetime, **passed: float) -> datetime:
    return noon + timedelta(hours=1) + timedelta(**passed)


def test_a_quiet_repository_costs_no_request_of_its_own(
    github: Any, quiet: Any, read: Callable[..., Any], noon: datetime
) -> None:
    assert read(at=after(noon, hours=1)).status()["status"] == "skipped"

    assert [what for what, _, _ in github.requests] == ["/graphql Repositories", "/graphql Teams"]


def test_a_push_makes_runs_be_looked_for_now_and_once_more(
    github: Any, quiet: Any, read: Callable[..., Any], noon: datetime
) -> None:
    quiet["pushedAt"] = "2026-03-01T13:30:00Z"  # to a branch
    read(at=after(noon, hours=1))
    # Begun only after the list was read.
    github.runs["acme/shop"].append(run(2, "2026-03-01T14:00:01Z"))
    second = read(at=after(noon, hours=2))
    read(at=after(noon, hours=3))
    github.requests.clear()
    read(at=after(noon, hours=4))

    assert second.values("workflow_runs", "database_id") == [2]
    assert not github.asked("actions/runs")


@pytest.mark.parametrize("change", ["pullRequests", "deployments", "refs"])
def test_a_change_of_any_list_makes_runs_be_looked_for(
    github: Any, quiet: Any, read: Callable[..., Any], noon: datetime, change: str
) -> None:
    kinds = {"pullRequests": "PullRequest", "deployments": "Deployment", "refs": "Ref"}
    github.add(quiet, change, kinds[change], updatedAt="2026-03-01T13:30:00Z", name="v1")

    read(at=after(noon, hours=1))

    assert len(github.asked("actions/runs")) == 1


def test_scheduled_runs_and_reruns_are_found_within_a_day(
    github: Any, quiet: Any, read: Callable[..., Any], noon: datetime
) -> None:
    github.runs["acme/shop"][0].update(run_attempt=2, updated_at="2026-03-01T13:10:00Z")
    github.runs["acme/shop"].append(run(2, "2026-03-01T13:10:00Z", event="schedule"))

    found = [
        id_
        for hours in range(1, 25)
        for id_ in read(at=after(noon, hours=hours)).values("workflow_runs", "database_id")
    ]

    # Once more after the day's look found something.
    assert (sorted(found), 1 <= len(github.asked("actions/runs")) <= 2) == ([1, 2], True)


def test_a_rule_about_runs_has_them_looked_for_every_time(
    github: Any, quiet: Any, read: Callable[..., Any], noon: datetime
) -> None:
    rules = {"deployment_rules": [{"kind": "workflow_run", "repositories": ["acme/shop"]}]}
    for hours in (1, 2, 3):
        read(rules, at=after(noon, hours=hours))

    asked = github.asked("actions/runs")
    assert len(asked) == 3
    assert all("if-none-match" in headers for _, headers, _ in asked[1:])


def test_a_run_that_has_not_ended_is_looked_at_for_nothing_until_it_changes(
    github: Any, quiet: Any, read: Callable[..., Any], noon: datetime
) -> None:
    slow = run(2, "2026-03-01T13:30:00Z", status="waiting", conclusion=None)
    github.runs["acme/shop"].append(slow)
    quiet["pushedAt"] = "2026-03-01T13:30:00Z"
    for hours in (1, 2):
        read(at=after(noon, hours=hours))
    github.requests.clear()
    third = read(at=after(noon, hours=3))
    assert third.rows("workflow_runs") == []
    rest = [headers for what, headers, _ in github.requests if "actions" in what]
    assert len(rest) == 2
    assert all("if-none-match" in headers for headers in rest)

    slow.update(status="completed", conclusion="success", updated_at="2026-03-01T16:00:00Z")

    assert read(at=after(noon, hours=4)).values("workflow_runs", "conclusion") == ["success"]


def test_full_looks_for_runs_whatever_was_known(
    github: Any, quiet: Any, read: Callable[..., Any], noon: datetime
) -> None:
    sync = read(at=after(noon, hours=1), full=True)

    assert sync.values("workflow_runs", "database_id") == [1]


def test_a_failed_look_is_repeated(
    github: Any, quiet: Any, read: Callable[..., Any], noon: datetime, answers: Any
) -> None:
    quiet["pushedAt"] = "2026-03-01T13:30:00Z"
    github.runs["acme/shop"].append(run(2, "2026-03-01T13:30:00Z"))
    github.fail("actions/runs", answers.status(403, "Resource not accessible"))
    assert read(at=after(noon, hours=1)).status()["failed_resource"] == "workflow_runs"

    assert read(at=after(noon, hours=2)).values("workflow_runs", "database_id") == [2]
