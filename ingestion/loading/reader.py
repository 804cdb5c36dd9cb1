"""Reads a whole connection: several repositories at a time, in batches that fit in memory."""

from __future__ import annotations

import logging
import math
import queue
import sys
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, Generic

from ingestion.contracts import Table
from ingestion.erasure import Erased, Replacing
from ingestion.http import ApiClient, ApiError, Budget, Cost, Ledger, Shapes, Stopped
from ingestion.http.errors import one_line
from ingestion.loading.batches import Batch, Row, join, to_arrow
from ingestion.loading.collector import Collector
from ingestion.loading.drift import drifted, unexpected_shape
from ingestion.loading.history import History, Span
from ingestion.loading.results import Failure, Progress, Report
from ingestion.loading.units import Handed, Outcome, U, Work

logger = logging.getLogger(__name__)

# What the requests cost, by endpoint; the same in all sources.
LEDGER_TABLE = "request_ledger"
DRIFT_TABLE = "schema_drift"
# Rows joined into one hand-over: dlt has a cost per hand-over and table.
_ROWS_PER_HAND_OVER = 20_000
# Seconds: the most that a kill can lose; each round has the cost of a load of its own.
LONGEST_ROUND = 300.0
# The client bounds the requests under way: while these threads make rows of replies, others ask.
_THREADS_BESIDE = 12
# Seconds. A thread whose reply has come waits for its turn behind those that make rows, and its
# place among the requests with it: with Python's 5 ms a fifth of the time was lost so.
_TURN = 0.0005
# Batches (of about 500 rows) that may wait; a reader that is ahead of that has to wait itself.
_MOST_WAITING = 200
# Seconds between two words of progress.
_TOLD_EVERY = 0.5


