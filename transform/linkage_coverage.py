"""metrics.linkage_coverage: how much could be linked, and why the rest could not."""

from __future__ import annotations

from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from transform.schemas import UNKNOWN_SERVICE
from transform.service_places import ServicePlaces


def linkage_coverage(
    linked_pull_requests: DataFrame,
    pushes: DataFrame,
    walk: DataFrame,
    deployments: DataFrame,
    changes: DataFrame,
    incident_outcomes: DataFrame,
    services: DataFrame,
    places: ServicePlaces,
) -> DataFrame:
    """Rows (service_id, reason, row_count); every change and every incident is in one.

    A change of several services is counted for each of them. A deployment is in none, unless
    something of it can't be told; a service that nothing is connected to counts itself.
    """
    deployed = deployments.select("service_id", F.lit(True).alias("is_deployed")).distinct()
    shipped = changes.groupBy("service_id", "repository_id", "change_id").agg(
        F.min("link_method").alias("shipped_by")
    )
    reached = (
        walk.filter(~F.col("is_step"))
        .groupBy("service_id", "repository_id", "sha")
        .agg(F.lit(True).alias("is_reached"))
    )

    def judged(changed: DataFrame, reason: Column) -> DataFrame:
        return (
            places.of_changes(changed)
            .withColumn("service_id", F.coalesce("service_id", F.lit(UNKNOWN_SERVICE)))
            .join(shipped, ["service_id", "repository_id", "change_id"], "left")
            .join(reached, ["service_id", "repository_id", "sha"], "left")
            .join(F.broadcast(deployed), "service_id", "left")
            .select("service_id", reason.alias("reason"))
        )

    by = F.col("shipped_by")
    in_default_branch = F.coalesce("merged_to_default_branch", F.lit(True))
    of_pull_requests = judged(
        linked_pull_requests.select(
            "repository_id",
            F.col("pull_request_id").alias("change_id"),
            F.col("link_sha").alias("sha"),
            "is_link_known",
            "merged_to_default_branch",
        ),
        F.when(by == "merge_commit", "pull_request_shipped")
        .when(by == "head_commit", "pull_request_shipped_by_head_commit")
        .when(by == "title", "pull_request_shipped_by_title")
        .when(F.col("is_deployed").isNull(), "pull_request_without_deployments")
        .when(F.col("is_reached"), "pull_request_baseline")
        .when(~in_default_branch, "pull_request_not_in_default_branch")
        .when(~F.col("is_link_known"), "pull_request_merge_commit_unknown")
        .otherwise("pull_request_not_deployed_yet"),
    )
    of_commits = judged(
        pushes.select("repository_id", F.col("sha").alias("change_id"), "sha"),
        F.when(by.isNotNull(), "commit_shipped")
        .when(F.col("is_deployed").isNull(), "commit_without_deployments")
        .when(F.col("is_reached"), "commit_baseline")
        .otherwise("commit_not_deployed_yet"),
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
                of_pull_requests,
                of_commits,
                of_deployments,
                without_service,
                of_incidents,
                of_services,
            ],
        )
        .groupBy("service_id", "reason")
        .agg(F.count("*").alias("row_count"))
    )
