"""Rate limits, told by each provider in its own headers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Protocol


@dataclass(frozen=True)
class Budget:
    """What a credential has left of one resource; `resets_at` in seconds since 1970."""

    resource: str
    limit: int
    remaining: int
    resets_at: float


def together(budgets: Iterable[Budget]) -> list[Budget]:
    """The budgets of several credentials, summed by resource; the reset is the first of them."""
    found: dict[str, Budget] = {}
    for budget in budgets:
        other = found.get(budget.resource, Budget(budget.resource, 0, 0, budget.resets_at))
        found[budget.resource] = Budget(
            budget.resource,
            other.limit + budget.limit,
            other.remaining + budget.remaining,
            min(other.resets_at, budget.resets_at),
        )
    return [found[resource] for resource in sorted(found)]


@dataclass(frozen=True)
class Pause:
    """A credential must rest until then: for one resource, or (None) altogether."""

    until: float
    resource: str | None
    why: str


class LimitRules(Protocol):
    """How one provider tells its limits."""

    def budget(self, headers: Mapping[str, str], resource: str) -> Budget | None:
        """What is left, as far as the reply says."""
        ...

    def counts(self, status: int) -> bool:
        """Whether a request that was answered with this status counts against the quota."""
        ...

    def pause(
        self,
        status: int,
        headers: Mapping[str, str],
        message: str,
        resource: str,
        now: float,
        strikes: int,
    ) -> Pause | None:
        """The rest that the reply asks for; None if it is no limit that refused.

        `strikes` counts the pauses this request has already met.
        """
        ...


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds to wait by the header Retry-After (seconds or a date, RFC 9110 10.2.3)."""
    value = headers.get("retry-after")
    if value is None:
        return None
    try:
        return max(float(value), 0.0)
    except ValueError:
        pass
    try:
        moment = parsedate_to_datetime(value)
    except (TypeError, ValueError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(moment.timestamp() - now, 0.0)
