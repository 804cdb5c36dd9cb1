"""What loads cost, as metadata of the assets that tell of syncs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import dagster as dg

# The tables whose assets show it.
COST_TABLES = frozenset({"request_ledger", "repository_syncs", "project_syncs"})


def cost_metadata(results: Sequence[Any]) -> dict[str, Any]:
    """Metadata from the `LoadResult`s of a source: sums of all connections, costs by endpoint,
    and what is left of each connection's limits; nothing for no results."""
    costs = [(result.connection, cost) for result in results for cost in result.costs]
    if not costs:
        return {}

    def summed(name: str) -> Any:
        return sum(getattr(cost, name) or 0 for _, cost in costs)

    found: dict[str, Any] = {
        name: summed(name)
        for name in ("requests", "counted_requests", "not_modified", "retries", "rate_limited")
    }
    if any(cost.points is not None for _, cost in costs):
        found["points"] = summed("points")
    found["seconds_waited"] = round(summed("wait_seconds"), 1)
    found["seconds_backed_off"] = round(summed("backoff_seconds"), 1)
    found["costs"] = dg.MetadataValue.md(_endpoints(costs))
    if limits := [(r.connection, budget) for r in results for budget in r.budgets]:
        found["limits"] = dg.MetadataValue.md(_limits(limits))
    return found


def _endpoints(costs: Iterable[tuple[str, Any]]) -> str:
    heading = "| connection | endpoint | requests | counted | points | 304 | retries | refused |"
    ordered = sorted(costs, key=lambda one: (one[0], -one[1].requests, one[1].endpoint))
    return _table(
        heading,
        (
            f"| {connection} | `{c.endpoint}` | {c.requests} | {c.counted_requests} "
            f"| {'–' if c.points is None else c.points} | {c.not_modified} | {c.retries} "
            f"| {c.rate_limited} |"
            for connection, c in ordered
        ),
    )


def _limits(budgets: Iterable[tuple[str, Any]]) -> str:
    return _table(
        "| connection | limit of | left | of | resets at |",
        (
            f"| {connection} | {b.resource} | {b.remaining} | {b.limit} | {_moment(b.resets_at)} |"
            for connection, b in budgets
        ),
    )


def _table(heading: str, lines: Iterable[str]) -> str:
    rule = "|" + "---|" * (heading.count("|") - 1)
    return "\n".join([heading, rule, *lines])


def _moment(seconds: float) -> str:
    # Jira tells no reset.
    if not seconds:
        return "–"
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
