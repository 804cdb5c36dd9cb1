"""Jobs of workflow runs: which are wanted, many runs a request, and when REST has to tell."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.integration

A = "a" * 40
DEPLOY_JOBS = {"deployment_rules": [{"kind": "job", "name": "^deploy"}]}


@pytest.fixture
def shop(github: Any) -> dict[str, Any]:
    github.owner()
    repository: dict[str, Any] = github.repository()
    github.commit(repository, A, date="2026-01-10T08:00:00Z")
    github.runs["acme/shop"] = []
    return repository


def run(github: Any, id_: int, jobs: int = 1, repository: str = "shop", **more: Any) -> Any:
    created = more.pop("created_at", f"2026-02-{1 + id_ % 28:02}T00:00:00Z")
    found = {
        "id": id_,
        "node_id": f"WFR_{id_}",
        "check_suite_node_id": f"CS_{id_}",
        "name": "CI",
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
    github.runs.setdefault(f"acme/{repository}", []).append(found)
    github.jobs[id_] = [
        {
            "id": 3_000_000_000 + id_ * 1000 + number,
            "node_id": f"CR_{id_}_{number}",
            "run_id": id_,
            "run_attempt": 1,
            "name": f"deploy {number}",
            "status": "completed",
            "conclusion": "success",
            "head_sha": A,
            "head_branch": "main",
            "labels": ["ubuntu"],
            "created_at": created,
            "started_at": created,
            "completed_at": created,
        }
        for number in range(jobs)
    ]
    return found


def asked_by_rest(github: Any) -> int:
    return len(github.asked("/jobs"))


def test_jobs_of_many_runs_come_with_one_request(
    github: Any, shop: Any, read: Callable[..., Any]
) -> None:
    for number in range(1, 61):
        run(github, number, jobs=2)

    sync = read(DEPLOY_JOBS)

    assert len(sync.rows("workflow_jobs")) == 120
    assert (len(github.asked("CheckSuites")), asked_by_rest(github)) == (1, 0)


def test_a_job_is_the_same_row_however_it_was_read_but_for_what_graphql_does_not_tell(
    github: Any, shop: Any, read: Callable[..., Any]
) -> None:
    run(github, 1)
    by_graphql = read(DEPLOY_JOBS).rows("workflow_jobs")
    github.runs["acme/shop"][0]["node_id"] = "MDExOldvcmtmbG93UnVuMQ=="

    by_rest = read(DEPLOY_JOBS, full=True).rows("workflow_jobs")

    assert asked_by_rest(github) == 1
    for row in (*by_graphql, *by_rest):
        row.pop("synced_at")
        row.pop("read_at")
    (told,) = by_graphql
    (whole,) = by_rest
    assert told["database_id"] == 3_000_001_000
    assert {name for name in whole if whole[name] != told[name]} == {"created_at", "runner_labels"}
    assert (told["created_at"], told["runner_labels"]) == (None, None)


def test_a_suite_with_more_jobs_than_a_page_is_read_to_its_end(
    github: Any, shop: Any, read: Callable[..., Any]
) -> None:
    run(github, 1, jobs=170)

    assert len(read(DEPLOY_JOBS).rows("workflow_jobs")) == 170
    assert asked_by_rest(github) == 0


def test_attempts_are_told_by_rest(github: Any, shop: Any, read: Callable[..., Any]) -> None:
    run(github, 1)
    run(github, 2, run_attempt=2)
    github.jobs[2].append({**github.jobs[2][0], "id": 9, "node_id": "CR_9", "run_attempt": 2})

    jobs = read(DEPLOY_JOBS).rows("workflow_jobs")

    assert sorted((job["run_id"], job["run_attempt"]) for job in jobs) == [(1, 1), (2, 1), (2, 2)]
    assert asked_by_rest(github) == 1


@pytest.mark.parametrize(
    "check",
    [
        {"externalId": ""},  # a check that a step of the workflow reported
        {"externalId": None},
        {"detailsUrl": "https://github.com/acme/shop/runs/7?check_suite_focus=true"},
        {"detailsUrl": None},
        {"detailsUrl": "https://github.com/acme/shop/actions/runs/77/job/5"},
        {"startedAt": None},
        {"status": "IN_PROGRESS", "conclusion": None},  # of a run that has ended
    ],
)
def test_a_run_of_which_graphql_leaves_doubt_is_told_by_rest(
    github: Any, shop: Any, read: Callable[..., Any], check: dict[str, Any]
) -> None:
    run(github, 1, jobs=2)
    run(github, 2)
    github.jobs[1][1]["check"] = check

    jobs = read(DEPLOY_JOBS).rows("workflow_jobs")

    assert len(jobs) == 3
    assert [what for what, _, _ in github.asked("/jobs")] == [
        "/repos/acme/shop/actions/runs/1/jobs"
    ]


def test_without_the_permission_for_checks_rest_tells_and_graphql_is_asked_once(
    github: Any, shop: Any, read: Callable[..., Any], answers: Any
) -> None:
    github.repository("api")
    for number in (1, 2):
        run(github, number)
        run(github, number + 10, repository="api")
    refusal = {"type": "FORBIDDEN", "path": ["nodes", 0], "message": "not accessible"}
    github.fail(
        "CheckSuites",
        *[answers.data({"data": {"nodes": [None, None]}, "errors": [refusal]})] * 2,
    )

    sync = read(DEPLOY_JOBS, concurrency=1)

    assert len(sync.rows("workflow_jobs")) == 4
    assert (len(github.asked("CheckSuites")), asked_by_rest(github)) == (1, 4)
    assert sync.status()["reason"] is None


def test_by_default_no_jobs_are_read_where_no_rule_looks_at_them(
    github: Any, shop: Any, read: Callable[..., Any]
) -> None:
    run(github, 1)
    run(github, 2, run_attempt=2)
    elsewhere = {"kind": "job", "repositories": ["acme/api"]}
    other = {"kind": "job", "connection": "gitlab"}
    tag = {"kind": "tag"}
    gitlab = [{"token": "env:TOKEN", "groups": ["acme"]}]

    sync = read({"deployment_rules": [elsewhere, other, tag], "gitlab": gitlab})

    assert len(sync.rows("workflow_runs")) == 2
    assert (len(github.asked("CheckSuites")), asked_by_rest(github)) == (0, 0)


def test_a_rule_about_jobs_takes_those_of_its_branches(
    github: Any, shop: Any, read: Callable[..., Any]
) -> None:
    run(github, 1)
    run(github, 2, head_branch="topic")
    run(github, 3, head_branch=None)

    sync = read({"deployment_rules": [{"kind": "job", "branch": "^main$"}]})

    assert sync.values("workflow_jobs", "run_id") == [1]


def test_a_rule_about_runs_takes_the_jobs_of_those_that_were_run_again(
    github: Any, shop: Any, read: Callable[..., Any]
) -> None:
    run(github, 1, name="deploy")
    run(github, 2, name="deploy", run_attempt=2)
    run(github, 3, name="lint", run_attempt=2)

    sync = read({"deployment_rules": [{"kind": "workflow_run", "name": "^deploy"}]})

    assert sync.values("workflow_jobs", "run_id") == [2]


def test_a_new_rule_brings_the_jobs_of_runs_that_were_read_without(
    github: Any, shop: Any, read: Callable[..., Any]
) -> None:
    run(github, 1, created_at="2026-01-05T00:00:00Z")
    assert read().rows("workflow_jobs") == []

    assert read(DEPLOY_JOBS).values("workflow_jobs", "run_id") == [1]
    assert read(DEPLOY_JOBS).rows("workflow_jobs") == []
