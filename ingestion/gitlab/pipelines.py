"""Pipelines and their jobs, retried ones included; unfinished ones are asked for again.

The jobs of a first sync come from one list of the project, by key. Later ones are read pipeline by
pipeline: a retry or a manual job changes an old pipeline, deep in the project's list. So are those
of pipelines that changed while that list was read, which for a large project takes hours.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, TypedDict

from ingestion.gitlab import rows_ci
from ingestion.gitlab.merge_requests import is_nothing_there
from ingestion.gitlab.paging import Item, in_history
from ingestion.gitlab.project import Project
from ingestion.gitlab.reading import Reading
from ingestion.gitlab.rows_ci import FINISHED, Span
from ingestion.gitlab.windows import OVERLAP, Window
from ingestion.gitlab.windows import State as WindowState
from ingestion.http import ApiError, NotFound
from ingestion.loading import timestamp

# The longest that a job may run or wait (docs.gitlab.com/ci, job timeouts), and then some.
_GIVE_UP_AFTER = timedelta(days=35)
_MOST_REMEMBERED = 2000


class State(TypedDict, total=False):
    """What is kept from one sync to the next; child pipelines have a list of their own."""

    parents: WindowState
    children: WindowState
    open: list[int]
    has_jobs: bool
    """The list of all jobs was read."""
    has_all: bool
    """Those that never changed were read too."""
    told_at: str
    """A time that the server's clock had passed when they were read, or seen not to change."""
    tail: dict[str, Any]
    """The page with which the reading of the list of all jobs ended: older history begins there."""
    whole: list[int]
    """Pipelines begun before the history that was read; all their jobs are known."""


def merged(newer: State, older: State) -> State:
    """The next state, of that of the newest history and what the older history adds to it."""
    found: State = {**newer}
    found["open"] = list(dict.fromkeys([*(newer.get("open") or []), *(older.get("open") or [])]))
    found["tail"] = older.get("tail") or newer.get("tail") or {}
    found["whole"] = _last([*(newer.get("whole") or []), *(older.get("whole") or [])])
    return found


def _last(ids: Iterable[int]) -> list[int]:
    return sorted(set(ids))[-_MOST_REMEMBERED:]


