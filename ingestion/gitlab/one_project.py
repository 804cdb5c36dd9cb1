"""Everything of one project but its merge requests and issues: what changed is read.

What may be left alone (README.md, "What is not asked") is decided here.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ingestion.gitlab import lists, pipelines
from ingestion.gitlab.commits import Commits
from ingestion.gitlab.groups import as_json
from ingestion.gitlab.merge_requests import is_nothing_there
from ingestion.gitlab.pipelines import Pipelines
from ingestion.gitlab.project import Project
from ingestion.gitlab.reading import Reading
from ingestion.http import ApiError, Forbidden, NotFound, Stopped, Unauthorized, Unreachable
from ingestion.http.errors import one_line
from ingestion.loading import Outcome, timestamp, unexpected_shape
from ingestion.loading.batches import Row

logger = logging.getLogger(__name__)

# GitLab moves last_activity_at at most once an hour (RESET_PROJECT_ACTIVITY_INTERVAL in its
# source); the rest is for clocks and for events that are written late.
ACTIVITY_HOLDS = timedelta(minutes=70)
# What no activity tells of: a release on an old tag, a new environment, a label. Within a day,
# so that the projects of a first sync are not all looked at in one.
_LOOK_AGAIN = timedelta(days=6)

State = dict[str, Any]
# Of the state, what the reading of older history goes on with.
_OF_ALL_HISTORY = ("row", "root", "head_sha", "is_split", "elsewhere", "looked_at", "cut")


class Gone(NotFound):
    """The project was there when it was listed, and is no more."""


@dataclass(frozen=True)
class Signs:
    """What is known of a project before it is read, besides its entry in the list."""

    newest_seen: datetime | None = None
    """The newest time that the server told of any project, which its clock has passed."""
    told_at: datetime | None = None
    """The newest time it told of anything before this sync read any pipeline."""
    is_still: bool = False
    """No pipeline changed since they were read last."""


class _Reader:
    def __init__(self, reading: Reading, project: Project, state: State, signs: Signs) -> None:
        self.reading = reading
        self.project = project
        self.old = state
        self.new: State = {**state, "name": project.full_name}
        is_split = reading.sync.split(project.full_name)
        if is_split and not state.get("is_split"):
            # The changed paths of what was read before are missing.
            self.new.pop("head_sha", None)
        self.new["is_split"] = is_split
        self.commits = Commits(reading, project, is_split)
        self.head: str | None = self.new.get("head_sha")
        self.signs = signs
        self.is_quiet = is_split == bool(state.get("is_split")) and is_quiet(
            project, state, reading.sync.synced_at
        )
        # Without pipelines nothing can be deployed by one.
        self.is_still = self.is_quiet and (signs.is_still or not project.may_have("pipelines"))
        self.elsewhere: list[str] = list(state.get("elsewhere") or [])
        self.new["elsewhere"] = self.elsewhere

    def steps(self) -> list[tuple[str, Callable[[], None]]]:
        """The lists by the name of their table, in the order in which they are read."""
        if self.reading.sync.until is not None:
            return [
                ("commits", lambda: self.commits.read_older(self.head)),
                ("pipelines", self.pipelines),
                ("deployments", self.deployments),
                ("tags", lambda: self.short("tags")),
                ("releases", lambda: self.short("releases")),
                ("commits", self.other_commits),
            ]
        return [
            ("commits", self.default_branch),
            ("pipelines", self.pipelines),
            ("deployments", self.deployments),
            ("labels", self.labels),
            ("environments", lambda: self.short("environments")),
            ("tags", lambda: self.short("tags")),
            ("releases", lambda: self.short("releases")),
            ("commits", self.other_commits),
        ]

    def default_branch(self) -> None:
        if self.is_quiet:
            return
        head = self.commits.head()
        self.commits.read_default_branch(head, self.new.get("head_sha"))
        self.head = self.new["head_sha"] = head

    def pipelines(self) -> None:
        if self.is_quiet and (self.project.is_archived or self.is_still):
            if self.is_still:
                self.new["pipelines"] = {**self.old["pipelines"], **self._told()}
            return
        known: pipelines.State = self.old.get("pipelines") or {}
        those = Pipelines(self.reading, self.project, known, self.signs.told_at)
        self.new["pipelines"] = {**those.read(), **self._told()}
        self.elsewhere += those.deployed
        if those.is_changed:
            # Something ran: it may have made tags, releases and environments, without activity.
            self.is_quiet = False

    def _told(self) -> State:
        at = self.signs.told_at
        return {} if at is None else {"told_at": at.isoformat()}

    def deployments(self) -> None:
        if self.is_quiet and self.project.is_archived:
            return
        old: lists.DeploymentsState = self.old.get("deployments") or {}
        if self.is_still and not lists.are_made_outside(old, self.reading.sync.synced_at):
            return
        self.new["deployments"], shas = lists.read_deployments(self.reading, self.project, old)
        self.elsewhere += shas
        if shas:
            self.is_quiet = False

    def labels(self) -> None:
        read_at = timestamp((self.old.get("labels") or {}).get("read_at"))
        if read_at is None or self.reading.sync.synced_at - read_at >= timedelta(days=1):
            self.short("labels")

    def short(self, name: str) -> None:
        if not self.is_quiet:
            old = self.old.get(name) or {}
            self.new[name], shas = lists.read_short(self.reading, self.project, name, old)
            self.elsewhere += shas

    def other_commits(self) -> None:
        looked_at = self.old.get("looked_at") or []
        cut = self.old.get("cut") or []
        if self.reading.sync.until is not None:
            looked_at = [p for p in looked_at if not any(sha.startswith(p) for sha in cut)]
            self.elsewhere += cut
            cut = []
        found = self.commits.read_elsewhere(self.elsewhere, self.head, looked_at)
        self.new["looked_at"] = found
        self.new["cut"] = [*cut, *self.commits.cut]
        self.elsewhere.clear()


def read(
    reading: Reading,
    project: Project,
    row: Row,
    root: int,
    signs: Signs,
    state: State,
) -> Outcome[Any]:
    """Hands over what changed in a project. A list that fails keeps its old cursor.

    `row`: of the table projects, without its newest commit. Only what concerns everybody is
    raised: Unauthorized, Stopped.
    """
    is_older = reading.sync.until is not None
    # Older history is read as if nothing were known; what came with it is added to the state.
    kept = _for_older(state) if is_older else state
    reader = _Reader(reading, project, kept, signs)
    failed: list[tuple[str, Exception]] = []
    done = 0
    for name, step in reader.steps():
        if not project.may_have(name):
            continue
        try:
            step()
            reading.flush()
            done += 1
        except (Unauthorized, Stopped):
            raise
        except ApiError as error:
            reading.flush_what_is_whole()
            if is_nothing_there(error, project, name):
                if _is_gone(reading, project):
                    failed.append((name, Gone("the project is gone since it was listed")))
                    break
                if isinstance(error, Forbidden):
                    reading.problem(f"{name} are switched off or not allowed: {one_line(error)}")
                continue
            failed.append((name, error))
            if isinstance(error, Unreachable):
                break
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            logger.debug("%s, %s", project.full_name, name, exc_info=True)
            failed.append((name, error))
            reading.flush_what_is_whole()
    is_lasting = all(isinstance(error, Forbidden) for _, error in failed)
    if not is_older:
        _put_project(reading, reader, {**row, "head_sha": reader.head}, root)
        if not failed:
            _settle(reader, signs.newest_seen)
        reader.new["since"] = reading.sync.since.isoformat()
    elif is_lasting:
        reader.new = _with_older(reading, state, reader.new)
    else:
        # Whatever it brought: it is read again from where it began.
        reader.new = state
    outcome = _outcome(reading, reader, failed, done)
    outcome.is_lasting = bool(failed) and is_lasting
    return outcome


def _for_older(state: State) -> State:
    kept = {key: state[key] for key in _OF_ALL_HISTORY if key in state}
    known = state.get("pipelines") or {}
    return {**kept, "pipelines": {key: known[key] for key in ("tail", "whole") if key in known}}


def _with_older(reading: Reading, state: State, older: State) -> State:
    """The state of a project after some older history of it was read."""
    return {
        **state,
        **{key: older[key] for key in _OF_ALL_HISTORY if key in older},
        "pipelines": pipelines.merged(state.get("pipelines") or {}, older.get("pipelines") or {}),
        "since": reading.sync.since.isoformat(),
    }


def _put_project(reading: Reading, reader: _Reader, row: Row, root: int) -> None:
    kept = as_json(row)
    if kept != reader.old.get("row") or reader.old.get("gone_at"):
        reading.put("projects", [row])
        reading.flush_what_is_whole()
    reader.new.update(row=kept, root=root)
    reader.new.pop("gone_at", None)


def is_quiet(project: Project, state: State, synced_at: datetime) -> bool:
    """Whether the last activity that GitLab tells of has been read, with all that it may hide."""
    looked_at = timestamp(state.get("settled_at"))
    return (
        looked_at is not None
        and project.last_activity_at is not None
        and state.get("activity") == project.last_activity_at
        and synced_at - looked_at < _LOOK_AGAIN + timedelta(hours=project.number % 24)
    )


def _settle(reader: _Reader, newest_seen: datetime | None) -> None:
    """Notes whether this reading came late enough after the last activity to be its last.

    Within an hour of it more may happen without moving last_activity_at. That hour is over when
    the server told of anything later, or when the same activity was read that long ago by our own
    clock: the two clocks are never compared.
    """
    new, synced_at = reader.new, reader.reading.sync.synced_at
    activity = reader.project.last_activity_at
    if reader.is_quiet and new.get("settled_at"):
        return
    if new.get("activity") != activity:
        new.update(activity=activity, first_read_at=synced_at.isoformat())
        new.pop("settled_at", None)
    moment, first = timestamp(activity), timestamp(new.get("first_read_at"))
    is_over = (
        moment is not None and newest_seen is not None and (newest_seen - moment >= ACTIVITY_HOLDS)
    )
    if is_over or (first is not None and synced_at - first >= ACTIVITY_HOLDS):
        new["settled_at"] = synced_at.isoformat()


def _is_gone(reading: Reading, project: Project) -> bool:
    try:
        reading.get(project.path)
    except NotFound:
        return True
    except ApiError:
        return False
    return False


def _outcome(
    reading: Reading, reader: _Reader, failed: list[tuple[str, Exception]], done: int
) -> Outcome[Any]:
    if failed:
        names = ", ".join(dict.fromkeys(name for name, _ in failed))
        why = one_line("; ".join(dict.fromkeys(_told(error) for _, error in failed)), 500)
        return Outcome(reader.project, reader.new, "failed", names, why, is_partial=done > 0)
    problems = list(reading.problems)
    reason: str | None = None
    if problems:
        reason = one_line(f"{len(problems)} could not be read: " + "; ".join(problems), 500)
    status = "succeeded" if reading.row_counts else "skipped"
    return Outcome(reader.project, reader.new, status, None, reason)


def _told(error: Exception) -> str:
    if isinstance(error, ApiError):
        return one_line(error)
    return unexpected_shape(error)
