"""The form that every metric's rows take before they are cut into periods.

One observation is one thing that counts (a deployment, a change, an incident) at one time. An
entity counts a thing once, at its first time, however many of its services it belongs to.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F


def observations(
    rows: DataFrame,
    metric: str,
    thing: Column,
    happened_at: Column,
    *,
    environment: Column | None = None,
    hours: Column | None = None,
    is_hit: Column | None = None,
    is_open: Column | None = None,
) -> DataFrame:
    """(metric, service_id, repository_id, environment, thing, happened_at, hours, is_hit, is_open).

    `rows` has service_id and repository_id; environment null: the thing belongs to none.
    """
    return rows.select(
        F.lit(metric).alias("metric"),
        "service_id",
        "repository_id",
        _or_null(environment, "string").alias("environment"),
        thing.alias("thing"),
        happened_at.alias("happened_at"),
        _or_null(hours, "double").alias("hours"),
        _or_null(is_hit, "boolean").alias("is_hit"),
        _or_null(is_open, "boolean").alias("is_open"),
    )


def _or_null(column: Column | None, type_name: str) -> Column:
    return (F.lit(None) if column is None else column).cast(type_name)


def change_key() -> Column:
    """A change's identity across repositories: hashes are the same in a fork."""
    return F.coalesce(F.col("pull_request_id"), F.concat_ws(":", "repository_id", "commit_sha"))
