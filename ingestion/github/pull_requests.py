"""Pull requests with all their lists, latest change first, down to where the last sync was."""

from __future__ import annotations

from typing import Any

from ingestion.github import rows
from ingestion.github.cursors import Cursor
from ingestion.github.reading import Reading, extend, next_page
from ingestion.github.repository import Repository

# A list of a pull request by its name there, and what pull_request_lists calls it.
_LISTS = {
    "labels": "labels",
    "closingIssuesReferences": "closingIssues",
    "timelineItems": "events",
    "commits": "commits",
    "comments": "comments",
    "reviews": "reviews",
}


def read(reading: Reading, repository: Repository, cursor: Cursor) -> str | None:
    """Hands over the pull requests changed since the cursor; returns the newest change seen.

    One is handed over with all its lists or not at all. Raises ApiError.
    """
    bodies = reading.sync.store_bodies
    seen: set[str] = set()
    newest = None
    variables = {"repository": repository.id, "bodies": bodies}
    for node in reading.newest_first("pull_requests", ["pullRequests"], variables, "updatedAt"):
        newest = newest or node["updatedAt"]
        if cursor.is_behind(node["updatedAt"]):
            break
        # The order is by change: what changes meanwhile moves the others on to the next page.
        if node["id"] in seen or cursor.is_ahead(node["updatedAt"]):
            continue
        seen.add(node["id"])
        _complete(reading, node, bodies)
        _put(reading, repository, node, bodies)
    return newest


def _complete(reading: Reading, node: dict[str, Any], bodies: bool) -> None:
    """Reads all lists of a pull request to their ends, several with one request."""
    while open_lists := {
        name: after for name in _LISTS if (after := next_page(node.get(name))) is not None
    }:
        variables: dict[str, Any] = {"id": node["id"], "bodies": bodies}
        for name, alias in _LISTS.items():
            variables[alias] = name in open_lists
            variables[f"{alias}After"] = open_lists.get(name)
        more = reading.node("pull_request_lists", variables)
        for name in open_lists:
            extend(node, name, more.get(name))
    for review in rows.nodes(node.get("reviews")):
        reading.complete(review, "comments", "review_comments", {"bodies": bodies})


def _put(reading: Reading, repository: Repository, node: dict[str, Any], bodies: bool) -> None:
    id_, full_name = repository.id, repository.full_name
    reading.put("pull_requests", [rows.pull_request(node, id_, full_name, bodies)])
    reading.put("pull_request_commits", rows.pull_request_commits(node, id_))
    reading.put("pull_request_reviews", rows.pull_request_reviews(node, id_))
    reading.put("pull_request_review_comments", rows.review_comments(node, id_, bodies))
    reading.put("pull_request_events", rows.pull_request_events(node, id_))
    reading.put("issue_comments", rows.comments(node, id_, full_name, bodies, of="pull_request_id"))
