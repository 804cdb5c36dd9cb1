"""Days, weeks, months, quarters and rolling windows in the organization's time zone.

Everything is counted in local dates, so that a day of 23 or 25 hours is one day.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession

from transform.dora.calendar import CALENDAR, ROLLING, local_date, next_start, period_start

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Period:
    """Local dates [start, end); `days` are those that rates are divided by."""

    grain: str
    start: date
    end: date
    days: int
    is_partial: bool


def periods(
    first_day: date, as_of: datetime, zone: ZoneInfo, week_starts_on: str = "monday"
) -> list[Period]:
    """All periods from the one with `first_day` to the one running at `as_of`, by grain and start.

    The running calendar period is partial; its days are those begun, today included. Rolling
    windows hold complete days only: one ends at each week's start after `first_day`, and the
    latest at the last local midnight.
    """
    # At midnight sharp no moment of the new day has passed.
    today = local_date(as_of - timedelta(microseconds=1), zone)
    # The day whose beginning is the last local midnight.
    midnight = local_date(as_of, zone)
    first_day = min(first_day, today)
    found = []
    for grain in CALENDAR:
        start = period_start(first_day, grain, week_starts_on)
        while start <= today:
            end = next_start(start, grain)
            is_partial = end > midnight
            days = ((today + _DAY if is_partial else end) - start).days
            found.append(Period(grain, start, end, days, is_partial))
            start = end
    for grain, length in ROLLING.items():
        ends = sorted({*_week_starts(first_day, midnight, week_starts_on), midnight})
        found += [Period(grain, end - length * _DAY, end, length, False) for end in ends]
    return found


def _week_starts(after: date, until: date, week_starts_on: str) -> Iterator[date]:
    start = next_start(period_start(after, "week", week_starts_on), "week")
    while start <= until:
        yield start
        start += 7 * _DAY


def period_frame(spark: SparkSession, all_periods: list[Period]) -> DataFrame:
    """(period, grain, period_start, period_end, days, is_partial, is_latest), `period` a number."""
    latest = {p.grain: number for number, p in enumerate(all_periods)}
    return spark.createDataFrame(
        pa.table(
            {
                "period": pa.array(range(len(all_periods)), pa.int32()),
                "grain": pa.array([p.grain for p in all_periods], pa.string()),
                "period_start": pa.array([p.start for p in all_periods], pa.date32()),
                "period_end": pa.array([p.end for p in all_periods], pa.date32()),
                "days": pa.array([p.days for p in all_periods], pa.int32()),
                "is_partial": pa.array([p.is_partial for p in all_periods], pa.bool_()),
                "is_latest": pa.array(
                    [latest[p.grain] == number for number, p in enumerate(all_periods)], pa.bool_()
                ),
            }
        )
    )
