"""Accounts: met in payloads, asked for one by one when new, since only that tells e-mails and bots.

GET /users/:id is limited on gitlab.com (300 in ten minutes), so a sync asks for some and the next
for more; what is known is asked again after a month or a change of name.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterable, MutableMapping
from datetime import datetime, timedelta
from typing import Any

from ingestion.gitlab import rows
from ingestion.loading import timestamp
from ingestion.loading.batches import Row

MOST_ASKED = 200
_HOLDS = timedelta(days=30)


class Book:
    """All accounts met in a round, each with all that any payload told; thread-safe."""

    def __init__(self) -> None:
        self._rows: dict[int, Row] = {}
        self._lock = threading.Lock()

    def meet(self, payload: Any) -> None:
        """Takes down every account that a payload holds."""
        found = list(rows.users(payload))
        with self._lock:
            for row in found:
                known = self._rows.setdefault(row["id"], row)
                known.update({name: value for name, value in row.items() if value is not None})

    def take(self) -> dict[int, Row]:
        """The rows so far, by id; starts anew."""
        with self._lock:
            found, self._rows = self._rows, {}
        return found


def refresh(
    met: dict[int, Row],
    state: MutableMapping[str, Any],
    now: datetime,
    asked: int,
    ask: Callable[[Iterable[int]], Iterable[Row | None]],
) -> tuple[list[Row], int]:
    """The rows of accounts that are new, changed or due, and how many were asked for.

    `state` keeps by id "<hash of the names> <day it was asked for>", with an empty day while
    that is still to be done. `asked`: how many this sync has asked for already.
    """
    due: dict[int, Row | None] = {}
    for id_, row in met.items():
        mark, _, day = str(state.get(str(id_)) or "").partition(" ")
        if mark != _mark(row) or not _holds(day, now):
            due[id_] = row
    waiting = [int(id_) for id_, value in state.items() if value.endswith(" ")]
    due.update({id_: None for id_ in waiting if id_ not in due})
    wanted = list(due)[: max(MOST_ASKED - asked, 0)]
    found = []
    for id_, told in zip(wanted, ask(wanted), strict=True):
        best = told or due[id_]
        if best is None:
            state.pop(str(id_), None)
            continue
        state[str(id_)] = f"{_mark(best)} {now.date().isoformat()}"
        found.append(best)
    for id_, met_row in due.items():
        # Beyond what may be asked for: new ones are stored as they were met, known ones stay.
        if id_ in wanted or met_row is None:
            continue
        if str(id_) not in state:
            found.append(met_row)
            state[str(id_)] = f"{_mark(met_row)} "
    return found, len(wanted)


def _mark(row: Row) -> str:
    text = "\x00".join(str(row.get(name)) for name in ("username", "name"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def _holds(day: str, now: datetime) -> bool:
    asked_at = timestamp(day)
    return asked_at is not None and asked_at > now - _HOLDS
