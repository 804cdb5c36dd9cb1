"""Time to restore service: median hours from an incident's opening to its resolution."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from transform.dora.observations import observations
from transform.durations import hours_between

METRIC = "time_to_restore_service"


def observe(incidents: DataFrame) -> DataFrame:
    """An observation per resolved incident, linked to a deployment or not."""
    return observations(
        incidents.filter(F.col("resolved_at").isNotNull()),
        METRIC,
        F.col("incident_id"),
        F.col("resolved_at"),
        hours=hours_between(F.col("opened_at"), F.col("resolved_at")),
    )
