"""The metrics tables: one Spark process computes all five, started over Dagster Pipes.

A process of its own, since Spark takes memory that should be given back, and a killed one must
not take the orchestrator with it; one for all, because Spark takes 11 s to start.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

import dagster as dg
import psycopg

from orchestration.automation import metrics_follow_marts
from orchestration.metrics_process import MetricsProcess, job_arguments
from orchestration.resources import Platform
from orchestration.tables import facts
from orchestration.translators import asset_key, owner

READS = (
    "bridge_commit_reverts",
    "bridge_commit_services",
    "bridge_incident_references",
    "bridge_pull_request_commits",
    "bridge_pull_request_issues",
    "bridge_pull_request_reverts",
    "bridge_service_repositories",
    "dim_developers",
    "dim_metric_settings",
    "dim_organizations",
    "dim_repositories",
    "dim_services",
    "dim_teams",
    "dora_bands",
    "fct_commits",
    "fct_deployments",
    "fct_incidents",
    "fct_pull_requests",
)
DETAILS = {
    "deployment_changes": "One change (merged pull request or direct push) that a production "
    "deployment shipped, with its lead time.",
    "pull_request_cycle": "One merged pull request: hours of coding, pickup, review and deploy.",
    "deployment_outcomes": "One production deployment: whether and why it failed, when it was "
    "recovered, whether it was planned.",
    "incident_outcomes": "One incident: the deployments it was linked to, or why to none.",
    "linkage_coverage": "One reason of one service why rows could not be linked, and how many.",
    "entity_members": "One service or repository whose rows one entity pools.",
    "computation": "As of when, and with which settings, the numbers were computed.",
}
DORA = (
    "One metric of one organization, team, service or repository in one period, with numerator, "
    "denominator, sample size, status and band."
)


class ComputeConfig(dg.Config):
    """What the Spark job is told."""

    # ISO time that periods end at; none: the time of the run.
    as_of: str | None = None
    # Computes what has not changed since the last run too.
    full: bool = False


def _spec(table: str, description: str, deps: list[dg.AssetKey]) -> dg.AssetSpec:
    return dg.AssetSpec(
        key=asset_key("metrics", table),
        deps=deps,
        group_name="metrics",
        description=description,
        owners=[owner("metrics")],
        kinds={"spark", "postgres"},
        tags={"layer": "metrics"},
        automation_condition=metrics_follow_marts(),
        metadata={"dagster/table_name": f"metrics.{table}"},
    )


@dg.multi_asset(
    name="metrics",
    specs=[
        *(
            _spec(table, description, [asset_key("marts", name) for name in READS])
            for table, description in DETAILS.items()
        ),
        _spec("dora", DORA, [asset_key("metrics", table) for table in DETAILS]),
    ],
    pool="spark",
)
def metrics(
    context: dg.AssetExecutionContext,
    config: ComputeConfig,
    platform: Platform,
    spark: MetricsProcess,
) -> Iterator[dg.MaterializeResult]:
    """Runs the Spark job over the marts."""
    arguments = job_arguments(config.as_of, datetime.now(UTC), full=config.full)
    results = spark.run(context, arguments, platform.url("metrician"))
    reported = {
        result.asset_key: result for result in results if isinstance(result, dg.MaterializeResult)
    }
    with psycopg.connect(platform.url("metrician")) as connection:
        found = {table: facts(connection, "metrics", table) for table in (*DETAILS, "dora")}
    for table, known in found.items():
        key = asset_key("metrics", table)
        told = reported[key].metadata if key in reported else None
        yield dg.MaterializeResult(asset_key=key, metadata={**(told or {}), **known})
