"""Reads a whole connection: several repositories at a time, in batches that fit in memory."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pyarrow as pa

from ingestion.github import batches, one_repository, owners, rows
from ingestion.github.client import GithubClient
from ingestion.github.one_repository import Outcome
from ingestion.github.reading import Reading, Sync
from ingestion.github.repository import Repository
from ingestion.http import ApiError, Stopped, Unauthorized
from ingestion.http.errors import one_line
from ingestion.settings import GithubConnection, Settings

logger = logging.getLogger(__name__)

Batch = dict[str, pa.Table]
# Rows joined into one hand-over: dlt has a cost per hand-over and table.
_ROWS_PER_HAND_OVER = 20_000
# Batches (of about 500 rows) that may wait; a reader that is ahead of that has to wait itself.
_MOST_WAITING = 200


@dataclass(frozen=True)
class Progress:
    """Where a sync stands; `remaining` is what is left of the REST and GraphQL limits."""

    connection: str
    repositories_done: int
    repositories_total: int
    rows: int
    requests: int
    remaining: dict[str, int]
    current: str | None = None


@dataclass(frozen=True)
class Failure:
    """A repository, or an owner, that could not be read."""

    repository: str
    resource: str | None
    reason: str


@dataclass
class Report:
    """What a sync brought, growing while it runs."""

    row_counts: Counter[str] = field(default_factory=Counter)
    failures: list[Failure] = field(default_factory=list)
    repositories: int = 0
    skipped: int = 0
    total: int = 0
    first_error: Exception | None = None
    """What kept the first owner from being read."""


class Reader:
    """Reads one connection. `batches` may be called again and goes on where it ended."""

    def __init__(
        self,
        connection: GithubConnection,
        settings: Settings,
        synced_at: datetime,
        *,
        client: GithubClient | None = None,
        full: bool = False,
        progress: Callable[[Progress], None] | None = None,
        longest_round: float = 900.0,
    ) -> None:
        """`longest_round`: seconds after which no further repository is begun in this round."""
        self.connection = connection
        self.client = client or GithubClient(connection)
        self.report = Report()
        self._full = full
        self._progress = progress
        self._longest_round = longest_round
        self._told_at = 0.0
        self._fan_out = ThreadPoolExecutor(connection.concurrency, "github-jobs")
        self._sync = Sync(
            client=self.client,
            connection=connection.name,
            synced_at=synced_at,
            since=settings.history_since(synced_at),
            store_bodies=settings.privacy.store_bodies,
            workflow_jobs=connection.workflow_jobs,
            runs_deploy=any(
                rule.kind in ("workflow_run", "job") and rule.connection in (None, connection.name)
                for rule in settings.deployment_rules
            ),
            fan_out=self._fan_out,
        )
        self._todo: list[Repository] | None = None
        self._outcomes: list[rows.Row] = []

    @property
    def is_done(self) -> bool:
        """Whether everything has been read."""
        return self._todo == []

    def close(self) -> None:
        """Ends all waits and closes the connections."""
        self.client.close()
        self._fan_out.shutdown(wait=False, cancel_futures=True)

    def batches(self, state: MutableMapping[str, Any]) -> Iterator[Batch]:
        """Tables of rows; `state` is brought up to date for what has been handed over.

        Raises Unauthorized when a credential is refused. Any other failure ends in the report
        and in rows of repository_syncs.
        """
        collected: list[Batch] = []
        count = 0
        for batch in self._batches(state):
            collected.append(batch)
            count += sum(table.num_rows for table in batch.values())
            if count >= _ROWS_PER_HAND_OVER:
                yield batches.join(collected)
                collected, count = [], 0
        if collected:
            yield batches.join(collected)

    def _batches(self, state: MutableMapping[str, Any]) -> Iterator[Batch]:
        deadline = time.monotonic() + self._longest_round
        if self._todo is None:
            yield from self._read_owners(state)
        assert self._todo is not None
        yield from self._read_repositories(state, deadline)
        for table, found in (
            ("users", self._sync.people.take()),
            ("repository_syncs", self._outcomes),
        ):
            if found:
                yield self._count({table: self._arrow(table, found)})
        self._outcomes = []
        self._tell(None, at_once=True)

    def _read_owners(self, state: MutableMapping[str, Any]) -> Iterator[Batch]:
        found: dict[str, Repository] = {}
        for login in self.connection.owners:
            collected: list[Batch] = []
            reading = Reading(self._sync, collected.append)
            started = time.monotonic()
            try:
                owner, repositories = owners.read_repositories(reading, self.connection, login)
                known = state.setdefault("owners", {}).setdefault(owner["id"], {})
                if owner["__typename"] == "Organization":
                    self._read_teams(reading, login, known)
                synced = rows.timestamp(known.get("teams_synced_at"))
                reading.put("organizations", [rows.organization(owner, synced)])
                reading.flush()
                found.update({r.id: r for r in repositories})
            except (Unauthorized, Stopped):
                raise
            except ApiError as error:
                self._failed(login, None, "repositories", error, reading, started)
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                self._failed(login, None, "repositories", error, reading, started)
            for batch in collected:
                yield self._count(batch)
        # The longest first: else the last of them runs on alone.
        self._todo = sorted(found.values(), key=lambda r: (-r.size, r.full_name))
        self.report.total = len(self._todo)

    def _read_teams(self, reading: Reading, login: str, known: dict[str, Any]) -> None:
        started = time.monotonic()
        try:
            owners.read_teams(reading, login)
        except (Unauthorized, Stopped):
            raise
        except (ApiError, KeyError, TypeError, AttributeError) as error:
            self._failed(login, None, "teams", error, reading, started, is_fatal=False)
        else:
            known["teams_synced_at"] = self._sync.synced_at.isoformat()

    def _read_repositories(
        self, state: MutableMapping[str, Any], deadline: float
    ) -> Iterator[Batch]:
        assert self._todo is not None
        known = state.setdefault("repositories", {})
        handed_over: queue.Queue[_Message] = queue.Queue(_MOST_WAITING)
        work = _Work(self._todo, deadline)
        threads = [
            threading.Thread(
                target=self._work,
                args=(work, known, handed_over),
                name=f"github-{number}",
                daemon=True,
            )
            for number in range(min(self.connection.concurrency, len(self._todo)))
        ]
        for thread in threads:
            thread.start()
        running = len(threads)
        try:
            while running:
                try:
                    message = handed_over.get(timeout=1.0)
                except queue.Empty:
                    self._tell(None)
                    continue
                if message.error is not None:
                    raise message.error
                if message.batch is not None:
                    yield self._count(message.batch)
                elif message.outcome is not None:
                    # After all rows of the repository: state and rows go into the same package.
                    known[message.outcome.repository.id] = message.outcome.state
                    self._took(message)
                else:
                    running -= 1
        finally:
            # Whoever is still reading ends at its next hand-over; `close` wakes those that wait.
            work.stop.set()
        self._todo = work.left()

    def _work(
        self,
        work: _Work,
        known: MutableMapping[str, Any],
        handed_over: queue.Queue[_Message],
    ) -> None:
        def hand_over(message: _Message) -> None:
            while not work.stop.is_set():
                try:
                    return handed_over.put(message, timeout=0.5)
                except queue.Full:
                    continue
            raise Stopped("nobody takes the rows any more")

        try:
            while (repository := work.next()) is not None:
                reading = Reading(self._sync, lambda batch: hand_over(_Message(batch=batch)))
                started = time.monotonic()
                # A copy: dlt's state belongs to the thread that hands over.
                state = {} if self._full else dict(known.get(repository.id) or {})
                outcome = one_repository.read(reading, repository, state)
                hand_over(
                    _Message(outcome=outcome, reading=reading, seconds=time.monotonic() - started)
                )
            hand_over(_Message())
        except Stopped:
            return
        except BaseException as error:
            try:
                hand_over(_Message(error=error))
            except Stopped:
                return

    def _took(self, message: _Message) -> None:
        outcome, reading = message.outcome, message.reading
        assert outcome is not None
        assert reading is not None
        repository = outcome.repository
        self.report.repositories += 1
        if outcome.status == "skipped":
            self.report.skipped += 1
        if outcome.status == "failed":
            failure = Failure(
                repository.full_name, outcome.failed_resource, outcome.reason or "unknown"
            )
            self.report.failures.append(failure)
            logger.warning("%s: %s: %s", repository.full_name, failure.resource, failure.reason)
        self._outcomes.append(
            {
                "repository_full_name": repository.full_name,
                "repository_id": repository.id,
                "status": outcome.status,
                "failed_resource": outcome.failed_resource,
                "reason": outcome.reason,
                "row_count": reading.row_counts.total(),
                "request_count": reading.requests,
                "seconds": round(message.seconds, 3),
            }
        )
        self._tell(repository.full_name)

    def _failed(
        self,
        login: str,
        repository_id: str | None,
        resource: str,
        error: Exception,
        reading: Reading,
        started: float,
        *,
        is_fatal: bool = True,
    ) -> None:
        reason = one_line(error if isinstance(error, ApiError) else repr(error), 500)
        logger.warning("%s: %s: %s", login, resource, reason)
        if is_fatal:
            self.report.first_error = self.report.first_error or error
            self.report.failures.append(Failure(login, resource, reason))
        # One row an owner: the list of repositories failing says more than the teams.
        self._outcomes = [r for r in self._outcomes if r["repository_full_name"] != login]
        self._outcomes.append(
            {
                "repository_full_name": login,
                "repository_id": repository_id,
                "status": "failed",
                "failed_resource": resource,
                "reason": reason,
                "row_count": reading.row_counts.total(),
                "request_count": reading.requests,
                "seconds": round(time.monotonic() - started, 3),
            }
        )

    def _arrow(self, table: str, found: list[rows.Row]) -> pa.Table:
        return batches.to_arrow(table, found, self._sync.connection, self._sync.synced_at)

    def _count(self, batch: Batch) -> Batch:
        for name, table in batch.items():
            self.report.row_counts[name] += table.num_rows
        self._tell(None)
        return batch

    def _tell(self, current: str | None, *, at_once: bool = False) -> None:
        if self._progress is None:
            return
        now = time.monotonic()
        if not at_once and now - self._told_at < 0.5:
            return
        self._told_at = now
        pool = self.client.rest.pool
        left = {name: pool.remaining(name) for name in ("core", "graphql")}
        self._progress(
            Progress(
                connection=self.connection.name,
                repositories_done=self.report.repositories,
                repositories_total=self.report.total,
                rows=self.report.row_counts.total(),
                requests=self.client.requests,
                remaining={name: value for name, value in left.items() if value is not None},
                current=current,
            )
        )


@dataclass
class _Message:
    """From a reading thread: rows, the outcome of a repository, an error, or (empty) its end."""

    batch: Batch | None = None
    outcome: Outcome | None = None
    reading: Reading | None = None
    seconds: float = 0.0
    error: BaseException | None = None


class _Work:
    """The repositories still to be read, shared by the threads."""

    def __init__(self, repositories: list[Repository], deadline: float) -> None:
        self.stop = threading.Event()
        self._repositories = repositories
        self._deadline = deadline
        self._next = 0
        self._lock = threading.Lock()

    def next(self) -> Repository | None:
        """The next one; None when there is none, or no time for it in this round."""
        with self._lock:
            is_late = time.monotonic() >= self._deadline and self._next > 0
            if self.stop.is_set() or is_late or self._next >= len(self._repositories):
                return None
            self._next += 1
            return self._repositories[self._next - 1]

    def left(self) -> list[Repository]:
        """Those not begun."""
        return self._repositories[self._next :]
