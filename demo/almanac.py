"""Working time in the company's time zone, in seconds since 1970 so that the story is told fast."""

from __future__ import annotations

from bisect import bisect_right
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

MINUTE, HOUR, DAY = 60, 3600, 86400


def utc(second: int) -> datetime:
    """The aware datetime of a second since 1970."""
    return datetime.fromtimestamp(second, UTC)


def second(moment: datetime) -> int:
    """Whole seconds since 1970 of an aware datetime."""
    return int(moment.timestamp())


class Calendar:
    """Local midnights from some time before the story until long after it."""

    def __init__(self, zone: ZoneInfo, start: date, until: date) -> None:
        self.zone = zone
        self.first = start - timedelta(days=120)
        days = (until - self.first).days + 400
        self.midnights = [self.at(self.first + timedelta(days=day), 0) for day in range(days)]

    def at(self, day: date, hour: int, minute: int = 0, seconds: int = 0, fold: int = 0) -> int:
        """The second of a local wall clock time."""
        wall = datetime.combine(day, time(hour, minute, seconds, fold=fold), self.zone)
        return int(wall.timestamp())

    def day_index(self, at: int) -> int:
        """Index of the local day in `midnights`."""
        return bisect_right(self.midnights, at) - 1

    def day(self, at: int) -> date:
        """The local date."""
        return self.first + timedelta(days=self.day_index(at))

    def working(self, at: int, rng: Random) -> int:
        """The same second if people work then (now and then at night), else on the next morning."""
        index = self.day_index(at)
        weekday = (self.first.weekday() + index) % 7
        seconds = at - self.midnights[index]
        if weekday < 5 and 8 * HOUR <= seconds < 19 * HOUR:
            return at
        if rng.random() < 0.08:
            return at
        if weekday < 5 and seconds < 8 * HOUR:
            return self.midnights[index] + 8 * HOUR + int(rng.random() * 2 * HOUR)
        ahead = 3 if weekday == 4 else 2 if weekday == 5 else 1
        return self.midnights[index + ahead] + 8 * HOUR + int(rng.random() * 3 * HOUR)
