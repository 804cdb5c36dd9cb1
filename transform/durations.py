"""Spans of time as hours."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

_MICROSECONDS = 3_600_000_000


def hours_between(start: Column, end: Column) -> Column:
    """Hours from start to end, exact to the microsecond; null if negative or unknown."""
    micros = F.unix_micros(end) - F.unix_micros(start)
    return F.when(micros >= 0, micros / F.lit(_MICROSECONDS))


def within(start: Column, end: Column, hours: float | None) -> Column:
    """Whether end is at or after start, by no more than the hours (None: no limit)."""
    micros = F.unix_micros(end) - F.unix_micros(start)
    if hours is None:
        return micros >= 0
    return (micros >= 0) & (micros <= F.lit(round(hours * _MICROSECONDS)))
