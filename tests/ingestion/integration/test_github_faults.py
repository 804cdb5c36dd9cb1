"""Faults on the way: survived, or recorded in one line without touching the rest."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest

from ingestion.http import Unauthorized

pytestmark = pytest.mark.integration

A, B = "a" * 40, "b" * 40
Read = Callable[..., Any]


@pytest.fixture
def shop(github: Any) -> dict[str, Any]:
    github.owner()
    repository: dict[str, Any] = github.repository()
    github.commit(repository, A, date="2026-01-10T08:00:00Z")
    for n in range(30):
        github.add(
            repository, "pullRequests", "PullRequest", number=n, state="OPEN",
            updatedAt=f"2026-02-{1 + n % 28:02}T00:00:00Z",
        )  # fmt: skip
    return repository


def test_a_502_then_a_good_reply_loses_nothing_and_shrinks_the_page(
    github: Any, shop: Any, read: Read, answers: Any
) -> None:
    github.fail("PullRequests", answers.status(502), answers.status(504))

    sync = read()

    assert len(sync.rows("pull_requests")) == 30
    sizes = [body["variables"]["first"] for _, _, body in github.asked("PullRequests")]
    assert sizes[:3] == [25, 12, 6]


@pytest.mark.parametrize("kind", ["truncated", "html"])
@pytest.mark.parametrize("where", ["PullRequests", "actions/runs"])
def test_an_unreadable_reply_is_asked_for_again(
    github: Any, shop: Any, read: Read, answers: Any, kind: str, where: str
) -> None:
    github.fail(where, getattr(answers, kind)())

    sync = read()

    assert sync.report.failures == []
    assert len(sync.rows("pull_requests")) == 30


def test_a_page_that_never_comes_fails_its_repository_alone_and_keeps_its_cursor(
    github: Any, shop: Any, read: Read, answers: Any
) -> None:
    other = github.repository("api")
    github.add(other, "issues", "Issue", number=1, state="OPEN", updatedAt="2026-02-01T00:00:00Z")
    real = github.execute

    def refuse(body: dict[str, Any]) -> dict[str, Any]:
        if body["operationName"] == "PullRequests" and body["variables"]["repository"] == "R_shop":
            return {
                "data": None,
                "errors": [{"message": "Something went wrong while executing your query."}],
            }
        found: dict[str, Any] = real(body)
        return found

    github.execute = refuse
    sync = read(attempts=2)

    assert [f.repository for f in sync.report.failures] == ["acme/shop"]
    assert sync.status()["status"] == "failed"
    assert sync.status()["failed_resource"] == "pull_requests"
    assert "\n" not in sync.status()["reason"]
    assert sync.status("acme/api")["status"] == "succeeded"
    github.execute = real
    assert len(read().rows("pull_requests")) == 30


def test_a_page_that_fails_in_the_middle_is_read_again_from_the_start(
    github: Any, shop: Any, read: Read, answers: Any
) -> None:
    def refuse_the_second_page(what: str, body: Any) -> None:
        if "PullRequests" in what and body["variables"]["after"]:
            github.fail(
                "PullRequests",
                answers.data(
                    {"data": {"node": None}, "errors": [{"message": "boom", "path": ["node"]}]}
                ),
            )

    github.on_request = refuse_the_second_page
    first = read()
    github.on_request = None

    assert first.status()["status"] == "failed"
    assert len(first.rows("pull_requests")) == 25
    assert len(read().rows("pull_requests")) == 30


def test_a_wrong_token_stops_the_sync(github: Any, shop: Any, read: Read) -> None:
    with pytest.raises(Unauthorized, match="the token was refused") as caught:
        read(environ={"TOKEN": "wrong-secret"})

    assert "wrong-secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_single_spurious_401_is_survived(
    github: Any, shop: Any, read: Read, answers: Any
) -> None:
    github.fail("PullRequests", answers.status(401, "Bad credentials"))

    assert read().report.failures == []


def test_a_server_that_repeats_the_token_does_not_get_it_into_messages(
    github: Any, shop: Any, read: Read, answers: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    github.fail("actions/runs", answers.status(403, "token secret-one may not"))

    sync = read()

    assert sync.status()["failed_resource"] == "workflow_runs"
    assert "secret-one" not in sync.status()["reason"]
    assert "secret-one" not in caplog.text


def test_a_missing_permission_on_one_list_leaves_the_others(
    github: Any, shop: Any, read: Read, answers: Any
) -> None:
    github.add(shop, "labels", "Label", name="bug")
    github.unreadable[("R_shop", "issues")] = "FORBIDDEN"
    github.fail("actions/runs", answers.status(403, "Resource not accessible"))

    sync = read()

    assert len(sync.rows("labels")) == 1
    assert len(sync.rows("pull_requests")) == 30
    assert sync.status()["status"] == "failed"


def test_an_unreadable_field_is_survived_and_noted(github: Any, shop: Any, read: Read) -> None:
    first = shop["pullRequests"][0]
    github.unreadable[(first["id"], "closingIssuesReferences")] = "FORBIDDEN"

    sync = read()

    assert len(sync.rows("pull_requests")) == 30
    assert sync.status()["status"] == "succeeded"
    assert "closingIssuesReferences" in sync.status()["reason"]


def test_an_owner_that_does_not_exist_is_recorded_and_the_others_go_on(
    github: Any, shop: Any, read: Read
) -> None:
    sync = read(owners=["nobody", "acme"])

    assert [(f.repository, f.resource) for f in sync.report.failures] == [
        ("nobody", "repositories")
    ]
    assert sync.status("nobody")["status"] == "failed"
    assert len(sync.rows("pull_requests")) == 30


def test_teams_that_may_not_be_read_are_noted_and_never_counted_as_empty(
    github: Any, shop: Any, read: Read
) -> None:
    first = read()
    github.unreadable[("O_acme", "teams")] = "INSUFFICIENT_SCOPES"
    second = read()

    assert first.rows("organizations")[0]["teams_synced_at"] is not None
    # The last time that they were read stays.
    assert (
        second.rows("organizations")[0]["teams_synced_at"]
        == first.rows("organizations")[0]["teams_synced_at"]
    )
    assert second.status("acme")["failed_resource"] == "teams"
    assert second.report.failures == []


def test_a_user_can_be_an_owner(github: Any, read: Read) -> None:
    github.owner("ann", "User")
    github.repository("dotfiles", "ann")

    sync = read(owners=["Ann"])

    assert [(o["login"], o["type"]) for o in sync.rows("organizations")] == [("ann", "User")]
    assert sync.values("repositories", "full_name") == ["ann/dotfiles"]


def test_globs_choose_the_repositories(github: Any, read: Read) -> None:
    github.owner()
    for name in ("shop", "shop-archive", "api", "docs"):
        github.repository(name)

    sync = read(include=["shop*", "acme/api"], exclude=["*-archive"])

    assert sync.values("repositories", "name") == ["api", "shop"]


def test_a_secondary_limit_is_waited_for(
    github: Any, shop: Any, read: Read, answers: Any, clock: Any
) -> None:
    github.fail(
        "PullRequests",
        answers.status(403, "You have exceeded a secondary rate limit", retry_after=90),
    )

    assert len(read().rows("pull_requests")) == 30
    assert sum(clock.slept) >= 90


def test_a_graphql_limit_in_a_good_reply_is_waited_for(
    github: Any, shop: Any, read: Read, answers: Any, clock: Any
) -> None:
    refusal = {"errors": [{"type": "RATE_LIMITED", "message": "API rate limit exceeded"}]}
    reset = int(clock.now()) + 600
    github.fail(
        "PullRequests",
        answers.data(refusal, **{"x-ratelimit-remaining": 0, "x-ratelimit-reset": reset}),
    )

    assert len(read().rows("pull_requests")) == 30
    assert sum(clock.slept) >= 599


def test_an_exhausted_token_gives_way_to_another(
    github: Any, shop: Any, read: Read, answers: Any, clock: Any
) -> None:
    reset = int(clock.now()) + 3000
    github.fail(
        "PullRequests",
        answers.status(
            403,
            "API rate limit exceeded",
            **{
                "x-ratelimit-remaining": 0,
                "x-ratelimit-reset": reset,
                "x-ratelimit-resource": "graphql",
            },
        ),
    )

    sync = read(environ={"TOKEN": "secret-one,secret-two"})

    assert len(sync.rows("pull_requests")) == 30
    assert sum(clock.slept) < 60


def test_every_request_says_who_asks_and_in_which_version(
    github: Any, shop: Any, read: Read
) -> None:
    read()

    for what, headers, _ in github.requests:
        assert headers["user-agent"].startswith("sei/")
        assert headers["x-github-api-version"] == "2022-11-28"
        if what.startswith("/graphql"):
            assert headers["x-github-next-global-id"] == "1"


def test_progress_is_told(github: Any, shop: Any, read: Read) -> None:
    told: list[Any] = []

    read(progress=told.append)

    last = told[-1]
    assert (last.repositories_done, last.repositories_total) == (1, 1)
    assert last.rows > 30
    assert last.requests == len(github.requests)
    assert last.remaining["graphql"] <= 4999
