"""The issues of one project: what changed since they were read last, oldest change first."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ingestion.http import ApiError, Stopped, Unauthorized
from ingestion.http.errors import one_line
from ingestion.jira import issues, jql
from ingestion.jira.reading import Sync
from ingestion.jira.rows import moment
from ingestion.loading import Collector, Outcome, unexpected_shape

logger = logging.getLogger(__name__)

# What is kept per project from one sync to the next: a dict that JSON can hold.
#   cursor   latest change that is stored, with all before it
#   since    start of the history that was asked for
#   behind   there is more behind the cursor: a sync was cut, failed, or did not ask
#   recent   times of change by issue id, as written, of the issues that an overlap shows again
#   older    of older history that is being read: cursor and recent of its own
#   links_since  of a reading that was cut: from when on changed remote links are asked for
State = dict[str, Any]

# More are not remembered, but read again: a bulk change touches thousands in a minute.
_MOST_RECENT = 500


@dataclass
class Project:
    """A project to be read."""

    id: str
    full_name: str
    """Its key."""
    is_archived: bool = False
    problem: str | None = None
    """Why it can't be read, known before it is asked for."""
    has_changes: bool = True
    """Whether there may be changes since the cursor."""
    token: str | None = None
    """Where a search that was cut for this round goes on."""
    found: list[dict[str, Any]] | None = None
    """Its issues that changed, if the look for changes showed all of them."""


def read(sync: Sync, reading: Collector, project: Project, state: State) -> Outcome[Project]:
    """Hands over what changed in a project. Only Unauthorized and Stopped are raised.

    The state never names more than what was handed over.
    """
    if project.problem:
        return Outcome(project, {}, "failed", "projects", project.problem)
    if project.is_archived:
        # Searches don't show the issues of archived projects; the known ones stay as they are.
        return Outcome(project, state, "skipped", None, "archived: its issues can't be searched")
    if sync.until is not None:
        return _read_older(sync, reading, project, state)
    if state.get("cursor") and not state.get("behind") and not project.has_changes:
        return Outcome(project, state, "skipped")
    return _read_all(sync, reading, project, _Progress(sync, state))


def _read_older(sync: Sync, reading: Collector, project: Project, state: State) -> Outcome[Project]:
    """Reads issues whose last change is older than what was read; `older` in the state has how
    far that came in a round before."""
    older = dict(state.get("older") or {})
    outcome = _read_all(sync, reading, project, _Progress(sync, older))
    if outcome.status == "failed" or outcome.is_unfinished:
        outcome.state = {**state, "older": outcome.state}
    else:
        outcome.state = {**state, "since": sync.since.isoformat()}
        outcome.state.pop("older", None)
    return outcome


def _read_all(
    sync: Sync, reading: Collector, project: Project, progress: _Progress
) -> Outcome[Project]:
    try:
        is_finished = _read(sync, reading, project, progress)
    except (Unauthorized, Stopped):
        raise
    except ApiError as error:
        is_partial = bool(reading.row_counts)
        why = one_line(error, 500)
        return Outcome(project, progress.state(), "failed", "issues", why, is_partial)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        logger.debug("%s", project.full_name, exc_info=True)
        is_partial = bool(reading.row_counts)
        why = unexpected_shape(error)
        return Outcome(project, progress.state(), "failed", "issues", why, is_partial)
    if not is_finished:
        return Outcome(project, progress.state(), "succeeded", is_unfinished=True)
    reason = None
    if problems := list(reading.problems):
        reason = one_line(f"{len(problems)} lists were not complete: {'; '.join(problems)}", 500)
    status = "succeeded" if reading.row_counts else "skipped"
    return Outcome(project, progress.state(is_finished=True), status, None, reason)


def changed(payloads: Sequence[dict[str, Any]], recent: dict[str, str]) -> list[dict[str, Any]]:
    """The issues that are not stored in this very version."""
    return [p for p in payloads if recent.get(str(p["id"])) != p["fields"]["updated"]]


class _Progress:
    """How far a project is read: grows page by page."""

    def __init__(self, sync: Sync, state: State) -> None:
        self.cursor = moment(state.get("cursor"))
        self.known = dict(state.get("recent") or {})
        self.links_since = None if self.cursor is None else self.cursor - jql.OVERLAP
        if "links_since" in state:
            # What the cut reading has not come to is as unread as it was when that began.
            self.links_since = moment(state["links_since"])
        self.since = sync.since

    def start(self) -> datetime | None:
        return None if self.cursor is None else self.cursor - jql.OVERLAP

    def passed(self, payloads: Sequence[dict[str, Any]]) -> None:
        for payload in payloads:
            updated = payload["fields"]["updated"]
            self.known[str(payload["id"])] = updated
            at = moment(updated)
            if at is not None and (self.cursor is None or at > self.cursor):
                self.cursor = at

    def state(self, *, is_finished: bool = False) -> State:
        found: State = {"since": self.since.isoformat()}
        if self.cursor is not None:
            horizon = self.cursor - jql.OVERLAP
            times = ((id_, updated, moment(updated)) for id_, updated in self.known.items())
            recent = sorted(
                ((at, id_, updated) for id_, updated, at in times if at and at >= horizon),
                reverse=True,
            )
            found["cursor"] = self.cursor.isoformat()
            found["recent"] = {id_: updated for _, id_, updated in recent[:_MOST_RECENT]}
        elif is_finished:
            # Without an issue there is no time to go on from but the beginning.
            found["cursor"] = self.since.isoformat()
            found["recent"] = {}
        if not is_finished:
            found["behind"] = True
            found["links_since"] = self.links_since and self.links_since.isoformat()
        return found


def _read(sync: Sync, reading: Collector, project: Project, progress: _Progress) -> bool:
    """Whether the end was reached in this round."""
    if project.found is not None and sync.until is None:
        fresh = changed(project.found, progress.known)
        issues.hand_over(sync, reading, fresh, progress.links_since)
        reading.flush()
        progress.passed(project.found)
        return True
    if sync.until is not None:
        since = max(progress.since, progress.start() or progress.since)
        query = jql.older_in_project(project.id, since, sync.until)
    else:
        query = jql.changed_in_project(project.id, progress.since, progress.start())
    if project.token is not None:
        query, token = project.token.split("\n", 1)
    else:
        token = ""
    while True:
        reading.asked()
        payloads, following = sync.client.search(query, sync.fields.asked(), token=token or None)
        issues.hand_over(sync, reading, changed(payloads, progress.known), progress.links_since)
        reading.flush()
        progress.passed(payloads)
        if following is None:
            project.token = None
            return True
        token = following
        if sync.is_late():
            # In this process the search goes on by its token; after a kill, by the cursor.
            project.token = f"{query}\n{token}"
            return False
