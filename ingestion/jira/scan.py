"""What is gone: all ids of the projects' issues, compared with those in the warehouse.

Jira tells of no deletion, and of no move to a project that is hidden or not wanted: such issues
are just no longer found. Rows are marked, never removed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ingestion.http import ApiError, Forbidden, NotFound
from ingestion.jira import jql
from ingestion.jira.client import API, ID_PAGE, JiraClient

# Up to so many ids (one page) are scanned in every sync, more once a day.
SMALL = ID_PAGE
# So many of the missing are looked at one by one: the index may be behind.
_MOST_CONFIRMED = 100


class Unreliable(ApiError):
    """The scan missed issues that are there; nothing may be concluded from it."""


@dataclass(frozen=True)
class Scan:
    """What a complete scan found."""

    count: int
    gone: list[str]
    """In the warehouse, not marked, no longer in Jira's projects."""
    back: list[str]
    """Marked in the warehouse, but there."""


def scan(
    client: JiraClient,
    project_ids: Sequence[str],
    known: Mapping[str, bool],
    just_read: Collection[str],
) -> Scan:
    """Compares the ids of the projects with those known (id: is marked as deleted).

    Issues read in this sync are there, whatever the index says. Raises ApiError when the scan is
    not complete, or not to be relied on.
    """
    there = set(_ids(client, project_ids))
    missing = [
        id_
        for id_, is_deleted in known.items()
        if not is_deleted and id_ not in there and id_ not in just_read
    ]
    still_there = {id_ for id_ in missing[:_MOST_CONFIRMED] if _is_there(client, id_, project_ids)}
    if still_there and len(missing) > _MOST_CONFIRMED:
        raise Unreliable(
            f"{client.name}: {len(missing)} issues were not found by their project,"
            " but some of them exist; nothing was marked"
        )
    return Scan(
        count=len(there),
        gone=[id_ for id_ in missing if id_ not in still_there],
        back=[id_ for id_ in there if known.get(id_) and id_ not in just_read],
    )


def _ids(client: JiraClient, project_ids: Sequence[str]) -> Sequence[str]:
    found: list[str] = []
    query, token = jql.all_of(project_ids), None
    while True:
        issues, token = client.search(query, ["id"], token=token, page=ID_PAGE)
        found += [str(issue["id"]) for issue in issues]
        if token is None:
            return found


def _is_there(client: JiraClient, issue_id: str, project_ids: Sequence[str]) -> bool:
    """Whether an issue is in one of the projects; asked of the database, not of the index."""
    try:
        found: Any = client.get(f"{API}/issue/{issue_id}", {"fields": "project"})
    except (NotFound, Forbidden):
        return False
    return str(found["fields"]["project"]["id"]) in project_ids
