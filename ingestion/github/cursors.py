"""How far a list has been read, and how far back the next reading goes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from ingestion.loading import timestamp

# GitHub's lists are served by replicas that lag behind each other for moments.
OVERLAP = timedelta(minutes=10)


@dataclass(frozen=True)
class Cursor:
    """Reading newest first may end at `stop`; everything older is known or not wanted."""

    stop: datetime
    begin: datetime | None = None
    """Where older history begins, going back: what is newer is known."""

    @classmethod
    def after(
        cls,
        newest: str | None,
        since: datetime,
        overlap: timedelta = OVERLAP,
        begin: datetime | None = None,
    ) -> Cursor:
        """From the newest time of the last complete reading; never further back than `since`."""
        known = timestamp(newest)
        return cls(since if known is None else max(since, known - overlap), begin)

    def is_newer(self, moment: str | None) -> bool:
        """Whether that time lies before the place at which the older history begins."""
        parsed = timestamp(moment)
        return self.begin is not None and parsed is not None and parsed >= self.begin

    def is_ahead(self, moment: str | None) -> bool:
        """Whether what has that time needs no reading, as newer than the older history."""
        parsed = timestamp(moment)
        return self.begin is not None and parsed is not None and parsed >= self.begin + OVERLAP

    def is_behind(self, moment: str | None) -> bool:
        """Whether that time is older than what has to be read."""
        parsed = timestamp(moment)
        return parsed is not None and parsed < self.stop
