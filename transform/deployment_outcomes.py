"""metrics.deployment_outcomes: which production deployments failed, and how that ended."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from transform.durations import hours_between, within
from transform.metric_settings import MetricSettings
from transform.service_places import ServicePlaces

# The surest first: one deployment's link_method is the first that holds for any of its incidents.
LINK_METHODS = ("explicit_deployment", "explicit_commit", "explicit_pull_request", "window")


def incident_links(
    incidents: DataFrame,
    references: DataFrame,
    pull_request_commits: DataFrame,
    commits: DataFrame,
    walk: DataFrame,
    deployments: DataFrame,
    changes: DataFrame,
    places: ServicePlaces,
    settings: MetricSettings,
    settle: Callable[[DataFrame], DataFrame] = lambda frame: frame,
) -> DataFrame:
    """(incident_id, deployment_id, link_method): what each incident names, else the window's.

    An incident that names something shipped to several services counts against its own, if that
    is among them. What started after the incident opened can't have caused it (a mention of the
    fix, mostly) and is passed over.
    """
    # Asked twice, for what is found and for what is left.
    explicit = settle(
        _explicit_links(
            incidents, references, pull_request_commits, commits, walk, deployments, changes, places
        )
    )
    by_window = _window_links(
        incidents.join(explicit.select("incident_id").distinct(), "incident_id", "left_anti"),
        deployments,
        settings,
    )
    return explicit.unionByName(by_window)


def _explicit_links(
    incidents: DataFrame,
    references: DataFrame,
    pull_request_commits: DataFrame,
    commits: DataFrame,
    walk: DataFrame,
    deployments: DataFrame,
    changes: DataFrame,
    places: ServicePlaces,
) -> DataFrame:
    link = ("incident_id", "named", "deployment_id")
    by_deployment = (
        references.filter("kind = 'deployment'")
        .withColumn("named", F.col("deployment_id"))
        .select(*link, F.lit("explicit_deployment").alias("link_method"))
    )
    named = references.filter("kind = 'commit'").select(
        "incident_id",
        F.col("repository_id").alias("named_repository_id"),
        F.col("commit_sha").alias("sha"),
    )
    same_repository = F.col("named_repository_id").isNull() | (
        F.col("named_repository_id") == F.col("repository_id")
    )
    # What the baseline reaches was not shipped by it; its own commit was.
    reached = walk.filter(~F.col("is_step") & (~F.col("is_baseline") | F.col("is_own_commit")))
    # Nor what was there before the release point that precedes it.
    committed = commits.join(
        F.broadcast(named.select("sha").distinct()), "sha", "left_semi"
    ).select("repository_id", "sha", "committed_at")
    since = F.col("released_before")
    by_reach = places.reached(
        reached.select("repository_id", "service_id", "sha", "deployment_id", "released_before")
        .join(F.broadcast(named), "sha")
        .filter(same_repository)
        .join(committed, ["repository_id", "sha"], "left")
        .filter(since.isNull() | (F.col("committed_at") > since))
    ).select("incident_id", "sha", "deployment_id")
    # What a change was found by shipped with it, in the baseline's window too.
    by_change = (
        changes.select("repository_id", F.col("commit_sha").alias("sha"), "deployment_id")
        .join(F.broadcast(named), "sha")
        .filter(same_repository)
        .select("incident_id", "sha", "deployment_id")
    )
    by_commit = by_reach.unionByName(by_change)
    # A squash leaves the branch's commits behind: they shipped with their pull request.
    by_branch_commit = (
        pull_request_commits.join(
            F.broadcast(named.join(by_commit, ["incident_id", "sha"], "left_anti")), "sha"
        )
        .filter(same_repository)
        .select("incident_id", F.col("sha").alias("named"), "pull_request_id")
        .join(changes.select("pull_request_id", "deployment_id"), "pull_request_id")
        .select(*link, F.lit("explicit_commit").alias("link_method"))
    )
    by_pull_request = (
        references.filter("kind = 'pull_request'")
        .select("incident_id", F.col("pull_request_id").alias("named"), "pull_request_id")
        .join(changes.select("pull_request_id", "deployment_id"), "pull_request_id")
        .select(*link, F.lit("explicit_pull_request").alias("link_method"))
    )
    candidates = reduce(
        DataFrame.unionByName,
        [
            by_deployment,
            by_commit.withColumnRenamed("sha", "named").select(
                *link, F.lit("explicit_commit").alias("link_method")
            ),
            by_branch_commit,
            by_pull_request,
        ],
    )
    its_incident = incidents.select(
        "incident_id", F.col("service_id").alias("own_service_id"), "opened_at"
    )
    is_named = F.col("link_method") == "explicit_deployment"
    is_of_service = F.coalesce(F.col("service_id") == F.col("own_service_id"), F.lit(False))
    judged = (
        candidates.join(its_incident, "incident_id")
        .join(deployments.select("deployment_id", "service_id", "began_at"), "deployment_id")
        .filter(F.col("began_at") <= F.col("opened_at"))
        .withColumn("is_own", is_named | is_of_service)
    )
    # Of each thing by itself: the incident may name another one, of another service, besides.
    has_own = F.max("is_own").over(Window.partitionBy("incident_id", "named"))
    return (
        judged.withColumn("has_own", has_own)
        .filter(F.col("is_own") | ~F.col("has_own"))
        .groupBy("incident_id", "deployment_id")
        .agg(F.min_by("link_method", _rank("link_method")).alias("link_method"))
    )


def _rank(column: str) -> Column:
    return F.array_position(F.array(*[F.lit(m) for m in LINK_METHODS]), F.col(column))


def _window_links(
    incidents: DataFrame, deployments: DataFrame, settings: MetricSettings
) -> DataFrame:
    before = (F.col("finished_at") < F.col("opened_at")) & within(
        F.col("finished_at"), F.col("opened_at"), settings.incident_link_window_hours
    )
    return (
        incidents.filter(F.col("service_id").isNotNull())
        .select("incident_id", "service_id", "opened_at")
        .join(
            deployments.select("service_id", "deployment_id", "finished_at", "position"),
            "service_id",
        )
        .filter(before)
        .groupBy("incident_id")
        .agg(
            F.max_by("deployment_id", F.struct("finished_at", "position", "deployment_id")).alias(
                "deployment_id"
            )
        )
        .select("incident_id", "deployment_id", F.lit("window").alias("link_method"))
    )


def reverting_deployments(
    changes: DataFrame,
    pull_request_reverts: DataFrame,
    commit_reverts: DataFrame,
    deployments: DataFrame,
    settings: MetricSettings,
) -> DataFrame:
    """(deployment_id, reverted_at, reverting_position, reverted_by): the first that ships a revert.

    A later one of the same service, environment and repository, within the incident link window;
    none if the setting says that reverts are no failures.
    """
    shipped = changes.select(
        "service_id",
        "environment",
        "repository_id",
        "change_id",
        "commit_sha",
        "pull_request_id",
        "deployment_id",
        "deployed_at",
    )
    # Forks have the same hashes: a revert in one takes nothing back in the other.
    target = ["service_id", "environment", "repository_id"]
    # Reverts are few, changes many: these stay where they are.
    by_pull_request = (
        F.broadcast(pull_request_reverts)
        .join(shipped, "pull_request_id")
        .select(
            *target,
            F.col("deployment_id").alias("reverted_by"),
            F.col("deployed_at").alias("reverted_at"),
            F.col("reverted_pull_request_id").alias("reverted_id"),
        )
    )
    commit_pairs = F.broadcast(commit_reverts).join(
        shipped.withColumnRenamed("commit_sha", "sha").drop("pull_request_id"),
        ["repository_id", "sha"],
    )
    by_commit = commit_pairs.select(
        *target,
        F.col("deployment_id").alias("reverted_by"),
        F.col("deployed_at").alias("reverted_at"),
        F.coalesce("reverted_pull_request_id", "reverted_sha").alias("reverted_id"),
    )
    # A change answers to its id and to its commit: a push may revert a merge commit by hash.
    names = shipped.select(
        *target,
        "deployment_id",
        "deployed_at",
        F.explode(F.array_distinct(F.array("change_id", "commit_sha"))).alias("reverted_id"),
    )
    order = deployments.select("deployment_id", "position")
    later = (
        within(F.col("deployed_at"), F.col("reverted_at"), settings.incident_link_window_hours)
        & (F.col("deployment_id") != F.col("reverted_by"))
        & (
            (F.col("deployed_at") < F.col("reverted_at"))
            | (F.col("position") < F.col("reverting_position"))
        )
    )
    return (
        F.broadcast(by_pull_request.unionByName(by_commit))
        .join(names, [*target, "reverted_id"])
        .join(order, "deployment_id")
        .join(
            order.select(
                F.col("deployment_id").alias("reverted_by"),
                F.col("position").alias("reverting_position"),
            ),
            "reverted_by",
        )
        .filter(later & F.lit(settings.revert_counts_as_failure))
        .groupBy("deployment_id")
        .agg(F.min(F.struct("reverted_at", "reverting_position", "reverted_by")).alias("first"))
        .select("deployment_id", "first.*")
    )


def rework_reasons(
    changes: DataFrame,
    pull_requests: DataFrame,
    commit_reverts: DataFrame,
    pull_request_issues: DataFrame,
    incidents: DataFrame,
) -> DataFrame:
    """(deployment_id, change_count, has_hotfix, has_revert, has_incident_fix) per deployment."""
    # What was merged before its incident is named by it as a cause, and fixes nothing.
    fixes = (
        pull_request_issues.filter("is_work")
        .join(incidents.select("issue_id"), "issue_id")
        .select("pull_request_id", F.lit(True).alias("is_incident_fix"))
        .distinct()
    )
    traits = pull_requests.filter("is_hotfix or is_revert").select(
        "pull_request_id", "is_hotfix", "is_revert"
    )
    reverts = commit_reverts.select(
        "repository_id", F.col("sha").alias("commit_sha"), F.lit(True).alias("is_revert_commit")
    ).distinct()
    is_push = F.col("change_kind") == "commit"
    return (
        changes.join(F.broadcast(traits), "pull_request_id", "left")
        .join(F.broadcast(fixes), "pull_request_id", "left")
        .join(F.broadcast(reverts), ["repository_id", "commit_sha"], "left")
        .groupBy("deployment_id")
        .agg(
            F.count("*").alias("change_count"),
            F.bool_or(F.coalesce("is_hotfix", F.lit(False))).alias("has_hotfix"),
            F.bool_or(
                F.coalesce("is_revert", F.lit(False))
                | (is_push & F.coalesce("is_revert_commit", F.lit(False)))
            ).alias("has_revert"),
            F.bool_or(F.coalesce("is_incident_fix", F.lit(False))).alias("has_incident_fix"),
        )
    )


def deployment_outcomes(
    deployments: DataFrame,
    links: DataFrame,
    incidents: DataFrame,
    reverts: DataFrame,
    reasons: DataFrame,
) -> DataFrame:
    """One row per production deployment: failed or not, why, until when, planned or not."""
    linked = (
        links.join(incidents.select("incident_id", "resolved_at"), "incident_id")
        .groupBy("deployment_id")
        .agg(
            F.sort_array(F.collect_set("incident_id")).alias("incident_ids"),
            F.max("resolved_at").alias("last_resolved_at"),
            F.bool_or(F.col("resolved_at").isNull()).alias("has_open_incident"),
            F.min_by("link_method", _rank("link_method")).alias("link_method"),
        )
    )
    rollbacks = deployments.filter("rolls_back_previous").select(
        F.col("previous_deployment_id").alias("deployment_id"),
        F.col("deployment_id").alias("rolled_back_by"),
        F.col("finished_at").alias("rolled_back_at"),
        F.col("position").alias("rolled_back_position"),
    )
    has_incident = F.col("incident_ids").isNotNull()
    # First of the two ways back; a struct compares by time first.
    way_back = F.least(
        *(
            F.when(
                F.col(at).isNotNull(),
                F.struct(F.col(at).alias("at"), F.col(place).alias("place"), F.col(by).alias("by")),
            )
            for at, place, by in (
                ("rolled_back_at", "rolled_back_position", "rolled_back_by"),
                ("reverted_at", "reverting_position", "reverted_by"),
            )
        )
    )
    return (
        deployments.join(linked, "deployment_id", "left")
        .join(rollbacks, "deployment_id", "left")
        .join(reverts, "deployment_id", "left")
        .join(reasons, "deployment_id", "left")
        .withColumn(
            "failure_reasons",
            _named(
                incident=has_incident,
                rollback=F.col("rolled_back_by").isNotNull(),
                revert=F.col("reverted_by").isNotNull(),
            ),
        )
        .withColumn(
            "rework_reasons",
            _named(
                hotfix=F.col("has_hotfix"),
                revert=F.col("has_revert"),
                incident_fix=F.col("has_incident_fix"),
                rollback=F.col("is_rollback"),
            ),
        )
        .withColumn("way_back", F.when(~has_incident, way_back))
        .withColumn(
            "recovered_at",
            F.when(
                has_incident, F.when(~F.col("has_open_incident"), F.col("last_resolved_at"))
            ).otherwise(F.col("way_back.at")),
        )
        .select(
            "deployment_id",
            "service_id",
            "repository_id",
            "environment",
            "commit_sha",
            "finished_at",
            F.col("position").cast("long").alias("position"),
            "previous_deployment_id",
            F.coalesce("change_count", F.lit(0)).cast("long").alias("change_count"),
            (F.size("failure_reasons") > 0).alias("is_failed"),
            "failure_reasons",
            F.coalesce("incident_ids", F.array().cast("array<string>")).alias("incident_ids"),
            "link_method",
            "recovered_at",
            F.col("way_back.by").alias("recovered_by_deployment_id"),
            hours_between(F.col("finished_at"), F.col("recovered_at")).alias("recovery_hours"),
            (F.size("rework_reasons") > 0).alias("is_rework"),
            "rework_reasons",
            "is_rollback",
            "is_baseline",
            "is_commit_known",
        )
    )


def _named(**conditions: Column) -> Column:
    """The names of the conditions that hold, in order."""
    return F.array_compact(F.array(*[F.when(c, F.lit(name)) for name, c in conditions.items()]))
