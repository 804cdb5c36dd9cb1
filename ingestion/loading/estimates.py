"""What a first sync will cost and take, reckoned from counts. No request is sent here."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from ingestion.http import Budget, Ledger
from ingestion.http.ledger import Cost, total

# Of so many units (repositories, projects) the lists are looked at; more are extrapolated.
MOST_UNITS = 2000
# Of so many units what only a request of its own tells is asked for.
MOST_SAMPLED = 10


@dataclass(frozen=True)
class Estimate:
    """What a first sync of a connection will take, about."""

    counted: dict[str, int]
    """What there is to read, in the words of people: repositories, pull requests …"""
    requests: dict[str, int]
    """By the limit that they belong to."""
    points: int | None
    """Of GraphQL's quota; None where there is none."""
    seconds: float
    """With what is left of the limits, and one request after the other on each connection."""
    waits: bool
    """Whether a limit and not the server's speed is what takes so long."""
    asked: int
    """Requests that the estimate itself took."""
    looked_at: int
    """Units whose lists were counted; fewer than there are: the rest is extrapolated."""
    notes: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """For people, a line each."""
        counted = ", ".join(f"{count:,} {name}" for name, count in self.counted.items())
        needed = ", ".join(f"{count:,} {name}" for name, count in self.requests.items() if count)
        points = "" if self.points is None else f", {self.points:,} points"
        why = ", most of it waiting for limits" if self.waits else ""
        return [
            f"first sync, estimated: {counted}",
            f"  about {sum(self.requests.values()):,} requests ({needed}){points}; "
            f"{told(self.seconds)}{why} (estimated with {self.asked} requests)",
            *(f"  {note}" for note in self.notes),
        ]


@dataclass(frozen=True)
class Need:
    """Units of one quota that are needed, and what is known of it."""

    units: int
    budget: Budget | None
    window: float
    """Seconds after which the whole limit is there again."""


class Stopwatch:
    """Tells what was asked since it was made, and how long an answer took."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._before = self._total()

    def read(self) -> tuple[int, float]:
        """Requests since then, and seconds that one took."""
        cost = self._total()
        asked = cost.requests - self._before.requests
        return asked, (cost.seconds - self._before.seconds) / max(asked, 1)

    def _total(self) -> Cost:
        return total(self._ledger.costs())


def pages(count: int, size: int, at_least: int = 0) -> int:
    """Requests for a list of so many entries."""
    return max(math.ceil(count / size), at_least)


def within_history(total: int, begun: datetime, ended: datetime, since: datetime) -> int:
    """How many of `total` things made evenly from `begun` to `ended` are since then, rounded up."""
    if total == 0 or ended <= since:
        return 0
    if begun >= since or ended <= begun:
        return total
    return math.ceil(total * ((ended - since) / (ended - begun)))


def extrapolated(counts: Mapping[str, int], seen: int, total: int) -> dict[str, int]:
    """Counts of `seen` units for all `total`, rounded up."""
    if not seen or seen >= total:
        return dict(counts)
    return {name: math.ceil(count * total / seen) for name, count in counts.items()}


def spread(length: int, most: int = MOST_SAMPLED) -> list[int]:
    """Positions of at most `most` of so many things, evenly spread."""
    if length <= most:
        return list(range(length))
    return [number * length // most for number in range(most)]


def duration(
    requests: int, seconds_a_request: float, concurrency: int, needs: Sequence[Need], now: float
) -> tuple[float, bool]:
    """Seconds that so many requests take, and whether limits are what takes them.

    Without limits requests × seconds / concurrency. A quota of which more is needed than is left
    waits for its reset, then for a window each time the whole limit is used up again; the rest of
    the work comes after the last wait.
    """
    work = requests * seconds_a_request / max(concurrency, 1)
    longest, waits = work, False
    for need in needs:
        if need.budget is None or need.budget.limit <= 0 or need.units <= need.budget.remaining:
            continue
        missing = need.units - need.budget.remaining
        windows = math.ceil(missing / need.budget.limit)
        wait = max(need.budget.resets_at - now, 0.0) + (windows - 1) * need.window
        rest = missing - (windows - 1) * need.budget.limit
        if (whole := wait + work * rest / need.units) > longest:
            longest, waits = whole, True
    return longest, waits


def told(seconds: float) -> str:
    """A length of time in words, roughly."""
    if seconds < 90:
        return f"{max(math.ceil(seconds), 1)} s"
    minutes = math.ceil(seconds / 60)
    if minutes < 90:
        return f"{minutes} min"
    return f"{seconds / 3600:.1f} h"
