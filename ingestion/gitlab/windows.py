"""How far a list has been read by the time of its items' last change."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, TypedDict

from ingestion.loading import timestamp

# A transaction may end after a later one; and GitLab moves the time of a merge request for a note
# or an approval at most once a minute (ThrottledTouch in its source).
OVERLAP = timedelta(minutes=10)
_MOST_REMEMBERED = 2000


class State(TypedDict, total=False):
    """What is kept from one sync to the next: newest change, and what is known of the last ones."""

    newest: str
    recent: dict[str, str]


class Window:
    """What changed since the last sync, less an overlap; items of it that are known are skipped.

    `settles_after`: an item is only known once it was read that long after its change, by the
    server's own clock.
    """

    def __init__(
        self, state: State, since: datetime, *, settles_after: timedelta = timedelta(0)
    ) -> None:
        self._newest = timestamp(state.get("newest"))
        self._known = dict(state.get("recent") or {})
        self._marks: dict[str, tuple[datetime, str]] = {}
        self._settles_after = settles_after
        self.is_first = self._newest is None
        self.start = since if self._newest is None else max(since, self._newest - OVERLAP)

    def is_known(self, item: Mapping[str, Any]) -> bool:
        """Whether the item was read as it is now."""
        return self._known.get(str(item["id"])) == str(item.get("updated_at"))

    def took(self, item: Mapping[str, Any], read_at: datetime | None = None) -> None:
        """Remembers an item that was read; `read_at` by the server's clock, if it tells."""
        changed = timestamp(item.get("updated_at")) or timestamp(item.get("created_at"))
        if changed is None:
            return
        self._newest = max(filter(None, (self._newest, changed)))
        is_settled = not self._settles_after or (
            read_at is not None and read_at >= changed + self._settles_after
        )
        if is_settled or self.is_known(item):
            self._marks[str(item["id"])] = (changed, str(item.get("updated_at")))
        if len(self._marks) > 2 * _MOST_REMEMBERED:
            self._marks = self._latest()

    def state(self) -> State:
        """The state of the next sync; good after every item, since changes come in order."""
        if self._newest is None:
            return {}
        return {
            "newest": self._newest.isoformat(),
            "recent": {id_: mark for id_, (_, mark) in self._latest().items()},
        }

    def _latest(self) -> dict[str, tuple[datetime, str]]:
        assert self._newest is not None
        since = self._newest - OVERLAP - timedelta(seconds=2)
        kept = [(id_, mark) for id_, mark in self._marks.items() if mark[0] >= since]
        return dict(sorted(kept, key=lambda entry: entry[1][0])[-_MOST_REMEMBERED:])
