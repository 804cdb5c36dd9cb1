"""Time as the clients see it; tests bring their own."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Protocol

from ingestion.http.errors import Stopped


class Clock(Protocol):
    """What tells and passes the time."""

    def now(self) -> float:
        """Seconds since 1970."""
        ...

    def sleep(self, seconds: float) -> None:
        """Comes back after that many seconds; raises Stopped when the program ends."""
        ...


class SystemClock:
    """The machine's clock; `stop` wakes all sleepers, so that a program in a long wait can end."""

    def __init__(self) -> None:
        self._stopped = threading.Event()

    def now(self) -> float:
        """Seconds since 1970."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Comes back after that many seconds, or raises Stopped."""
        if self._stopped.wait(max(seconds, 0.0)):
            raise Stopped("stopped while waiting")

    def stop(self) -> None:
        """Ends all present and future waits."""
        self._stopped.set()


# Date has seconds, and replies take some on their way.
_SAME = 30.0


class ServerClock:
    """A server's clock, by the header Date of its replies (RFC 9110 6.6.1).

    Times in its other headers (a limit's reset) are by that clock. On a machine whose own clock is
    an hour slow a wait of a minute would be one of an hour.
    """

    def __init__(self, ours: Clock) -> None:
        self._ours = ours
        self._ahead = 0.0

    def ahead(self, headers: Mapping[str, str]) -> float:
        """Seconds by which our clock is ahead of the server's; 0 while they agree roughly."""
        try:
            told = parsedate_to_datetime(headers["date"])
        except (KeyError, ValueError):
            return self._ahead
        if "age" in headers:  # a cache's copy
            return self._ahead
        moment = told if told.tzinfo else told.replace(tzinfo=UTC)
        found = self._ours.now() - moment.timestamp()
        # A value that held stays, so that a reset told twice is the same moment twice.
        if abs(found - self._ahead) > _SAME:
            self._ahead = found if abs(found) > _SAME else 0.0
        return self._ahead
