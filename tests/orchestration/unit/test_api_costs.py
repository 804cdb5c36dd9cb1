"""What loads cost, as people see it at the assets and in `sei check`."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from ingestion.http import Budget, Cost
from orchestration.api_costs import LastSync, cost_metadata


@dataclass
class Result:
    connection: str
    costs: list[Cost] = field(default_factory=list)
    budgets: list[Budget] = field(default_factory=list)


def metadata() -> dict[str, Any]:
    pulls = Cost(
        "PullRequests", "graphql", requests=30, counted_requests=30, points=120, retries=2,
        rate_limited=1, failed=2, wait_seconds=60.04, backoff_seconds=3.0,
    )  # fmt: skip
    runs = Cost("GET /runs", "core", requests=40, counted_requests=4, not_modified=36)
    ends = datetime(2026, 3, 1, 12, tzinfo=UTC).timestamp()
    return cost_metadata(
        [
            Result("github", [pulls, runs], [Budget("graphql", 5000, 4880, ends)]),
            Result("second", [pulls], [Budget("core", 100, 99, 0.0)]),
        ]
    )


def test_numbers_are_sums_of_all_connections() -> None:
    found = metadata()

    assert found["requests"] == 100
    assert found["counted_requests"] == 64
    assert found["points"] == 240
    assert found["not_modified"] == 36
    assert found["retries"] == 4
    assert found["rate_limited"] == 2
    assert found["seconds_waited"] == 120.1
    assert found["seconds_backed_off"] == 6.0


def test_endpoints_are_listed_by_connection_the_busiest_first() -> None:
    lines = metadata()["costs"].md_str.splitlines()

    assert lines[0].count("|") == lines[1].count("|") == lines[2].count("|")
    assert lines[2] == "| github | `GET /runs` | 40 | 4 | – | 36 | 0 | 0 |"
    assert lines[3] == "| github | `PullRequests` | 30 | 30 | 120 | 0 | 2 | 1 |"
    assert lines[4].startswith("| second | `PullRequests` |")


def test_limits_say_what_is_left_and_until_when() -> None:
    lines = metadata()["limits"].md_str.splitlines()

    assert lines[2] == "| github | graphql | 4880 | 5000 | 2026-03-01 12:00:00 UTC |"
    assert lines[3] == "| second | core | 99 | 100 | – |"


def test_points_and_limits_that_nobody_told_are_left_out() -> None:
    found = cost_metadata([Result("jira", [Cost("GET /x", "core", requests=1)])])

    assert found["requests"] == 1
    assert not {"points", "limits"} & found.keys()
    assert cost_metadata([]) == {}


def test_the_last_sync_is_one_line() -> None:
    at = datetime(2026, 3, 1, 3, tzinfo=timezone(timedelta(hours=1)))

    assert LastSync("github", at, 1200, 48, 260, 1152, 3, 61.2).line() == (
        "last sync 2026-03-01 02:00 UTC: 1,200 requests (48 counted), 260 points, 3 retries, "
        "61 s waited for limits"
    )
    assert "points" not in LastSync("jira", at, 9, 9, None, 0, 0, 0.0).line()
