"""What a person calls a period: 2026-10-05, 2026-W41, 2026-10, 2026-Q4, 30d, last-week."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from orchestration.commands import UsageProblem
from transform.dora.calendar import CALENDAR, ROLLING, local_date, next_start, period_start

HINT = (
    "2026-10-05, 2026-W41, 2026-10, 2026-Q4, 30d, 90d, 30d@2026-10-05 (up to that day), today, "
    "yesterday, this-week, last-week, last-month, last-quarter"
)
_TINY = timedelta(microseconds=1)


@dataclass(frozen=True)
class Wanted:
    """A period as metrics.dora has it: local dates [start, end)."""

    grain: str
    start: date
    end: date


def wanted(text: str, as_of: datetime, zone: ZoneInfo, week_starts_on: str) -> Wanted:
    """The period that the text means, seen from `as_of`; UsageProblem if it means none.

    A week has the number of the ISO week that its Thursday is in, on whatever day weeks start.
    """
    said = text.strip().lower().replace("_", "-")
    # At midnight sharp no moment of the new day has passed: the day before is the one that runs.
    running, ended = local_date(as_of - _TINY, zone), local_date(as_of, zone)

    def calendar(grain: str, day: date) -> Wanted:
        start = period_start(day, grain, week_starts_on)
        return Wanted(grain, start, next_start(start, grain))

    def rolling(days: str, end: str | None) -> Wanted:
        until = date.fromisoformat(end) if end else ended
        return Wanted(f"rolling_{days}d", until - timedelta(days=int(days)), until)

    def relative(which: str, grain: str) -> Wanted:
        if which == "this":
            return calendar(grain, running)
        # The latest that is over.
        return calendar(grain, period_start(ended, grain, week_starts_on) - timedelta(days=1))

    shapes: list[tuple[str, Callable[..., Wanted]]] = [
        (r"(\d{4}-\d\d-\d\d)", lambda day: calendar("day", date.fromisoformat(day))),
        (
            r"(\d{4})-?w(\d{1,2})",
            lambda year, week: calendar("week", date.fromisocalendar(int(year), int(week), 4)),
        ),
        (r"(\d{4})-(\d\d)", lambda year, month: calendar("month", date(int(year), int(month), 1))),
        (
            r"(\d{4})-?q([1-4])",
            lambda year, number: calendar("quarter", date(int(year), int(number) * 3 - 2, 1)),
        ),
        (rf"({'|'.join(map(str, ROLLING.values()))})d(?:@(\d{{4}}-\d\d-\d\d))?", rolling),
        (rf"(this|last)-({'|'.join(CALENDAR)})", relative),
        (r"today", lambda: calendar("day", running)),
        (r"yesterday", lambda: relative("last", "day")),
    ]
    for shape, meaning in shapes:
        if found := re.fullmatch(shape, said):
            try:
                return meaning(*found.groups())
            except (ValueError, OverflowError):
                break
    raise UsageProblem(f'"{text}" is no period; say {HINT}')


def label(grain: str, start: date, end: date) -> str:
    """The period in words, its last day included."""
    last = end - timedelta(days=1)
    if grain == "day":
        return start.isoformat()
    if grain in ROLLING:
        return f"{ROLLING[grain]} days, {start} to {last}"
    if grain == "week":
        # Each span of seven days has one Thursday.
        thursday = start + timedelta(days=(3 - start.weekday()) % 7)
        year, week, _ = thursday.isocalendar()
        return f"week {year}-W{week:02d}, {start} to {last}"
    if grain == "month":
        return f"month {start:%Y-%m}"
    return f"quarter {start.year}-Q{(start.month + 2) // 3}"
