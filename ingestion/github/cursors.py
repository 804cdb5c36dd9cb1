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

    @classmethod
    def after(cls, newest: str | None, since: datetime, overlap: timedelta = OVERLAP) -> Cursor:
        """From the newest time of the last complete reading; never further back than `since`."""
        known = timestamp(newest)
        return cls(since if known is None else max(since, known - overlap))

    def is_behind(self, moment: str | None) -> bool:
        """Whether that time is older than what has to be read."""
        parsed = timestamp(moment)
        return parsed is not None and parsed < self.stop
