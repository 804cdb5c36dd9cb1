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
    listed = _listed(reading, repository, state)
    found: list[dict[str, Any]] = []
    if listed is None:
        following: State = {**state, "open": []}
    else:
        etag, found = listed
        following = {"etag": etag, "newest": state.get("newest"), "open": [], "recent": {}}
    seen = {run["id"] for run in found}
    for run_id in state.get("open") or []:
        if run_id not in seen and (run := _again(reading, repository, run_id)) is not None:
            found.append(run)
    known = state.get("recent") or {}
    changed = [run for run in found if known.get(str(run["id"])) != _mark(run)]
    for start in range(0, len(changed), 100):
        _put(reading, repository, changed[start : start + 100])
    newest = [run["created_at"] for run in found] + [following.get("newest") or ""]
    following["newest"] = max(newest) or None
    following["open"] = [run["id"] for run in found if _is_open(run, reading)]
    kept = dict(known) if listed is None else {}
    cursor = Cursor.after(following["newest"], reading.sync.since, _OVERLAP)
    kept.update(
        {str(run["id"]): _mark(run) for run in found if not cursor.is_behind(run["created_at"])}
    )
    following["recent"] = dict(list(kept.items())[:_MOST_RECENT])
    return following, [run["head_sha"] for run in changed if _may_deploy(run, repository)]


def _listed(
    reading: Reading, repository: Repository, state: State
) -> tuple[str | None, list[dict[str, Any]]] | None:
    """The ETag of the list and its runs down to the cursor; None if nothing changed."""
    if repository.is_archived and state.get("newest"):
        return None
    cursor = Cursor.after(state.get("newest"), reading.sync.since, _OVERLAP)
    path = f"{repository.path}/actions/runs"
    params = {"per_page": 100, "exclude_pull_requests": "true"}
    etag = None
    found: dict[int, dict[str, Any]] = {}
    try:
        for page, reply in enumerate(reading.pages(path, params, etag=state.get("etag"))):
            if reply.not_modified:
                return None
            if page == 0:
                etag = reply.etag
            runs = reply.data.get("workflow_runs") or []
            for run in runs:
                if cursor.is_behind(run["created_at"]):
                    return etag, list(found.values())
                found.setdefault(run["id"], _slim(run))
    except NotFound:
        # Actions is switched off, or the server has none.
        return None, []
    return etag, list(found.values())


_FIELDS = (
    *("id", "node_id", "workflow_id", "name", "path", "event", "status", "conclusion"),
    *("head_branch", "head_sha", "run_number", "run_attempt"),
    *("created_at", "run_started_at", "updated_at"),
)


def _slim(run: dict[str, Any]) -> dict[str, Any]:
    """The tenth of a run's payload that is used: a long history is held at once."""
    actor = run.get("actor") or {}
    return {
        **{name: run.get(name) for name in _FIELDS},
        "actor": {"login": actor.get("login"), "type": actor.get("type")},
    }


def _again(reading: Reading, repository: Repository, run_id: int) -> dict[str, Any] | None:
    try:
        reply = reading.get(
            f"{repository.path}/actions/runs/{run_id}", {"exclude_pull_requests": "true"}
        )
    except NotFound:
        return None
    return _slim(reply.data)


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
    return f"{run.get('run_attempt')} {run.get('status')} {run.get('updated_at')}"


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
