"""Faults on the way: survived, or recorded in one line without touching the rest."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from ingestion.http import Unauthorized
from tests.fixtures.gitlab_site import (
    ANN,
    FakeGitlab,
    GitlabWorld,
    cut,
    plain,
    refuse,
    sha,
)

pytestmark = pytest.mark.integration


@pytest.fixture
def shop(gitlab: FakeGitlab) -> dict[str, Any]:
    project = gitlab.project(10, "shop", last_activity_at="2026-02-04T00:00:00.000Z")
    gitlab.commit(10, sha("a"), at="2026-01-10T08:00:00.000Z")
    for n in range(3):
        gitlab.merge_request(10, 100 + n, n, f"2026-02-0{n + 1}T00:00:00.000Z")
    gitlab.issue(10, 200, 1, "2026-02-01T00:00:00.000Z")
    gitlab.pipeline(10, 300, "2026-02-01T00:00:00.000Z")
    gitlab.job(10, 400, 300)
    gitlab.deployment(10, 500, "2026-02-01T00:00:00.000Z")
    gitlab.project(11, "api")
    gitlab.merge_request(11, 110, 1, "2026-02-02T12:00:00.000Z")
    gitlab.deployment(11, 510, "2026-02-01T00:00:00.000Z")
    return project


WHERE = ["^/groups/1/merge_requests", "^/groups/1/projects", "/jobs", "/deployments", "/notes"]


@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize(
    "answer",
    [refuse(502), refuse(500), cut(), plain(200, "<html>busy</html>"), plain(503, "later")],
)
def test_an_answer_that_fails_is_asked_for_again(
    gitlab: FakeGitlab, gitlab_world: GitlabWorld, shop: Any, where: str, answer: Any
) -> None:
    gitlab.fail(where, answer)

    sync = gitlab_world.read()

    assert sync.report.failures == []
    assert sync.values("merge_requests", "id") == [100, 101, 102, 110]
    assert sync.values("deployments", "id") == [500, 510]
    assert sync.values("jobs", "id") == [400]


def test_a_burst_of_500_is_waited_out(
    gitlab: FakeGitlab, gitlab_world: GitlabWorld, shop: Any
) -> None:
    gitlab.fail("^/groups/1/merge_requests", refuse(500), times=4)

    assert gitlab_world.read(attempts=6).report.failures == []


@pytest.mark.parametrize(
    ("answer", "at_least", "at_most"),
    [
        (plain(429, "Retry later\n", Retry_After=90), 90, 100),
        # The limit of one endpoint: no header says how long.
        (refuse(429, {"error": "This endpoint has been requested too many times."}), 5, 20),
    ],
)
def test_a_limit_is_waited_for(
    gitlab: FakeGitlab,
    gitlab_world: GitlabWorld,
    shop: Any,
    answer: Any,
    at_least: int,
    at_most: int,
) -> None:
    gitlab.fail("^/groups/1/issues", answer)

    assert gitlab_world.read().values("issues", "id") == [200]
    assert at_least <= sum(gitlab_world.clock.slept) <= at_most


def test_an_exhausted_limit_rests_until_its_reset(
    gitlab: FakeGitlab, gitlab_world: GitlabWorld, shop: Any
) -> None:
    reset = int(gitlab_world.clock.now()) + 40
    gitlab.headers = {
        "RateLimit-Limit": "2000", "RateLimit-Remaining": "0", "RateLimit-Reset": str(reset)
    }  # fmt: skip

    assert gitlab_world.read().report.failures == []
    assert sum(gitlab_world.clock.slept) >= 39


def test_an_exhausted_token_gives_way_to_another(
    gitlab: FakeGitlab, gitlab_world: GitlabWorld, shop: Any
) -> None:
    gitlab.fail("^/groups/1/issues", plain(429, "Retry later", Retry_After=3000))

    gitlab_world.read(token="secret-one,secret-two")

    assert sum(gitlab_world.clock.slept) < 60


def test_a_list_that_is_refused_leaves_the_others_and_is_recorded(
    gitlab: FakeGitlab, gitlab_world: GitlabWorld, shop: Any
) -> None:
    """builds_access_level says that pipelines are on: the token lacks the right."""
    gitlab.fail("^/projects/10/(pipelines|jobs)", refuse(403, "403 Forbidden"), times=99)

    sync = gitlab_world.read()

    shop_, api = sync.status("acme/shop"), sync.status("acme/api")
    assert (shop_["status"], shop_["failed_resource"]) == ("failed", "pipelines")
    assert "403" in shop_["reason"]
    assert "\n" not in shop_["reason"]
    assert api["status"] == "succeeded"
    assert sync.values("deployments", "id") == [500, 510]
    assert len(sync.report.failures) == 1


def test_a_feature_that_is_switched_off_is_not_asked_for(
    gitlab: FakeGitlab, gitlab_world: GitlabWorld, shop: Any
) -> None:
    shop.update(builds_access_level="disabled", environments_access_level="disabled")

    sync = gitlab_world.read()

    assert sync.status("acme/shop")["status"] == "succeeded"
    assert gitlab.asked("^/projects/10/(pipelines|jobs|deployments|environments)") == []


@pytest.mark.parametrize("status", [403, 404])
def test_a_refusal_of_what_an_old_server_does_not_tell_is_nothing_there(
    gitlab: FakeGitlab, gitlab_world: GitlabWorld, shop: Any, status: int
) -> None:
    del shop["environments_access_level"]
    gitlab.fail("^/projects/10/(deployments|environments)", refuse(status), times=99)

    sync = gitlab_world.read()

    assert sync.status("acme/shop")["status"] == "succeeded"
    assert ("switched off" in (sync.status("acme/shop")["reason"] or "")) is (status == 403)
    assert sync.report.failures == []


def test_a_project_that_is_gone_since_it_was_listed_is_recorded(
    gitlab: FakeGitlab, gitlab_world: GitlabWorld, shop: Any
) -> None:
    gitlab.on_request = lambda path, query: (
        gitlab.projects.pop(10, None) if path.startswith("/projects/10/") else None
    )

    sync = gitlab_world.read()

    assert "gone" in sync.status("acme/shop")["reason"]
    assert sync.status("acme/api")["status"] == "succeeded"


def test_a_project_of_which_every_list_fails_never_stops_the_others(
    gitlab: FakeGitlab, gitlab_world: GitlabWorld, shop: Any
) -> None:
    gitlab.fail("^/projects/10", refuse(500), times=10_000)

    first = gitlab_world.read(attempts=2)
    gitlab.faults.clear()
    second = gitlab_world.read()

    assert first.status("acme/shop")["status"] == "failed"
    assert {"commits", "pipelines", "merge_requests"} <= set(
        first.status("acme/shop")["failed_resource"].replace(";", ",").replace(" ", "").split(",")
    )
    assert first.values("merge_requests", "id") == [110]
    assert first.values("deployments", "id") == [510]
    # Nothing was lost: what failed is read by the next sync, the rest is not read again.
    assert second.values("merge_requests", "id") == [100, 101, 102]
    assert second.values("deployments", "id") == [500]
    assert second.values("jobs", "id") == [400]
    assert second.report.failures == []


def test_one_merge_request_that_always_fails_does_not_hold_up_its_project(
    gitlab: FakeGitlab, gitlab_world: GitlabWorld, shop: Any
) -> None:
    gitlab.fail("/merge_requests/1/notes", refuse(500), times=10_000)

    first = gitlab_world.read(attempts=2, include=["shop"])
    assert first.values("merge_requests", "id") == [100, 102]
    assert first.status("acme/shop")["failed_resource"] == "merge_requests"
    for _ in range(4):
        assert gitlab_world.read(attempts=2, include=["shop"]).report.failures != []
    gitlab.requests.clear()
    # Given up, until it changes.
    assert gitlab_world.read(attempts=2, include=["shop"]).report.failures == []
    assert gitlab.asked("/merge_requests/1") == []
    gitlab.faults.clear()
    gitlab.data[10, "merge_requests"][1]["updated_at"] = "2026-02-20T00:00:00.000Z"
    assert gitlab_world.read(include=["shop"]).values("merge_requests", "id") == [101]


def test_a_group_too_large_for_its_server_is_read_project_by_project(
    gitlab: FakeGitlab, gitlab_world: GitlabWorld, shop: Any
) -> None:
    gitlab.fail("^/groups/1/merge_requests", refuse(504), times=10_000)

    first = gitlab_world.read(attempts=2)
    gitlab.merge_request(11, 111, 2, "2026-02-20T00:00:00.000Z")
    second = gitlab_world.read(attempts=2)

    assert first.values("merge_requests", "id") == [100, 101, 102, 110]
    assert first.values("issues", "id") == [200]
    assert second.values("merge_requests", "id") == [111]
    assert first.report.failures == second.report.failures == []


def test_a_merge_request_deleted_meanwhile_is_taken_as_it_was_listed(
    gitlab: FakeGitlab, gitlab_world: GitlabWorld, shop: Any
) -> None:
    gitlab.fail("/merge_requests/1/", refuse(404), times=3)

    sync = gitlab_world.read(include=["shop"])

    assert sync.values("merge_requests", "id") == [100, 101, 102]
    assert sync.report.failures == []


def test_approvals_without_an_answer_are_told_by_the_notes(
    gitlab: FakeGitlab, gitlab_world: GitlabWorld, shop: Any
) -> None:
    gitlab.parts[100, "notes"] = [
        {"id": 1, "system": True, "body": "approved this merge request", "author": ANN,
         "created_at": "2026-02-01T00:00:00.000Z", "type": None},
    ]  # fmt: skip
    gitlab.fail("/approvals", refuse(403), times=99)

    sync = gitlab_world.read()

    (approval,) = sync.rows("merge_request_approvals")
    assert approval["approved_at"].isoformat() == "2026-02-01T00:00:00+00:00"
    assert [n["action"] for n in sync.rows("merge_request_notes")] == ["approved"]


def test_members_that_may_not_be_read_are_noted_and_never_counted_as_none(
    gitlab: FakeGitlab, gitlab_world: GitlabWorld, shop: Any
) -> None:
    first = gitlab_world.read()
    gitlab.fail("^/groups/1/members", refuse(403), times=99)
    second = gitlab_world.read()

    told = [sync.rows("groups")[0]["members_synced_at"] for sync in (first, second)]
    assert told[0] is not None
    assert told[0] == told[1]
    assert second.status("acme")["failed_resource"] == "group_members"
    assert second.report.failures == []


def test_a_group_that_does_not_exist_is_recorded_and_the_others_go_on(
    gitlab: FakeGitlab, gitlab_world: GitlabWorld, shop: Any
) -> None:
    sync = gitlab_world.read(groups=["nobody", "acme"])

    assert [(f.repository, f.resource) for f in sync.report.failures] == [("nobody", "projects")]
    assert "there is no group" in sync.status("nobody")["reason"]
    assert len(sync.rows("merge_requests")) == 4


def test_sizes_too_much_for_the_server_are_left_out_and_no_commit_is_lost(
    gitlab: FakeGitlab, gitlab_world: GitlabWorld, shop: Any
) -> None:
    gitlab.fail("with_stats=true", refuse(500), times=99)
    gitlab.on_request = lambda path, query: (
        gitlab.commits[10][sha("a")].pop("stats", None) if "with_stats" not in query else None
    )

    sync = gitlab_world.read(attempts=2, include=["shop"])

    (commit,) = sync.rows("commits")
    assert commit["additions"] is None
    assert sync.status("acme/shop")["status"] == "succeeded"
    assert "sizes" in sync.status("acme/shop")["reason"]


def test_a_wrong_token_stops_the_sync(
    gitlab: FakeGitlab, gitlab_world: GitlabWorld, shop: Any
) -> None:
    with pytest.raises(Unauthorized, match="the token was refused") as caught:
        gitlab_world.read(token="wrong-secret")

    assert "wrong-secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_server_that_repeats_the_token_does_not_get_it_into_messages(
    gitlab: FakeGitlab, gitlab_world: GitlabWorld, shop: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    gitlab.fail("^/projects/10/deployments", refuse(403, "token secret-one may not"), times=99)

    sync = gitlab_world.read()

    assert sync.status("acme/shop")["failed_resource"] == "deployments"
    assert "secret-one" not in sync.status("acme/shop")["reason"]
    assert "secret-one" not in caplog.text


def test_a_wrong_parameter_would_be_refused(gitlab: FakeGitlab, shop: Any) -> None:
    """The server of these tests minds what GitLab minds: deployments ordered and cut alike."""
    status, body, _ = gitlab.answer("/projects/10/deployments", {"updated_after": "2026"})

    assert (status, "paired" in body["message"]) == (400, True)
