"""Reads a whole site: its lists, then the projects, several at a time, then what has vanished."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Generator, Iterator, MutableMapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from ingestion.contracts import JIRA
from ingestion.http import (
    ApiClient,
    ApiError,
    Forbidden,
    NotFound,
    Stopped,
    Unauthorized,
)
from ingestion.http.errors import one_line
from ingestion.jira import issues, jql, lists, one_project, sprints, vanished
from ingestion.jira.client import SEARCH_PAGE, JiraClient
from ingestion.jira.known import Known, Warehouse
from ingestion.jira.lists import Agile, Statuses
from ingestion.jira.look import look
from ingestion.jira.one_project import Project
from ingestion.jira.reading import Histories, Sync
from ingestion.jira.rows import moment
from ingestion.jira.scan import SMALL, scan
from ingestion.loading import (
    LONGEST_ROUND,
    Collector,
    ConnectionReader,
    Handed,
    Outcome,
    Progress,
    Span,
)
from ingestion.loading.batches import Batch, Row, join
from ingestion.settings import JiraConnection, Settings

logger = logging.getLogger(__name__)

# What changes without a trace (accounts, sprints of others, large sets of ids) is seen to daily.
_DAILY = timedelta(hours=20)

State = MutableMapping[str, Any]
T = TypeVar("T")


class Reader(ConnectionReader[Project]):
    """Reads one connection. `batches` may be called again and goes on where it ended."""

    tables = JIRA
    syncs_table = "project_syncs"
    units_key = "projects"

    def __init__(
        self,
        connection: JiraConnection,
        settings: Settings,
        synced_at: datetime,
        *,
        client: JiraClient | None = None,
        full: bool = False,
        progress: Callable[[Progress], None] | None = None,
        longest_round: float = LONGEST_ROUND,
        history_seconds: float = math.inf,
        run_id: str | None = None,
        known: Known | None = None,
    ) -> None:
        """`longest_round`: seconds after which a round ends at the next page. `known`: what the
        warehouse holds, by default that of the running pipeline."""
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
        self.client = client or JiraClient(connection)
        self._known = known or Warehouse(connection.name)
        self._fan_out = ThreadPoolExecutor(connection.concurrency, "jira-issues")
        self._sync = Sync(
            client=self.client,
            connection=connection.name,
            synced_at=synced_at,
            since=settings.history_since(synced_at),
            store_bodies=settings.privacy.store_bodies,
            fan_out=self._fan_out,
            is_late=self.is_late,
            histories=Histories(self.client),
        )
        self._units: list[Project] = []
        self._project_ids: set[str] = set()
        self._read: list[str] = []
        self._statuses: Statuses | None = None
        self._agile: Agile | None = None
        self._daily = False

    def attempt(self, name: str, unit_id: str | None) -> Row:
        """The key columns of a row of project_syncs."""
        return {"scope": name, "project_id": unit_id}

    @property
    def api(self) -> ApiClient:
        """The client that sends the requests."""
        return self.client.rest

    def remaining(self) -> dict[str, int]:
        """What is left of the burst limit of the endpoint that answered last."""
        left = self.client.rest.pool.remaining("core")
        return {} if left is None else {"core": left}

    def close(self) -> None:
        """Ends all waits and closes the connections."""
        self.client.close()
        self._fan_out.shutdown(wait=False, cancel_futures=True)

    # Before the projects

    def begin(self, state: State) -> Generator[Batch, None, Sequence[Project]]:
        """Yields the lists of the site; returns the projects to read."""
        server_time = moment(self.client.site().get("serverTime"))
        self.client.me()
        last = moment(state.get("daily_at"))
        self._daily = self.full or (last is not None and self._synced_at - last > _DAILY)
        # Lists that hardly change are read on the first sync, and then once a day.
        everything = self._daily or last is None
        if everything:
            for name in ("many_in_sprints", "issue_types"):
                state.pop(name, None)
        projects = self._list(
            "projects", lambda _: lists.read_projects(self.client, self.connection), is_fatal=True
        )
        if projects is None:
            return []
        fields = self._list(
            "fields",
            lambda _: lists.read_fields(self.client, self.connection, state, again=everything),
            is_fatal=True,
        )
        if fields is None:
            return []
        self._sync.fields = fields
        self._sync.accounts.meet(projects.payloads)
        self._units = projects.units
        self._project_ids = {row["id"] for row in projects.rows}
        yield from self._put("projects", projects.rows)
        # The list is that of the whole site, whatever part of it is wanted.
        there = projects.all_ids
        gone = vanished.marked(
            self._known, "projects", self._synced_at, lambda row: row["id"] not in there
        )
        yield from self._put("projects", gone)
        yield from self._put("fields", fields.rows)
        if "issue_types" not in state:
            types = self._list(
                "issue_types", lambda _: lists.read_issue_types(self.client, self._project_ids)
            )
            yield from self._put("issue_types", types or [])
            if types is not None:
                state["issue_types"] = sorted(row["id"] for row in types)
        self._statuses = self._list(
            "statuses",
            lambda _: lists.read_statuses(self.client, self._project_ids, everything=everything),
        )
        yield from self._put("statuses", self._statuses.of_ours if self._statuses else [])
        yield from self._read_agile(state, {row["key"] for row in projects.rows}, everything)
        self._look_ahead(state, server_time)
        return self._units

    def _read_agile(self, state: State, keys: set[str], everything: bool) -> Iterator[Batch]:
        asked = keys if self.connection.projects is not None else None
        self._agile = agile = self._list(
            "boards",
            lambda _: lists.read_boards(self.client, asked, self._project_ids),
            is_optional=True,
        )
        if agile is None:
            return
        searched = [unit.id for unit in self._units if not (unit.problem or unit.is_archived)]
        how = sprints.How(
            before=[] if everything else self._known.rows("sprints"),
            shown=lambda: sprints.shown_by_issues(
                self.client, state, searched, self._sync.fields.sprint
            ),
            everything=everything,
        )
        self._list(
            "sprints",
            lambda reading: sprints.read(self.client, reading, agile, state, self._fan_out, how),
        )
        yield from self._put("boards", agile.boards)
        yield from self._put("sprints", list(agile.sprints.values()))
        yield from self._put("board_sprints", agile.board_sprints)

    def _look_ahead(self, state: State, server_time: datetime | None) -> None:
        """Finds out which projects have changes, with one search for all of them.

        Whatever is to be read is noted as being behind until it was: so a sync that is cut
        leaves nothing that the next look would pass over.
        """
        known: dict[str, Any] = state.setdefault("projects", {})
        units = {unit.id: unit for unit in self._units if not unit.problem}
        watched = [
            id_
            for id_, unit in units.items()
            if (of_project := known.get(id_) or {}).get("cursor")
            and not of_project.get("behind")
            and not unit.is_archived
        ]
        looked_at = moment(state.get("looked_at"))
        changed = None
        if watched and looked_at and not self.full:
            newest = max(filter(None, (moment(known[id_]["cursor"]) for id_ in watched)))
            # All were read, or looked at, after the last sync began by Jira's clock.
            changed = look(self._sync, watched, min(newest, looked_at) - jql.OVERLAP, known)
        for id_ in watched:
            units[id_].has_changes = changed is None or id_ in changed
            units[id_].found = (changed or {}).get(id_)
        for id_ in known:
            if id_ not in watched or units[id_].has_changes:
                known[id_] = {**known[id_], "behind": True}
        # A clock that is not Jira's may be wrong: not by more than an hour, let us say.
        looked_at = server_time or datetime.now(UTC) - timedelta(hours=1)
        state["looked_at"] = looked_at.isoformat()

    # The projects

    def read_unit(
        self, unit: Project, state: dict[str, Any], emit: Callable[[Batch], None], span: Span
    ) -> tuple[Outcome[Project], Collector]:
        """Reads one project, in a thread of its own."""
        reading = self.collector(emit)
        sync = replace(self._sync, since=span.since, until=span.until)
        return one_project.read(sync, reading, unit, state), reading

    def paused(self, message: Handed[Project]) -> None:
        """Notes what was read so far of a project whose issues go on in the next round."""
        self.note_outcome(message)

    def took(self, message: Handed[Project]) -> None:
        """Notes the outcome of a project."""
        super().took(message)
        outcome = message.outcome
        assert outcome is not None
        if outcome.status != "failed" and not outcome.unit.is_archived:
            self._read.append(outcome.unit.id)

    # After the projects

    def end_round(self, state: State) -> Iterator[Batch]:
        """Yields the accounts of the round; at the end, what issues name and what is gone."""
        if self.is_done and self._units:
            yield from self._scan(state)
            if self._statuses is not None:
                for table, found in vanished.statuses(
                    state, self._known, self._statuses, self._sync.met, self._synced_at
                ):
                    yield from self._put(table, found)
            types = self._list(
                "issue_types",
                lambda _: vanished.types_met(self.client, state, self._sync.met, self._project_ids),
            )
            yield from self._put("issue_types", types or [])
            if self._agile is not None:
                yield from self._finish_agile(state, self._agile)
        met = self._sync.accounts.take()
        refresh = self.is_done and self._daily
        people = self._list(
            "users",
            lambda _: vanished.accounts(self.client, self._known, met, refresh=refresh),
            is_optional=True,
        )
        yield from self._put("users", met if people is None else people)
        if self.is_done and (self._daily or "daily_at" not in state):
            state["daily_at"] = self._synced_at.isoformat()

    def _finish_agile(self, state: State, agile: Agile) -> Iterator[Batch]:
        limits = None if self.connection.projects is None else self._project_ids
        found = self._list(
            "named_sprints",
            lambda _: list(
                vanished.boards_and_sprints(
                    state,
                    self.client,
                    self._known,
                    agile,
                    self._sync.met,
                    self._synced_at,
                    limits,
                    again=self._daily,
                )
            ),
        )
        for table, rows in found or []:
            yield from self._put(table, rows)

    def _scan(self, state: State) -> Iterator[Batch]:
        known = self._known.issue_ids(self._read) if self._read else {}
        last = moment(state.get("scanned_at"))
        is_due = len(known) <= SMALL or last is None or self._synced_at - last > _DAILY
        if not known or not (is_due or self.full):
            return
        met, read = self._sync.met.issues, sorted(self._read)
        result = self._list("issue_ids", lambda _: scan(self.client, read, known, met))
        if result is None:
            return
        for begin in range(0, len(result.gone), SMALL):
            gone = self._known.rows("issues", result.gone[begin : begin + SMALL])
            yield from self._put("issues", [{**r, "deleted_at": self._synced_at} for r in gone])
        for begin in range(0, len(result.back), SEARCH_PAGE):
            some = result.back[begin : begin + SEARCH_PAGE]
            found = self._list("returned_issues", partial(self._again, some))
            if found:
                yield found
        state["scanned_at"] = self._synced_at.isoformat()

    def _again(self, issue_ids: Sequence[str], _: Collector) -> Batch:
        """Issues by their ids, with all that is theirs. Raises ApiError."""
        collected: list[Batch] = []
        reading = self.collector(collected.append)
        query, token = jql.with_ids(issue_ids), None
        while True:
            payloads, token = self.client.search(query, self._sync.fields.asked(), token=token)
            issues.hand_over(self._sync, reading, payloads)
            if token is None:
                reading.flush()
                return join(collected)

    # What they share

    def _put(self, table: str, found: list[Row]) -> Iterator[Batch]:
        if found:
            yield self.arrow(table, found)

    def _list(
        self,
        name: str,
        read: Callable[[Collector], T],
        *,
        is_fatal: bool = False,
        is_optional: bool = False,
    ) -> T | None:
        """What a list of the site gives, and a row about the attempt; None if it failed.

        `is_fatal`: without it there is nothing to load. `is_optional`: a refusal only means that
        it is not offered here.
        """
        reading = self.collector(lambda batch: None)
        started, before = time.monotonic(), self.client.requests
        status, reason, found = "succeeded", None, None
        try:
            found = read(reading)
        except Stopped:
            raise
        except (Forbidden, NotFound, Unauthorized) as error:
            if not is_optional:
                if isinstance(error, Unauthorized):
                    raise
                self.failed(name, name, error, reading, started, is_fatal=is_fatal)
                return None
            status, reason = "skipped", one_line(f"not offered: {error}", 500)
        except (ApiError, KeyError, TypeError, ValueError, AttributeError) as error:
            self.failed(name, name, error, reading, started, is_fatal=is_fatal)
            return None
        if problems := list(reading.problems):
            status, reason = "failed", one_line("; ".join(problems), 500)
        self.note(
            self.attempt(name, None),
            {
                "status": status,
                "failed_resource": name if status == "failed" else None,
                "reason": reason,
                "row_count": _length(found),
                "request_count": self.client.requests - before,
                "seconds": round(time.monotonic() - started, 3),
            },
        )
        return found


def _length(found: Any) -> int:
    """Rows of a list's result, as far as it is one."""
    rows = getattr(found, "rows", found)
    return len(rows) if isinstance(rows, list) else 0
