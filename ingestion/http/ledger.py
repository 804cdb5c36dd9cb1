"""What the requests of a client cost, by endpoint; thread-safe."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace


@dataclass
class Cost:
    """What the requests to one endpoint cost.

    Each request ends in one of three ways: answered, `rate_limited` or `failed`.
    """

    endpoint: str
    """A document of GraphQL by its operation, or method and path with {placeholders}."""
    resource: str
    """The limit that it belongs to: core, graphql."""
    requests: int = 0
    """All that were sent: repeats and followed redirects too."""
    counted_requests: int = 0
    """Those that count against the quota: where the provider says so, 304 does not."""
    points: int | None = None
    """Of GraphQL's quota, as far as replies told; None when none did."""
    not_modified: int = 0
    """Answered with 304."""
    retries: int = 0
    """Requests that repeat one that had failed; not those after a refusal for a limit."""
    rate_limited: int = 0
    """Refused for a limit."""
    failed: int = 0
    """Answered with another error (404 included), not understood, or not answered at all."""
    wait_seconds: float = 0.0
    """Waited for limits, all threads together."""
    backoff_seconds: float = 0.0
    """Waited before repeats, all threads together."""
    seconds: float = 0.0
    """From sending to the end of the reply, all threads together."""
    bytes: int = 0
    """Bodies of replies as they came: compressed, if they were."""

    def __add__(self, other: Cost) -> Cost:
        """The sum, under the name of the first."""
        points = None
        if self.points is not None or other.points is not None:
            points = (self.points or 0) + (other.points or 0)
        sums = {
            name: getattr(self, name) + getattr(other, name)
            for name in _NUMBERS
            if name != "points"
        }
        return replace(self, points=points, **sums)


_NUMBERS = (
    "requests",
    "counted_requests",
    "points",
    "not_modified",
    "retries",
    "rate_limited",
    "failed",
    "wait_seconds",
    "backoff_seconds",
    "seconds",
    "bytes",
)


class Ledger:
    """The costs of one client, growing while it is used."""

    def __init__(self) -> None:
        self._costs: dict[str, Cost] = {}
        self._lock = threading.Lock()

    def add(self, endpoint: str, resource: str, **counts: float) -> None:
        """Adds to the numbers of `Cost` that are named."""
        with self._lock:
            cost = self._costs.setdefault(endpoint, Cost(endpoint, resource))
            for name, count in counts.items():
                setattr(cost, name, (getattr(cost, name) or 0) + count)

    def costs(self) -> list[Cost]:
        """A copy of the costs so far, an entry each endpoint, by name."""
        with self._lock:
            return [replace(self._costs[name]) for name in sorted(self._costs)]

    @property
    def requests(self) -> int:
        """All requests so far."""
        with self._lock:
            return sum(cost.requests for cost in self._costs.values())


def total(costs: list[Cost]) -> Cost:
    """The sum of costs; all zeros for none."""
    found = Cost("total", "all")
    for cost in costs:
        found += cost
    return found