class Pipelines:
    """Reads the pipelines of one project."""

    def __init__(
        self, reading: Reading, project: Project, state: State, told_at: datetime | None
    ) -> None:
        """`told_at`: a time that the server's clock had passed before; of older history, None."""
        self._reading = reading
        self._project = project
        self._old = state
        self._told_at = told_at
        self._needs_all_jobs = reading.sync.jobs and not state.get("has_jobs")
        self._spans: dict[int, Span] = {}
        self._seen: set[int] = set()
        self._open: list[int] = []
        self._tail: dict[str, Any] = dict(state.get("tail") or {})
        self._whole: set[int] = set(state.get("whole") or [])
        self.deployed: list[str] = []
        """Commits of successful pipelines away from the default branch, where a rule wants them."""
        self.is_changed = False

    def read(self) -> State:
        """Hands over new, changed and unfinished pipelines with their jobs; returns the next
        state. Raises ApiError. Pipelines that were deleted stay as they were last seen."""
        if self._needs_all_jobs:
            self._read_all_jobs()
        if not self._old.get("has_all"):
            self._take(self._never_changed())
        parents = self._changed(self._old.get("parents") or {}, {})
        children = self._old.get("children") or {}
        if self.is_changed or children:
            # They are in no list unless asked for by name (docs.gitlab.com/api/pipelines).
            children = self._changed(children, {"source": "parent_pipeline"})
        self._needs_all_jobs = False
        for id_ in self._old.get("open") or []:
            if id_ not in self._seen and (found := self._again(id_)) is not None:
                self._take([found])
        return {
            "parents": parents,
            "children": children,
            "open": self._open,
            "has_jobs": self._reading.sync.jobs,
            "has_all": True,
            "tail": self._tail,
            "whole": _last(self._whole),
        }

    def _changed(self, state: WindowState, params: dict[str, str]) -> WindowState:
        window = Window(state, self._reading.sync.since)
        path = f"{self._project.path}/pipelines"
        for items in self._reading.by_change(path, params, window.start):
            fresh = [item for item in items if not window.is_known(item)]
            self._take(fresh)
            self._reading.flush()
            for item in items:
                window.took(item)
        return window.state()

    def _never_changed(self) -> list[Item]:
        """Pipelines without a time of change, as some systems outside make them: no list of
        changes shows them, but the order puts them first (Postgres, nulls in descending order)."""
        found: list[Item] = []
        path = f"{self._project.path}/pipelines"
        for items, _ in self._reading.numbered(path, {"order_by": "updated_at", "sort": "desc"}):
            found += [item for item in items if item.get("updated_at") is None]
            if not items or items[-1].get("updated_at") is not None:
                break
        return in_history(found, self._reading.sync.since, self._reading.sync.until)

    def _take(self, items: Sequence[Item]) -> None:
        self.is_changed = self.is_changed or bool(items)
        sync, project = self._reading.sync, self._project
        if sync.jobs:
            # Of those that were begun before, the list of all jobs has not all.
            begun_before = [item for item in items if self._is_begun_before(item)]
            self._whole.update(item["id"] for item in begun_before)
            one_by_one = items
            if self._needs_all_jobs:
                one_by_one = [
                    item
                    for item in items
                    if self._is_begun_before(item) or self._may_have_moved_on(item)
                ]
            for jobs in sync.fan_out.map(self._jobs, one_by_one):
                self._reading.put("jobs", jobs)
        elif not sync.jobs and sync.runs_deploy:
            items = list(sync.fan_out.map(self._with_times, items))
        for item in items:
            self._seen.add(item["id"])
            row = rows_ci.pipeline(item, project.number, self._spans.get(item["id"]))
            self._reading.put("pipelines", [row])
            if item["status"] not in FINISHED and self._is_recent(item):
                self._open = [*dict.fromkeys([*self._open, item["id"]])]
            if (
                sync.runs_deploy
                and item["status"] == "success"
                and item.get("ref") != project.default_branch
                and not str(item.get("source")).startswith(("merge_request", "external_pull"))
            ):
                self.deployed.append(item["sha"])

    def _read_all_jobs(self) -> None:
        """The jobs of the project back to the start of the history, newest first."""
        later: set[int] = set()
        newest_first = {"order_by": "id", "sort": "desc"}
        try:
            path = f"{self._project.path}/jobs"
            for items in self._reading.keyset(path, newest_first, self._tail):
                for item in items:
                    self._take_job(item, later)
                created = timestamp(items[-1].get("created_at"))
                if created is not None and created < self._reading.sync.since:
                    return
        except ApiError as error:
            if not is_nothing_there(error, self._project, "jobs"):
                raise

    def _take_job(self, item: Item, later: set[int]) -> None:
        pipeline_id = (item.get("pipeline") or {}).get("id")
        name = hash((pipeline_id, item.get("name")))
        row = rows_ci.job(item, self._project.number, None, name in later)
        later.add(name)
        since, until = self._reading.sync.since, self._reading.sync.until
        created = row["created_at"]
        if created is not None and (created < since or (until is not None and created >= until)):
            return
        if until is not None and pipeline_id in self._whole:
            return
        self._reading.put("jobs", [row])
        if pipeline_id is not None:
            self._spans.setdefault(pipeline_id, Span()).add(item)

    def _jobs(self, item: Item) -> list[dict[str, Any]]:
        path = f"{self._project.path}/pipelines/{item['id']}/jobs"
        try:
            found = list(self._reading.items(path, {"include_retried": "true"}))
        except NotFound:
            return []
        span = self._spans.setdefault(item["id"], Span())
        for job in found:
            span.add(job)
        return rows_ci.jobs_of_pipeline(found, self._project.number, item["id"])

    def _with_times(self, item: Item) -> Item:
        return self._again(item["id"]) or item

    def _again(self, pipeline_id: int) -> Item | None:
        try:
            found = self._reading.get(f"{self._project.path}/pipelines/{pipeline_id}").data
        except NotFound:
            return None
        return found if isinstance(found, dict) else None

    def _is_begun_before(self, item: Item) -> bool:
        created = timestamp(item.get("created_at"))
        return created is not None and created < self._reading.sync.since

    def _may_have_moved_on(self, item: Item) -> bool:
        """Whether a pipeline may have changed after the list of all jobs was read."""
        changed = timestamp(item.get("updated_at"))
        if self._reading.sync.until is not None or changed is None:
            return False
        return self._told_at is None or changed >= self._told_at - OVERLAP

    def _is_recent(self, item: Item) -> bool:
        created = timestamp(item.get("created_at"))
        return created is None or created > self._reading.sync.synced_at - _GIVE_UP_AFTER
