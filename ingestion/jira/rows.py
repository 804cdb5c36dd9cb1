"""Payloads of Jira to rows of raw_jira; no requests, no state."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from ingestion.jira.adf import plain_text
from ingestion.jira.fields import Fields
from ingestion.jira.mentions import mentioned
from ingestion.loading import timestamp
from ingestion.loading.batches import Row

Payload = Mapping[str, Any]

# Ids of the categories are the same on every site; a key or name may be what a plugin, a
# translation or an import made of it, so the id decides and the key is asked only without one.
_CATEGORIES = {1: "undefined", 2: "new", 3: "done", 4: "indeterminate"}
_KEYS = set(_CATEGORIES.values())
# /statuses/search has names of its own for them.
_NAMED = {"TODO": "new", "IN_PROGRESS": "indeterminate", "DONE": "done", "UNDEFINED": "undefined"}
# Before 2020 sprints came as texts: com.atlassian.greenhopper…Sprint@1a2b[id=7,rapidViewId=8,…]
_SPRINT_TEXT = re.compile(r"\bid=(\d+)")


def moment(value: Any) -> datetime | None:
    """The moment in UTC of a text with an offset, or of a number: epoch milliseconds, as bulk
    changelogs have them (seconds where it is too small for that)."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        seconds = value / 1000 if abs(value) >= 1e11 else value
        try:
            return datetime.fromtimestamp(seconds, UTC)
        except (OverflowError, ValueError, OSError):
            return None
    return timestamp(value)


def day(value: Any) -> date | None:
    """The date of a text like 2025-03-09."""
    try:
        return date.fromisoformat(str(value)[:10]) if value else None
    except ValueError:
        return None


def project(payload: Payload) -> Row:
    """A row of projects."""
    return {
        "id": str(payload["id"]),
        "key": payload["key"],
        "name": payload.get("name") or payload["key"],
        "type": payload.get("projectTypeKey"),
        "is_simplified": payload.get("simplified"),
        "is_archived": bool(payload.get("archived")),
        "lead_account_id": account(payload.get("lead")),
        "deleted_at": None,
    }


def board(payload: Payload) -> Row:
    """A row of boards."""
    location = payload.get("location") or {}
    project_id = location.get("projectId")
    return {
        "id": int(payload["id"]),
        "name": payload.get("name") or str(payload["id"]),
        "type": payload.get("type") or "scrum",
        "project_id": None if project_id is None else str(project_id),
        "project_key": location.get("projectKey"),
        "deleted_at": None,
    }


def sprint(payload: Payload) -> Row:
    """A row of sprints."""
    origin = payload.get("originBoardId")
    return {
        "id": int(payload["id"]),
        "name": payload.get("name") or str(payload["id"]),
        "state": str(payload["state"]).lower(),
        "origin_board_id": None if origin is None else int(origin),
        "created_at": moment(payload.get("createdDate")),
        "started_at": moment(payload.get("startDate")),
        "ends_at": moment(payload.get("endDate")),
        "completed_at": moment(payload.get("completeDate")),
        "deleted_at": None,
    }


def category(payload: Any) -> str:
    """new, indeterminate, done or undefined; the id decides, else the key, else the name that
    /statuses/search gives."""
    if isinstance(payload, str):
        return _NAMED.get(payload.upper(), "undefined")
    if not isinstance(payload, Mapping):
        return "undefined"
    try:
        by_id = _CATEGORIES.get(int(payload.get("id") or 0))
    except (TypeError, ValueError):
        by_id = None
    key = str(payload.get("key") or "").lower()
    return by_id or (key if key in _KEYS else "undefined")


def scope(payload: Payload) -> str | None:
    """Id of the project that a type or status is of; None for the whole site."""
    found = ((payload.get("scope") or {}).get("project") or {}).get("id")
    return None if found is None else str(found)


