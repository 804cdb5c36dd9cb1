"""GitHub repositories that are renamed, moved, hidden, deleted or archived between two syncs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.integration

A, B = "a" * 40, "b" * 40
RUNS = {"deployment_rules": [{"kind": "workflow_run", "name": "deploy"}]}


@pytest.fixture
def shop(github: Any) -> dict[str, Any]:
    github.owner()
    found: dict[str, Any] = filled(github, "shop")
    return found


def filled(github: Any, name: str) -> dict[str, Any]:
    """A repository with a commit, a pull request and a workflow run."""
    repository: dict[str, Any] = github.repository(name)
    github.commit(repository, A, date="2026-01-10T08:00:00Z")
    pull(github, repository, 1, "2026-02-01T00:00:00Z")
    github.runs[f"acme/{name}"] = [run(1)]
    return repository


def pull(github: Any, repository: dict[str, Any], number: int, updated: str) -> None:
    github.add(
        repository, "pullRequests", "PullRequest", number=number, state="OPEN", updatedAt=updated
    )


def run(id_: int) -> dict[str, Any]:
    when = f"2026-02-01T00:00:{id_:02}Z"
    return {
        "id": id_, "node_id": f"run-{id_}", "head_sha": A, "head_branch": "main",
        "status": "completed", "conclusion": "success", "run_attempt": 1, "event": "push",
        "created_at": when, "updated_at": when, "name": "deploy",
    }  # fmt: skip


def move(github: Any, repository: dict[str, Any], owner: str, name: str) -> None:
    """As GitHub does it: ids stay, paths change."""
    old = repository["nameWithOwner"]
    github.owners[old.partition("/")[0]]["repositories"].remove(repository)
    github.owners[owner]["repositories"].append(repository)
    repository.update(name=name, nameWithOwner=f"{owner}/{name}")
    github.runs[f"{owner}/{name}"] = github.runs.pop(old)


@pytest.mark.parametrize(("owner", "name"), [("acme", "store"), ("beta", "shop")])
def test_a_repository_with_another_name_or_owner_stays_the_same_and_goes_on_where_it_was(
    github: Any, shop: dict[str, Any], read: Callable[..., Any], owner: str, name: str
) -> None:
    github.owner("beta")
    both = {"owners": ["acme", "beta"]}
    assert read(RUNS, **both).values("workflow_runs", "database_id") == [1]
    move(github, shop, owner, name)
    pull(github, shop, 2, "2026-03-01T00:00:00Z")
    github.runs[f"{owner}/{name}"].insert(0, run(2))

    second = read(RUNS, **both)

    assert second.report.failures == []
    (row,) = second.rows("repositories")
    assert (row["id"], row["full_name"], row["owner_login"]) == ("R_shop", f"{owner}/{name}", owner)
    assert 2 in second.values("pull_requests", "number")
    assert {p["repository_id"] for p in second.rows("pull_requests")} == {"R_shop"}
    assert 2 in second.values("workflow_runs", "database_id")
    # Its history is not read again.
    assert second.rows("commits") == []


def test_a_repository_that_is_hidden_for_a_while_goes_on_where_it_was(
    github: Any, shop: dict[str, Any], read: Callable[..., Any]
) -> None:
    filled(github, "other")
    read(RUNS)
    github.owners["acme"]["repositories"].remove(shop)
    del github.nodes["R_shop"]
    runs = github.runs.pop("acme/shop")

    hidden = read(RUNS)

    assert hidden.report.failures == []
    assert hidden.values("repositories", "id") == ["R_other"]

    github.owners["acme"]["repositories"].append(shop)
    github.nodes["R_shop"] = shop
    github.runs["acme/shop"] = runs
    pull(github, shop, 2, "2026-02-20T00:00:00Z")

    back = read(RUNS)

    assert back.values("repositories", "id") == ["R_other", "R_shop"]
    assert 2 in back.values("pull_requests", "number")
    assert back.rows("commits") == []


def test_a_new_repository_of_an_old_name_is_another_one(
    github: Any, shop: dict[str, Any], read: Callable[..., Any]
) -> None:
    read(RUNS)
    github.owners["acme"]["repositories"].remove(shop)
    del github.nodes["R_shop"]
    again = github.repository("shop", id="R_again")
    github.commit(again, B, date="2026-02-10T08:00:00Z")
    github.runs["acme/shop"] = [run(7)]

    second = read(RUNS)

    assert second.report.failures == []
    assert second.values("repositories", "id") == ["R_again"]
    assert [(c["repository_id"], c["sha"]) for c in second.rows("commits")] == [("R_again", B)]
    (row,) = second.rows("workflow_runs")
    assert (row["database_id"], row["repository_id"]) == (7, "R_again")


def test_one_that_is_deleted_between_the_list_and_its_turn_fails_alone(
    github: Any, shop: dict[str, Any], read: Callable[..., Any]
) -> None:
    filled(github, "other")

    def delete(what: str, body: Any) -> None:
        if what != "/graphql Repositories":
            github.nodes.pop("R_shop", None)
            github.runs.pop("acme/shop", None)

    github.on_request = delete

    sync = read(RUNS)

    (failure,) = sync.report.failures
    assert failure.repository == "acme/shop"
    assert "Traceback" not in failure.reason
    assert {p["repository_id"] for p in sync.rows("pull_requests")} == {"R_other"}
    assert sync.values("workflow_runs", "repository_id") == ["R_other"]


def test_one_that_is_archived_says_so_and_is_asked_for_nothing_more(
    github: Any, shop: dict[str, Any], read: Callable[..., Any]
) -> None:
    read(RUNS)
    shop["isArchived"] = True
    read(RUNS)
    github.requests.clear()

    third = read(RUNS)

    (row,) = third.rows("repositories")
    assert row["is_archived"]
    assert third.report.failures == []
    assert all(what.startswith("/graphql") for what, _, _ in github.requests)
