"""Series of one entity summed up for every period at once: pure, on arrays.

A series is one metric in one scope (all environments, or one). A window per row would make twenty
rows of each (rolling windows overlap); here a series is sorted once and each period is a slice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

PERCENTS = (50, 75, 90, 95)

_HOUR = 3_600_000_000
# Beyond it a whole number may have no double of its own.
_EXACT = 2**53
_HALF = 24
_LOWER = 2**_HALF - 1
# Values that are sorted at once, side by side.
_CELLS = 2**21

Ints = np.ndarray
Floats = np.ndarray


@dataclass(frozen=True)
class Facts:
    """The rows of all series, one array a column: a row's series, its thing and environment as
    ranks, microseconds and local day since 1970, hours (nan: none) and two flags.
    """

    series: Ints
    thing: Ints
    environment: Ints
    moment: Ints
    day: Ints
    hours: Floats
    is_hit: np.ndarray
    is_open: np.ndarray

    def take(self, rows: np.ndarray) -> Facts:
        """These rows, in this order."""
        return Facts(**{name: column[rows] for name, column in vars(self).items()})


@dataclass(frozen=True)
class Sums:
    """What each series comes to in each period: arrays of (series, period); nan: nothing told."""

    row_count: Ints
    span_count: Ints
    hit_count: Ints
    open_count: Ints
    day_count: Ints
    mean: Floats
    percentiles: dict[int, Floats]
    gap: Floats


def lower_percentile(ordered: np.ndarray, percent: int) -> float | None:
    """percentile_disc of sorted values: the first that at least so many percent are up to."""
    if len(ordered) == 0:
        return None
    return float(ordered[_place(np.array([len(ordered)]), percent)[0]])


def summed_up(
    facts: Facts, series_count: int, starts: Ints, ends: Ints, gaps_of: Sequence[int]
) -> Sums:
    """The sums of series 0 to `series_count` in the periods of days [starts, ends).

    A thing that is there several times in a series counts once, at its first time. `gaps_of`: the
    series whose typical gap between rows, in hours, is asked for.
    """
    facts = _first_of_each(facts)
    gaps = np.full(len(facts.moment), np.nan)
    if len(gaps) > 1:
        follows = facts.series[1:] == facts.series[:-1]
        asked = follows & np.isin(facts.series[1:], gaps_of)
        gaps[1:][asked] = np.diff(facts.moment)[asked] / _HOUR
    # Clocks set back across midnight may bring a local date back: sort by it once more.
    order = np.lexsort((facts.day, facts.series))
    facts, gaps = facts.take(order), gaps[order]
    new_day = np.ones(len(order), bool)
    new_day[1:] = (np.diff(facts.day) != 0) | (np.diff(facts.series) != 0)

    low, high = _slices(facts, series_count, starts, ends)

    def count(flags: np.ndarray) -> Ints:
        total = np.concatenate([[0], np.cumsum(flags, dtype="int64")])
        return total[high] - total[low]

    spans = ~np.isnan(facts.hours)
    hours = facts.hours[spans]
    within = np.concatenate([[0], np.cumsum(spans, dtype="int64")])
    known = ~np.isnan(gaps)
    between = np.concatenate([[0], np.cumsum(known, dtype="int64")])
    typical = percentiles(gaps[known], between[low], between[high], (50,))
    return Sums(
        row_count=high - low,
        span_count=count(spans),
        hit_count=count(facts.is_hit),
        open_count=count(facts.is_open),
        day_count=count(new_day),
        mean=means(hours, within[low], within[high]),
        percentiles=percentiles(hours, within[low], within[high], PERCENTS),
        gap=typical[50],
    )


def _first_of_each(facts: Facts) -> Facts:
    """The rows by series and time, each thing's first only."""
    order = np.lexsort((facts.environment, facts.thing, facts.moment, facts.series))
    facts = facts.take(order)
    width = int(facts.thing.max(initial=0)) + 1
    _, first = np.unique(facts.series * width + facts.thing, return_index=True)
    return facts if len(first) == len(order) else facts.take(np.sort(first))


def _slices(facts: Facts, series_count: int, starts: Ints, ends: Ints) -> tuple[Ints, Ints]:
    """Where each period of each series begins and ends among rows sorted by series and day."""
    if len(facts.day) == 0:
        nowhere = np.zeros((series_count, len(starts)), "int64")
        return nowhere, nowhere
    first = min(int(facts.day.min()), int(starts.min()))
    width = max(int(facts.day.max()), int(ends.max())) - first + 1
    places = facts.series * width + (facts.day - first)
    begin = np.arange(series_count)[:, None] * width
    low = np.searchsorted(places, begin + (starts - first))
    high = np.searchsorted(places, begin + (ends - first))
    return low, np.maximum(low, high)


def percentiles(
    values: Floats, low: Ints, high: Ints, percents: Sequence[int]
) -> dict[int, Floats]:
    """Per percent the lower percentile of each slice [low, high) of the values; nan if empty.

    Slices of about the same length are sorted side by side.
    """
    size = (high - low).ravel()
    low = low.ravel()
    found = {percent: np.full(len(size), np.nan) for percent in percents}
    if len(values):
        # 1, 2, 3 to 4, 5 to 8, …
        length = np.where(size > 0, 2 ** np.ceil(np.log2(np.maximum(size, 1))).astype("int64"), 0)
        for width in np.unique(length[length > 0]).tolist():
            its = np.flatnonzero(length == width)
            step = max(1, _CELLS // width)
            for part in np.split(its, range(step, len(its), step)):
                _sorted_side_by_side(values, low[part], size[part], width, part, found)
    return {percent: column.reshape(high.shape) for percent, column in found.items()}


def _sorted_side_by_side(
    values: Floats, low: Ints, size: Ints, width: int, rows: Ints, found: dict[int, Floats]
) -> None:
    places = np.arange(width)
    cells = values[np.minimum(low[:, None] + places, len(values) - 1)]
    cells[places >= size[:, None]] = np.inf
    cells.sort(axis=1)
    here = np.arange(len(rows))
    for percent, column in found.items():
        column[rows] = cells[here, _place(size, percent)]


def _place(size: Ints, percent: int) -> Ints:
    """Where in so many sorted values the percentile is: the ceiling of the share."""
    return np.maximum(-(-size * percent // 100), 1) - 1


def means(values: Floats, low: Ints, high: Ints) -> Floats:
    """The mean of each slice [low, high) of the hours; nan if empty.

    Of whole microseconds, rounded once: the last digit hangs on no order of adding up.
    """
    micros = np.rint(values * _HOUR).astype("int64")
    # In two parts, since the sum of them all may be more than 64 bits hold.
    upper, lower = (
        np.concatenate([[0], np.cumsum(part)]) for part in (micros >> _HALF, micros & _LOWER)
    )
    uppers, lowers = upper[high] - upper[low], lower[high] - lower[low]
    counts = (high - low) * _HOUR
    with np.errstate(invalid="ignore"):
        found = np.where(counts > 0, ((uppers << _HALF) + lowers) / counts, np.nan)
    large = (uppers >= (_EXACT >> _HALF) - 1) | (counts > _EXACT)
    for place in zip(*np.nonzero(large), strict=True):
        total = (int(uppers[place]) << _HALF) + int(lowers[place])
        found[place] = total / int(counts[place])
    return found