def status(payload: Payload) -> Row:
    """A row of statuses."""
    return {
        "id": str(payload["id"]),
        "name": payload["name"],
        "untranslated_name": payload.get("untranslatedName"),
        "category": category(payload.get("statusCategory")),
        "project_id": scope(payload),
        "deleted_at": None,
    }


def issue_type(payload: Payload) -> Row:
    """A row of issue_types."""
    is_subtask = bool(payload.get("subtask"))
    level = payload.get("hierarchyLevel")
    return {
        "id": str(payload["id"]),
        "name": payload["name"],
        "untranslated_name": payload.get("untranslatedName"),
        "is_subtask": is_subtask,
        "hierarchy_level": level if level is not None else (-1 if is_subtask else None),
        "project_id": scope(payload),
    }


def account(payload: Any) -> str | None:
    """Account id of a person; None for nobody, and for those whom Jira has forgotten."""
    return (payload.get("accountId") or None) if isinstance(payload, Mapping) else None


def user(payload: Payload) -> Row:
    """A row of users."""
    return {
        "id": payload["accountId"],
        "name": payload.get("displayName") or None,
        "email": payload.get("emailAddress") or None,
        "type": payload.get("accountType"),
        "is_active": payload.get("active"),
        "time_zone": payload.get("timeZone"),
    }


def users(payload: Any) -> Iterator[Row]:
    """A row of users for every account that stands anywhere in a payload."""
    if isinstance(payload, list):
        for item in payload:
            yield from users(item)
    elif isinstance(payload, Mapping):
        if payload.get("accountId") and "displayName" in payload:
            yield user(payload)
            return
        for name, value in payload.items():
            # Documents hold no accounts, and are deep.
            if name not in ("description", "body") and isinstance(value, Mapping | list):
                yield from users(value)


def issue(payload: Payload, site: Fields, comments: Sequence[Payload], *, bodies: bool) -> Row:
    """A row of issues. `bodies`: whether the description is stored."""
    values: Payload = payload["fields"]
    parent = values.get("parent") or {}
    type_ = values.get("issuetype") or {}
    status_ = values.get("status") or {}
    description = values.get("description")
    return {
        "id": str(payload["id"]),
        "key": payload["key"],
        "project_id": str(values["project"]["id"]),
        "project_key": values["project"]["key"],
        "type_id": _text(type_.get("id")),
        "type_name": type_.get("name"),
        "is_subtask": type_.get("subtask"),
        "title": values.get("summary"),
        "body": plain_text(description) if bodies else None,
        "status_id": _text(status_.get("id")),
        "status_name": status_.get("name"),
        "priority": (values.get("priority") or {}).get("name"),
        "resolution": (values.get("resolution") or {}).get("name"),
        "labels": values.get("labels") or [],
        "components": _names(values.get("components")),
        "fix_versions": _names(values.get("fixVersions")),
        "creator_id": account(values.get("creator")),
        "reporter_id": account(values.get("reporter")),
        "assignee_id": account(values.get("assignee")),
        "parent_id": _text(parent.get("id")),
        "parent_key": parent.get("key") or _first(values, site.epic),
        "sprint_ids": _sprint_ids(_first(values, site.sprint)),
        "story_points": _points(values, site.story_points),
        "original_estimate_seconds": values.get("timeoriginalestimate"),
        "time_spent_seconds": values.get("timespent"),
        "is_flagged": any(values.get(id_) for id_ in site.flagged),
        "mentioned": mentioned(description, *(comment.get("body") for comment in comments)),
        "created_at": moment(values.get("created")),
        "updated_at": moment(values.get("updated")),
        "resolved_at": moment(values.get("resolutiondate")),
        "due_on": day(values.get("duedate")),
        "deleted_at": None,
    }


