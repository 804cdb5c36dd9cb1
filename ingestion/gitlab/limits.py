"""How GitLab tells its limits.

docs.gitlab.com/administration/settings/user_and_ip_rate_limits (Response headers): RateLimit-Limit,
-Remaining and -Reset (seconds since 1970) come with every reply of gitlab.com; self-managed ones
send them with a refusal, or not at all. A refusal is 429, with Retry-After or, for the limits of
single endpoints, with nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

from ingestion.http import Budget, Pause, retry_after

# The limits of single endpoints are per minute; the first wait may be short.
_FIRST_WAIT = 5.0
_LONGEST_WAIT = 600.0


class GitlabLimits:
    """Limits of gitlab.com and of self-managed servers (which may have none)."""

    def budget(self, headers: Mapping[str, str], resource: str) -> Budget | None:
        """What is left, by the headers RateLimit-*."""
        try:
            return Budget(
                resource,
                int(headers["ratelimit-limit"]),
                int(headers["ratelimit-remaining"]),
                float(headers["ratelimit-reset"]),
            )
        except (KeyError, ValueError):
            return None

    def counts(self, status: int) -> bool:
        """All of them: GitLab counts requests before it looks at them."""
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
        """The rest that a 429 asks for; 5, 10, 20 … 600 s where it does not say how long."""
        if status != 429:
            return None
        if (seconds := retry_after(headers, now)) is not None:
            return Pause(now + max(seconds, 1.0), resource, f"429, Retry-After: {message}")
        budget = self.budget(headers, resource)
        if budget and budget.remaining <= 0 and budget.resets_at > now:
            return Pause(budget.resets_at + 1, resource, message)
        seconds = min(_FIRST_WAIT * 2.0**strikes, _LONGEST_WAIT)
        return Pause(now + seconds, resource, f"429 without a time: {message}")
