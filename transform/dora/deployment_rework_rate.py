"""Deployment rework rate: unplanned production deployments among all."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from transform.dora.observations import observations

METRIC = "deployment_rework_rate"


def observe(outcomes: DataFrame) -> DataFrame:
    """An observation per production deployment, a hit if it was unplanned."""
    return observations(
        outcomes,
        METRIC,
        F.col("deployment_id"),
        F.col("finished_at"),
        environment=F.col("environment"),
        is_hit=F.col("is_rework"),
    )
