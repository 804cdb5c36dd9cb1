"""Tags and releases: what their commits cost, in the steps of a long history and later."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.integration

SINCE = {"history": {"since": "2024-01-01"}}
# One in each step of the history that the sync of 2026-03-01 takes back.
MONTHS = ["2024-02", "2025-03", "2025-08", "2026-01", "2026-02"]


def sha(number: int) -> str:
    return f"{number:04x}" * 10


@pytest.fixture
def shop(github: Any) -> dict[str, Any]:
    """Five commits in a row, each tagged, and one tagged commit beside each of the first three."""
    github.owner()
    repository: dict[str, Any] = github.repository()
    parents: list[str] = []
    for number, month in enumerate(MONTHS):
        github.commit(repository, sha(number), *parents, date=f"{month}-10T08:00:00Z")
        parents = [sha(number)]
        tag(github, repository, f"v{number}", sha(number))
    for number, month in enumerate(MONTHS[:3]):
        beside = sha(100 + number)
        date = f"{month}-12T08:00:00Z"
        github.commit(repository, beside, sha(number), date=date, head=False)
        tag(github, repository, f"fix{number}", beside)
    return repository


def tag(github: Any, repository: dict[str, Any], name: str, commit: str) -> None:
    github.add(repository, "refs", "Ref", name=name, target=repository["commits"][commit])


def make_large(github: Any, repository: dict[str, Any]) -> None:
    """So many of something that the history is read in steps."""
    for number in range(301):
        github.add(
            repository, "issues", "Issue", number=number + 1, updatedAt="2024-03-01T00:00:00Z"
        )


def test_of_a_long_history_tags_are_listed_once_and_only_commits_beside_the_branch_looked_for(
    github: Any, shop: dict[str, Any], read: Callable[..., Any]
) -> None:
    make_large(github, shop)

    sync = read(SINCE)

    found = set(sync.values("commits", "sha"))
    assert found == {sha(n) for n in (0, 1, 2, 3, 4, 100, 101, 102)}
    assert len(sync.rows("tags")) == 8
    assert len(github.asked("graphql Tags")) <= 1
    assert len(github.asked("compare")) <= 3


def test_a_history_in_steps_leaves_the_rows_that_one_step_leaves(
    github: Any, shop: dict[str, Any], read: Callable[..., Any]
) -> None:
    at_once = read(SINCE)
    make_large(github, shop)
    in_steps = read(SINCE, full=True)

    for table in ("commits", "tags"):
        rows = [
            sorted(
                str({k: v for k, v in row.items() if k not in ("synced_at", "read_at")})
                for row in s.rows(table)
            )
            for s in (at_once, in_steps)
        ]
        assert rows[0] == rows[1]


def test_a_new_tag_costs_nothing_for_the_old_ones(
    github: Any, shop: dict[str, Any], read: Callable[..., Any]
) -> None:
    # Farther back than a page of the newest commits.
    for number in range(200, 320):
        github.commit(
            shop,
            sha(number),
            *([sha(number - 1)] if number > 200 else [sha(4)]),
            date="2026-02-20T08:00:00Z",
        )
    read(SINCE)
    github.requests.clear()
    tag(github, shop, "latest", sha(319))

    second = read(SINCE)

    assert "latest" in second.values("tags", "name")
    assert not github.asked("compare")


def test_a_tag_that_is_moved_to_a_commit_beside_the_branch_brings_it(
    github: Any, shop: dict[str, Any], read: Callable[..., Any]
) -> None:
    read(SINCE)
    github.commit(shop, sha(900), sha(2), date="2026-02-25T08:00:00Z", head=False)
    next(r for r in shop["refs"] if r["name"] == "v3")["target"] = shop["commits"][sha(900)]

    assert sha(900) in read(SINCE).values("commits", "sha")
