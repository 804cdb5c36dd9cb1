"""Requests that GitHub gets: of a first sync, a quiet hour, and one pull request changed."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from ingestion.github.commits import new_commits

pytestmark = pytest.mark.integration

REPOSITORIES = 101
PULLS = 20


@pytest.fixture
def company(github: Any) -> list[dict[str, Any]]:
    """Many small repositories with pull requests, commits, issues, releases and runs."""
    github.owner()
    return [small(github, number) for number in range(REPOSITORIES)]


def small(github: Any, number: int) -> dict[str, Any]:
    repository: dict[str, Any] = github.repository(f"r{number}", pushedAt="2026-02-01T08:00:00Z")
    sha = commit(github, repository, 0)
    for item in range(PULLS if number < 5 else 2):
        at = f"2026-02-01T{item:02}:00:00Z"
        pull = github.add(
            repository, "pullRequests", "PullRequest", number=item, state="OPEN", updatedAt=at
        )
        github.add(pull, "reviews", "PullRequestReview", state="APPROVED")
        github.add(pull, "comments", "IssueComment")
    github.add(
        repository, "issues", "Issue", number=900, state="OPEN", updatedAt="2026-02-01T00:00:00Z"
    )
    github.add(repository, "releases", "Release", tagName="v1", tagCommit={"oid": sha})
    github.add(repository, "labels", "Label", name="bug")
    github.runs[f"acme/r{number}"] = [
        {
            "id": number + 1,
            "node_id": f"WFR_{number}",
            "check_suite_node_id": f"CS_{number}",
            "head_sha": sha,
            "head_branch": "main",
            "status": "completed",
            "conclusion": "success",
            "created_at": "2026-02-01T08:00:05Z",
            "event": "push",
        }
    ]
    return repository


def commit(github: Any, repository: dict[str, Any], number: int, *parents: str) -> str:
    sha = f"{repository['name']}x{number}".encode().hex().ljust(40, "0")[:40]
    github.commit(repository, sha, *parents, date=f"2026-02-01T09:{number:02}:00Z")
    return sha


def names(github: Any) -> list[str]:
    return [what.rpartition(" ")[2].rpartition("/")[2] for what, _, _ in github.requests]


def test_a_quiet_hour_of_many_repositories_costs_a_request_for_fifty_of_them(
    github: Any, company: Any, read: Callable[..., Any], noon: datetime
) -> None:
    read(at=noon)
    second = read(at=noon + timedelta(hours=1))
    github.requests.clear()

    third = read(at=noon + timedelta(hours=2))

    # And one for teams.
    assert len(github.requests) <= math.ceil(REPOSITORIES / 50) + 1
    assert {row["status"] for row in third.rows("repository_syncs")} == {"skipped"}
    assert {row["status"] for row in second.rows("repository_syncs")} == {"skipped"}


def test_a_first_sync_costs_a_request_for_each_small_repository_and_one_for_its_runs(
    github: Any, company: Any, read: Callable[..., Any]
) -> None:
    sync = read()

    assert len(sync.rows("pull_requests")) == 5 * PULLS + (REPOSITORIES - 5) * 2
    assert len(sync.rows("issues")) == len(sync.rows("releases")) == REPOSITORIES
    assert names(github).count("FirstPages") == REPOSITORIES
    assert len(github.requests) == 2 * REPOSITORIES + math.ceil(REPOSITORIES / 50) + 1


def test_pull_requests_with_all_in_them_cost_a_request_for_twenty_five(
    github: Any, read: Callable[..., Any]
) -> None:
    github.owner()
    repository = github.repository()
    for number in range(250):
        at = f"2026-02-{1 + number // 24:02}T{number % 24:02}:00:00Z"
        pull = github.add(
            repository, "pullRequests", "PullRequest", number=number, state="OPEN", updatedAt=at
        )
        pull["commits"] = [{"commit": {"oid": f"{number:040}", "authoredDate": at}}] * 5
        for _ in range(3):
            review = github.add(pull, "reviews", "PullRequestReview", state="APPROVED")
            github.add(review, "comments", "PullRequestReviewComment")
            github.add(pull, "comments", "IssueComment")
        github.add(repository, "issues", "Issue", number=1000 + number, state="OPEN", updatedAt=at)
        head = f"{number:040x}"
        github.commit(repository, head, *([f"{number - 1:040x}"] if number else []), date=at)
        github.add(repository, "releases", "Release", tagName=f"v{number}", createdAt=at)
        github.add(
            repository, "deployments", "Deployment", commitOid=head, createdAt=at,
            state="INACTIVE",
        )  # fmt: skip

    sync = read()

    whole = ("pull_requests", "commits", "issues", "deployments", "releases")
    assert [len(sync.rows(table)) for table in whole] == [250] * 5
    lists = {"FirstPages", "PullRequests", "Issues", "Commits", "Deployments", "Releases"}
    asked = Counter(name for name in names(github) if name in lists)
    # As many as the longest list has pages, and the releases.
    assert asked == {"FirstPages": 3, "PullRequests": 7, "Releases": 2}


def test_next_pages_that_cannot_be_read_together_are_read_one_by_one(
    github: Any, read: Callable[..., Any], answers: Any
) -> None:
    long(github)
    refused = answers.data({"data": None, "errors": [{"message": "something went wrong"}]})
    github.fail("FirstPages", None, refused)

    sync = read()

    assert sync.status("acme/r1")["status"] == "succeeded"
    assert len(sync.rows("issues")) == len(sync.rows("deployments")) == 250
    asked = Counter(name for name in names(github) if name in ("Issues", "Deployments"))
    assert asked == {"Issues": 2, "Deployments": 2}


def test_what_is_older_than_the_history_is_not_asked_for_together(
    github: Any, read: Callable[..., Any]
) -> None:
    long(github, before="2020-01-01T00:00:00Z")

    sync = read()

    assert len(sync.rows("issues")) == len(sync.rows("deployments")) == 50
    assert names(github).count("FirstPages") == 1
    assert not {"Issues", "Deployments"} & set(names(github))


def long(github: Any, before: str | None = None) -> None:
    """A repository of 250 issues and deployments; all but 50 of a time `before` the history."""
    github.owner()
    repository = github.repository("r1")
    for number in range(250):
        at = f"2026-02-{1 + number // 24:02}T{number % 24:02}:00:00Z"
        at = before if before and number < 200 else at
        github.add(repository, "issues", "Issue", number=number, state="OPEN", updatedAt=at)
        github.add(
            repository, "deployments", "Deployment", commitOid=None, createdAt=at, state="INACTIVE"
        )


def test_a_merged_pull_request_costs_two_requests_more_and_three_with_jobs(
    github: Any, company: Any, read: Callable[..., Any], noon: datetime
) -> None:
    jobs = {"deployment_rules": [{"kind": "job", "repositories": ["acme/r7"]}]}
    for hours in range(2):
        read(jobs, at=noon + timedelta(hours=hours))
    repository = company[7]
    old = repository["defaultBranchRef"]["target"]["oid"]
    side = commit(github, repository, 1, old)
    merge = commit(github, repository, 2, old, side)
    repository["pullRequests"][1].update(state="MERGED", updatedAt="2026-03-01T13:30:00Z")
    repository["pushedAt"] = "2026-03-01T13:30:00Z"
    github.runs["acme/r7"].append(
        {
            **github.runs["acme/r7"][0],
            "id": 999,
            "check_suite_node_id": "CS_999",
            "head_sha": merge,
            "created_at": "2026-03-01T13:30:05Z",
        }
    )
    github.jobs[999] = [{"id": 5, "node_id": "CR_5", "name": "deploy", "conclusion": "success"}]
    github.requests.clear()

    sync = read(jobs, at=noon + timedelta(hours=2))

    assert sync.values("commits", "sha") == sorted([side, merge])
    assert sync.values("workflow_jobs", "database_id") == [5]
    lists = math.ceil(REPOSITORIES / 50) + 1
    assert names(github)[lists:] == ["FirstPages", "runs", "CheckSuites"]


def test_a_commented_pull_request_costs_two_requests_more(
    github: Any, company: Any, read: Callable[..., Any], noon: datetime
) -> None:
    for hours in range(2):
        read(at=noon + timedelta(hours=hours))
    company[7]["pullRequests"][1]["updatedAt"] = "2026-03-01T13:30:00Z"
    github.requests.clear()

    read(at=noon + timedelta(hours=2))

    assert names(github)[math.ceil(REPOSITORIES / 50) + 1 :] == ["PullRequests", "runs"]
    assert "if-none-match" in github.requests[-1][1]


def test_lists_that_cannot_be_asked_for_together_are_asked_for_one_by_one(
    github: Any, read: Callable[..., Any], answers: Any
) -> None:
    github.owner()
    small(github, 1)
    hidden = {"type": "FORBIDDEN", "path": ["node", "releases"], "message": "no access"}
    github.fail("FirstPages", answers.data({"data": {"node": {}}, "errors": [hidden]}))

    sync = read()

    assert sync.status("acme/r1")["status"] == "succeeded"
    assert sync.status("acme/r1")["reason"] is None
    assert len(sync.rows("pull_requests")) == PULLS
    assert len(sync.rows("releases")) == 1
    assert {"PullRequests", "Issues", "Releases", "Labels"} <= set(names(github))


def test_a_page_of_lists_that_is_too_much_for_github_is_asked_for_smaller(
    github: Any, read: Callable[..., Any], answers: Any
) -> None:
    github.owner()
    small(github, 1)
    github.fail("FirstPages", *[answers.status(502)] * 2)

    sync = read()

    sizes = [body["variables"]["pulls"] for _, _, body in github.asked("FirstPages")]
    assert sizes == [20, 10, 5]
    assert len(sync.rows("pull_requests")) == PULLS
    assert sync.status("acme/r1")["status"] == "succeeded"


def test_teams_of_many_requests_are_read_once_a_day(
    github: Any, read: Callable[..., Any], noon: datetime
) -> None:
    owner = github.owner()
    github.repository()
    for number in range(12):
        team = {
            "__typename": "Team", "id": f"T_{number}", "name": f"t{number}", "slug": f"t{number}",
            "members": [],
            "repositories": [
                {"permission": "READ", "node": {"__typename": "Repository", "id": f"R_{n}"}}
                for n in range(101)
            ],
        }  # fmt: skip
        owner["teams"].append(team)
        github.nodes[team["id"]] = team
    first = read(at=noon)
    github.requests.clear()
    second = read(at=noon + timedelta(hours=1))
    asked = len(github.asked("Team"))

    third = read(at=noon + timedelta(hours=24))
    full = read(at=noon + timedelta(hours=25), full=True)

    assert len(first.rows("team_repositories")) == 12 * 101
    assert (asked, second.rows("teams")) == (0, [])
    assert second.rows("organizations")[0]["teams_synced_at"] == noon
    assert len(third.rows("teams")) == len(full.rows("teams")) == 12


def node(oid: str, *parents: str) -> dict[str, Any]:
    return {"oid": oid, "parents": {"nodes": [{"oid": parent} for parent in parents]}}


@pytest.mark.parametrize(
    ("newest", "expected"),
    [
        ([node("c", "b"), node("b", "a"), node("a", "z")], ["c", "b"]),
        ([node("m", "a", "s"), node("s", "z"), node("a", "z"), node("z", "y")], ["m", "s"]),
        # The side branch began somewhere below the page.
        ([node("m", "a", "s"), node("s", "q"), node("a", "z"), node("z", "y")], None),
        # Forced away, or too far away.
        ([node("c", "b"), node("b", "z"), node("z", "y")], None),
        ([], None),
    ],
)
def test_what_a_head_gained_is_told_by_the_newest_commits_or_not_at_all(
    newest: list[dict[str, Any]], expected: list[str] | None
) -> None:
    head = newest[0]["oid"] if newest else "c"
    found = new_commits(newest, head, "a")

    assert (found if found is None else [one["oid"] for one in found]) == expected
