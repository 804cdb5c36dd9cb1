"""Slices of sorted series come to what a filter per period comes to."""

from __future__ import annotations

from fractions import Fraction
from random import Random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.independent.reckoner_dora import percentile
from transform.dora.series import PERCENTS, Facts, summed_up

DAY = 86_400_000_000


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 40), st.integers(1, 3))
def test_sums_are_those_of_a_filter_per_period(seed, count, series_count):
    random = Random(seed)
    rows = []
    for _ in range(count):
        second = random.randrange(0, 12 * 86400, random.choice((1, 3600, 43200)))
        rows.append(
            {
                "series": random.randrange(series_count),
                "thing": random.randrange(30),
                "environment": random.randrange(2),
                "moment": second * 1_000_000,
                # Clocks set back at midnight bring yesterday back.
                "day": second // 86400 - (random.random() < 0.1),
                "hours": random.choice((None, random.randrange(100_000) / 3600)),
                "is_hit": random.random() < 0.5,
                "is_open": random.random() < 0.5,
            }
        )
    starts = [random.randrange(-2, 12) for _ in range(8)]
    ends = [start + random.choice((1, 7, 30)) for start in starts]

    def column(name: str, kind: str) -> np.ndarray:
        return np.array([np.nan if row[name] is None else row[name] for row in rows], kind)

    kinds = {"hours": "float64", "is_hit": bool, "is_open": bool}
    names = Facts.__dataclass_fields__
    facts = Facts(**{name: column(name, kinds.get(name, "int64")) for name in names})
    sums = summed_up(facts, series_count, np.array(starts), np.array(ends), [0])

    for series in range(series_count):
        seen: dict[int, dict] = {}
        for row in sorted(rows, key=lambda r: (r["moment"], r["thing"], r["environment"])):
            if row["series"] == series:
                seen.setdefault(row["thing"], row)
        its = list(seen.values())
        for period, (start, end) in enumerate(zip(starts, ends, strict=True)):
            within = [place for place, row in enumerate(its) if start <= row["day"] < end]
            spans = [its[p]["hours"] for p in within if its[p]["hours"] is not None]
            gaps = [(its[p]["moment"] - its[p - 1]["moment"]) / 3.6e9 for p in within if p]
            at = (series, period)
            assert sums.row_count[at] == len(within)
            assert sums.span_count[at] == len(spans)
            assert sums.hit_count[at] == sum(its[p]["is_hit"] for p in within)
            assert sums.open_count[at] == sum(its[p]["is_open"] for p in within)
            assert sums.day_count[at] == len({its[p]["day"] for p in within})
            seconds = sum(round(span * 3600) for span in spans)
            mean = float(Fraction(seconds, 3600 * len(spans))) if spans else None
            assert _told(sums.mean[at]) == mean
            for percent in PERCENTS:
                expected = percentile(spans, Fraction(percent, 100))
                assert _told(sums.percentiles[percent][at]) == expected
            if series == 0:
                assert _told(sums.gap[at]) == percentile(gaps, Fraction(1, 2))


def _told(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
