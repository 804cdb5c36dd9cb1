"""How GitHub tells its limits.

docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api: remaining and reset come in
headers; a secondary limit answers 403 or 429, with Retry-After or without, and then asks to wait
"at least one minute" and exponentially longer if it fails again.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from ingestion.http import Budget, Pause, retry_after

_SECONDARY_WAIT = 60.0
_LONGEST_WAIT = 3600.0
# Points in any minute; a query, and a GET, is one (the same page, "About secondary rate limits").
_PER_MINUTE = {"core": 900, "graphql": 2000}


def pace(api_url: str) -> dict[str, int]:
    """How often one token may ask GitHub in a minute, by resource, before a secondary limit.

    Empty for Enterprise Server, whose limits are off unless its owner sets some.
    """
    host = urlsplit(api_url).hostname or ""
    is_githubs = host == "api.github.com" or host.endswith(".ghe.com")
    return dict(_PER_MINUTE) if is_githubs else {}


class GithubLimits:
    """Limits of github.com and Enterprise Server (which may have none)."""

    def budget(self, headers: Mapping[str, str], resource: str) -> Budget | None:
        """What is left, by the headers x-ratelimit-*."""
        try:
            return Budget(
                headers.get("x-ratelimit-resource", resource),
                int(headers["x-ratelimit-limit"]),
                int(headers["x-ratelimit-remaining"]),
                float(headers["x-ratelimit-reset"]),
            )
        except (KeyError, ValueError):
            return None

    def counts(self, status: int) -> bool:
        """All but 304 (docs.github.com/rest/using-the-rest-api/best-practices, "Use conditional
        requests if appropriate")."""
        return status != 304

    def pause(
        self,
        status: int,
        headers: Mapping[str, str],
        message: str,
        resource: str,
        now: float,
        strikes: int,
    ) -> Pause | None:
        """The rest that a 403 or 429 asks for; None when it is a refusal for another reason."""
        if status not in (403, 429):
            return None
        if (seconds := retry_after(headers, now)) is not None:
            return Pause(now + max(seconds, 1.0), None, f"{status}, Retry-After: {message}")
        budget = self.budget(headers, resource)
        if budget and budget.remaining <= 0:
            # A reset in the past means that clocks differ: come back in a moment.
            return Pause(max(budget.resets_at + 1, now + 1), budget.resource, message)
        lowered = message.lower()
        if status == 429 or "secondary rate limit" in lowered or "abuse" in lowered:
            seconds = min(_SECONDARY_WAIT * 2.0**strikes, _LONGEST_WAIT)
            return Pause(now + seconds, None, f"secondary limit: {message}")
        if "rate limit exceeded" in lowered:
            return Pause(now + _SECONDARY_WAIT, resource, message)
        return None
