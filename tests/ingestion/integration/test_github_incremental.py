"""What a second sync asks for and hands over, list by list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

pytestmark = pytest.mark.integration

A, B, C, D, E = (letter * 40 for letter in "abcde")


@pytest.fixture
def shop(github: Any) -> dict[str, Any]:
    github.owner()
    repository: dict[str, Any] = github.repository()
    github.commit(repository, A, date="2026-01-10T08:00:00Z")
    return repository


def pull(github: Any, shop: dict[str, Any], number: int, updated: str, **more: Any) -> Any:
    return github.add(
        shop, "pullRequests", "PullRequest", number=number, state="OPEN", updatedAt=updated, **more
    )


def run(id_: int, created: str, **more: Any) -> dict[str, Any]:
    return {
        "id": id_,
        "node_id": f"run-{id_}",
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


def job(id_: int, run_id: int, attempt: int = 1) -> dict[str, Any]:
    return {"id": id_, "node_id": f"j-{id_}", "run_id": run_id, "run_attempt": attempt, "name": "x"}


def test_a_repository_whose_runs_were_new_is_looked_at_once_more_with_a_conditional_request(
    github: Any, shop: dict[str, Any], read: Callable[..., Any]
) -> None:
    pull(github, shop, 1, "2026-02-01T00:00:00Z")
    github.runs["acme/shop"] = [run(1, "2026-02-01T00:00:00Z")]
    assert read().status()["status"] == "succeeded"
    github.requests.clear()

    second = read()

    assert second.status()["status"] == "skipped"
    asked = [what for what, _, _ in github.requests]
    assert asked == ["/graphql Repositories", "/graphql Teams", "/repos/acme/shop/actions/runs"]
    assert "if-none-match" in github.requests[-1][1]
    assert len(second.rows("repositories")) == 1


def test_pull_requests_are_read_down_to_the_last_change_seen(
    github: Any, shop: dict[str, Any], read: Callable[..., Any]
) -> None:
    for day in range(1, 29):
        for hour in range(3):
            pull(github, shop, day * 10 + hour, f"2026-02-{day:02}T{hour:02}:00:00Z")
    assert len(read().rows("pull_requests")) == 84
    pull(github, shop, 999, "2026-02-28T12:00:00Z")
    github.requests.clear()

    second = read()

    # The new one, and the newest of before: it is within the overlap.
    assert second.values("pull_requests", "number") == [282, 999]
    assert len(github.asked("PullRequests")) == 1


def test_pull_requests_last_changed_before_the_history_are_left_out(
    github: Any, shop: dict[str, Any], read: Callable[..., Any]
) -> None:
    pull(github, shop, 1, "2025-12-31T23:59:59Z")
    pull(github, shop, 2, "2026-01-01T00:00:00Z")

    assert read().values("pull_requests", "number") == [2]


def test_an_earlier_start_of_the_history_reads_what_is_older(
    github: Any, shop: dict[str, Any], read: Callable[..., Any]
) -> None:
    pull(github, shop, 1, "2025-06-01T00:00:00Z")
    assert read().values("pull_requests", "number") == []

    assert read({"history": {"since": "2025-01-01"}}).values("pull_requests", "number") == [1]


def test_what_changes_while_pages_are_turned_comes_once_now_or_next_time(
    github: Any, shop: dict[str, Any], read: Callable[..., Any]
) -> None:
    pulls = [
        pull(github, shop, n, f"2026-02-{1 + n // 24:02}T{n % 24:02}:00:00Z") for n in range(60)
    ]

    def change_the_oldest(what: str, body: Any) -> None:
        if "PullRequests" in what and body["variables"]["after"]:
            pulls[0]["updatedAt"] = "2026-02-20T00:00:00Z"

    github.on_request = change_the_oldest
    first = read()
    github.on_request = None
    second = read()

    numbers = first.values("pull_requests", "number")
    assert len(numbers) == len(set(numbers))
    assert {*numbers, *second.values("pull_requests", "number")} == set(range(60))
    assert 0 in second.values("pull_requests", "number")


def test_long_lists_inside_a_pull_request_are_read_to_their_ends(
    github: Any, shop: dict[str, Any], read: Callable[..., Any]
) -> None:
    long = pull(
        github, shop, 1, "2026-02-01T00:00:00Z", labels=[{"name": f"l{n}"} for n in range(130)]
    )
    long["commits"] = [
        {"commit": {"oid": f"{n:040}", "authoredDate": "2026-01-10T08:00:00Z"}} for n in range(260)
    ]
    for _ in range(70):
        github.add(long, "comments", "IssueComment")
    for _ in range(25):
        github.add(long, "timelineItems", "ConvertToDraftEvent")
    for n in range(65):
        review = github.add(long, "reviews", "PullRequestReview", state="COMMENTED")
        for _ in range(130 if n in (0, 64) else 1):
            github.add(review, "comments", "PullRequestReviewComment")

    sync = read()

    assert len(sync.rows("pull_requests")[0]["labels"]) == 130
    commits = sync.rows("pull_request_commits")
    assert [c["position"] for c in commits] == list(range(1, 261))
    assert [c["sha"] for c in commits] == [f"{n:040}" for n in range(260)]
    assert len(sync.rows("issue_comments")) == 70
    assert len(sync.rows("pull_request_events")) == 25
    assert len(sync.rows("pull_request_reviews")) == 65
    assert len(sync.rows("pull_request_review_comments")) == 63 + 2 * 130
    # 260 commits: 50 with the pull request, then 100, 100 and 10, together with all other lists.
    assert len(github.asked("PullRequestLists")) == 3


def test_long_lists_of_several_pull_requests_are_read_together(
    github: Any, shop: dict[str, Any], read: Callable[..., Any]
) -> None:
    for number in range(7):
        long = pull(github, shop, number, f"2026-02-0{number + 1}T00:00:00Z")
        for _ in range(60 + 30 * number):  # 60 to 240, 50 of them come with the pull request
            github.add(long, "comments", "IssueComment")
        if number == 3:
            for _ in range(70):
                github.add(long, "reviews", "PullRequestReview", state="COMMENTED")

    sync = read()

    found = Counter(row["pull_request_id"] for row in sync.rows("issue_comments"))
    assert sorted(found.values()) == [60 + 30 * number for number in range(7)]
    assert len(sync.rows("pull_request_reviews")) == 70
    # Five at a time where the same lists go on: the newest, those that are left, once more where
    # more than 150 are, and the one with reviews alone.
    asked = [what for what, _, _ in github.asked("PullRequestLists")]
    assert len(asked) <= 5
    assert any("Together" in what for what in asked)


def test_what_can_not_be_read_together_is_read_one_by_one(
    github: Any, shop: dict[str, Any], read: Callable[..., Any]
) -> None:
    for number in range(3):
        long = pull(github, shop, number, f"2026-02-0{number + 1}T00:00:00Z")
        for _ in range(60):
            github.add(long, "comments", "IssueComment")
    together: list[str] = []

    def hide_one(what: str, body: Any) -> None:
        if "Together" in what:
            together.append(what)
            body["variables"]["id_1"] = "gone"

    github.on_request = hide_one
    sync = read()

    assert len(together) == 1
    assert len(sync.rows("issue_comments")) == 180
    assert len(github.asked("PullRequestLists")) == 1 + 3


def test_new_commits_are_those_the_old_head_lacks_however_old_they_are(
    github: Any, shop: dict[str, Any], read: Callable[..., Any]
) -> None:
    read()
    github.commit(shop, B, date="2025-11-01T08:00:00Z", head=False)  # written before the history
    github.commit(shop, C, A, B, date="2026-02-01T08:00:00Z", additions=5)
    github.requests.clear()

    commits = read().rows("commits")

    assert {(c["sha"], c["additions"], c["is_on_default_branch"]) for c in commits} == {
        (B, 0, True),
        (C, 5, True),
    }
    assert next(c for c in commits if c["sha"] == C)["parent_shas"] == [A, B]
    assert len(github.asked("compare")) == 1
    # The old one is not among those since the start of the history: only a comparison finds it.
    assert [what for what, _, _ in github.asked("Commits")] == [
        "/graphql Commits",
        "/graphql CommitsById",
    ]


def test_a_forced_push_takes_its_commits_off_the_default_branch(
    github: Any, shop: dict[str, Any], read: Callable[..., Any]
) -> None:
    github.commit(shop, B, A, date="2026-01-11T08:00:00Z")
    read()
    github.commit(shop, C, A, date="2026-01-12T08:00:00Z")

    commits = read().rows("commits")

    assert {c["sha"]: c["is_on_default_branch"] for c in commits} == {B: False, C: True}


def test_a_head_that_is_gone_falls_back_to_the_history(
    github: Any, shop: dict[str, Any], read: Callable[..., Any]
) -> None:
    read()
    del shop["commits"][A]
    github.commit(shop, B, date="2026-01-12T08:00:00Z")

    assert read().values("commits", "sha") == [B]


def test_commits_of_a_release_branch_are_loaded_as_not_on_the_default_branch(
    github: Any, shop: dict[str, Any], read: Callable[..., Any]
) -> None:
    github.commit(shop, B, A, date="2026-01-11T08:00:00Z", head=False)
    github.commit(shop, C, B, date="2026-01-12T08:00:00Z", head=False)
    github.add(
        shop, "deployments", "Deployment", commitOid=C, state="ACTIVE",
        createdAt="2026-01-12T09:00:00Z",
    )  # fmt: skip

    commits = read().rows("commits")

    assert {c["sha"]: c["is_on_default_branch"] for c in commits} == {A: True, B: False, C: False}


def test_a_deployed_branch_that_shares_nothing_is_walked_only_as_far_as_unknown(
    github: Any, shop: dict[str, Any], read: Callable[..., Any]
) -> None:
    deploy = {"state": "INACTIVE", "environment": "github-pages"}
    github.commit(shop, B, date="2026-01-11T08:00:00Z", head=False)
    github.add(
        shop, "deployments", "Deployment", commitOid=B, createdAt="2026-01-11T09:00:00Z", **deploy
    )
    assert read().values("commits", "sha") == [A, B]
    github.commit(shop, C, B, date="2026-01-13T08:00:00Z", head=False)
    github.add(
        shop, "deployments", "Deployment", commitOid=C, createdAt="2026-01-13T09:00:00Z", **deploy
    )

    assert read().values("commits", "sha") == [C]


def test_a_deployed_commit_that_no_longer_exists_is_survived(
    github: Any, shop: dict[str, Any], read: Callable[..., Any]
) -> None:
    github.add(shop, "deployments", "Deployment", commitOid=E, createdAt="2026-01-11T09:00:00Z")

    sync = read()

    assert sync.status()["status"] == "succeeded"
    assert sync.values("deployments", "commit_sha") == [E]


def test_an_unfinished_deployment_is_asked_for_until_it_has_ended(
    github: Any, shop: dict[str, Any], read: Callable[..., Any]
) -> None:
    slow = github.add(
        shop, "deployments", "Deployment", commitOid=A, state="IN_PROGRESS",
        createdAt="2026-02-20T09:00:00Z",
    )  # fmt: skip
    for day in (25, 26, 27):
        github.add(
            shop, "deployments", "Deployment", commitOid=A, state="FAILURE",
            createdAt=f"2026-02-{day}T09:00:00Z",
        )  # fmt: skip
    read()
    slow["state"] = "ACTIVE"
    github.add(slow, "statuses", "DeploymentStatus", state="SUCCESS")

    second, third = read(), read()

    assert second.values("deployments", "id") == [slow["id"]]
    assert len(second.rows("deployment_statuses")) == 1
    assert third.status()["status"] == "skipped"


def test_an_unfinished_deployment_is_given_up_after_thirty_days(
    github: Any, shop: dict[str, Any], read: Callable[..., Any], noon: Any
) -> None:
    github.add(
        shop, "deployments", "Deployment", commitOid=A, state="PENDING",
        createdAt="2026-02-20T09:00:00Z",
    )  # fmt: skip
    read()
    assert len(read(at=noon + timedelta(days=40)).rows("deployments")) == 1
    github.requests.clear()

    assert read(at=noon + timedelta(days=41)).status()["status"] == "skipped"
    assert not github.asked("DeploymentsById")


def test_the_deployment_that_another_replaced_becomes_inactive(
    github: Any, shop: dict[str, Any], read: Callable[..., Any]
) -> None:
    old = github.add(
        shop, "deployments", "Deployment", commitOid=A, state="ACTIVE",
        createdAt="2026-01-20T09:00:00Z",
    )  # fmt: skip
    read()
    old["state"] = "INACTIVE"
    new = github.add(
        shop, "deployments", "Deployment", commitOid=A, state="ACTIVE",
        createdAt="2026-02-20T09:00:00Z",
    )  # fmt: skip

    states = {row["id"]: row["state"] for row in read().rows("deployments")}

    assert states == {old["id"]: "INACTIVE", new["id"]: "ACTIVE"}


def test_an_unfinished_run_is_asked_for_and_its_jobs_with_it(
    github: Any, shop: dict[str, Any], read: Callable[..., Any]
) -> None:
    slow = run(1, "2026-02-01T00:00:00Z", status="in_progress", conclusion=None)
    github.runs["acme/shop"] = [slow, run(2, "2026-02-20T00:00:00Z")]
    read(workflow_jobs=True)
    slow.update(status="completed", conclusion="failure", updated_at="2026-02-01T09:00:00Z")
    github.jobs[1] = [job(11, 1)]

    second, third = read(workflow_jobs=True), read(workflow_jobs=True)

    assert [(r["database_id"], r["conclusion"]) for r in second.rows("workflow_runs")] == [
        (1, "failure")
    ]
    assert second.values("workflow_jobs", "database_id") == [11]
    assert third.rows("workflow_runs") == []


def test_an_expired_run_is_no_longer_asked_for(
    github: Any, shop: dict[str, Any], read: Callable[..., Any]
) -> None:
    github.runs["acme/shop"] = [run(1, "2026-02-01T00:00:00Z", status="queued")]
    read()
    github.runs["acme/shop"] = []
    second = read()
    github.requests.clear()
    read()

    assert second.report.failures == []
    assert not github.asked("runs/1")


def test_a_rerun_brings_the_jobs_of_all_attempts(
    github: Any, shop: dict[str, Any], read: Callable[..., Any]
) -> None:
    again, other = run(1, "2026-02-19T00:00:00Z"), run(2, "2026-02-20T00:00:00Z")
    github.runs["acme/shop"] = [again, other]
    github.jobs = {1: [job(11, 1)], 2: [job(21, 2)]}
    read(workflow_jobs=True)
    again.update(run_attempt=2, updated_at="2026-02-20T00:00:00Z")
    github.jobs[1].append(job(12, 1, attempt=2))

    second = read(workflow_jobs=True)

    assert second.values("workflow_runs", "database_id") == [1]
    assert second.values("workflow_jobs", "run_attempt") == [1, 2]


def test_jobs_can_be_switched_off(
    github: Any, shop: dict[str, Any], read: Callable[..., Any]
) -> None:
    github.runs["acme/shop"] = [run(1, "2026-02-01T00:00:00Z")]

    sync = read(workflow_jobs=False)

    assert len(sync.rows("workflow_runs")) == 1
    assert not github.asked("/jobs")


def test_runs_are_read_page_by_page_to_the_start_of_the_history(
    github: Any, shop: dict[str, Any], read: Callable[..., Any]
) -> None:
    github.runs["acme/shop"] = [
        run(n, f"2026-01-{1 + n // 24:02}T{n % 24:02}:00:00Z") for n in range(250)
    ] + [run(1000 + n, "2025-12-30T00:00:00Z") for n in range(200)]

    sync = read(workflow_jobs=False)

    assert len(sync.rows("workflow_runs")) == 250
    assert len(github.asked("actions/runs")) == 3


@pytest.mark.parametrize("deleted", [1, 130])
def test_runs_that_move_up_since_others_are_deleted_meanwhile_are_read(
    github: Any, shop: dict[str, Any], read: Callable[..., Any], deleted: int
) -> None:
    runs = [run(n, f"2026-01-{1 + n // 24:02}T{n % 24:02}:00:00Z") for n in range(450)]
    github.runs["acme/shop"] = list(runs)

    def delete(what: str, body: Any) -> None:
        if "actions/runs" in what and str(body.get("page")) == "3":
            github.runs["acme/shop"] = runs[: 450 - deleted]

    github.on_request = delete

    sync = read(workflow_jobs=False)

    assert {*range(450 - deleted)} <= {*sync.values("workflow_runs", "database_id")}
    # Five pages and, once only, those before the third again.
    assert len(github.asked("actions/runs")) <= 5 + -(-deleted // 100)


def test_a_moved_tag_and_a_new_release_are_noticed(
    github: Any, shop: dict[str, Any], read: Callable[..., Any]
) -> None:
    tag = github.add(shop, "refs", "Ref", name="latest", target=shop["commits"][A])
    read()
    tag["target"] = github.commit(shop, B, A, date="2026-02-01T08:00:00Z")
    github.add(shop, "releases", "Release", tagName="latest", tagCommit={"oid": B})

    second = read()

    assert second.values("tags", "commit_sha") == [B]
    assert second.values("releases", "tag_name") == ["latest"]


def test_a_tag_on_a_tree_is_no_tag_of_ours(
    github: Any, shop: dict[str, Any], read: Callable[..., Any]
) -> None:
    github.add(shop, "refs", "Ref", name="odd", target={"__typename": "Tree", "oid": E})

    sync = read()

    assert (sync.rows("tags"), sync.report.failures) == ([], [])


def test_a_repository_without_a_default_branch_is_read(
    github: Any, read: Callable[..., Any]
) -> None:
    github.owner()
    github.repository("empty", defaultBranchRef=None)

    sync = read()

    assert sync.status("acme/empty")["status"] == "skipped"
    (row,) = sync.rows("repositories")
    assert (row["default_branch"], row["head_sha"]) == (None, None)


def test_full_reads_everything_again(
    github: Any, shop: dict[str, Any], read: Callable[..., Any]
) -> None:
    pull(github, shop, 1, "2026-02-01T00:00:00Z")
    read()

    again = read(full=True)

    assert again.values("pull_requests", "number") == [1]
    assert again.values("commits", "sha") == [A]
