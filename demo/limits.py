"""Tokens and rate limits as GitHub counts them: per token and resource, an hour at a time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

SCOPES = "read:org, repo"


@dataclass
class Window:
    """What a token has used of one resource in the running hour."""

    limit: int
    reset: int
    used: int = 0

    @property
    def remaining(self) -> int:
        """What is left."""
        return max(self.limit - self.used, 0)


@dataclass
class Limits:
    """Knows the tokens and counts their requests."""

    tokens: set[str]
    limit: int = 15_000
    graphql_limit: int = 15_000
    window: int = 3600
    now: Callable[[], float] = time.time
    _windows: dict[tuple[str, str], Window] = field(default_factory=dict)

    def get(self, token: str, resource: str) -> Window:
        """The running window, a new one if the last has ended."""
        key = (token, resource)
        window = self._windows.get(key)
        if window is None or window.reset <= self.now():
            limit = self.graphql_limit if resource == "graphql" else self.limit
            window = self._windows[key] = Window(limit, int(self.now()) + self.window)
        return window

    def headers(self, token: str, resource: str) -> dict[str, str]:
        """The X-RateLimit-* headers of a reply."""
        window = self.get(token, resource)
        return {
            "X-RateLimit-Limit": str(window.limit),
            "X-RateLimit-Remaining": str(window.remaining),
            "X-RateLimit-Used": str(window.used),
            "X-RateLimit-Reset": str(window.reset),
            "X-RateLimit-Resource": resource,
        }
