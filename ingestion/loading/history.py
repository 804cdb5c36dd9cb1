"""How a long history is read: the newest part of every unit first, then further and further back.

A unit's state says under `since` from when on all of it is read. What is older is read in steps,
each of them for all units, so that a load that ends early has the recent rows of every one of them
(docs/decisions/0025-history-in-steps.md).
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ingestion.loading.times import timestamp

# The first of them; each older one is twice as long as the one before, since every step asks for
# every list again. What the rolling metrics of ninety days need is there after the first.
STEP = timedelta(days=90)
# A default start of the history moves with the clock: that is no wish for more of it.
_SLACK = timedelta(hours=1)


@dataclass(frozen=True)
class Span:
    """What is to be read of a unit: all that changed from `since` on, or (with `until`) the older
    history between the two, which no sync has read yet."""

    since: datetime
    until: datetime | None = None


def steps(since: datetime, now: datetime) -> list[datetime]:
    """The starts of the steps, newest first; the last is the start of the history."""
    found = []
    step = STEP
    start = now - step
    while start > since + _SLACK:
        found.append(start)
        step = 2 * step
        start -= step
    return [*found, since]


def read_since(state: Mapping[str, Any]) -> datetime | None:
    """From when on a unit has been read; None for one that never was."""
    return timestamp(state.get("since"))


def wants_more(state: Mapping[str, Any], start: datetime) -> bool:
    """Whether a unit that was read has not been read back to that start."""
    known = read_since(state)
    return known is not None and start < known - _SLACK


class History:
    """Where a load stands in the history: the newest step first, then back."""

    def __init__(self, since: datetime, now: datetime, seconds: float) -> None:
        """`seconds`: time from now on after which no older step is gone on with."""
        self._begin = since
        self._left = steps(since, now)
        self._ends = time.monotonic() + seconds
        # The first one is gone over twice: what was read before may not reach back to it.
        self.start = self._left[0]
        """Start of the step that is being read."""
        self.is_older = False
        """Whether that is one of older history, with no look at what changed."""

    @property
    def is_done(self) -> bool:
        """Whether no step is left after this one."""
        return not self._left

    @property
    def seconds_left(self) -> float:
        """Time for older history; 0 or less when it is over."""
        return self._ends - time.monotonic()

    def go_back(self) -> None:
        """Takes the next older step."""
        self.start = self._left.pop(0)
        self.is_older = True

    def stop(self) -> None:
        """Leaves what is older for another load."""
        self._left = []

    def is_wanted(self, state: Mapping[str, Any]) -> bool:
        """Whether this step has to be read of a unit that was read before."""
        return wants_more(state, self.start)

    def is_behind(self, state: Mapping[str, Any]) -> bool:
        """Whether a unit has not been read back to the start of the whole history."""
        return wants_more(state, self._begin)

    def span(self, state: Mapping[str, Any], *, is_small: bool = False) -> Span:
        """What is to be read of a unit now; of a small one, all that is missing at once."""
        known = read_since(state)
        start = self._begin if is_small else self.start
        if known is None:
            return Span(start)
        if self.is_older and self.is_wanted(state):
            return Span(start, known)
        return Span(known)
