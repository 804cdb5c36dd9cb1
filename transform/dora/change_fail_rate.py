"""Change fail rate: failed production deployments among all."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from transform.dora.observations import observations

METRIC = "change_fail_rate"


def observe(outcomes: DataFrame) -> DataFrame:
    """An observation per production deployment, a hit if it failed.

    `outcomes` of services with an incident source: without one a deployment that did not fail
    can't be told from one that did.
    """
    return observations(
        outcomes,
        METRIC,
        F.col("deployment_id"),
        F.col("finished_at"),
        environment=F.col("environment"),
        is_hit=F.col("is_failed"),
    )
