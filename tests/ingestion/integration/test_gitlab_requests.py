"""What a sync costs in requests, and that nothing is missed for the sake of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.fixtures.gitlab_site import ANN, FakeGitlab, GitlabWorld, plain, refuse, sha

pytestmark = pytest.mark.integration

BY_JOB = {"id": 400, "status": "success", "pipeline": {"id": 300}}


@pytest.fixture
def shop(gitlab: FakeGitlab) -> dict[str, Any]:
    """A project deployed by its pipelines, and one whose activity is later: the first settles."""
    project = gitlab.project(10, "shop")
    gitlab.commit(10, sha("a"), at="2026-01-10T08:00:00.000Z")
    gitlab.merge_request(10, 100, 1, "2026-01-11T09:00:00.000Z")
    gitlab.pipeline(10, 300, "2026-01-11T09:10:00.000Z")
    gitlab.job(10, 400, 300)
    gitlab.deployment(10, 500, "2026-01-11T10:05:00.000Z", deployable=BY_JOB)
    gitlab.project(11, "busy", last_activity_at="2026-02-01T02:00:00.000Z", archived=True)
    return project


@pytest.fixture
def settled(gitlab: FakeGitlab, gitlab_world: GitlabWorld, shop: Any) -> GitlabWorld:
    """That GitLab, read until nothing is left to be looked at."""
    gitlab_world.read()
    gitlab_world.read()
    gitlab.requests.clear()
    return gitlab_world


def of_projects(gitlab: FakeGitlab) -> list[str]:
    """What was asked of single projects."""
    return [target.partition("?")[0] for target, _, _ in gitlab.asked("^/projects/")]


def test_five_hundred_unchanged_projects_cost_thirty_requests_at_most(
    gitlab: FakeGitlab, gitlab_world: GitlabWorld
) -> None:
    for number in range(2, 32):
        gitlab.group(number, f"acme/team-{number}", 1)
    off = {f"{name}_access_level": "disabled" for name in ("repository", "releases")}
    for number in range(500):
        has_environments = "disabled" if number % 10 else "enabled"
        more = {**off, "environments_access_level": has_environments}
        gitlab.project(1000 + number, f"p{number}", 2 + number % 30, **more)
        gitlab.pipeline(1000 + number, number + 1, "2026-01-11T09:10:00.000Z")
    gitlab.project(11, "busy", last_activity_at="2026-02-01T02:00:00.000Z", archived=True)
    gitlab_world.read(jobs=False)
    gitlab.requests.clear()

    second = gitlab_world.read(jobs=False)

    # The archived one is looked at once more: nothing is newer than its activity.
    assert set(of_projects(gitlab)) <= {f"/projects/11/{name}" for name in (
        "deployments", "environments", "labels", "pipelines", "releases", "repository/tags",
        "repository/branches/main")}  # fmt: skip
    assert len(gitlab.requests) <= 30
    assert (second.report.repositories, second.report.skipped) == (501, 501)


def test_a_merge_request_that_changed_costs_three_requests_more(
    gitlab: FakeGitlab, settled: GitlabWorld
) -> None:
    settled.read()
    unchanged = len(gitlab.requests)
    gitlab.requests.clear()
    # A note moves no activity of the project.
    gitlab.data[10, "merge_requests"][0]["updated_at"] = "2026-03-01T17:00:00.000Z"
    note = {"id": 9, "author": ANN, "body": "Fine", "created_at": "2026-03-01T17:00:00.000Z"}
    gitlab.parts[100, "notes"] = [note]

    changed = settled.read()

    assert len(gitlab.requests) - unchanged == 3
    assert changed.values("merge_request_notes", "id") == [9]


def test_a_pipeline_that_runs_in_a_quiet_project_is_found(
    gitlab: FakeGitlab, settled: GitlabWorld
) -> None:
    at = "2026-02-20T03:00:00.000Z"
    gitlab.pipeline(10, 301, at, source="schedule")
    gitlab.job(10, 401, 301)
    gitlab.deployment(10, 501, at, deployable={**BY_JOB, "id": 401})

    found = settled.read()

    assert found.values("pipelines", "id") == [301]
    assert found.values("deployments", "id") == [501]


def test_an_old_pipeline_that_is_retried_is_found(gitlab: FakeGitlab, settled: GitlabWorld) -> None:
    """It changes deep in the list; newer ones stay as they are."""
    gitlab.data[10, "pipelines"][0]["updated_at"] = "2026-02-20T03:00:00.000Z"
    gitlab.job(10, 450, 300)

    assert settled.read().values("jobs", "id") == [400, 450]


def test_a_child_pipeline_that_changes_alone_is_found(
    gitlab: FakeGitlab, settled: GitlabWorld
) -> None:
    gitlab.pipeline(10, 310, "2026-02-20T03:00:00.000Z", source="parent_pipeline")
    gitlab.data[10, "pipelines"][0]["updated_at"] = "2026-02-20T03:00:00.000Z"
    assert settled.read().values("pipelines", "id") == [300, 310]
    settled.read()
    gitlab.data[10, "pipelines"][1]["updated_at"] = "2026-03-01T18:00:00.000Z"

    assert settled.read().values("pipelines", "id") == [310]


def test_more_changes_than_are_shown_are_read(gitlab: FakeGitlab, settled: GitlabWorld) -> None:
    """The one that was retried has an older number than all that are shown."""
    gitlab.data[10, "pipelines"][0]["updated_at"] = "2026-02-20T03:00:00.000Z"
    for number in range(301, 326):
        gitlab.pipeline(10, number, "2026-02-20T03:00:00.000Z")
    settled.read()
    gitlab.data[10, "pipelines"][0]["updated_at"] = "2026-02-20T03:05:00.000Z"

    assert settled.read().values("pipelines", "id") == [300]


def test_deployments_recorded_through_the_api_are_asked_for_every_time(
    gitlab: FakeGitlab, settled: GitlabWorld
) -> None:
    """No pipeline and no activity tells of them."""
    gitlab.data[10, "pipelines"][0]["updated_at"] = "2026-02-20T03:00:00.000Z"
    gitlab.deployment(10, 501, "2026-02-20T03:00:00.000Z", created_at="2026-02-20T03:00:00.000Z")
    assert settled.read().values("deployments", "id") == [501]
    for _ in range(2):
        settled.read()
    gitlab.deployment(10, 502, "2026-03-01T20:00:00.000Z")

    found = settled.read()

    assert found.values("deployments", "id") == [502]


def test_the_first_of_them_is_found_within_a_week(gitlab: FakeGitlab, settled: GitlabWorld) -> None:
    gitlab.deployment(10, 501, "2026-02-20T03:00:00.000Z")
    assert settled.read().rows("deployments") == []

    found = settled.read(at=settled.noon + timedelta(days=7))

    assert found.values("deployments", "id") == [501]


@pytest.mark.parametrize("jobs", [True, False])
def test_a_server_without_graphql_is_asked_project_by_project(
    gitlab: FakeGitlab, settled: GitlabWorld, jobs: bool
) -> None:
    gitlab.has_graphql = False
    gitlab.pipeline(10, 301, "2026-02-20T03:00:00.000Z")

    found = settled.read(jobs=jobs)

    assert found.values("pipelines", "id") == [301]
    assert found.report.failures == []


@pytest.mark.parametrize(
    "answer",
    [
        refuse(403),
        refuse(401),
        plain(200, "<html>"),
        lambda handler: handler.send(200, {"errors": [{"message": "Field 'x' doesn't exist"}]}),
        lambda handler: handler.send(200, {"data": {"projects": None}}),
        lambda handler: handler.send(200, {"data": {"projects": {"nodes": [
            {"id": "gid://gitlab/Project/10", "pipelines": None, "children": None}]}}}),
    ],
)  # fmt: skip
def test_a_project_that_graphql_does_not_speak_for_is_asked_as_before(
    gitlab: FakeGitlab, settled: GitlabWorld, answer: Any
) -> None:
    gitlab.fail("graphql", answer, times=10)
    gitlab.pipeline(10, 301, "2026-02-20T03:00:00.000Z")

    found = settled.read()

    assert found.values("pipelines", "id") == [301]
    assert found.report.failures == []


@pytest.mark.parametrize(
    "answer",
    [
        plain(502, "Whoops"),
        lambda handler: handler.send(200, {"errors": [{"message": "Timeout on Query.projects"}]}),
        lambda handler: handler.send(200, {"errors": [{"message":
            "Query has complexity of 300, which exceeds max complexity of 250"}]}),
    ],
)  # fmt: skip
def test_too_many_projects_for_one_query_are_asked_in_smaller_ones(
    gitlab: FakeGitlab, settled: GitlabWorld, answer: Any
) -> None:
    gitlab.fail("graphql", answer)

    settled.read()

    assert len(gitlab.asked("graphql")) == 2
    assert of_projects(gitlab) == []


def test_members_of_many_groups_are_read_once_a_day(
    gitlab: FakeGitlab, gitlab_world: GitlabWorld
) -> None:
    for number in range(2, 8):
        gitlab.group(number, f"acme/team-{number}", 1)
    gitlab_world.read()
    gitlab.group(8, "acme/new", 1)
    gitlab.requests.clear()

    second = gitlab_world.read()

    assert [target.partition("?")[0] for target, _, _ in gitlab.asked("/members")] == [
        "/groups/8/members"
    ]
    read_at = {g["id"]: g["members_synced_at"] for g in second.rows("groups")}
    assert read_at[1] == gitlab_world.noon + timedelta(hours=2)
    gitlab.requests.clear()
    gitlab_world.read(at=gitlab_world.noon + timedelta(days=1))
    assert len(gitlab.asked("/members")) == 8
