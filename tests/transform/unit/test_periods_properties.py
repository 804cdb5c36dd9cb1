"""Periods equal those found by hand with zoneinfo, in zones where clocks do odd things."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.independent.reckoner_dora import percentile
from tests.independent.reckoner_periods import periods as by_hand
from transform.dora.periods import periods
from transform.dora.series import lower_percentile
from transform.metric_settings import WEEKDAYS

# Half an hour of daylight saving, quarters of hours, midnights that are skipped or come twice,
# a day that never was.
ZONES = (
    "UTC", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia",
    "America/Sao_Paulo", "America/Havana", "Pacific/Kiritimati", "Africa/Casablanca",
)  # fmt: skip
# Around it the odd things of these zones happen in 2011.
MOMENTS = st.datetimes(datetime(2010, 12, 1), datetime(2012, 2, 1)).map(
    lambda time: time.replace(microsecond=0, tzinfo=UTC)
)


@settings(max_examples=80, deadline=None)
@given(MOMENTS, st.integers(-3, 120), st.sampled_from(ZONES), st.sampled_from(WEEKDAYS))
# The day after the one that never was; midnight sharp; a midnight that comes twice.
@example(datetime(2011, 12, 31, 3, tzinfo=UTC), 9, "Pacific/Apia", "monday")
@example(datetime(2011, 12, 30, 10, tzinfo=UTC), 9, "Pacific/Apia", "friday")
@example(datetime(2011, 11, 13, 4, 30, tzinfo=UTC), 9, "America/Havana", "sunday")
@example(datetime(2011, 2, 20, 2, 30, tzinfo=UTC), 9, "America/Sao_Paulo", "sunday")
def test_periods_are_those_of_the_calendar(as_of, days, name, week_starts_on):
    zone = ZoneInfo(name)
    first = (as_of - timedelta(days=days)).astimezone(zone).date()
    found = [
        (p.grain, p.start, p.end, p.days, p.is_partial)
        for p in periods(first, as_of, zone, week_starts_on)
    ]
    expected = [
        (p.grain, p.start, p.end, p.days, p.is_partial)
        for p in by_hand(first, as_of, zone, week_starts_on)
    ]
    assert sorted(found) == sorted(expected)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.integers(0, 40)), st.sampled_from([50, 75, 90, 95]))
def test_percentiles_are_the_least_value_that_covers_the_share(values, percent):
    expected = percentile([float(v) for v in values], Fraction(percent, 100))
    assert lower_percentile(np.sort(np.array(values, "float64")), percent) == expected
    if expected is not None:
        assert sum(v <= expected for v in values) * 100 >= percent * len(values)
        assert sum(v < expected for v in values) * 100 < percent * len(values)
