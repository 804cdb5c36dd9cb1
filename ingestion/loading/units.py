"""What is read on its own, what came of it, and how threads share it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from ingestion.loading.batches import Batch
from ingestion.loading.collector import Collector


class Unit(Protocol):
    """What is read on its own, with a state of its own: a repository, a project, a list."""

    @property
    def id(self) -> str:
        """Its key in the state; never changes."""
        ...

    @property
    def full_name(self) -> str:
        """What messages call it."""
        ...


U = TypeVar("U", bound=Unit)


@dataclass
class Outcome(Generic[U]):
    """What came of reading one unit; the state holds what was read to its end."""

    unit: U
    state: dict[str, Any]
    status: str
    """succeeded, failed or skipped (nothing changed)."""
    failed_resource: str | None = None
    reason: str | None = None
    is_partial: bool = False
    """It failed, but some of its lists were read."""
    is_lasting: bool = False
    """What failed will fail again (a right is missing): nothing else waits for it."""
    is_unfinished: bool = False
    """The round's time was over: the unit goes on from its state in the next one."""


@dataclass
class Handed(Generic[U]):
    """From a reading thread: rows, the outcome of a unit, an error, or (empty) its end."""

    batch: Batch | None = None
    outcome: Outcome[U] | None = None
    reading: Collector | None = None
    seconds: float = 0.0
    error: BaseException | None = None


class Work(Generic[U]):
    """The units still to be read, shared by the threads."""

    def __init__(self, units: list[U], is_late: Callable[[], bool]) -> None:
        self.stop = threading.Event()
        self._units = units
        self._is_late = is_late
        self._next = 0
        self._lock = threading.Lock()

    def next(self) -> U | None:
        """The next one; None when there is none, or no time for it in this round."""
        with self._lock:
            is_late = self._next > 0 and self._is_late()
            if self.stop.is_set() or is_late or self._next >= len(self._units):
                return None
            self._next += 1
            return self._units[self._next - 1]

    def left(self) -> list[U]:
        """Those not begun."""
        return self._units[self._next :]
