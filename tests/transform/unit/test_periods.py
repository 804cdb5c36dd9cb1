"""Periods in local time: week starts, daylight saving, partial periods, rolling windows."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transform.dora.periods import CALENDAR, next_start, period_start, periods
from transform.metric_settings import WEEKDAYS

BERLIN = ZoneInfo("Europe/Berlin")


def of(grain: str, *arguments, **options):
    return [p for p in periods(*arguments, **options) if p.grain == grain]


@pytest.mark.parametrize(
    ("week_starts_on", "start"),
    [("monday", date(2026, 3, 2)), ("sunday", date(2026, 3, 1)), ("wednesday", date(2026, 3, 4))],
)
def test_weeks_start_on_any_day(week_starts_on, start):
    assert period_start(date(2026, 3, 5), "week", week_starts_on) == start


def test_quarters_and_months_start_on_the_first():
    assert period_start(date(2026, 12, 31), "quarter") == date(2026, 10, 1)
    assert next_start(date(2026, 10, 1), "quarter") == date(2027, 1, 1)
    assert next_start(date(2026, 12, 1), "month") == date(2027, 1, 1)


def test_the_month_with_the_change_to_summer_time_has_31_days():
    as_of = datetime(2026, 4, 10, 12, tzinfo=UTC)
    march, april = of("month", date(2026, 3, 15), as_of, BERLIN)
    assert (march.start, march.end, march.days, march.is_partial) == (
        date(2026, 3, 1), date(2026, 4, 1), 31, False,
    )  # fmt: skip
    assert (april.days, april.is_partial) == (10, True)


def test_the_days_of_a_running_period_are_those_begun_in_local_time():
    # 23:30 in UTC is the first of April in Berlin already.
    as_of = datetime(2026, 3, 31, 23, 30, tzinfo=UTC)
    march, april = of("month", date(2026, 3, 1), as_of, BERLIN)
    assert not march.is_partial
    assert (april.days, april.is_partial) == (1, True)


def test_at_midnight_the_day_is_over_and_the_next_has_not_begun():
    midnight = datetime(2026, 3, 31, 22, tzinfo=UTC)  # of the first of April, in Berlin
    days = of("day", date(2026, 3, 30), midnight, BERLIN)
    assert [(p.start, p.is_partial) for p in days] == [
        (date(2026, 3, 30), False), (date(2026, 3, 31), False),
    ]  # fmt: skip
    assert [p.is_partial for p in of("month", date(2026, 3, 1), midnight, BERLIN)] == [False]


def test_rolling_windows_hold_complete_days_up_to_the_last_midnight():
    as_of = datetime(2026, 3, 12, 9, tzinfo=UTC)  # a Thursday
    windows = of("rolling_30d", date(2026, 2, 25), as_of, BERLIN)
    assert [w.end for w in windows] == [date(2026, 3, 2), date(2026, 3, 9), date(2026, 3, 12)]
    assert all((w.end - w.start).days == w.days == 30 for w in windows)
    assert not any(w.is_partial for w in windows)


def test_a_window_that_ends_with_a_week_is_there_once():
    as_of = datetime(2026, 3, 9, 9, tzinfo=UTC)  # a Monday
    ends = [w.end for w in of("rolling_90d", date(2026, 2, 25), as_of, BERLIN)]
    assert ends == [date(2026, 3, 2), date(2026, 3, 9)]


def test_a_first_day_in_the_future_gives_the_running_periods():
    as_of = datetime(2026, 3, 12, 9, tzinfo=UTC)
    found = periods(date(2027, 1, 1), as_of, BERLIN)
    assert [(p.grain, p.is_partial) for p in found] == [
        *((grain, True) for grain in CALENDAR), ("rolling_30d", False), ("rolling_90d", False),
    ]  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(
    st.dates(date(2023, 1, 1), date(2026, 1, 1)),
    st.integers(0, 500),
    st.sampled_from(["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Apia", "UTC"]),
    st.sampled_from(WEEKDAYS),
    st.integers(0, 86399),
)
def test_calendar_periods_cover_every_day_once(first, length, name, week_starts_on, second):
    zone = ZoneInfo(name)
    as_of = datetime(first.year, first.month, first.day, tzinfo=UTC) + timedelta(
        days=length + 1, seconds=second
    )
    today = (as_of - timedelta(microseconds=1)).astimezone(zone).date()
    found = periods(first, as_of, zone, week_starts_on)
    for grain in CALENDAR:
        its = [p for p in found if p.grain == grain]
        assert its[0].start <= first < its[0].end
        assert its[-1].start <= today < its[-1].end
        assert all(a.end == b.start for a, b in pairwise(its))
        assert all(1 <= p.days <= (p.end - p.start).days for p in its)
        assert [p for p in its[:-1] if p.is_partial] == []
        assert all(p.start.weekday() == WEEKDAYS.index(week_starts_on) for p in its) or (
            grain != "week"
        )
