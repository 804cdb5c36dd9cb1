"""metrics.pull_request_cycle: the phases of each merged pull request."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from transform.durations import hours_between
from transform.service_places import ServicePlaces


def pull_request_cycle(
    pull_requests: DataFrame, changes: DataFrame, places: ServicePlaces
) -> DataFrame:
    """One row per merged pull request; phases that can't be told are null."""
    first = (
        changes.filter("change_kind = 'pull_request'")
        .groupBy("pull_request_id")
        .agg(F.min(F.struct("deployed_at", "deployment_id", "service_id")).alias("first_shipped"))
    )
    # Which of several services a change belongs to shows when it is deployed.
    only_service = places.only_service(pull_requests)
    response = F.when(F.col("first_review_at") <= F.col("merged_at"), F.col("first_review_at"))
    return (
        pull_requests.withColumn("first_review_at", response)
        .join(first, "pull_request_id", "left")
        .join(only_service, "pull_request_id", "left")
        .select(
            "pull_request_id",
            "repository_id",
            F.coalesce("first_shipped.service_id", "only_service_id").alias("service_id"),
            "author_id",
            "is_bot",
            "first_commit_at",
            F.col("ready_at").alias("opened_at"),
            "first_review_at",
            "first_approved_at",
            "merged_at",
            "first_shipped.deployment_id",
            "first_shipped.deployed_at",
            hours_between(F.col("first_commit_at"), F.col("ready_at")).alias("coding_hours"),
            hours_between(F.col("ready_at"), F.col("first_review_at")).alias("pickup_hours"),
            hours_between(F.col("first_review_at"), F.col("merged_at")).alias("review_hours"),
            hours_between(F.col("merged_at"), F.col("first_shipped.deployed_at")).alias(
                "deploy_hours"
            ),
            hours_between(F.col("first_commit_at"), F.col("first_shipped.deployed_at")).alias(
                "cycle_hours"
            ),
            hours_between(F.col("ready_at"), F.col("first_approved_at")).alias("approval_hours"),
            F.col("commits_after_first_review_count").alias("rework_commit_count"),
        )
    )
