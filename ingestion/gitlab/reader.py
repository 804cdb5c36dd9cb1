"""Reads a GitLab: its groups first, then their work and several projects at a time."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Generator, Iterator, MutableMapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from ingestion.contracts import GITLAB
from ingestion.gitlab import groups, one_project, rows, users, watch
from ingestion.gitlab.client import GitlabClient
from ingestion.gitlab.groups import Root
from ingestion.gitlab.incidents import incident_test
from ingestion.gitlab.one_project import Signs
from ingestion.gitlab.project import Project
from ingestion.gitlab.reading import Reading, Sync
from ingestion.gitlab.work import Work
from ingestion.http import ApiClient, ApiError, Stopped, Unauthorized
from ingestion.http.errors import one_line
from ingestion.loading import LONGEST_ROUND, ConnectionReader, Handed, Outcome, Progress, Span
from ingestion.loading.batches import Batch, Row
from ingestion.loading.split import is_split
from ingestion.settings import GitlabConnection, Settings

logger = logging.getLogger(__name__)

Unit = Project | Root
# Members have a list for each group: those of more groups are read once a day.
_FEW_GROUPS = 5
_MEMBERS_HOLD = timedelta(hours=20)
_SHAPE = (KeyError, TypeError, ValueError, AttributeError)


class Reader(ConnectionReader[Unit]):
    """Reads one connection. `batches` may be called again and goes on where it ended."""

    tables = GITLAB
    syncs_table = "project_syncs"
    units_key = "units"

    def __init__(
        self,
        connection: GitlabConnection,
        settings: Settings,
        synced_at: datetime,
        *,
        client: GitlabClient | None = None,
        full: bool = False,
        progress: Callable[[Progress], None] | None = None,
        longest_round: float = LONGEST_ROUND,
        history_seconds: float = math.inf,
        run_id: str | None = None,
    ) -> None:
        """`longest_round`: seconds after which no further project is begun in this round."""
        super().__init__(
            connection.name,
            synced_at,
            concurrency=connection.concurrency,
            full=full,
            since=settings.history_since(synced_at),
            progress=progress,
            longest_round=longest_round,
            history_seconds=history_seconds,
            run_id=run_id,
        )
        self.connection = connection
        self.client = client or GitlabClient(connection)
        self._fan_out = ThreadPoolExecutor(connection.concurrency, "gitlab-details")
        self._sync = Sync(
            client=self.client,
            connection=connection.name,
            synced_at=synced_at,
            since=settings.history_since(synced_at),
            store_bodies=settings.privacy.store_bodies,
            jobs=connection.jobs,
            runs_deploy=any(
                rule.kind in ("pipeline", "job") and rule.connection in (None, connection.name)
                for rule in settings.deployment_rules
            ),
            split=is_split(settings, connection.name),
            may_be_incident=incident_test(settings, connection.name),
            fan_out=self._fan_out,
            is_late=self.is_late,
        )
        self._rows: dict[str, tuple[Row, int]] = {}
        self._signs = Signs()
        self._still: set[str] = set()
        self._users_asked = 0

    @property
    def api(self) -> ApiClient:
        """The client that sends the requests."""
        return self.client.rest

    def remaining(self) -> dict[str, int]:
        """What is left of the limit, where the server tells."""
        left = self.client.rest.pool.remaining("core")
        return {} if left is None else {"core": left}

    def close(self) -> None:
        """Ends all waits and closes the connections."""
        self.client.close()
        self._fan_out.shutdown(wait=False, cancel_futures=True)

    def is_counted(self, unit: Unit) -> bool:
        """Only projects count, not the lists of whole groups."""
        return isinstance(unit, Project)

    def attempt(self, name: str, unit_id: str | None) -> Row:
        """The key columns of a row of project_syncs."""
        is_project = unit_id is not None and not unit_id.startswith("group:")
        return {
            "project_path": name,
            "project_id": int(unit_id) if is_project and unit_id else None,
        }

    def begin(self, state: MutableMapping[str, Any]) -> Generator[Batch, None, Sequence[Unit]]:
        """Yields the rows of groups and members; returns the groups' lists and their projects."""
        known = state.setdefault(self.units_key, {})
        found: list[Root] = []
        for full_path in groups.roots(self.connection.groups):
            collected: list[Batch] = []
            reading = Reading(self._sync, collected.append)
            started = time.monotonic()
            try:
                root, nodes = groups.read_root(
                    reading, full_path, self.connection.wants, self.connection.groups
                )
                gone = groups.add_skipped(reading, root, known, self.connection.wants)
                self._put_groups(reading, state, root, nodes)
                reading.flush()
            except (Unauthorized, Stopped):
                raise
            except (ApiError, *_SHAPE) as error:
                self.failed(full_path, "projects", error, reading, started)
            else:
                found.append(root)
                for key in gone:
                    self._mark_gone(reading, known[key])
                reading.flush()
            yield from collected
        units = self._units(found)
        self._watch(units, known)
        return units

    def read_unit(
        self, unit: Unit, state: dict[str, Any], emit: Callable[[Batch], None], span: Span
    ) -> tuple[Outcome[Unit], Reading]:
        """Reads one project, or the merge requests and issues of one group."""
        reading = Reading(replace(self._sync, since=span.since, until=span.until), emit)
        if isinstance(unit, Root):
            return self._read_work(reading, unit, state), reading
        row, root = self._rows[unit.id]
        signs = replace(self._signs, is_still=unit.id in self._still)
        return one_project.read(reading, unit, row, root, signs, state), reading

    def took(self, message: Handed[Unit]) -> None:
        """Notes the outcome; that of a group's lists with the projects it concerns."""
        self.paused(message)
        outcome = message.outcome
        assert outcome is not None
        if isinstance(outcome.unit, Project) or outcome.status == "failed":
            super().took(message)

    def took_older(self, message: Handed[Unit]) -> None:
        """Notes the outcome; that of a group's lists with the projects it concerns."""
        self.paused(message)
        outcome = message.outcome
        assert outcome is not None
        if isinstance(outcome.unit, Project) or outcome.status == "failed":
            super().took_older(message)

    def paused(self, message: Handed[Unit]) -> None:
        """Notes the projects that failed in a group's lists."""
        outcome, reading = message.outcome, message.reading
        assert outcome is not None
        if isinstance(outcome.unit, Project) or not isinstance(reading, Reading):
            return
        ids = {project.full_name: project.id for project in outcome.unit.projects}
        for failure in reading.failures:
            key = self.attempt(failure.repository, ids[failure.repository])
            self.report.failures.append(failure)
            self.note(
                key,
                {
                    "status": "failed",
                    "failed_resource": failure.resource,
                    "reason": failure.reason,
                    "row_count": 0,
                    "request_count": 0,
                    "seconds": 0.0,
                },
            )

    def end_round(self, state: MutableMapping[str, Any]) -> Iterator[Batch]:
        """Yields the accounts met that are new or changed."""
        known = state.setdefault("users", {})

        def ask(ids: Any) -> Iterator[Row | None]:
            return self._fan_out.map(self._user, ids)

        met = self._sync.people.take()
        found, asked = users.refresh(met, known, self._synced_at, self._users_asked, ask)
        # What was asked for was met on the way.
        self._sync.people.take()
        self._users_asked += asked
        if found:
            yield self.arrow("users", found)

    def _user(self, id_: int) -> Row | None:
        reading = Reading(self._sync, lambda batch: None)
        try:
            node = reading.get(f"/users/{id_}").data
            return rows.user(node)
        except (Unauthorized, Stopped):
            raise
        except (ApiError, *_SHAPE):
            return None  # hidden or gone: what the lists told has to do

    def _put_groups(
        self, reading: Reading, state: MutableMapping[str, Any], root: Root, nodes: list[Any]
    ) -> None:
        known = state.setdefault("groups", {})
        found = groups.group_rows(nodes, known, root, self.connection.groups, self._synced_at)
        is_small = self.full or len(nodes) <= _FEW_GROUPS
        for row in found:
            is_due = is_small or _are_members_due(row, self._synced_at)
            if row["deleted_at"] is None and is_due and self._read_members(reading, row):
                row["members_synced_at"] = self._synced_at
                known[str(row["id"])]["members_synced_at"] = self._synced_at.isoformat()
            reading.put("groups", [row])

    def _read_members(self, reading: Reading, group: Row) -> bool:
        started = time.monotonic()
        try:
            groups.read_members(reading, group["id"])
        except (Unauthorized, Stopped):
            raise
        except (ApiError, *_SHAPE) as error:
            self.failed(
                group["full_path"], "group_members", error, reading, started, is_fatal=False
            )
            return False
        return True

    def _mark_gone(self, reading: Reading, state: dict[str, Any]) -> None:
        state["gone_at"] = self._synced_at.isoformat()
        if state.get("row"):
            row = groups.from_json(state["row"])
            reading.put("projects", [{**row, "deleted_at": self._synced_at}])

    def _units(self, found: list[Root]) -> list[Unit]:
        projects: dict[str, Project] = {}
        for root in found:
            for project in root.projects:
                projects[project.id] = project
                self._rows[project.id] = (root.rows[project.id], root.number)
        # The busiest first: else the last of them runs on alone.
        order = sorted(projects.values(), key=lambda p: (p.last_activity_at or "", p.full_name))
        return [*found, *reversed(order)]

    def _watch(self, units: Sequence[Unit], known: MutableMapping[str, Any]) -> None:
        """Finds out in which quiet projects no pipeline changed, with a request for many."""
        seen = [row["last_activity_at"] for row, _ in self._rows.values()]
        self._signs = Signs(
            newest_seen=max(filter(None, seen), default=None),
            told_at=watch.told(known, seen, self._synced_at),
        )
        states = {unit.id: known.get(unit.id) or {} for unit in units if isinstance(unit, Project)}
        quiet = {
            unit.id: states[unit.id]
            for unit in units
            if isinstance(unit, Project)
            and not unit.is_archived
            and unit.may_have("pipelines")
            and one_project.is_quiet(unit, states[unit.id], self._synced_at)
        }
        if quiet and not self.full:
            self._still = watch.still(Reading(self._sync, lambda batch: None), quiet)

    def _read_work(self, reading: Reading, root: Root, state: dict[str, Any]) -> Outcome[Unit]:
        work = Work(reading, root, state)
        status, resource, reason = "succeeded", None, None
        try:
            work.read()
            reading.flush()
        except (Unauthorized, Stopped):
            raise
        except (ApiError, *_SHAPE) as error:
            logger.debug("%s", root.full_name, exc_info=True)
            reading.flush_what_is_whole()
            status, resource = "failed", "merge_requests, issues"
            reason = one_line(error if isinstance(error, ApiError) else repr(error), 500)
        return Outcome(
            root,
            work.state(),
            status,
            resource,
            reason,
            is_partial=True,
            is_unfinished=work.is_unfinished and status != "failed",
        )


def _are_members_due(group: Row, synced_at: datetime) -> bool:
    """Whether the members of a group have not been read for a day."""
    read_at = group["members_synced_at"]
    return read_at is None or not timedelta(0) <= synced_at - read_at < _MEMBERS_HOLD
