"""Where the reading of a list that goes from new to old has ended, for what is older.

The lists are ordered by time, newest first, and GitHub's cursors name a place in that order, not a
number: what changes meanwhile moves before it. Should a cursor be refused, or lead further than it
ought to, the list is read from its beginning: that costs requests, not rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ingestion.github.repository import Repository

# By list: {"after": cursor of the last page that was read, "all": signature if it was the last}.
State = dict[str, dict[str, Any]]


class Tails:
    """The tails of one repository's lists."""

    def __init__(self, repository: Repository | None = None, kept: Mapping[str, Any] | None = None):
        self._repository = repository
        self._kept: State = dict(kept or {})

    def has(self, name: str) -> bool:
        """Whether the end of a list's reading is known."""
        return name in self._kept

    def after(self, name: str) -> Any:
        """Where to go on; None for the beginning."""
        return (self._kept.get(name) or {}).get("after")

    def is_all(self, name: str) -> bool:
        """Whether nothing of the list is left, and it is as it was then."""
        signature = self._signature(name)
        return signature is not None and (self._kept.get(name) or {}).get("all") == signature

    def ended(self, name: str, after: Any, *, is_all: bool) -> None:
        """Notes the page (by what it is asked with) with which a reading ended."""
        self._kept[name] = {"after": after, "all": self._signature(name) if is_all else None}

    def state(self) -> State:
        """What to remember for the next sync."""
        return self._kept

    def _signature(self, name: str) -> str | None:
        return self._repository.signatures.get(name) if self._repository else None
