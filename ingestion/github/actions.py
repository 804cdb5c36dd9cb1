"""Workflow runs and their jobs (REST: GraphQL has no list of runs)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, TypedDict

from ingestion.github import rows
from ingestion.github.cursors import Cursor
from ingestion.github.reading import Reading
from ingestion.github.repository import Repository
from ingestion.http import NotFound

# Runs are listed by creation; a re-run changes an old one in its place.
_OVERLAP = timedelta(days=2)
# The longest a run can take (docs.github.com/actions, usage limits), gates included.
_GIVE_UP_AFTER = timedelta(days=35)
_MOST_RECENT = 2000


class State(TypedDict, total=False):
    """What is kept from one sync to the next; `recent` tells changed runs from known ones."""

    etag: str | None
    newest: str | None
    open: list[int]
    recent: dict[str, str]


def read(reading: Reading, repository: Repository, state: State) -> tuple[State, list[str]]:
    """Hands over new, changed and unfinished runs with their jobs; returns the next state and
    the commits of successful runs away from the default branch. Raises ApiError.

    Runs that GitHub has let expire stay as they were last seen.
    """
    taken = _Taken(reading, repository, state.get("recent") or {})
    is_listed, etag = _take_listed(taken, state)
    for run_id in state.get("open") or []:
        if run_id not in taken.seen and (run := _again(reading, repository, run_id)) is not None:
            taken.take([run])
    newest = max(taken.newest, state.get("newest") or "") or None
    cursor = Cursor.after(newest, reading.sync.since, _OVERLAP)
    recent = taken.marks if is_listed else {**taken.known, **taken.marks}
    following: State = {
        "etag": etag,
        "newest": newest,
        "open": taken.open,
        "recent": dict(
            [
                (run_id, mark)
                for run_id, mark in recent.items()
                if not cursor.is_behind(mark.split(" ")[0])
            ][:_MOST_RECENT]
        ),
    }
    return following, taken.deployed


class _Taken:
    """What is remembered of the runs: enough for the next state, not the runs themselves."""

    def __init__(self, reading: Reading, repository: Repository, known: dict[str, str]) -> None:
        self.known = known
        self.reading = reading
        self.repository = repository
        self.seen: set[int] = set()
        self.marks: dict[str, str] = {}
        self.open: list[int] = []
        self.deployed: list[str] = []
        self.newest = ""

    def take(self, runs: Sequence[dict[str, Any]]) -> None:
        """Hands over those that are new or changed, and remembers all."""
        fresh = [run for run in runs if run["id"] not in self.seen]
        self.seen.update(run["id"] for run in fresh)
        changed = [run for run in fresh if self.known.get(str(run["id"])) != _mark(run)]
        _put(self.reading, self.repository, changed)
        self.marks.update({str(run["id"]): _mark(run) for run in fresh})
        self.open += [run["id"] for run in fresh if _is_open(run, self.reading)]
        if self.reading.sync.runs_deploy:
            self.deployed += [
                run["head_sha"] for run in changed if _may_deploy(run, self.repository)
            ]
        self.newest = max([self.newest, *(run["created_at"] for run in fresh)])


def _take_listed(taken: _Taken, state: State) -> tuple[bool, str | None]:
    """Takes the runs of the list down to the cursor; returns whether it was read, its ETag."""
    reading, repository = taken.reading, taken.repository
    etag = state.get("etag")
    if repository.is_archived and state.get("newest"):
        return False, etag
    cursor = Cursor.after(state.get("newest"), reading.sync.since, _OVERLAP)
    params = {"per_page": 100, "exclude_pull_requests": "true"}
    try:
        for page, reply in enumerate(
            reading.pages(f"{repository.path}/actions/runs", params, etag=etag)
        ):
            if reply.not_modified:
                return False, etag
            if page == 0:
                etag = reply.etag
            runs = reply.data.get("workflow_runs") or []
            wanted = [run for run in runs if not cursor.is_behind(run["created_at"])]
            taken.take(wanted)
            if len(wanted) < len(runs):
                break
    except NotFound:
        # Actions is switched off, or the server has none.
        return False, None
    return True, etag


def _again(reading: Reading, repository: Repository, run_id: int) -> dict[str, Any] | None:
    try:
        reply = reading.get(
            f"{repository.path}/actions/runs/{run_id}", {"exclude_pull_requests": "true"}
        )
    except NotFound:
        return None
    return dict(reply.data)


def _put(reading: Reading, repository: Repository, runs: Sequence[dict[str, Any]]) -> None:
    if reading.sync.workflow_jobs:
        lists = reading.sync.fan_out.map(lambda run: _jobs(reading, repository, run), runs)
        for jobs in lists:
            reading.put("workflow_jobs", [rows.workflow_job(job, repository.id) for job in jobs])
    reading.put("workflow_runs", [rows.workflow_run(run, repository.id) for run in runs])


def _jobs(reading: Reading, repository: Repository, run: dict[str, Any]) -> list[dict[str, Any]]:
    path = f"{repository.path}/actions/runs/{run['id']}/jobs"
    found: dict[int, dict[str, Any]] = {}
    try:
        for reply in reading.pages(path, {"filter": "all", "per_page": 100}):
            found.update({job["id"]: job for job in reply.data.get("jobs") or []})
    except NotFound:
        return []
    return list(found.values())


def _mark(run: dict[str, Any]) -> str:
    """When it was created, and a text that changes with the run."""
    changes = (run.get("run_attempt"), run.get("status"), run.get("updated_at"))
    return " ".join(str(part) for part in (run["created_at"], *changes))


def _is_open(run: dict[str, Any], reading: Reading) -> bool:
    if run.get("status") == "completed":
        return False
    created = rows.timestamp(run["created_at"])
    return created is None or created > reading.sync.synced_at - _GIVE_UP_AFTER


def _may_deploy(run: dict[str, Any], repository: Repository) -> bool:
    return (
        run.get("conclusion") == "success"
        and run.get("head_branch") != repository.default_branch
        and not str(run.get("event")).startswith("pull_request")
    )