class ConnectionReader(ABC, Generic[U]):
    """Reads one connection. `batches` may be called again and goes on where it ended.

    A source says how to begin (the lists of the whole connection, and which units there are),
    how to read one unit, and how a row of its table of attempts looks.
    """

    tables: Mapping[str, Table]
    """The raw tables of the source, by name."""
    syncs_table: str
    """The table of attempts."""
    units_key: str = "repositories"
    """Where the units' states stand in the state."""

    def __init__(
        self,
        connection: str,
        synced_at: datetime,
        *,
        concurrency: int,
        since: datetime,
        full: bool = False,
        progress: Callable[[Progress], None] | None = None,
        longest_round: float = LONGEST_ROUND,
        history_seconds: float = math.inf,
        run_id: str | None = None,
    ) -> None:
        """`since`: start of the history. `longest_round`: seconds after which no further unit is
        begun in this round. `history_seconds`: after which older history is left for later.
        `run_id`: of the Dagster run that loads, for the ledger."""
        self.report = Report()
        self.erased = Erased(b"")
        """Who was erased: nothing of them is handed over."""
        self.full = full
        self._name = connection
        self._synced_at = synced_at
        self._concurrency = concurrency
        self._progress = progress
        self._longest_round = longest_round
        self._run_id = run_id
        self._deadline = 0.0
        self._told_at = 0.0
        self._history = History(since, synced_at, history_seconds)
        self._all: list[U] = []
        self._failed: set[str] = set()
        """Units whose older history waits, since something of them could not be read."""
        self._step_done = self._step_total = 0
        self._todo: list[U] | None = None
        self._begun: set[str] = set()
        self._attempts: dict[tuple[Any, ...], Row] = {}
        self._unsent: dict[tuple[Any, ...], None] = {}

    # What a source says

    @abstractmethod
    def begin(self, state: MutableMapping[str, Any]) -> Generator[Batch, None, Sequence[U]]:
        """Yields the rows of the whole connection's lists and returns the units to read."""

    @abstractmethod
    def read_unit(
        self, unit: U, state: dict[str, Any], emit: Callable[[Batch], None], span: Span
    ) -> tuple[Outcome[U], Collector]:
        """Reads what changed in one unit, or the older history that the span has; notes in the
        state under `since` from when on it was read. In a thread of its own.

        Raises only what concerns everybody."""

    @abstractmethod
    def attempt(self, name: str, unit_id: str | None) -> Row:
        """The key columns of a row of `syncs_table`, for a unit (or a list, without an id)."""

    @property
    @abstractmethod
    def api(self) -> ApiClient:
        """The client that sends the requests."""

    def remaining(self) -> dict[str, int]:
        """What is left of the API's limits, by resource."""
        return {}

    def end_round(self, state: MutableMapping[str, Any]) -> Iterator[Batch]:
        """Yields what was gathered across the units of a round (accounts, say)."""
        yield from ()

    def is_counted(self, unit: U) -> bool:
        """Whether the unit is one of the repositories that people count."""
        return True

    def is_small(self, unit: U) -> bool:
        """Whether all of a unit's history is so little that steps cost more than they bring."""
        return False

    def paused(self, message: Handed[U]) -> None:
        """Notes what came of a unit that goes on in the next round."""

    def close(self) -> None:
        """Ends all waits and closes the connections."""

    # What they share

    @property
    def ledger(self) -> Ledger:
        """What the requests so far cost."""
        return self.api.ledger

    @property
    def shapes(self) -> Shapes:
        """What replies looked like so far."""
        return self.api.shapes

    @property
    def requests(self) -> int:
        """Requests sent so far."""
        return self.ledger.requests

    def budgets(self) -> list[Budget]:
        """What is left of the API's limits and when they reset, all tokens together, as far as
        replies told."""
        return self.api.pool.budgets()

    @property
    def seconds_waited(self) -> float:
        """For rate limits, all threads together."""
        return self.api.pool.seconds_waited

    @property
    def is_done(self) -> bool:
        """Whether everything has been read."""
        return self._todo == [] and self._history.is_done

    def is_late(self) -> bool:
        """Whether a unit that can be interrupted should end for this round."""
        return time.monotonic() >= self._deadline or (
            self._history.is_older and self._history.seconds_left <= 0
        )

    def collector(self, emit: Callable[[Batch], None]) -> Collector:
        """A collector of rows of this sync."""
        return Collector(self.tables, self._name, self._synced_at, emit)

    def arrow(self, table: str, found: Sequence[Row]) -> Batch:
        """Rows of one table, ready to be yielded."""
        return {table: to_arrow(self.tables[table], found, self._name, self._synced_at)}

    def batches(self, state: MutableMapping[str, Any]) -> Iterator[Batch]:
        """Tables of rows; `state` is brought up to date for what has been handed over.

        Raises Unauthorized when a credential is refused. Any other failure ends in the report
        and in rows of the table of attempts.
        """
        collected: list[Batch] = []
        count = 0
        for batch in self._batches(state):
            collected.append(batch)
            count += sum(table.num_rows for table in batch.values())
            if count >= _ROWS_PER_HAND_OVER:
                yield self._without_erased(join(collected))
                collected, count = [], 0
        if collected:
            yield self._without_erased(join(collected))

    def _without_erased(self, batch: Batch) -> Batch:
        return Replacing(self.erased, self._name).batch(self.tables, batch)

    def failed(
        self,
        name: str,
        resource: str,
        error: Exception,
        reading: Collector,
        started: float,
        *,
        is_fatal: bool = True,
    ) -> None:
        """Notes that a list of the whole connection (owner, group) could not be read.

        `is_fatal`: it is a failure of the load, not only something that is missing.
        `started`: of time.monotonic().
        """
        reason = one_line(error if isinstance(error, ApiError) else unexpected_shape(error), 500)
        logger.warning("%s: %s: %s", name, resource, reason)
        if is_fatal:
            self.report.first_error = self.report.first_error or error
            self.report.lists_failed += 1
            self.report.failures.append(Failure(name, resource, reason))
        # One row a name: the list of repositories failing says more than the teams.
        key = self.attempt(name, None)
        self._attempts.pop(tuple(key.values()), None)
        seconds = time.monotonic() - started
        self.note(key, _attempt("failed", resource, reason, reading, seconds))

    def note(self, key: Row, row: Row) -> None:
        """Notes an attempt; several at one unit make one row, in which a failure
        outlasts, and a success that nothing more came."""
        place = tuple(key.values())
        if (known := self._attempts.get(place)) is not None:
            for column in ("row_count", "request_count", "seconds"):
                row[column] += known[column]
            if known["status"] == "failed":
                for column in ("failed_resource", "reason"):
                    parts = dict.fromkeys(filter(None, (known[column], row[column])))
                    row[column] = one_line("; ".join(parts), 500) or None
                row["status"] = "failed"
            elif known["status"] == "succeeded" and row["status"] == "skipped":
                row["status"] = "succeeded"
        self._attempts[place] = {**key, **row}
        self._unsent[place] = None

    def took(self, message: Handed[U]) -> None:
        """Notes the outcome of a unit."""
        outcome = message.outcome
        assert outcome is not None
        name = outcome.unit.full_name
        if self.is_counted(outcome.unit):
            self.report.repositories += 1
            self.report.skipped += outcome.status == "skipped"
        if outcome.status == "failed":
            failure = Failure(
                name, outcome.failed_resource, outcome.reason or "unknown", outcome.is_partial
            )
            self.report.failures.append(failure)
            logger.warning("%s: %s: %s", name, failure.resource, failure.reason)
        self.note_outcome(message)

    def took_older(self, message: Handed[U]) -> None:
        """Notes what came of reading older history of a unit; it was counted before."""
        outcome = message.outcome
        assert outcome is not None
        name = outcome.unit.full_name
        if outcome.status == "failed":
            reason = outcome.reason or "unknown"
            self.report.failures.append(Failure(name, outcome.failed_resource, reason, True))
            logger.warning("%s: %s: %s", name, outcome.failed_resource, reason)
        self.note_outcome(message)

    def note_outcome(self, message: Handed[U]) -> None:
        """Notes the attempt at a unit."""
        outcome, reading = message.outcome, message.reading
        assert outcome is not None
        assert reading is not None
        row = _attempt(
            outcome.status, outcome.failed_resource, outcome.reason, reading, message.seconds
        )
        self.note(self.attempt(outcome.unit.full_name, outcome.unit.id), row)

    def _batches(self, state: MutableMapping[str, Any]) -> Iterator[Batch]:
        self._deadline = time.monotonic() + self._longest_round
        if self._todo is None:
            self._all = list((yield from self._counted(self.begin(state))))
            self._begin_step(self._all)
            self.report.total = sum(map(self.is_counted, self._all))
        yield from self._read_units(state)
        while self._goes_on(state) and not self.is_late():
            yield from self._read_units(state)
        yield from self._counted(self.end_round(state))
        if self._unsent:
            found = [self._attempts[place] for place in self._unsent if place in self._attempts]
            yield self._count(self.arrow(self.syncs_table, found))
        self._unsent = {}
        if drift := drifted(state.setdefault("shapes", {}), self.shapes.take()):
            for row in drift:
                logger.warning("%s: %s of %s: %s", self._name, *_told(row))
            yield self._count(self.arrow(DRIFT_TABLE, drift))
        if costs := self.ledger.costs():
            # Sums so far: a later round replaces the rows, a killed one leaves these.
            yield self._count(self.arrow(LEDGER_TABLE, [self._cost_row(cost) for cost in costs]))
        self._tell(None, at_once=True)

    def _cost_row(self, cost: Cost) -> Row:
        row = {"run_id": self._run_id, **asdict(cost)}
        for name in ("wait_seconds", "backoff_seconds", "seconds"):
            row[name] = round(row[name], 3)
        return row

    def _goes_on(self, state: MutableMapping[str, Any]) -> bool:
        """Whether there is more to read; goes a step back in the history when one is done."""
        known = state.setdefault(self.units_key, {})
        history = self._history
        units = [u for u in self._all if u.id not in self._failed]
        while not self._todo or history.is_older:
            if history.seconds_left <= 0:
                self.report.behind = sum(history.is_behind(known.get(u.id) or {}) for u in units)
                history.stop()
                self._todo = []
            if self._todo or history.is_done:
                break
            history.go_back()
            self._begin_step([u for u in units if history.is_wanted(known.get(u.id) or {})])
        return bool(self._todo)

    def _begin_step(self, units: Sequence[U]) -> None:
        self._todo = list(units)
        self._step_done, self._step_total = 0, len(units)

    def _read_units(self, state: MutableMapping[str, Any]) -> Iterator[Batch]:
        assert self._todo is not None
        known = state.setdefault(self.units_key, {})
        handed_over: queue.Queue[Handed[U]] = queue.Queue(_MOST_WAITING)
        work = Work(self._todo, self.is_late)
        threads = [
            threading.Thread(
                target=self._work,
                args=(work, known, handed_over),
                name=f"{self._name}-{number}",
                daemon=True,
            )
            for number in range(min(_threads(self._concurrency), len(self._todo)))
        ]
        turn = sys.getswitchinterval()
        sys.setswitchinterval(_TURN)
        for thread in threads:
            thread.start()
        running = len(threads)
        unfinished: list[U] = []
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
                    # After all rows of the unit: state and rows go into the same package.
                    unit = message.outcome.unit
                    known[unit.id] = message.outcome.state
                    if message.outcome.is_unfinished:
                        unfinished.append(unit)
                        self.paused(message)
                        continue
                    if message.outcome.status == "failed" and not message.outcome.is_lasting:
                        self._failed.add(unit.id)
                    self._step_done += 1
                    if self._history.is_older:
                        self.took_older(message)
                    else:
                        self.took(message)
                    self._tell(unit.full_name)
                else:
                    running -= 1
        finally:
            # Whoever is still reading ends at its next hand-over; `close` wakes those that wait.
            work.stop.set()
            sys.setswitchinterval(turn)
        self._todo = [*unfinished, *work.left()]

    def _work(
        self,
        work: Work[U],
        known: MutableMapping[str, Any],
        handed_over: queue.Queue[Handed[U]],
    ) -> None:
        def hand_over(message: Handed[U]) -> None:
            while not work.stop.is_set():
                try:
                    return handed_over.put(message, timeout=0.5)
                except queue.Full:
                    continue
            raise Stopped("nobody takes the rows any more")

        try:
            while (unit := work.next()) is not None:
                started = time.monotonic()
                is_anew = self.full and unit.id not in self._begun
                self._begun.add(unit.id)
                # A copy: dlt's state belongs to the thread that hands over.
                state = {} if is_anew else dict(known.get(unit.id) or {})
                outcome, reading = self.read_unit(
                    unit,
                    state,
                    lambda batch: hand_over(Handed(batch=batch)),
                    self._history.span(state, is_small=self.is_small(unit)),
                )
                seconds = time.monotonic() - started
                hand_over(Handed(outcome=outcome, reading=reading, seconds=seconds))
            hand_over(Handed())
        except Stopped:
            return
        except BaseException as error:
            try:
                hand_over(Handed(error=error))
            except Stopped:
                return

    def _counted(self, found: Generator[Batch, None, Any] | Iterator[Batch]) -> Any:
        """Passes batches on and counts their rows; returns what the generator returns."""
        while True:
            try:
                batch = next(found)
            except StopIteration as end:
                return end.value
            yield self._count(batch)

    def _count(self, batch: Batch) -> Batch:
        for name, table in batch.items():
            self.report.row_counts[name] += table.num_rows
        self._tell(None)
        return batch

    def _tell(self, current: str | None, *, at_once: bool = False) -> None:
        if self._progress is None:
            return
        now = time.monotonic()
        if not at_once and now - self._told_at < _TOLD_EVERY:
            return
        self._told_at = now
        # The last word is about the units, not about the steps back that they took.
        is_older = self._history.is_older and not at_once
        self._progress(
            Progress(
                connection=self._name,
                repositories_done=self._step_done if is_older else self.report.repositories,
                repositories_total=self._step_total if is_older else self.report.total,
                back_to=self._history.start if is_older else None,
                rows=self.report.row_counts.total(),
                requests=self.requests,
                remaining=self.remaining(),
                current=current,
            )
        )


def _threads(concurrency: int) -> int:
    # Who wants one request at a time wants one repository at a time.
    return 1 if concurrency == 1 else concurrency + _THREADS_BESIDE


def _attempt(
    status: str, resource: str | None, reason: str | None, reading: Collector, seconds: float
) -> Row:
    return {
        "status": status,
        "failed_resource": resource,
        "reason": reason,
        "row_count": reading.row_counts.total(),
        "request_count": reading.requests,
        "seconds": round(seconds, 3),
    }


def _told(row: Row) -> tuple[str, str, str]:
    types = (
        f"{row['change']}, {row['expected'] or 'nothing'} before, {row['found'] or 'nothing'} now"
    )
    return row["field"], row["endpoint"], types
