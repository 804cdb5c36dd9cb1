"""metrics.dora: all metrics' observations, pooled by entity, cut into periods, summed up once."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace
from datetime import date, datetime
from functools import reduce

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from transform.dora import (
    change_fail_rate,
    change_lead_time,
    coding_time,
    deploy_time,
    deployment_frequency,
    deployment_rework_rate,
    failed_deployment_recovery_time,
    pickup_time,
    review_time,
    time_to_restore_service,
)
from transform.dora.calendar import local_date
from transform.dora.entities import Entity, Membership, Rows
from transform.dora.periods import periods as all_periods
from transform.dora.pooling import pooled, pooled_here, summarizer, told_of
from transform.dora.summary import Metric, Terms, calendar_of, summarize
from transform.grouping import Told
from transform.kept_periods import KeptPeriods
from transform.metric_settings import MetricSettings
from transform.schemas import DORA

METRICS: tuple[Metric, ...] = (
    Metric(deployment_frequency.METRIC, "rate", True, "deployments", tells_gaps=True),
    Metric(change_lead_time.METRIC, "median", True, "deployments"),
    Metric(change_fail_rate.METRIC, "ratio", True, "both"),
    Metric(failed_deployment_recovery_time.METRIC, "median", True, "both", tells_open=True),
    Metric(deployment_rework_rate.METRIC, "ratio", True, "deployments"),
    Metric(time_to_restore_service.METRIC, "median", False, "incidents"),
    Metric(coding_time.METRIC, "median", False, None),
    Metric(pickup_time.METRIC, "median", False, None),
    Metric(review_time.METRIC, "median", False, None),
    Metric(deploy_time.METRIC, "median", True, "deployments"),
)


def observe_all(
    outcomes: DataFrame,
    changes: DataFrame,
    cycle: DataFrame,
    incidents: DataFrame,
    services: DataFrame,
    settings: MetricSettings,
) -> DataFrame:
    """The observations of all metrics, with their days in the organization's time zone."""
    judged_services = services.filter("has_incident_source").select("service_id")
    judged = outcomes.join(F.broadcast(judged_services), "service_id", "left_semi")
    return reduce(
        DataFrame.unionByName,
        [
            deployment_frequency.observe(outcomes),
            change_lead_time.observe(changes, exclude_bots=settings.exclude_bots),
            change_fail_rate.observe(judged),
            failed_deployment_recovery_time.observe(judged),
            deployment_rework_rate.observe(outcomes),
            time_to_restore_service.observe(incidents),
            coding_time.observe(cycle),
            pickup_time.observe(cycle),
            review_time.observe(cycle),
            deploy_time.observe(changes),
        ],
    ).withColumn("local_date", F.to_date(F.from_utc_timestamp("happened_at", settings.timezone)))


def terms_of(
    settings: MetricSettings, bands: Rows, as_of: datetime, computed_at: datetime
) -> Terms:
    """What is the same for every entity, from the settings and the rows of the bands."""
    begun = local_date(settings.history_since, settings.zone)
    return Terms(
        metrics=METRICS,
        calendar=calendar_of(all_periods(begun, as_of, settings.zone, settings.week_starts_on)),
        bands=tuple(bands),
        begun=begun,
        today=local_date(as_of, settings.zone),
        minimum_sample=settings.minimum_sample,
        bands_year=settings.bands_year,
        computed_at=computed_at,
    )


def dora(
    spark: SparkSession,
    observed: DataFrame,
    entities: Sequence[Entity],
    memberships: Sequence[Membership],
    terms: Terms,
    *,
    here: bool = False,
    periods: KeptPeriods | None = None,
) -> pa.Table | Told:
    """metrics.dora; `here`: told in this process.

    `observed`: the columns of OBSERVED with service_id and repository_id. `periods`: what is left
    out, since it stays.
    """

    def since(entity: Entity) -> date | None:
        return periods.since(entity) if periods else None

    def alike(entity: Entity) -> Hashable:
        return replace(entity, entity_type="", entity_id=""), since(entity)

    def summary(entity: Entity, rows: pa.Table) -> pa.Table:
        told = summarize(entity, rows, terms, since(entity))
        return told.select(DORA.column_names()).cast(schema)

    schema = DORA.arrow_schema()
    if here:
        tables = [
            table
            for its, rows in pooled_here(observed.toArrow(), entities, memberships, alike)
            for table in told_of(its, rows, summary)
        ]
        return pa.concat_tables([schema.empty_table(), *tables])
    frame, its_entities = pooled(spark, observed, entities, memberships, alike)
    return Told(frame, summarizer(its_entities, summary), DORA.spark_schema())
