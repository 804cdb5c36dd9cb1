"""Where the rows of one repository go, and what is noted while it is read."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from ingestion.contracts import Table
from ingestion.http import BadReply
from ingestion.loading.batches import Batch, Row, to_arrow

_ROWS_PER_BATCH = 500


class People:
    """All accounts met in a sync, each once; thread-safe."""

    def __init__(self, find: Callable[[Any], Iterable[Row]]) -> None:
        """`find`: the rows (with an `id`) of all accounts that a payload holds."""
        self._find = find
        self._rows: dict[Any, Row] = {}
        # GitHub shows a bot as a user where its schema has only users (assignees, members).
        self._bots: set[Any] = set()
        self._lock = threading.Lock()

    def meet(self, payload: Any) -> None:
        """Takes down every account that a payload holds."""
        found = list(self._find(payload))
        with self._lock:
            self._bots.update(row["id"] for row in found if row.get("type") == "Bot")
            for row in found:
                if row.get("type") == "Bot" or row["id"] not in self._bots:
                    self._rows[row["id"]] = row

    def take(self) -> list[Row]:
        """The rows so far; starts anew."""
        with self._lock:
            found, self._rows = list(self._rows.values()), {}
        return found


class Collector:
    """Collects rows and hands them over in batches; the rows of one repository (or list)."""

    def __init__(
        self,
        tables: Mapping[str, Table],
        connection: str,
        synced_at: datetime,
        emit: Callable[[Batch], None],
    ) -> None:
        self.row_counts: Counter[str] = Counter()
        self.problems: dict[str, None] = {}
        self._tables = tables
        self._connection = connection
        self._synced_at = synced_at
        self._emit = emit
        self._requests = 0
        self._lock = threading.Lock()
        self._buffers: dict[str, list[Row]] = {}

    @property
    def requests(self) -> int:
        """Questions asked (a retried one counts once)."""
        return self._requests

    def asked(self) -> None:
        """Counts a question; thread-safe."""
        with self._lock:
            self._requests += 1

    def put(self, table: str, found: Iterable[Row]) -> None:
        """Hands rows over, sooner or later."""
        buffer = self._buffers.setdefault(table, [])
        buffer.extend(found)
        if len(buffer) >= _ROWS_PER_BATCH:
            self._send(table)

    def flush(self) -> None:
        """Hands over all that is left. Raises BadReply where a required value is missing."""
        for table in list(self._buffers):
            self._send(table)

    def flush_what_is_whole(self) -> None:
        """Hands over what is left after a failure; rows that are incomplete are dropped."""
        for table in list(self._buffers):
            try:
                self._send(table)
            except BadReply as error:
                self.problem(str(error))

    def problem(self, line: str) -> None:
        """Notes what could not be read, without giving up the rest."""
        self.problems[line] = None

    def _send(self, table: str) -> None:
        found = self._buffers.pop(table, [])
        if not found:
            return
        batch = to_arrow(self._tables[table], found, self._connection, self._synced_at)
        self.row_counts[table] += len(found)
        self._emit({table: batch})
