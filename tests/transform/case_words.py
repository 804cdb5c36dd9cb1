"""The words of hand-worked pages: times, numbers, names."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

NOTHING = "–"

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_TIME = re.compile(r"(\w{3}) (\d{1,2}) (\w{3})(?: (\d{4}))? (\d\d):(\d\d)(?::(\d\d))?")
_DAY = re.compile(r"(\d{1,2}) (\w{3})(?: (\d{4}))?")


class PageError(Exception):
    """A page says something that can't be understood."""


def moment(text: str) -> datetime:
    """The UTC time of "Mon 2 Mar 09:00"; the year is 2026 unless it stands after the month."""
    found = _TIME.fullmatch(text)
    if not found or found[3] not in _MONTHS:
        raise PageError(f"no time: {text}")
    at = datetime(
        int(found[4] or 2026),
        _MONTHS.index(found[3]) + 1,
        int(found[2]),
        int(found[5]),
        int(found[6]),
        int(found[7] or 0),
        tzinfo=UTC,
    )
    if _WEEKDAYS[at.weekday()] != found[1]:
        raise PageError(f"{text} was a {_WEEKDAYS[at.weekday()]}")
    return at


def number(text: str) -> float:
    """The number of "26.5" or "1/3"."""
    numerator, _, denominator = text.partition("/")
    try:
        return float(numerator) / float(denominator or 1)
    except ValueError:
        raise PageError(f"no number: {text}") from None


def word(text: str) -> str | None:
    """The word; None for the dash that stands for nothing."""
    return None if text == NOTHING else text


def words(text: str) -> list[str]:
    """The words between commas."""
    return [] if text == NOTHING else [one.strip() for one in text.split(",")]


def truth(text: str) -> bool:
    """Of yes or no."""
    if text not in ("yes", "no"):
        raise PageError(f"neither yes nor no: {text}")
    return text == "yes"


def day(text: str) -> date:
    """The date of "2 Mar"; the year as for moment()."""
    found = _DAY.fullmatch(text)
    if not found or found[2] not in _MONTHS:
        raise PageError(f"no day: {text}")
    return date(int(found[3] or 2026), _MONTHS.index(found[2]) + 1, int(found[1]))


def period(text: str) -> tuple[str, date]:
    """(grain, period_start) of "week 2 Mar" or "30 days before 20 Mar"."""
    for begin, grain, back in (
        ("30 days before ", "rolling_30d", 30),
        ("90 days before ", "rolling_90d", 90),
        *((f"{grain} ", grain, 0) for grain in ("day", "week", "month", "quarter")),
    ):
        if text.startswith(begin):
            return grain, day(text.removeprefix(begin)) - timedelta(days=back)
    raise PageError(f"no period: {text}")


def hours(text: str) -> float:
    """Of "48h" or "7d"."""
    unit = {"h": 1, "d": 24}.get(text[-1:])
    if unit is None:
        raise PageError(f"neither hours (h) nor days (d): {text}")
    return number(text[:-1]) * unit
