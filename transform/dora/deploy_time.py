"""Deploy time: median hours from a pull request's merge to its deployment."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from transform.dora.observations import change_key, observations
from transform.durations import hours_between

METRIC = "deploy_time"


def observe(changes: DataFrame) -> DataFrame:
    """An observation per pull request of a human that was shipped, at its deployment."""
    return observations(
        changes.filter((F.col("change_kind") == "pull_request") & ~F.col("is_bot")),
        METRIC,
        change_key(),
        F.col("deployed_at"),
        environment=F.col("environment"),
        hours=hours_between(F.col("merged_at"), F.col("deployed_at")),
    )
