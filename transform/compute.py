"""All metrics tables from all marts: how the pure functions fit together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from transform import deployment_outcomes as outcomes_of
from transform.commit_graph import walk_deployments
from transform.deployment_changes import deployment_changes, direct_pushes, link_pull_requests
from transform.dora.entities import Entity, Membership, Rows, directory, member_frame
from transform.dora.table import dora, observe_all, terms_of
from transform.grouping import Result, Told, settled
from transform.incident_outcomes import incident_outcomes
from transform.kept_periods import KeptPeriods
from transform.linkage_coverage import linkage_coverage
from transform.metric_settings import MetricSettings
from transform.pull_request_cycle import pull_request_cycle
from transform.schemas import DEFINITION_VERSION, INPUTS, OUTPUTS, UNKNOWN_SERVICE
from transform.service_places import service_places

# Small tables, needed in this process; all others are read by Spark.
DIRECTORY = (
    "dim_organizations",
    "dim_teams",
    "dim_repositories",
    "dim_services",
    "bridge_service_repositories",
    "dim_metric_settings",
    "dora_bands",
)


@dataclass(frozen=True)
class Marts:
    """The marts as known at `as_of`: what happened later has not happened."""

    commits: DataFrame
    pull_requests: DataFrame
    pull_request_commits: DataFrame
    pull_request_reverts: DataFrame
    commit_reverts: DataFrame
    pull_request_issues: DataFrame
    deployments: DataFrame
    incidents: DataFrame
    references: DataFrame
    developers: DataFrame
    services: DataFrame
    service_repositories: DataFrame
    commit_services: DataFrame

    @classmethod
    def as_known(cls, frames: Mapping[str, DataFrame], as_of: datetime) -> Marts:
        """From the tables by name: merged pull requests, production deployments, incidents."""
        now = F.lit(as_of)
        incidents = frames["fct_incidents"].filter(F.col("opened_at") <= now)
        resolved = F.when(F.col("resolved_at") <= now, F.col("resolved_at"))
        deployments = frames["fct_deployments"].filter(
            (F.col("environment_tier") == "production")
            & (F.col("status") == "success")
            & (F.col("finished_at") <= now)
        )
        return cls(
            commits=frames["fct_commits"],
            pull_requests=frames["fct_pull_requests"]
            .filter(F.col("merged_at") <= now)
            .withColumn("is_bot", F.coalesce("is_bot", F.lit(False))),
            pull_request_commits=frames["bridge_pull_request_commits"],
            pull_request_reverts=frames["bridge_pull_request_reverts"],
            commit_reverts=frames["bridge_commit_reverts"],
            pull_request_issues=frames["bridge_pull_request_issues"],
            deployments=deployments.select(
                "deployment_id",
                "repository_id",
                F.coalesce("service_id", F.lit(UNKNOWN_SERVICE)).alias("service_id"),
                F.coalesce("environment", F.lit("production")).alias("environment"),
                "commit_sha",
                "finished_at",
                F.least("started_at", "finished_at").alias("began_at"),
            ),
            incidents=incidents.withColumn("resolved_at", resolved),
            references=frames["bridge_incident_references"],
            developers=frames["dim_developers"],
            services=frames["dim_services"],
            service_repositories=frames["bridge_service_repositories"],
            commit_services=frames["bridge_commit_services"],
        )


@dataclass(frozen=True)
class Kept:
    """What stays of the last computation: the marts are those of the rest.

    `frames`: the rows that stay, by table; `services`: those whose rows of linkage_coverage stay.
    """

    frames: Mapping[str, DataFrame]
    services: Sequence[str]


def compute(
    spark: SparkSession,
    marts: Mapping[str, DataFrame],
    rows: Mapping[str, Rows],
    as_of: datetime,
    computed_at: datetime,
    *,
    small: bool = False,
) -> dict[str, DataFrame]:
    """The metrics tables as frames by name; results() has the arguments."""

    def frame(name: str, result: Result) -> DataFrame:
        if isinstance(result, Told):
            return result.frame()
        if isinstance(result, pa.Table):
            return spark.createDataFrame(result, OUTPUTS[name].spark_schema())
        return result

    told = results(spark, marts, rows, as_of, computed_at, small=small)
    return {name: frame(name, result) for name, result in told.items()}


def results(
    spark: SparkSession,
    marts: Mapping[str, DataFrame],
    rows: Mapping[str, Rows],
    as_of: datetime,
    computed_at: datetime,
    *,
    small: bool = False,
    kept: Kept | None = None,
    whole_here: bool | None = None,
    periods: KeptPeriods | None = None,
) -> dict[str, Result]:
    """The metrics tables by name, in the order in which they are best computed.

    `marts`: the tables that are no part of DIRECTORY; `rows`: those that are. `small`: all fit into
    this process, so that no Python worker has to start. `kept`: its rows are not in the result, but
    metrics.dora is of them too. `whole_here`: they fit into this process as well; as `small` if
    nothing is said. `periods`: what is not in the result of metrics.dora, since it stays.
    """
    settings = MetricSettings.of(rows["dim_metric_settings"])
    entities, memberships = entities_of(rows)
    local = {
        name: spark.createDataFrame(
            pa.Table.from_pylist(list(rows[name]), INPUTS[name].arrow_schema()),
            INPUTS[name].spark_schema(),
        )
        for name in ("dim_services", "bridge_service_repositories")
    }
    known = Marts.as_known({**marts, **local}, as_of)
    settle = partial(settled, spark, here=small)
    # Results that several others build on; small tables are here as they are.
    commits = known.commits if small else settle(known.commits)
    pull_requests = settle(known.pull_requests)
    incidents = settle(known.incidents)
    production = settle(known.deployments)
    walk = settle(walk_deployments(spark, commits, production, here=small))

    linked = settle(link_pull_requests(pull_requests, commits))
    pushes = settle(direct_pushes(commits, known.developers))
    places = service_places(
        known.service_repositories,
        production,
        commits,
        known.commit_services,
        linked,
        pushes,
        is_split=any(row["path_prefix"] for row in rows["bridge_service_repositories"]),
    )
    if places.split is not None:
        places = places.settled(settle)
    changes = settle(deployment_changes(walk, linked, pushes, places, settings))
    cycle = settle(pull_request_cycle(pull_requests, changes, places))
    deployments = settle(
        walk.filter("is_step")
        .withColumnRenamed("sha", "commit_sha")
        .join(production.select("deployment_id", "began_at"), "deployment_id")
    )
    links = settle(
        outcomes_of.incident_links(
            incidents,
            known.references,
            known.pull_request_commits,
            commits,
            walk,
            deployments,
            changes,
            places,
            settings,
            settle,
        )
    )
    reverts = outcomes_of.reverting_deployments(
        changes, known.pull_request_reverts, known.commit_reverts, deployments, settings
    )
    reasons = outcomes_of.rework_reasons(
        changes, pull_requests, known.commit_reverts, known.pull_request_issues, incidents
    )
    outcomes = settle(
        outcomes_of.deployment_outcomes(deployments, links, incidents, reverts, reasons)
    )
    incidents_told = settle(incident_outcomes(incidents, links, deployments))
    coverage = linkage_coverage(
        linked, pushes, walk, deployments, changes, incidents_told, known.services, places, settle
    )
    if kept is not None:
        others = pa.table({"service_id": pa.array(kept.services, pa.string())})
        coverage = coverage.join(spark.createDataFrame(others), "service_id", "left_anti")

    def whole(name: str, frame: DataFrame) -> DataFrame:
        if kept is None:
            return frame
        # Read once: several metrics are told from each, and Spark would ask the warehouse for each.
        stays = settled(spark, kept.frames[name].select(*frame.columns), here=False)
        return frame.unionByName(stays)

    observed = observe_all(
        whole("deployment_outcomes", outcomes),
        whole("deployment_changes", changes),
        whole("pull_request_cycle", cycle),
        whole("incident_outcomes", incidents_told),
        known.services,
        settings,
    )
    tables = {
        "deployment_changes": changes,
        "deployment_outcomes": outcomes,
        "pull_request_cycle": cycle,
        "incident_outcomes": incidents_told,
        "linkage_coverage": coverage,
        "entity_members": member_frame(spark, memberships, rows["dim_services"]),
        "computation": settings.frame(spark, as_of),
    }
    found: dict[str, Result] = {
        name: frame.withColumns(
            {
                "definition_version": F.lit(DEFINITION_VERSION).cast("long"),
                "computed_at": F.lit(computed_at),
            }
        ).select(*OUTPUTS[name].column_names())
        for name, frame in tables.items()
    }
    terms = terms_of(settings, rows["dora_bands"], as_of, computed_at)
    found["dora"] = dora(
        spark,
        observed,
        entities,
        memberships,
        terms,
        here=small if whole_here is None else whole_here,
        periods=periods,
    )
    return found


def entities_of(rows: Mapping[str, Rows]) -> tuple[list[Entity], list[Membership]]:
    """Who gets values, and whose rows they pool, from the tables of DIRECTORY."""
    return directory(
        rows["dim_organizations"],
        rows["dim_teams"],
        rows["dim_services"],
        rows["dim_repositories"],
        rows["bridge_service_repositories"],
    )
