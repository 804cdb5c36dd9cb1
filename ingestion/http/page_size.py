"""Page sizes that give way to an overloaded server and come back."""

from __future__ import annotations

import threading


class PageSize:
    """A page size that halves on trouble, down to 1, and grows again after a run of good pages."""

    def __init__(self, start: int, *, grow_after: int = 4) -> None:
        self._start = self._size = start
        self._grow_after = grow_after
        self._good = 0
        self._lock = threading.Lock()

    @property
    def size(self) -> int:
        """The size to ask for now."""
        return self._size

    def shrink(self) -> bool:
        """Halves the size; False if it was 1 already."""
        with self._lock:
            self._good = 0
            if self._size == 1:
                return False
            self._size //= 2
            return True

    def succeeded(self) -> None:
        """Counts a good page; some in a row let the size double, up to where it started."""
        with self._lock:
            if self._size == self._start:
                return
            self._good += 1
            if self._good >= self._grow_after:
                self._good = 0
                self._size = min(self._size * 2, self._start)
