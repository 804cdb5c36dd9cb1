"""Deployments by change, and the short lists that are read whole when their first page changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ingestion.gitlab import rows, rows_ci
from ingestion.gitlab.paging import Item, in_history
from ingestion.gitlab.project import Project
from ingestion.gitlab.reading import Reading
from ingestion.gitlab.windows import State as WindowState
from ingestion.gitlab.windows import Window
from ingestion.http import Reply
from ingestion.loading import timestamp
from ingestion.loading.batches import Row

# What the first page does not show (a tag moved, far down) is found after that time, which is
# less than that after which a quiet project is looked at.
_HOLDS = timedelta(days=6)
# Nothing else tells of a deployment that was recorded through the API, without a job: where there
# was one in that time, more may come.
_OUTSIDE_HOLDS = timedelta(days=90)

State = dict[str, Any]


class DeploymentsState(WindowState, total=False):
    """What is kept of deployments from one sync to the next."""

    has_all: bool
    """Those that never changed were read too."""
    outside_at: str
    """When the newest one was made that has no job."""


@dataclass(frozen=True)
class ShortList:
    """A list of a project: where it is, how it becomes rows, and by what time they are dated."""

    path: str
    params: Mapping[str, str]
    to_row: Callable[[Item, int], Row | None]
    key: str
    dated_by: str | None = None


SHORT_LISTS = {
    "labels": ShortList("labels", {"with_counts": "false"}, rows.label, "id"),
    "environments": ShortList("environments", {}, rows_ci.environment, "id"),
    "tags": ShortList(
        "repository/tags", {"order_by": "updated", "sort": "desc"}, rows_ci.tag, "name", "tagged_at"
    ),
    "releases": ShortList(
        "releases",
        {"order_by": "created_at", "sort": "desc"},
        rows_ci.release,
        "tag_name",
        "created_at",
    ),
}


def read_short(
    reading: Reading, project: Project, name: str, state: State
) -> tuple[State, list[str]]:
    """Hands over a list if its first page or its length changed, or a week has passed.

    Returns the next state ({"signature", "read_at"}) and the commits of entries since the start of
    the history, newest first. Raises ApiError.
    """
    list_ = SHORT_LISTS[name]
    read_at = timestamp(state.get("read_at"))
    is_due = read_at is None or reading.sync.synced_at - read_at >= _HOLDS
    signature = None
    seen: set[Any] = set()
    recent: list[tuple[datetime, str]] = []
    for items, reply in reading.numbered(f"{project.path}/{list_.path}", list_.params):
        if signature is None:
            signature = _signature(items, reply)
            if signature == state.get("signature") and not is_due:
                return state, []
        for item in items:
            row = list_.to_row(item, project.number)
            if row is None or row[list_.key] in seen:
                continue
            seen.add(row[list_.key])
            reading.put(name, [row])
            moment = row[list_.dated_by] if list_.dated_by else None
            if moment and row.get("commit_sha") and moment >= reading.sync.since:
                recent.append((moment, row["commit_sha"]))
    following = {"signature": signature, "read_at": reading.sync.synced_at.isoformat()}
    return following, [sha for _, sha in sorted(recent, reverse=True)]


def _signature(items: list[Item], reply: Reply) -> str:
    text = json.dumps([items, reply.headers.get("x-total")], sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def read_deployments(
    reading: Reading, project: Project, state: DeploymentsState
) -> tuple[DeploymentsState, list[str]]:
    """Hands over new and changed deployments; returns the next state and the commits they
    deployed, newest change first. Raises ApiError.

    GitLab wants updated_after and order_by=updated_at together (DeploymentsFinder, else 400); any
    change of a deployment's status moves that time, so unfinished ones come again by themselves.
    """
    window = Window(state, reading.sync.since)
    path = f"{project.path}/deployments"
    shas: list[str] = []
    outside = timestamp(state.get("outside_at"))

    def take(items: list[Item]) -> None:
        nonlocal outside
        made = [timestamp(i.get("created_at")) for i in items if not i.get("deployable")]
        outside = max(filter(None, [outside, *made]), default=None)
        reading.put("deployments", [rows_ci.deployment(item, project.number) for item in items])
        reading.flush()
        shas.extend(item["sha"] for item in items if item.get("sha"))

    if not state.get("has_all"):
        take(_never_changed(reading, path))
    for items in reading.by_change(path, {}, window.start):
        take([item for item in items if not window.is_known(item)])
        for item in items:
            window.took(item)
    following: DeploymentsState = {**window.state(), "has_all": True}
    if outside is not None:
        following["outside_at"] = outside.isoformat()
    return following, list(dict.fromkeys(reversed(shas)))


def are_made_outside(state: DeploymentsState, synced_at: datetime) -> bool:
    """Whether deployments may come without a pipeline that tells of them."""
    made = timestamp(state.get("outside_at"))
    return not state.get("has_all") or (made is not None and synced_at - made < _OUTSIDE_HOLDS)


def _never_changed(reading: Reading, path: str) -> list[Item]:
    """Deployments without a time of change, as old ones have: no list by that time shows them."""
    found: list[Item] = []
    for items, _ in reading.numbered(path, {"order_by": "id", "sort": "desc"}):
        found += [item for item in items if item.get("updated_at") is None]
        oldest = timestamp(items[-1].get("created_at")) if items else None
        if oldest is None or oldest < reading.sync.since:
            break
    return in_history(found, reading.sync.since, reading.sync.until)
