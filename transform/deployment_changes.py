"""metrics.deployment_changes: which production deployment shipped which change first."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from transform.durations import hours_between, within
from transform.metric_settings import MetricSettings
from transform.service_places import ServicePlaces

# "Title (#12)" is a squash, "Merge pull request #12 from …" a merge, both as GitHub words them.
_NUMBER = r"\(#(\d{1,9})\)$|^Merge pull request #(\d{1,9}) "


def link_pull_requests(pull_requests: DataFrame, commits: DataFrame) -> DataFrame:
    """The merged pull requests with the commit that stands for each.

    Adds `link_sha`, `link_method` (merge_commit, head_commit, title) and `is_link_known` (the
    commit is among `commits`). A stand-in is looked for only where the provider gave no merge
    commit.
    """
    known = commits.select(
        "repository_id", F.col("sha").alias("link_sha"), F.lit(True).alias("is_link_known")
    )
    direct = (
        pull_requests.withColumn("link_sha", F.coalesce("merge_commit_sha", "head_sha"))
        .join(known, ["repository_id", "link_sha"], "left")
        .withColumn("is_link_known", F.coalesce("is_link_known", F.lit(False)))
        .withColumn(
            "link_method",
            F.when(F.col("merge_commit_sha").isNotNull(), "merge_commit").otherwise("head_commit"),
        )
    )
    found = F.col("merge_commit_sha").isNotNull() | F.col("is_link_known")
    needy = pull_requests.filter(F.col("merge_commit_sha").isNull()).select(
        "repository_id", "number", "pull_request_id"
    )
    number = F.coalesce(
        F.nullif(F.regexp_extract("message_headline", _NUMBER, 1), F.lit("")),
        F.nullif(F.regexp_extract("message_headline", _NUMBER, 2), F.lit("")),
    )
    # The default branch's commit before cherry-picks that carry the same title.
    by_title = (
        commits.drop("pull_request_id")
        .join(F.broadcast(needy.select("repository_id").distinct()), "repository_id", "left_semi")
        .withColumn("number", number.cast("long"))
        .join(F.broadcast(needy), ["repository_id", "number"])
        .groupBy("pull_request_id")
        .agg(
            F.min_by(
                "sha", F.struct(~F.col("is_on_default_branch"), F.col("committed_at"), F.col("sha"))
            ).alias("title_sha")
        )
    )
    return direct.join(F.broadcast(by_title), "pull_request_id", "left").select(
        *pull_requests.columns,
        F.when(found, F.col("link_sha"))
        .otherwise(F.coalesce("title_sha", "link_sha"))
        .alias("link_sha"),
        F.when(found | F.col("title_sha").isNull(), F.col("link_method"))
        .otherwise("title")
        .alias("link_method"),
        (F.col("is_link_known") | (~found & F.col("title_sha").isNotNull())).alias("is_link_known"),
    )


def direct_pushes(commits: DataFrame, developers: DataFrame) -> DataFrame:
    """Commits of the default branch that belong to no pull request, with `is_bot`."""
    bots = developers.filter("is_bot").select(
        F.col("developer_id").alias("author_id"), F.lit(True).alias("is_bot")
    )
    return (
        commits.filter(F.col("is_on_default_branch") & F.col("pull_request_id").isNull())
        .join(F.broadcast(bots), "author_id", "left")
        .withColumn("is_bot", F.coalesce("is_bot", F.lit(False)))
    )


def deployment_changes(
    walk: DataFrame,
    linked_pull_requests: DataFrame,
    pushes: DataFrame,
    places: ServicePlaces,
    settings: MetricSettings,
) -> DataFrame:
    """One row per change and the deployment that shipped it, per service and environment."""
    reached = walk.filter(~F.col("is_step")).select(
        "repository_id",
        "service_id",
        "environment",
        "deployment_id",
        "sha",
        "is_baseline",
        "is_own_commit",
        "released_before",
        F.col("finished_at").alias("deployed_at"),
    )
    pull_requests = linked_pull_requests.select(
        "repository_id",
        F.col("link_sha").alias("sha"),
        F.lit("pull_request").alias("change_kind"),
        F.col("pull_request_id").alias("change_id"),
        "pull_request_id",
        "first_commit_at",
        "merged_at",
        "link_method",
        "is_bot",
    )
    commits = pushes.select(
        "repository_id",
        "sha",
        F.lit("commit").alias("change_kind"),
        F.col("sha").alias("change_id"),
        F.lit(None).cast("string").alias("pull_request_id"),
        F.col("authored_at").alias("first_commit_at"),
        F.col("committed_at").alias("merged_at"),
        F.lit("commit").alias("link_method"),
        "is_bot",
    )
    return (
        places.shipped(pull_requests.unionByName(commits).join(reached, ["repository_id", "sha"]))
        .filter(_is_shipped(settings))
        .select(
            "deployment_id",
            "service_id",
            "environment",
            "repository_id",
            "change_kind",
            "change_id",
            "pull_request_id",
            F.col("sha").alias("commit_sha"),
            "first_commit_at",
            "merged_at",
            "deployed_at",
            hours_between(F.col("first_commit_at"), F.col("deployed_at")).alias("lead_time_hours"),
            "link_method",
            "is_bot",
            "is_baseline",
        )
    )


def _is_shipped(settings: MetricSettings) -> Column:
    in_baseline = (F.col("change_kind") == "pull_request") & (
        F.col("is_own_commit")
        | within(F.col("merged_at"), F.col("deployed_at"), settings.baseline_window_hours)
    )
    after_release_point = F.col("released_before").isNull() | (
        F.col("merged_at") > F.col("released_before")
    )
    return F.when(F.col("is_baseline"), in_baseline).otherwise(after_release_point)
