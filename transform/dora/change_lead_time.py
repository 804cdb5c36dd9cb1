"""Change lead time: median hours from a change's first commit to its deployment."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from transform.dora.observations import change_key, observations

METRIC = "change_lead_time"


def observe(changes: DataFrame, *, exclude_bots: bool) -> DataFrame:
    """An observation per change shipped, at its deployment."""
    return observations(
        changes.filter(~F.col("is_bot")) if exclude_bots else changes,
        METRIC,
        change_key(),
        F.col("deployed_at"),
        environment=F.col("environment"),
        hours=F.col("lead_time_hours"),
    )
