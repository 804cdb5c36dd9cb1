"""One metric of one entity and environment, summed up for every period: pure, on arrays.

A window per row would make twenty rows of each (rolling windows overlap); here a series is sorted
once and each period is a slice of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transform.dora.periods import Period

PERCENTS = (50, 75, 90, 95)
SERIES = ("entity_type", "entity_id", "environment", "metric")

SUMS_SCHEMA = (
    "entity_type string, entity_id string, environment string, metric string, period int, "
    "row_count long, span_count long, hit_count long, open_count long, day_count long, "
    "mean double, p50 double, p75 double, p90 double, p95 double, typical_gap_hours double"
)

_HOUR = 3_600_000_000


def lower_percentile(ordered: np.ndarray, percent: int) -> float | None:
    """percentile_disc of sorted values: the first that at least so many percent are up to."""
    if len(ordered) == 0:
        return None
    # The ceiling of the share, in whole numbers.
    return float(ordered[max(-(-len(ordered) * percent // 100), 1) - 1])


def summer_up(all_periods: Sequence[Period]) -> Callable[[tuple[Any, ...], pa.Table], pa.Table]:
    """The function that sums up one series (key: SERIES) for these periods.

    Its table: thing, environment_name, happened_at, local_date, hours, is_hit, is_open. A thing
    that is there several times counts once, at its first time. Gives SUMS_SCHEMA; periods without
    a row are left out.
    """
    starts = np.array([p.start for p in all_periods], "datetime64[D]").astype("int64")
    ends = np.array([p.end for p in all_periods], "datetime64[D]").astype("int64")

    def summed_up(key: tuple[Any, ...], rows: pa.Table) -> pa.Table:
        rows = _first_of_each(rows)
        when = rows.column("happened_at").cast(pa.timestamp("us", "UTC")).cast(pa.int64())
        moments = when.to_numpy()
        days = rows.column("local_date").cast(pa.int32()).to_numpy().astype("int64")
        hours = pc.fill_null(rows.column("hours"), np.nan).to_numpy()
        gaps = np.diff(moments, prepend=moments[:1]) / _HOUR
        # Clocks set back across midnight may bring a local date back: sort by it once more.
        order = np.argsort(days, kind="stable")
        days, hours, gaps = days[order], hours[order], gaps[order]
        is_first = (order == 0).nonzero()[0]
        gaps[is_first] = np.nan
        new_day = np.diff(days, prepend=days[:1] - 1) != 0

        low, high = np.searchsorted(days, starts), np.searchsorted(days, ends)
        found = (high > low).nonzero()[0]
        low, high = low[found], high[found]

        def count(flags: np.ndarray) -> np.ndarray:
            total = np.concatenate([[0], np.cumsum(flags, dtype="int64")])
            return total[high] - total[low]

        def flags(name: str) -> np.ndarray:
            column = pc.fill_null(rows.column(name), False)
            return column.to_numpy(zero_copy_only=False)[order]

        has_hours = bool((~np.isnan(hours)).any())
        is_frequency = key[3].as_py() == "deployment_frequency"
        medians = _percentiles(hours, low, high, PERCENTS) if has_hours else None
        typical = _percentiles(gaps, low, high, (50,))[0] if is_frequency else None
        size = len(found)
        none = pa.nulls(size, pa.float64())
        return pa.table(
            {
                **{name: pa.repeat(k.as_py(), size) for name, k in zip(SERIES, key, strict=True)},
                "period": pa.array(found, pa.int32()),
                "row_count": pa.array(high - low, pa.int64()),
                "span_count": pa.array(count(~np.isnan(hours)), pa.int64()),
                "hit_count": pa.array(count(flags("is_hit")), pa.int64()),
                "open_count": pa.array(count(flags("is_open")), pa.int64()),
                "day_count": pa.array(count(new_day), pa.int64()),
                "mean": pa.array(_means(hours, low, high), pa.float64()) if has_hours else none,
                **{
                    f"p{percent}": none
                    if medians is None
                    else pa.array(medians[number], pa.float64())
                    for number, percent in enumerate(PERCENTS)
                },
                "typical_gap_hours": none if typical is None else pa.array(typical, pa.float64()),
            }
        )

    return summed_up


def _first_of_each(rows: pa.Table) -> pa.Table:
    """The rows by time, each thing's first only."""
    rows = rows.sort_by([(n, "ascending") for n in ("happened_at", "thing", "environment_name")])
    codes = rows.column("thing").combine_chunks().dictionary_encode().indices.to_numpy()
    _, first = np.unique(codes, return_index=True)
    return rows if len(first) == len(codes) else rows.take(np.sort(first))


def _percentiles(
    values: np.ndarray, low: np.ndarray, high: np.ndarray, percents: Sequence[int]
) -> list[list[float | None]]:
    """Per percent, the lower percentile of each slice; nan is left out."""
    found: list[list[float | None]] = [[] for _ in percents]
    for start, end in zip(low.tolist(), high.tolist(), strict=True):
        part = np.sort(values[start:end])
        # nan sorts to the end.
        part = part[: len(part) - int(np.isnan(part).sum())]
        for its, percent in zip(found, percents, strict=True):
            its.append(lower_percentile(part, percent))
    return found


def _means(values: np.ndarray, low: np.ndarray, high: np.ndarray) -> list[float | None]:
    means: list[float | None] = []
    for start, end in zip(low.tolist(), high.tolist(), strict=True):
        part = values[start:end]
        part = part[~np.isnan(part)]
        means.append(float(part.mean()) if len(part) else None)
    return means
