"""low, medium, high, elite: the band that a value falls into in the published table of a year."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np


def bands_of(
    values: np.ndarray, metric: str, bands: Sequence[Mapping[str, Any]], year: int
) -> np.ndarray:
    """The band of each value of the metric, an array of objects; None where none holds it.

    `bands`: rows of year, metric, band, from_value, to_value, from_inclusive, to_inclusive; a
    bound that is None does not bound, one whose inclusion is not told is left out.
    """
    found = np.full(values.shape, None, object)
    for band in bands:
        if band["year"] != year or band["metric"] != metric:
            continue
        holds = ~np.isnan(values)
        low, high = band["from_value"], band["to_value"]
        if low is not None:
            holds &= values >= low if band["from_inclusive"] else values > low
        if high is not None:
            holds &= values <= high if band["to_inclusive"] else values < high
        found[holds] = band["band"]
    return found