def changes(
    issue_id: str, entry: Payload, site: Fields, position: int = 1, *, bodies: bool
) -> Iterator[Row]:
    """Rows of issue_changes for one entry of a changelog; texts of people only with `bodies`."""
    for number, item in enumerate(entry.get("items") or [], position):
        field_id = item.get("fieldId") or None
        hidden = not bodies and site.holds_text(field_id, item["field"])
        yield {
            "issue_id": issue_id,
            "change_id": str(entry["id"]),
            "position": number,
            "author_id": account(entry.get("author")),
            "created_at": moment(entry.get("created")),
            "field_id": field_id,
            "field": item["field"],
            # Texts stand in from and to as well, where they should be ids.
            "from_value": None if hidden else _text(item.get("from")),
            "from_text": None if hidden else _text(item.get("fromString")),
            "to_value": None if hidden else _text(item.get("to")),
            "to_text": None if hidden else _text(item.get("toString")),
        }


def worklog(issue_id: str, payload: Payload) -> Row:
    """A row of worklogs."""
    created = moment(payload.get("created"))
    return {
        "id": str(payload["id"]),
        "issue_id": issue_id,
        "author_id": account(payload.get("author")),
        "seconds_spent": int(payload.get("timeSpentSeconds") or 0),
        "started_at": moment(payload.get("started")) or created,
        "created_at": created,
        "updated_at": moment(payload.get("updated")),
    }


def issue_links(issue_id: str, payloads: Iterable[Payload]) -> Iterator[Row]:
    """Rows of issue_links for the links of an issue; the other side shows the same ones.

    `outwardIssue` is the issue that the outward phrase ("blocks") leads to: then the issue asked
    is the source.
    """
    for payload in payloads:
        other = payload.get("outwardIssue") or payload.get("inwardIssue")
        if not other:
            continue
        ends = (issue_id, str(other["id"]))
        source, target = ends if payload.get("outwardIssue") else ends[::-1]
        yield {
            "id": str(payload["id"]),
            "type": (payload.get("type") or {}).get("name") or "unknown",
            "source_issue_id": source,
            "target_issue_id": target,
            "seen_from_issue_id": issue_id,
        }


def remote_link(issue_id: str, payload: Payload) -> Row | None:
    """A row of remote_links; None for one without an address."""
    thing = payload.get("object") or {}
    if not thing.get("url"):
        return None
    return {
        "issue_id": issue_id,
        "id": str(payload["id"]),
        "url": thing["url"],
        "title": thing.get("title"),
        "application": (payload.get("application") or {}).get("type")
        or (payload.get("application") or {}).get("name"),
    }


def sprints_of_change(row: Row, site: Fields) -> Iterator[int]:
    """Ids of the sprints that a change names."""
    if row["field_id"] in site.sprint or (row["field_id"] is None and row["field"] == "Sprint"):
        for value in (row["from_value"], row["to_value"]):
            yield from (int(id_) for id_ in re.findall(r"\d+", value or ""))


def statuses_of_change(row: Row) -> Iterator[str]:
    """Ids of the statuses that a change names."""
    if row["field"] == "status":
        yield from filter(None, (row["from_value"], row["to_value"]))


def _text(value: Any) -> str | None:
    # Jira writes nothing now as null, now as an empty text.
    return None if value in (None, "") else str(value)


def _names(payloads: Any) -> list[str]:
    return [payload["name"] for payload in payloads or [] if payload.get("name")]


def _first(values: Payload, ids: Iterable[str]) -> Any:
    return next((values[id_] for id_ in ids if values.get(id_) is not None), None)


def _points(values: Payload, ids: Iterable[str]) -> float | None:
    found = _first(values, ids)
    try:
        return None if found is None else float(found)
    except (TypeError, ValueError):
        return None


def _sprint_ids(value: Any) -> list[int]:
    found: list[int] = []
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, Mapping) and item.get("id") is not None:
            found.append(int(item["id"]))
        elif isinstance(item, int) and not isinstance(item, bool):
            found.append(item)
        elif isinstance(item, str) and (match := _SPRINT_TEXT.search(item)):
            found.append(int(match[1]))
    return list(dict.fromkeys(found))
