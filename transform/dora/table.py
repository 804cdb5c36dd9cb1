"""metrics.dora: all metrics' observations, pooled by entity, cut into periods, summed up once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession, Window
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
from transform.dora.bands import with_bands
from transform.dora.entities import Entity, entity_frame
from transform.dora.periods import local_date, period_frame, periods
from transform.dora.series import SERIES, SUMS_SCHEMA, summer_up
from transform.grouping import apply_grouped, settled
from transform.metric_settings import MetricSettings


@dataclass(frozen=True)
class Metric:
    """What kind of number a metric is, and what has to be connected for it to be told.

    `kind`: rate (per day), ratio, or median (of hours). `by_environment`: its rows belong to an
    environment. `source`: deployments, incidents (both needed), restores (incidents), or none.
    """

    name: str
    kind: str
    by_environment: bool
    source: str | None


METRICS: tuple[Metric, ...] = (
    Metric(deployment_frequency.METRIC, "rate", True, "deployments"),
    Metric(change_lead_time.METRIC, "median", True, "deployments"),
    Metric(change_fail_rate.METRIC, "ratio", True, "both"),
    Metric(failed_deployment_recovery_time.METRIC, "median", True, "both"),
    Metric(deployment_rework_rate.METRIC, "ratio", True, "deployments"),
    Metric(time_to_restore_service.METRIC, "median", False, "incidents"),
    Metric(coding_time.METRIC, "median", False, None),
    Metric(pickup_time.METRIC, "median", False, None),
    Metric(review_time.METRIC, "median", False, None),
    Metric(deploy_time.METRIC, "median", True, "deployments"),
)

UNITS = {"rate": "per day", "ratio": "ratio", "median": "hours"}
POOLED = "production"

_ENTITY = ["entity_type", "entity_id"]


def observe_all(
    outcomes: DataFrame,
    changes: DataFrame,
    cycle: DataFrame,
    incidents: DataFrame,
    services: DataFrame,
    settings: MetricSettings,
) -> DataFrame:
    """The observations of all metrics."""
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
    )


def pooled(observed: DataFrame, memberships: DataFrame, settings: MetricSettings) -> DataFrame:
    """The observations per entity, with the local date: a thing may be there several times."""
    keys = F.array(
        F.struct(F.lit("service").alias("via"), F.col("service_id").alias("key")),
        F.struct(F.lit("repository").alias("via"), F.col("repository_id").alias("key")),
    )
    return (
        observed.withColumn("membership", F.explode(keys))
        .select(
            "metric",
            F.col("environment").alias("environment_name"),
            "thing",
            "happened_at",
            "hours",
            "is_hit",
            "is_open",
            "membership.via",
            "membership.key",
            F.to_date(F.from_utc_timestamp("happened_at", settings.timezone)).alias("local_date"),
        )
        .join(F.broadcast(memberships), ["via", "key"])
        .drop("via", "key")
    )


def environments(pooled_rows: DataFrame) -> DataFrame:
    """(entity_type, entity_id, environment_name) of entities with more than one environment."""
    pairs = pooled_rows.filter("environment_name is not null").select(*_ENTITY, "environment_name")
    several = Window.partitionBy(*_ENTITY)
    return (
        pairs.distinct()
        .withColumn("environment_count", F.count("*").over(several))
        .filter("environment_count > 1")
        .drop("environment_count")
    )


def scoped(pooled_rows: DataFrame, several: DataFrame) -> DataFrame:
    """The pooled rows per `environment`: all of them together, and each of several by itself."""
    scopes = F.when(
        F.col("has_several"),
        F.array(F.lit(POOLED), F.concat(F.lit(f"{POOLED}:"), F.col("environment_name"))),
    ).otherwise(F.array(F.lit(POOLED)))
    return pooled_rows.join(
        F.broadcast(several.withColumn("has_several", F.lit(True))),
        [*_ENTITY, "environment_name"],
        "left",
    ).withColumn("environment", F.explode(scopes))


def expected(
    entities: DataFrame,
    pooled_rows: DataFrame,
    several: DataFrame,
    all_periods: DataFrame,
    metrics: DataFrame,
    settings: MetricSettings,
    as_of: datetime,
) -> DataFrame:
    """Every row that has to be there: an entity, environment, metric and period each.

    From the period of the entity's first fact, not before the history's start, on; an entity
    without any fact has the latest periods only.
    """
    begun = local_date(settings.history_since, settings.zone)
    today = local_date(as_of, settings.zone)
    first = pooled_rows.groupBy(*_ENTITY).agg(F.min("local_date").alias("first_day"))
    its = entities.join(F.broadcast(first), _ENTITY, "left").withColumn(
        "first_day", F.greatest(F.coalesce("first_day", F.lit(today)), F.lit(begun))
    )
    whole = its.withColumn("environment", F.lit(POOLED))
    single = its.join(F.broadcast(several), _ENTITY).select(
        *its.columns, F.concat(F.lit(f"{POOLED}:"), F.col("environment_name")).alias("environment")
    )
    fits = (F.col("environment") == POOLED) | F.col("by_environment")
    return (
        whole.unionByName(single)
        .join(F.broadcast(metrics), fits)
        .join(
            F.broadcast(all_periods),
            F.col("is_latest") | (F.col("period_end") > F.col("first_day")),
        )
    )


def judged(rows: DataFrame, minimum_sample: int) -> DataFrame:
    """value, numerator, denominator, sample_size and status of each row, from its sums."""
    rate, median = F.col("kind") == "rate", F.col("kind") == "median"
    zero = F.lit(0).cast("long")
    counts = {
        name: F.coalesce(F.col(name), zero)
        for name in ("row_count", "span_count", "hit_count", "open_count", "day_count")
    }
    sample = F.when(median, counts["span_count"]).otherwise(counts["row_count"])
    numerator = (
        F.when(rate, counts["row_count"])
        .when(median, counts["span_count"])
        .otherwise(counts["hit_count"])
        .cast("double")
    )
    denominator = F.when(rate, F.col("days")).otherwise(counts["row_count"]).cast("double")
    has_source = (
        F.when(F.col("source") == "deployments", F.col("has_deployment_source"))
        .when(F.col("source") == "incidents", F.col("has_incident_source"))
        .when(
            F.col("source") == "both",
            F.col("has_deployment_source") & F.col("has_incident_source"),
        )
        .otherwise(F.lit(True))
    )
    status = (
        # Rows speak for themselves, whatever is said of the source.
        F.when(~has_source & (counts["row_count"] == 0), "no_source")
        .when(sample == 0, "no_data")
        .when(sample < minimum_sample, "insufficient_data")
        .otherwise("ok")
    )
    is_told = F.col("status") != "no_source"
    is_frequency = F.col("metric") == deployment_frequency.METRIC
    is_recovery = F.col("metric") == failed_deployment_recovery_time.METRIC
    return (
        rows.withColumn("sample_size", sample)
        .withColumn("status", status)
        .withColumn("numerator", F.when(is_told, numerator))
        .withColumn("denominator", F.when(is_told, denominator))
        .withColumn(
            "value",
            F.when(median, F.col("p50")).when(
                F.col("sample_size") > 0, F.try_divide("numerator", "denominator")
            ),
        )
        .withColumn("open_count", F.when(is_recovery & is_told, counts["open_count"]))
        .withColumn("deployment_days", F.when(is_frequency & is_told, counts["day_count"]))
    )


def dora(
    spark: SparkSession,
    pooled_rows: DataFrame,
    entities: Sequence[Entity],
    bands: DataFrame,
    settings: MetricSettings,
    as_of: datetime,
    *,
    here: bool = False,
) -> DataFrame:
    """metrics.dora without its stamps; `here`: the series are summed up in this process."""
    begun = local_date(settings.history_since, settings.zone)
    all_periods = periods(begun, as_of, settings.zone, settings.week_starts_on)
    several = settled(spark, environments(pooled_rows), here=here)
    sums = apply_grouped(
        spark, scoped(pooled_rows, several), SERIES, summer_up(all_periods), SUMS_SCHEMA, here=here
    )
    rows = expected(
        entity_frame(spark, entities),
        pooled_rows,
        several,
        period_frame(spark, all_periods),
        metric_frame(spark),
        settings,
        as_of,
    ).join(sums, [*SERIES, "period"], "left")
    return with_bands(judged(rows, settings.minimum_sample), bands, settings.bands_year)


def metric_frame(spark: SparkSession) -> DataFrame:
    """(metric, kind, by_environment, source, unit)."""
    return spark.createDataFrame(
        pa.table(
            {
                "metric": pa.array([m.name for m in METRICS], pa.string()),
                "kind": pa.array([m.kind for m in METRICS], pa.string()),
                "by_environment": pa.array([m.by_environment for m in METRICS], pa.bool_()),
                "source": pa.array([m.source for m in METRICS], pa.string()),
                "unit": pa.array([UNITS[m.kind] for m in METRICS], pa.string()),
            }
        )
    )
