"""How Jira Cloud tells its limits.

developer.atlassian.com/cloud/jira/platform/rate-limiting: 429 with Retry-After (seconds), or
with X-RateLimit-Reset (a date and time); without either "back off exponentially".
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from ingestion.http import Budget, Pause, retry_after
from ingestion.loading import timestamp

_FIRST_WAIT = 5.0
_LONGEST_WAIT = 300.0
# A reset further away than that is a fault of a header, or of a clock.
_LONGEST_RESET = 3900.0


class JiraLimits:
    """Limits of Jira Cloud for API tokens: bursts per second and endpoint."""

    def budget(self, headers: Mapping[str, str], resource: str) -> Budget | None:
        """What is left, by the headers X-RateLimit-*; they tell no reset while there is some."""
        try:
            limit = int(headers["x-ratelimit-limit"])
            remaining = int(headers["x-ratelimit-remaining"])
        except (KeyError, ValueError):
            return None
        # Endpoints have limits of their own, so an empty one stops nobody: the 429 will.
        return Budget(resource, limit, max(remaining, 1), 0.0)

    def counts(self, status: int) -> bool:
        """All of them."""
        return True

    def pause(
        self,
        status: int,
        headers: Mapping[str, str],
        message: str,
        resource: str,
        now: float,
        strikes: int,
    ) -> Pause | None:
        """The rest that a 429 asks for."""
        if status != 429:
            return None
        if (seconds := retry_after(headers, now)) is not None:
            return Pause(now + max(seconds, 1.0), None, f"429, Retry-After: {message}")
        reset = _reset(headers.get("x-ratelimit-reset"))
        if reset is not None and 0 < reset.timestamp() - now < _LONGEST_RESET:
            return Pause(reset.timestamp() + 1.0, None, f"429, X-RateLimit-Reset: {message}")
        seconds = min(_FIRST_WAIT * 2.0**strikes, _LONGEST_WAIT)
        return Pause(now + seconds, None, f"429: {message}")


def _reset(value: str | None) -> datetime | None:
    return timestamp(value.strip()) if value else None
