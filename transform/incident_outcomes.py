"""metrics.incident_outcomes: what each incident was linked to, or why to nothing."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from transform.deployment_outcomes import LINK_METHODS
from transform.durations import hours_between


def incident_outcomes(incidents: DataFrame, links: DataFrame, deployments: DataFrame) -> DataFrame:
    """One row per incident, with its `reason` (transform/coverage_reasons.py).

    `links(incident_id, deployment_id, link_method)`; `deployments(service_id, finished_at)` are
    the production deployments.
    """
    rank = F.array_position(F.array(*[F.lit(m) for m in LINK_METHODS]), F.col("link_method"))
    linked = links.groupBy("incident_id").agg(
        F.min_by("link_method", rank).alias("link_method"),
        F.sort_array(F.collect_set("deployment_id")).alias("deployment_ids"),
    )
    first = deployments.groupBy("service_id").agg(F.min("finished_at").alias("first_finished_at"))
    return (
        incidents.join(linked, "incident_id", "left")
        .join(F.broadcast(first), "service_id", "left")
        .select(
            "incident_id",
            "service_id",
            "repository_id",
            "opened_at",
            "resolved_at",
            hours_between(F.col("opened_at"), F.col("resolved_at")).alias("restore_hours"),
            F.when(F.col("link_method") == "window", "incident_linked_by_window")
            .when(F.col("link_method").isNotNull(), "incident_linked_explicitly")
            .when(F.col("service_id").isNull(), "incident_service_unknown")
            .when(F.col("first_finished_at").isNull(), "incident_without_deployments")
            # What finished in the very moment of the opening did not cause it.
            .when(
                F.col("first_finished_at") >= F.col("opened_at"), "incident_before_first_deployment"
            )
            .otherwise("incident_unlinked")
            .alias("reason"),
            "link_method",
            F.coalesce("deployment_ids", F.array().cast("array<string>")).alias("deployment_ids"),
        )
    )
