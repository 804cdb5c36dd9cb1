"""Deployment frequency: production deployments per day."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from transform.dora.observations import observations

METRIC = "deployment_frequency"


def observe(outcomes: DataFrame) -> DataFrame:
    """An observation per production deployment."""
    return observations(
        outcomes,
        METRIC,
        F.col("deployment_id"),
        F.col("finished_at"),
        environment=F.col("environment"),
    )
