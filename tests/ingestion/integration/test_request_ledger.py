"""The ledger of requests: what it says is what the server saw."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from ingestion.github.load import LoadError, LoadResult, load

pytestmark = pytest.mark.integration

A = "a" * 40
RUNS = "GET /repos/{owner}/{name}/actions/runs"
Read = Callable[..., Any]
Rows = dict[str, dict[str, Any]]


@pytest.fixture
def shop(github: Any) -> dict[str, Any]:
    github.owner()
    repository: dict[str, Any] = github.repository()
    github.commit(repository, A, date="2026-01-10T08:00:00Z")
    for n in range(60):  # 25 come with the first pages, the others in two requests
        github.add(
            repository, "pullRequests", "PullRequest", number=n, state="OPEN",
            updatedAt=f"2026-02-{1 + n % 28:02}T00:00:00Z",
        )  # fmt: skip
    return repository


class World:
    """A GitHub, a warehouse, and the load between them; each sync is an hour after the last."""

    def __init__(
        self, url: str, make_settings: Any, make_client: Any, folder: Path, noon: datetime
    ) -> None:
        self.url, self.folder, self.at = url, folder, noon
        self.make_settings, self.make_client = make_settings, make_client

    def load(self, **more: Any) -> LoadResult:
        made = self.make_settings()
        self.at += timedelta(hours=1)
        client = self.make_client(made.github[0])
        return load(
            made.github[0],
            made,
            self.url,
            synced_at=self.at,
            pipelines_dir=self.folder,
            client=client,
            **more,
        )

    def rows(self) -> list[dict[str, Any]]:
        with psycopg.connect(self.url, row_factory=dict_row) as connection:
            return connection.execute(
                "select * from raw_github.request_ledger order by synced_at, endpoint"
            ).fetchall()


@pytest.fixture
def world(
    warehouse: Any, make_settings: Any, make_client: Any, tmp_path: Path, noon: datetime
) -> World:
    return World(warehouse.url("loader"), make_settings, make_client, tmp_path, noon)


def by_endpoint(found: list[dict[str, Any]]) -> Rows:
    rows = {row["endpoint"]: row for row in found}
    assert len(rows) == len(found)
    return rows


def seen(github: Any) -> Counter[str]:
    """The requests that the server saw, by the names that the ledger has for them."""
    names = {"actions/runs": RUNS}
    return Counter(
        what.rpartition(" ")[2] if what.startswith("/graphql") else names[what[-12:]]
        for what, _, _ in github.requests
    )


def test_the_ledger_counts_what_the_server_saw(github: Any, shop: Any, read: Read) -> None:
    rows = by_endpoint(read().rows("request_ledger"))

    assert {name: row["requests"] for name, row in rows.items()} == seen(github)
    for row in rows.values():
        assert row["counted_requests"] == row["requests"]
        assert row["resource"] == ("core" if row["endpoint"] == RUNS else "graphql")
        assert row["bytes"] > 0
        assert row["seconds"] > 0
        assert (row["retries"], row["failed"], row["rate_limited"]) == (0, 0, 0)


def test_points_are_those_that_the_replies_tell(github: Any, shop: Any, read: Read) -> None:
    execute = github.execute
    github.execute = lambda body: {"data": {**execute(body)["data"], "rateLimit": {"cost": 3}}}

    rows = by_endpoint(read().rows("request_ledger"))

    assert rows["PullRequests"]["points"] == 3 * rows["PullRequests"]["requests"] == 6
    assert rows[RUNS]["points"] is None


def test_points_are_unknown_where_no_reply_tells_them(github: Any, shop: Any, read: Read) -> None:
    # Enterprise Server without limits.
    execute = github.execute
    github.execute = lambda body: {"data": {**execute(body)["data"], "rateLimit": None}}

    assert {row["points"] for row in read().rows("request_ledger")} == {None}


def test_what_has_not_changed_counts_as_sent_but_not_against_the_quota(
    github: Any, shop: Any, read: Read, answers: Any
) -> None:
    github.fail("actions/runs", lambda handler: handler.send(304, None))

    row = by_endpoint(read().rows("request_ledger"))[RUNS]

    assert (row["requests"], row["counted_requests"], row["not_modified"]) == (1, 0, 1)


@pytest.mark.parametrize("where", ["PullRequests", "actions/runs"])
def test_faults_are_retries_and_their_pauses_are_no_limits(
    github: Any, shop: Any, read: Read, answers: Any, where: str
) -> None:
    github.fail(where, answers.status(502), answers.truncated(), answers.html())

    rows = by_endpoint(read().rows("request_ledger"))

    assert {name: row["requests"] for name, row in rows.items()} == seen(github)
    row = rows[RUNS if where == "actions/runs" else where]
    assert (row["retries"], row["failed"], row["rate_limited"]) == (3, 3, 0)
    assert row["backoff_seconds"] > 0
    assert row["wait_seconds"] == 0


def test_a_limit_with_retry_after_is_a_refusal_and_a_wait(
    github: Any, shop: Any, read: Read, answers: Any
) -> None:
    github.fail("actions/runs", answers.status(429, "slow down", Retry_After=17))

    row = by_endpoint(read().rows("request_ledger"))[RUNS]

    assert (row["requests"], row["rate_limited"], row["retries"], row["failed"]) == (2, 1, 0, 0)
    assert row["wait_seconds"] == pytest.approx(17)
    assert row["backoff_seconds"] == 0


def test_a_limit_of_graphql_is_a_refusal_although_its_status_is_200(
    github: Any, shop: Any, read: Read, answers: Any
) -> None:
    limited = {"errors": [{"type": "RATE_LIMITED", "message": "API rate limit exceeded"}]}
    github.fail("PullRequests", answers.data(limited))

    row = by_endpoint(read().rows("request_ledger"))["PullRequests"]

    assert (row["requests"], row["rate_limited"], row["retries"], row["failed"]) == (3, 1, 0, 0)
    assert row["wait_seconds"] >= 30


def test_a_reply_of_graphql_that_gave_up_is_a_failure_and_is_repeated(
    github: Any, shop: Any, read: Read, answers: Any
) -> None:
    gave_up = {"data": None, "errors": [{"message": "Something went wrong while executing"}]}
    github.fail("PullRequests", answers.data(gave_up))

    row = by_endpoint(read().rows("request_ledger"))["PullRequests"]

    assert (row["retries"], row["failed"]) == (1, 1)
    assert row["backoff_seconds"] > 0


def test_redirects_are_requests_too(github: Any, shop: Any, read: Read, answers: Any) -> None:
    there = f"{github.url}/repos/acme/shop/actions/runs"
    github.fail("actions/runs", answers.status(301, "moved", Location=there))

    rows = by_endpoint(read().rows("request_ledger"))

    assert rows[RUNS]["requests"] == seen(github)[RUNS] == 2


def test_rounds_of_one_sync_sum_up_and_syncs_stay_apart(
    github: Any, shop: Any, world: World
) -> None:
    for name in ("api", "web", "docs", "infra"):
        github.repository(name)

    result = world.load(longest_round=0.0, run_id="run-1")

    rows = by_endpoint(world.rows())
    assert {name: row["requests"] for name, row in rows.items()} == seen(github)
    assert sum(row["requests"] for row in rows.values()) == result.requests
    assert sum(cost.requests for cost in result.costs) == result.requests
    assert {row["run_id"] for row in rows.values()} == {"run-1"}
    assert {budget.resource for budget in result.budgets} >= {"graphql"}

    github.requests.clear()
    second = world.load()

    later = by_endpoint([row for row in world.rows() if row["synced_at"] == world.at])
    assert {name: row["requests"] for name, row in later.items()} == seen(github)
    assert second.requests == sum(row["requests"] for row in later.values())
    assert len(world.rows()) == len(rows) + len(later)


def test_a_load_that_dies_in_the_middle_leaves_what_its_finished_rounds_cost(
    github: Any, shop: Any, world: World, answers: Any
) -> None:
    for name in ("api", "web", "docs", "infra", "z1", "z2", "z3", "z4"):
        github.repository(name)

    def revoke(what: str, body: Any) -> None:
        if len([1 for asked, _, _ in github.requests if "actions/runs" in asked]) > 7:
            github.tokens.discard("secret-one")

    github.on_request = revoke

    with pytest.raises(LoadError, match="was refused"):
        world.load(longest_round=0.0)

    kept = sum(row["requests"] for row in world.rows())
    assert 0 < kept < len(github.requests)


def test_a_load_that_brings_nothing_tells_what_it_cost_all_the_same(
    github: Any, shop: Any, world: World, answers: Any
) -> None:
    github.fail("Repositories", *[answers.status(422)] * 3)

    with pytest.raises(LoadError, match="nothing could be read"):
        world.load()

    (row,) = world.rows()
    assert (row["endpoint"], row["requests"], row["failed"]) == ("Repositories", 1, 1)
