"""Search by JQL: results in order, cut into pages whose tokens know their query and their place."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from demo.jira_catalog import JiraCatalog, JiraIssue
from demo.jira_jql import JqlError, Query, compiled
from demo.jira_jql_fields import Ordering, sort_key
from demo.jira_tokens import TokenError, made, place_in

__all__ = ["Found", "TokenError", "bounded", "chosen", "page", "results"]

UNBOUNDED = (
    "Unbounded JQL queries are not allowed here. Please add a search restriction to your query."
)


@dataclass
class Found:
    """Issues in order, with the keys they are ordered by."""

    issues: list[JiraIssue]
    keys: list[tuple[Any, ...]]
    query: Query


def bounded(text: str, catalog: JiraCatalog) -> Query:
    """The query of a text; JqlError also if it restricts nothing."""
    query = compiled(text, catalog)
    if query.condition is None:
        raise JqlError(UNBOUNDED)
    return query


def chosen(issues: Sequence[JiraIssue], query: Query) -> list[JiraIssue]:
    """Those of the issues that the query wants, in its order (default: as they come)."""
    condition = query.condition
    found = list(issues) if condition is None else [one for one in issues if condition(one)]
    if query.ordering:
        found.sort(key=lambda issue: _key(issue, query.ordering))
    return found


def results(text: str, catalog: JiraCatalog) -> Found:
    """All that a bounded query finds; without ORDER BY the newest come first."""

    def find() -> Found:
        query = bounded(text, catalog)
        query.ordering = query.ordering or [Ordering(lambda issue: issue.id, is_descending=True)]
        issues = chosen(catalog.issues, query)
        return Found(issues, [_key(one, query.ordering) for one in issues], query)

    found: Found = catalog.kept(text, find)
    return found


def page(
    text: str, catalog: JiraCatalog, size: int, token: str | None, lifetime: float
) -> tuple[list[JiraIssue], str | None]:
    """A page and the token of the next, None on the last; JqlError, TokenError.

    A token holds the place behind the last issue, so pages go on where they stopped even if
    issues moved meanwhile (one that is edited may turn up again, or be passed over, as in Jira).
    """
    found = results(text, catalog)
    ordering = found.query.ordering
    begin = 0
    if token:
        values, identity = place_in(token, text, lifetime)
        begin = bisect_right(found.keys, sort_key(values, ordering, identity))
    issues = found.issues[begin : begin + size]
    if begin + size >= len(found.issues) or not issues:
        return issues, None
    return issues, made(text, [_values(issues[-1], ordering), issues[-1].id])


def _values(issue: JiraIssue, ordering: list[Ordering]) -> list[Any]:
    return [one.value(issue) for one in ordering]


def _key(issue: JiraIssue, ordering: list[Ordering]) -> tuple[Any, ...]:
    return sort_key(_values(issue, ordering), ordering, issue.id)
