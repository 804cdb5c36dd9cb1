"""Failed deployment recovery time: median hours from a failed deployment to its recovery."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from transform.dora.observations import observations

METRIC = "failed_deployment_recovery_time"


def observe(outcomes: DataFrame) -> DataFrame:
    """An observation per failed deployment, open while not recovered.

    `outcomes` of services with an incident source.
    """
    return observations(
        outcomes.filter("is_failed"),
        METRIC,
        F.col("deployment_id"),
        F.col("finished_at"),
        environment=F.col("environment"),
        hours=F.col("recovery_hours"),
        is_open=F.col("recovered_at").isNull(),
    )
