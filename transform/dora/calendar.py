"""Days, weeks, months and quarters, without Spark: the command line reckons with them too."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
ROLLING = {"rolling_30d": 30, "rolling_90d": 90}
CALENDAR = ("day", "week", "month", "quarter")
GRAINS = (*CALENDAR, *ROLLING)

_DAY = timedelta(days=1)


def local_date(moment: datetime, zone: ZoneInfo) -> date:
    """The date of the moment in the zone."""
    return moment.astimezone(zone).date()


def period_start(day: date, grain: str, week_starts_on: str = "monday") -> date:
    """The first day of the calendar period that the day is in."""
    if grain == "day":
        return day
    if grain == "week":
        return day - timedelta(days=(day.weekday() - WEEKDAYS.index(week_starts_on)) % 7)
    if grain == "month":
        return day.replace(day=1)
    if grain == "quarter":
        return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
    raise ValueError(f"{grain} is no calendar grain")


def next_start(start: date, grain: str) -> date:
    """The first day of the calendar period after the one that starts then."""
    if grain == "day":
        return start + _DAY
    if grain == "week":
        return start + 7 * _DAY
    months = start.month - 1 + (1 if grain == "month" else 3)
    return date(start.year + months // 12, months % 12 + 1, 1)
