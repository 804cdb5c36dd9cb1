"""Second, independent computation: the periods of the organization's time zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Period:
    """Local days from `start` up to `end`, without it; `days` are those that count in rates."""

    grain: str
    start: date
    end: date
    days: int
    is_partial: bool


def local_date(time: datetime, zone: ZoneInfo) -> date:
    """The day on the calendar of the zone."""
    return time.astimezone(zone).date()


def today(as_of: datetime, zone: ZoneInfo) -> date:
    """The last day begun: at midnight sharp the new day has not."""
    return local_date(as_of - timedelta(microseconds=1), zone)


def _start(day: date, grain: str, week_starts_on: str) -> date:
    if grain == "day":
        return day
    if grain == "week":
        while WEEKDAYS[day.weekday()] != week_starts_on:
            day -= DAY
        return day
    if grain == "month":
        return day.replace(day=1)
    return date(day.year, 3 * ((day.month - 1) // 3) + 1, 1)


def _end(start: date, grain: str, week_starts_on: str) -> date:
    day = start + DAY
    while _start(day, grain, week_starts_on) == start:
        day += DAY
    return day


def periods(first: date | None, as_of: datetime, zone: ZoneInfo, week: str) -> list[Period]:
    """All periods from the day of an entity's first fact on; None: it has none."""
    now = today(as_of, zone)
    begin = now if first is None else min(first, now)
    found = []
    for grain in ("day", "week", "month", "quarter"):
        start = _start(begin, grain, week)
        while start <= now:
            end = _end(start, grain, week)
            is_partial = local_date(as_of, zone) < end
            days = ((now - start) if is_partial else (end - DAY - start)).days + 1
            found.append(Period(grain, start, end, days, is_partial))
            start = end
    # Complete days: windows end with each week, and with the last midnight there was.
    last = local_date(as_of, zone)
    ends = {last}
    day = begin + DAY
    while first is not None and day <= last:
        if WEEKDAYS[day.weekday()] == week:
            ends.add(day)
        day += DAY
    for grain, length in (("rolling_30d", 30), ("rolling_90d", 90)):
        for end in sorted(ends):
            found.append(Period(grain, end - length * DAY, end, length, False))
    return found
