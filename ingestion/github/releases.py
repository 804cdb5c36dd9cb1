"""Releases, tags and labels: read whole when something of them changed (100 cost one point)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from ingestion.github import rows
from ingestion.github.reading import Reading
from ingestion.github.repository import Repository
from ingestion.github.rows import Node, Row

# Commits with the times of what names them, newest first.
Dated = list[tuple[datetime, str]]


def read_releases(reading: Reading, repository: Repository) -> Dated:
    """Hands over all releases; returns their commits.

    Newest first gives no place to stop at: a draft takes its place by the day it was begun.
    Raises ApiError.
    """
    return _read(reading, repository, "releases", ["releases"], rows.release, "created_at")


def read_tags(reading: Reading, repository: Repository) -> Dated:
    """Hands over all tags; returns their commits.

    The order is by the date of the commits: a new tag on an old commit stands deep in the list.
    Raises ApiError.
    """
    return _read(reading, repository, "tags", ["refs"], rows.tag, "tagged_at")


def read_labels(reading: Reading, repository: Repository) -> None:
    """Hands over all labels. Raises ApiError."""
    _read(reading, repository, "labels", ["labels"], rows.label, None)


def _read(
    reading: Reading,
    repository: Repository,
    table: str,
    path: list[str],
    to_row: Callable[[Node, str], Row | None],
    dated_by: str | None,
) -> Dated:
    key = "name" if table == "tags" else "id"
    seen: set[Any] = set()
    dated: Dated = []
    for node in reading.connection(table, path, {"repository": repository.id}):
        row = to_row(node, repository.id)
        if row is None or row[key] in seen:
            continue
        seen.add(row[key])
        reading.put(table, [row])
        moment = row[dated_by] if dated_by else None
        if moment and row.get("commit_sha"):
            dated.append((moment, row["commit_sha"]))
    return sorted(dated, reverse=True)
