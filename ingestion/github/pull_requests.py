"""Pull requests with all their lists, latest change first, down to where the last sync was."""

from __future__ import annotations

from collections.abc import Sequence
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

# So many pull requests are completed together, with requests for so many of them at once: GitHub
# answers within ten seconds or not at all.
_A_PAGE = 25
_TOGETHER = 5


def read(reading: Reading, repository: Repository, cursor: Cursor) -> str | None:
    """Hands over the pull requests changed since the cursor; returns the newest change seen.

    One is handed over with all its lists or not at all. Raises ApiError.
    """
    bodies = reading.sync.store_bodies
    seen: set[str] = set()
    newest = None
    variables = {"repository": repository.id, "bodies": bodies}
    waiting: list[dict[str, Any]] = []

    def hand_over() -> None:
        _complete(reading, waiting, bodies)
        for pull_request in waiting:
            _put(reading, repository, pull_request, bodies)
        waiting.clear()

    for node in reading.newest_first("pull_requests", ["pullRequests"], variables, "updatedAt"):
        newest = newest or node["updatedAt"]
        if cursor.is_behind(node["updatedAt"]):
            break
        # The order is by change: what changes meanwhile moves the others on to the next page.
        if node["id"] in seen or cursor.is_ahead(node["updatedAt"]):
            continue
        seen.add(node["id"])
        waiting.append(node)
        if len(waiting) == _A_PAGE:
            hand_over()
    hand_over()
    return newest


def _complete(reading: Reading, nodes: Sequence[dict[str, Any]], bodies: bool) -> None:
    """Reads all lists of pull requests to their ends, several with one request."""
    while going_on := [(node, after) for node in nodes if (after := _open_lists(node))]:
        names = going_on[0][1].keys()
        together = [its for its in going_on if its[1].keys() == names][:_TOGETHER]
        switches = {alias: name in names for name, alias in _LISTS.items()}
        each = [
            {"id": node["id"], **{f"{_LISTS[n]}After": after.get(n) for n in _LISTS}}
            for node, after in together
        ]
        found = reading.several("pull_request_lists", each, {"bodies": bodies, **switches})
        for (node, _), more in zip(together, found, strict=True):
            for name in names:
                extend(node, name, more.get(name))
    for node in nodes:
        for review in rows.nodes(node.get("reviews")):
            reading.complete(review, "comments", "review_comments", {"bodies": bodies})


def _open_lists(node: dict[str, Any]) -> dict[str, str]:
    """The lists of a pull request that go on, with where."""
    return {name: after for name in _LISTS if (after := next_page(node.get(name))) is not None}


def _put(reading: Reading, repository: Repository, node: dict[str, Any], bodies: bool) -> None:
    id_, full_name = repository.id, repository.full_name
    reading.put("pull_requests", [rows.pull_request(node, id_, full_name, bodies)])
    reading.put("pull_request_commits", rows.pull_request_commits(node, id_))
    reading.put("pull_request_reviews", rows.pull_request_reviews(node, id_))
    reading.put("pull_request_review_comments", rows.review_comments(node, id_, bodies))
    reading.put("pull_request_events", rows.pull_request_events(node, id_))
    reading.put("issue_comments", rows.comments(node, id_, full_name, bodies, of="pull_request_id"))
