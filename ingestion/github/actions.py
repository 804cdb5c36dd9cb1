"""Workflow runs and their jobs (REST: GraphQL has no list of runs)."""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import chain
from typing import Any, TypedDict

from ingestion.github import jobs, rows
from ingestion.github.cursors import Cursor
from ingestion.github.reading import Reading
from ingestion.github.repository import Repository
from ingestion.github.wanted_runs import WantedRuns
from ingestion.http import NotFound, Reply

# Runs are listed by creation; a re-run changes an old one in its place.
_OVERLAP = timedelta(days=2)
# The longest a run can take (docs.github.com/actions, usage limits), gates included.
_GIVE_UP_AFTER = timedelta(days=35)
_MOST_RECENT = 2000
# Scheduled runs and re-runs leave no trace in a repository.
_LOOK_AGAIN_AFTER = timedelta(days=1)
_SPREAD_MINUTES = 6 * 60
_PAGE = 100


_LIST = "workflow_runs"


class State(TypedDict, total=False):
    """What is kept from one sync to the next."""

    etag: str | None
    newest: str | None
    open: dict[str, str | None]
    """Runs that had not ended, with the ETags of their last answers."""
    recent: dict[str, str]
    """Tells changed runs from known ones."""
    jobs: str
    """`WantedRuns.mark` of the runs whose jobs were read."""
    fingerprint: str | None
    """`Repository.fingerprint` when the list was last asked for."""
    looked_at: str
    again: bool
    """Something had changed then, and its runs may have begun only afterwards."""


def read(reading: Reading, repository: Repository, state: State) -> tuple[State, list[str]]:
    """Hands over new, changed and unfinished runs with their jobs; returns the next state and
    the commits of successful runs away from the default branch. Raises ApiError.

    Runs that GitHub has let expire stay as they were last seen. In a quiet repository whose runs
    no deployment rule looks at, nothing is asked but once a day (for scheduled runs).
    """
    wanted = reading.sync.wanted_runs(repository.full_name)
    if _wants_other_jobs(wanted, state):
        state = {"open": state.get("open") or {}}
    if not _is_due(reading, repository, state, wanted):
        return state, []
    taken = _Taken(reading, repository, state.get("recent") or {}, wanted)
    is_listed, etag = _take_listed(taken, state)
    for run_id, known_etag in _open(state).items():
        if int(run_id) not in taken.seen:
            taken.take_again(int(run_id), known_etag)
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
        "jobs": wanted.mark,
        "fingerprint": repository.fingerprint,
        "looked_at": reading.sync.synced_at.isoformat(),
        "again": bool(taken.changed) or repository.fingerprint != state.get("fingerprint"),
    }
    return following, taken.deployed


def _wants_other_jobs(wanted: WantedRuns, state: State) -> bool:
    """Whether jobs are wanted that were not when their runs were read."""
    known = state.get("jobs")
    return known not in (None, "all", wanted.mark) and bool(wanted.mark)


def _is_due(reading: Reading, repository: Repository, state: State, wanted: WantedRuns) -> bool:
    looked_at = rows.timestamp(state.get("looked_at"))
    if looked_at is None or wanted.deploy or state.get("open") or state.get("again"):
        return True
    if repository.fingerprint is None or repository.fingerprint != state.get("fingerprint"):
        return True
    # Not all repositories in the same hour.
    early = timedelta(minutes=zlib.crc32(repository.id.encode()) % _SPREAD_MINUTES)
    return reading.sync.synced_at >= looked_at + _LOOK_AGAIN_AFTER - early


def _open(state: State) -> dict[str, str | None]:
    found: Any = state.get("open") or {}
    # Earlier states have a list without ETags.
    return {str(run_id): None for run_id in found} if isinstance(found, list) else found


def merged(newer: State, older: State) -> State:
    """The next state, of that of the newest history and what the older history adds to it."""
    return {**newer, "open": {**_open(older), **_open(newer)}}


