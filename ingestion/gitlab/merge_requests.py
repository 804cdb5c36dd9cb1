"""One merge request with its commits, notes and approvals: handed over whole or not at all."""

from __future__ import annotations

from dataclasses import dataclass

from ingestion.gitlab import rows
from ingestion.gitlab.paging import Item
from ingestion.gitlab.project import Project
from ingestion.gitlab.reading import Reading
from ingestion.http import ApiError, Forbidden, NotFound


@dataclass
class Details:
    """The lists of a merge request; `approvals` is None where the server has no answer."""

    commits: list[Item]
    notes: list[Item]
    approvals: Item | None


def details(reading: Reading, project: Project, iid: int) -> Details:
    """Reads the lists of one merge request. Raises ApiError."""
    path = f"{project.path}/merge_requests/{iid}"
    # In order of writing: a note that is added meanwhile comes last and moves nothing.
    in_order = {"sort": "asc", "order_by": "created_at"}
    return Details(
        commits=_all(reading, f"{path}/commits", {}),
        notes=_all(reading, f"{path}/notes", in_order),
        approvals=_approvals(reading, path),
    )


def _all(reading: Reading, path: str, params: dict[str, str]) -> list[Item]:
    try:
        return list(reading.items(path, params))
    except NotFound:
        # Deleted since it was listed, or its branch with everything on it is gone.
        return []


def _approvals(reading: Reading, path: str) -> Item | None:
    try:
        found = reading.get(f"{path}/approvals").data
    except (NotFound, Forbidden):
        # GitLab before 13.2 without a licence, and tokens of guests.
        return None
    return found if isinstance(found, dict) else None


def put(reading: Reading, project: Project, item: Item, found: Details) -> None:
    """Hands over the rows of one merge request."""
    bodies = reading.sync.store_bodies
    reading.put("merge_requests", [rows.merge_request(item, project.full_name, bodies)])
    reading.put("merge_request_commits", rows.merge_request_commits(found.commits, item))
    reading.put("merge_request_notes", rows.merge_request_notes(found.notes, item, bodies))
    reading.put(
        "merge_request_approvals",
        rows.merge_request_approvals(found.approvals, found.notes, item),
    )


def is_nothing_there(error: ApiError, project: Project, name: str) -> bool:
    """Whether a refusal of a list means that there is nothing: its feature is switched off.

    GitLab answers 404 for what is not there or switched off, and 403 for what is switched off or
    not allowed. Where the project's entry says that the feature is on, a 403 is a permission that
    is missing, and worth telling.
    """
    if isinstance(error, NotFound):
        return True
    return isinstance(error, Forbidden) and project.switches.get(name) is not True
