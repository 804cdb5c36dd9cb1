"""Pickup time: median hours from opening to the first response by another human."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from transform.dora.observations import observations

METRIC = "pickup_time"


def observe(cycle: DataFrame) -> DataFrame:
    """An observation per merged pull request of a human, at the merge."""
    return observations(
        cycle.filter(~F.col("is_bot")),
        METRIC,
        F.col("pull_request_id"),
        F.col("merged_at"),
        hours=F.col("pickup_hours"),
    )
