"""low, medium, high, elite: the band that a value falls into in the published table of a year."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F


def with_bands(values: DataFrame, bands: DataFrame, year: int) -> DataFrame:
    """The rows with `band` and `band_year`; null unless `status` is ok and the year has bands.

    `bands(year, metric, band, from_value, to_value, from_inclusive, to_inclusive)`: a bound that
    is null does not bound.
    """
    its = bands.filter(F.col("year") == year).select(
        F.col("metric").alias("banded_metric"),
        "band",
        F.col("year").alias("band_year"),
        "from_value",
        "to_value",
        "from_inclusive",
        "to_inclusive",
    )
    value = F.col("value")
    no = F.lit(False)
    above = (
        F.col("from_value").isNull()
        | (value > F.col("from_value"))
        | (F.coalesce("from_inclusive", no) & (value == F.col("from_value")))
    )
    below = (
        F.col("to_value").isNull()
        | (value < F.col("to_value"))
        | (F.coalesce("to_inclusive", no) & (value == F.col("to_value")))
    )
    matches = (
        (F.col("metric") == F.col("banded_metric"))
        & (F.col("status") == "ok")
        & value.isNotNull()
        & above
        & below
    )
    return values.join(F.broadcast(its), matches, "left").drop(
        "banded_metric", "from_value", "to_value", "from_inclusive", "to_inclusive"
    )
