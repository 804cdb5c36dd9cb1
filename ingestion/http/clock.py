"""Time as the clients see it; tests bring their own."""

from __future__ import annotations

import threading
import time
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
