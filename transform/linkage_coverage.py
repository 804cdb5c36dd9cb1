"""metrics.linkage_coverage: how much could be linked, and why the rest could not."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from transform.schemas import UNKNOWN_SERVICE
from transform.service_places import ServicePlaces

# So many may be sent to wherever the others are.
_FEW = 100_000


def linkage_coverage(
    linked_pull_requests: DataFrame,
    pushes: DataFrame,
    walk: DataFrame,
    deployments: DataFrame,
    changes: DataFrame,
    incident_outcomes: DataFrame,
    services: DataFrame,
    places: ServicePlaces,
    settle: Callable[[DataFrame], DataFrame] = lambda frame: frame,
) -> DataFrame:
    """Rows (service_id, reason, row_count); every change and every incident is in one.

    A change of several services is counted for each of them. A deployment is in none, unless
    something of it can't be told; a service that nothing is connected to counts itself.
    """
    deployed = deployments.select("service_id", F.lit(True).alias("is_deployed")).distinct()
    shipped = changes.groupBy("service_id", "repository_id", "change_id").agg(
        F.min("link_method").alias("shipped_by")
    )
    changed = linked_pull_requests.select(
        "repository_id",
        F.col("pull_request_id").alias("change_id"),
        F.col("link_sha").alias("sha"),
        F.lit("pull_request").alias("kind"),
        "is_link_known",
        F.coalesce("merged_to_default_branch", F.lit(True)).alias("in_default_branch"),
    ).unionByName(
        pushes.select(
            "repository_id",
            F.col("sha").alias("change_id"),
            "sha",
            F.lit("commit").alias("kind"),
            F.lit(True).alias("is_link_known"),
            F.lit(True).alias("in_default_branch"),
        )
    )
    placed = settle(
        places.of_changes(changed)
        .withColumn("service_id", F.coalesce("service_id", F.lit(UNKNOWN_SERVICE)))
        .join(shipped, ["service_id", "repository_id", "change_id"], "left")
        .join(F.broadcast(deployed), "service_id", "left")
    )
    by = F.col("shipped_by")
    is_told = by.isNotNull() | F.col("is_deployed").isNull()
    told = placed.filter(is_told).select(
        "service_id",
        F.when(by == "merge_commit", "pull_request_shipped")
        .when(by == "head_commit", "pull_request_shipped_by_head_commit")
        .when(by == "title", "pull_request_shipped_by_title")
        .when(by.isNotNull(), "commit_shipped")
        .otherwise(F.concat("kind", F.lit("_without_deployments")))
        .alias("reason"),
    )
    # Only what is left has to be looked up among all commits reached, mostly a few.
    left = placed.filter(~is_told)
    where = ["service_id", "repository_id", "sha"]
    asked = left.select(*where)
    reached = (
        walk.filter(~F.col("is_step"))
        .select(*where)
        .join(F.broadcast(asked) if asked.count() <= _FEW else asked, where, "left_semi")
        .distinct()
        .withColumn("is_reached", F.lit(True))
    )
    of_the_rest = left.join(reached, where, "left").select(
        "service_id",
        F.when(F.col("is_reached"), F.concat("kind", F.lit("_baseline")))
        .when(~F.col("in_default_branch"), "pull_request_not_in_default_branch")
        .when(~F.col("is_link_known"), "pull_request_merge_commit_unknown")
        .otherwise(F.concat("kind", F.lit("_not_deployed_yet")))
        .alias("reason"),
    )
    of_deployments = deployments.filter(~F.col("is_commit_known")).select(
        "service_id", F.lit("deployment_commit_unknown").alias("reason")
    )
    without_service = deployments.filter(F.col("service_id") == UNKNOWN_SERVICE).select(
        "service_id", F.lit("deployment_service_unknown").alias("reason")
    )
    of_incidents = incident_outcomes.select(
        F.coalesce("service_id", F.lit(UNKNOWN_SERVICE)).alias("service_id"), "reason"
    )
    sources = F.array(
        F.when(~F.col("has_incident_source"), F.lit("service_without_incident_source")),
        # Rows win over what is said of the source.
        F.when(
            ~F.col("has_deployment_source") & F.col("is_deployed").isNull(),
            F.lit("service_without_deployment_source"),
        ),
    )
    of_services = services.join(F.broadcast(deployed), "service_id", "left").select(
        "service_id", F.explode(F.array_compact(sources)).alias("reason")
    )
    return (
        reduce(
            DataFrame.unionByName,
            [
                told,
                of_the_rest,
                of_deployments,
                without_service,
                of_incidents,
                of_services,
            ],
        )
        .groupBy("service_id", "reason")
        .agg(F.count("*").alias("row_count"))
    )
