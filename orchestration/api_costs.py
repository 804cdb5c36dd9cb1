"""What loads cost: as metadata of the assets that tell of syncs, and from the ledger."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import dagster as dg
import psycopg
from psycopg import sql
from psycopg.rows import class_row

from ingestion.contracts import RAW_SCHEMAS
from ingestion.stored import is_stored

# The tables whose assets show it.
COST_TABLES = frozenset({"request_ledger", "repository_syncs", "project_syncs"})

_LAST_SYNCS = """
    select
        l.connection,
        l.synced_at,
        sum(l.requests)::bigint as requests,
        sum(l.counted_requests)::bigint as counted_requests,
        sum(l.points)::bigint as points,
        sum(l.not_modified)::bigint as not_modified,
        sum(l.retries)::bigint as retries,
        sum(l.wait_seconds)::float8 as wait_seconds
    from {table} as l
    where
        l.synced_at = (select max(m.synced_at) from {table} as m where m.connection = l.connection)
    group by 1, 2
"""


@dataclass(frozen=True)
class LastSync:
    """What the last sync of a connection cost."""

    connection: str
    synced_at: datetime
    requests: int
    counted_requests: int
    points: int | None
    not_modified: int
    retries: int
    wait_seconds: float

    def line(self) -> str:
        """For people."""
        points = "" if self.points is None else f", {self.points:,} points"
        return (
            f"last sync {self.synced_at.astimezone(UTC):%Y-%m-%d %H:%M UTC}: "
            f"{self.requests:,} requests ({self.counted_requests:,} counted){points}, "
            f"{self.retries:,} retries, {self.wait_seconds:,.0f} s waited for limits"
        )


def last_syncs(url: str) -> dict[str, LastSync]:
    """The last sync of each connection that was ever loaded, by its name; raises psycopg.Error."""
    found: dict[str, LastSync] = {}
    with psycopg.connect(url, row_factory=class_row(LastSync)) as connection:
        for schema in RAW_SCHEMAS:
            if is_stored(connection, f"{schema}.request_ledger"):
                query = sql.SQL(_LAST_SYNCS).format(table=sql.Identifier(schema, "request_ledger"))
                found |= {last.connection: last for last in connection.execute(query)}
    return found


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
