"""Deployments with the whole history of their statuses.

GitHub lists them by creation only, so those that had not come to an end are asked for again by
id until they have, or are too old to hope for.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, TypedDict

from ingestion.github import rows
from ingestion.github.cursors import Cursor
from ingestion.github.reading import Reading
from ingestion.github.repository import Repository

_OVERLAP = timedelta(days=1)
_GIVE_UP_AFTER = timedelta(days=30)
_ENDED = {"ABANDONED", "ACTIVE", "DESTROYED", "ERROR", "FAILURE", "INACTIVE", "SUCCESS"}
# Previews come in hundreds; the live ones that matter are few and among the newest.
_MOST_LIVE = 100


class State(TypedDict, total=False):
    """What is kept from one sync to the next."""

    signature: str | None
    newest: str | None
    open: list[str]
    live: list[str]


def read(reading: Reading, repository: Repository, state: State) -> tuple[State, list[str]]:
    """Hands over new and unfinished deployments; returns the next state and the commits they
    deployed, newest first. Raises ApiError.
    """
    signature = repository.signatures["deployments"]
    is_changed = signature is None or signature != state.get("signature")
    seen: dict[str, dict[str, Any]] = {}
    newest = state.get("newest")
    if is_changed:
        cursor = Cursor.after(newest, reading.sync.since, _OVERLAP, reading.sync.until)
        variables = {"repository": repository.id}
        for node in reading.newest_first("deployments", ["deployments"], variables, "createdAt"):
            if cursor.is_behind(node["createdAt"]):
                break
            if node["id"] not in seen and not cursor.is_ahead(node["createdAt"]):
                seen[node["id"]] = _take(reading, repository, node)
        newest = max([newest or "", *(n["createdAt"] for n in seen.values())]) or None
    again = list(state.get("open") or [])
    if is_changed:
        # A live deployment becomes inactive when another takes its place.
        again += state.get("live") or []
    for node in reading.nodes("deployments_by_id", [id_ for id_ in again if id_ not in seen]):
        if node.get("id") and node["id"] not in seen:
            seen[node["id"]] = _take(reading, repository, node)
    live = [node["id"] for node in seen.values() if node.get("state") in ("ACTIVE", "SUCCESS")]
    following: State = {
        "signature": signature,
        "newest": newest,
        "open": [n["id"] for n in seen.values() if _is_open(n, reading)],
        "live": live[:_MOST_LIVE] if is_changed else state.get("live") or [],
    }
    return following, [n["commitOid"] for n in seen.values() if n.get("commitOid")]


def merged(newer: State, older: State) -> State:
    """The next state, of that of the newest history and what the older history adds to it."""
    return {
        **newer,
        "open": list(dict.fromkeys([*(newer.get("open") or []), *(older.get("open") or [])])),
        "live": [*(newer.get("live") or []), *(older.get("live") or [])][:_MOST_LIVE],
    }


def _take(reading: Reading, repository: Repository, node: dict[str, Any]) -> dict[str, Any]:
    reading.complete(node, "statuses", "deployment_statuses")
    reading.put("deployments", [rows.deployment(node, repository.id)])
    reading.put("deployment_statuses", rows.deployment_statuses(node, repository.id))
    # Only what decides about the next reading is kept, not the statuses.
    return {key: node.get(key) for key in ("id", "createdAt", "state", "commitOid")}


def _is_open(node: dict[str, Any], reading: Reading) -> bool:
    if node.get("state") in _ENDED:
        return False
    created = rows.timestamp(node["createdAt"])
    return created is None or created > reading.sync.synced_at - _GIVE_UP_AFTER