class _Taken:
    """What is remembered of the runs: enough for the next state, not the runs themselves."""

    def __init__(
        self,
        reading: Reading,
        repository: Repository,
        known: dict[str, str],
        wanted: WantedRuns,
    ) -> None:
        self.known = known
        self.wanted = wanted
        self.changed = 0
        self.reading = reading
        self.repository = repository
        self.seen: set[int] = set()
        self.marks: dict[str, str] = {}
        self.open: dict[str, str | None] = {}
        self.deployed: list[str] = []
        self.newest = ""

    def take(self, runs: Sequence[dict[str, Any]]) -> None:
        """Hands over those that are new or changed, and remembers all."""
        fresh = [run for run in runs if run["id"] not in self.seen]
        self.seen.update(run["id"] for run in fresh)
        changed = [run for run in fresh if self.known.get(str(run["id"])) != _mark(run)]
        self.changed += len(changed)
        self._put(changed)
        self.marks.update({str(run["id"]): _mark(run) for run in fresh})
        self.open |= {str(run["id"]): None for run in fresh if _is_open(run, self.reading)}
        if self.wanted.deploy:
            self.deployed += [
                run["head_sha"] for run in changed if _may_deploy(run, self.repository)
            ]
        self.newest = max([self.newest, *(run["created_at"] for run in fresh)])

    def take_again(self, run_id: int, etag: str | None) -> None:
        """Takes a run that had not ended, if it is still there."""
        path = f"{self.repository.path}/actions/runs/{run_id}"
        try:
            reply = self.reading.get(path, {"exclude_pull_requests": "true"}, etag=etag)
        except NotFound:
            return
        if reply.not_modified:
            self.open[str(run_id)] = etag
            return
        self.take([dict(reply.data)])
        if str(run_id) in self.open:
            self.open[str(run_id)] = reply.etag

    def _put(self, runs: Sequence[dict[str, Any]]) -> None:
        reading, repository = self.reading, self.repository
        for found in jobs.read(reading, repository, [*filter(self.wanted.wants_jobs_of, runs)]):
            reading.put("workflow_jobs", found)
        reading.put("workflow_runs", [rows.workflow_run(run, repository.id) for run in runs])


def _take_listed(taken: _Taken, state: State) -> tuple[bool, str | None]:
    """Takes the runs of the list down to the cursor; returns whether it was read, its ETag."""
    reading, repository = taken.reading, taken.repository
    etag = state.get("etag")
    if repository.is_archived and state.get("newest"):
        return False, etag
    cursor = Cursor.after(state.get("newest"), reading.sync.since, _OVERLAP, reading.sync.until)
    try:
        for page, reply in _pages(reading, repository, cursor, etag):
            if reply.not_modified:
                return False, etag
            if page == 1:
                etag = reply.etag
            runs = reply.data.get("workflow_runs") or []
            wanted = [run for run in runs if not cursor.is_behind(run["created_at"])]
            taken.take([run for run in wanted if not cursor.is_ahead(run["created_at"])])
            if reading.sync.until or not reading.tails.has(_LIST):
                reading.tails.ended(_LIST, page, is_all=False)
            if len(wanted) < len(runs):
                break
    except NotFound:
        # Actions is switched off, or the server has none.
        return False, None
    return True, etag


def _pages(
    reading: Reading, repository: Repository, cursor: Cursor, etag: str | None
) -> Iterator[tuple[int, Reply]]:
    """The pages of the list with their numbers; of older history from where the last reading
    ended. Runs that were deleted since let others move up: then it begins pages before that.
    Those deleted while it is read do so too: then the pages to which others moved come again."""
    params = {"per_page": _PAGE, "exclude_pull_requests": "true"}
    path = f"{repository.path}/actions/runs"
    first = (reading.sync.until and reading.tails.after(_LIST)) or 1
    while first > 1:
        replies = reading.pages(path, {**params, "page": first})
        reply = next(replies)
        runs = reply.data.get("workflow_runs") or []
        if runs and cursor.is_newer(runs[0]["created_at"]):
            numbered = enumerate(chain([reply], replies), first)
            break
        first //= 2
    else:
        numbered = enumerate(reading.pages(path, params, etag=etag), 1)
    count = None
    for page, reply in numbered:
        counted = (reply.data or {}).get("total_count")
        gone = count - counted if isinstance(counted, int) and count is not None else 0
        for moved in range(max(1, page - math.ceil(gone / _PAGE)), page):
            yield moved, reading.get(path, {**params, "page": moved})
        count = counted if isinstance(counted, int) else count
        yield page, reply


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
