"""Issues with their comments, latest change first, down to where the last sync was."""

from __future__ import annotations

from ingestion.github import rows
from ingestion.github.cursors import Cursor
from ingestion.github.reading import Reading
from ingestion.github.repository import Repository


def read(reading: Reading, repository: Repository, cursor: Cursor) -> str | None:
    """Hands over the issues changed since the cursor; returns the newest change seen.

    Raises ApiError.
    """
    bodies = reading.sync.store_bodies
    id_, full_name = repository.id, repository.full_name
    seen: set[str] = set()
    newest = None
    for node in reading.newest_first("issues", ["issues"], {"repository": id_}, "updatedAt"):
        newest = newest or node["updatedAt"]
        if cursor.is_behind(node["updatedAt"]):
            break
        if node["id"] in seen or cursor.is_ahead(node["updatedAt"]):
            continue
        seen.add(node["id"])
        reading.complete(node, "comments", "issue_comments")
        reading.put("issues", [rows.issue(node, id_, full_name, bodies)])
        reading.put("issue_comments", rows.comments(node, id_, full_name, bodies, of="issue_id"))
    return newest
