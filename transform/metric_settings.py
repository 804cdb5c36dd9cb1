"""How the metrics are computed: the one row of marts.dim_metric_settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession

from transform.dora.calendar import WEEKDAYS
from transform.errors import TransformError
from transform.schemas import INPUTS


@dataclass(frozen=True)
class MetricSettings:
    """The settings that change numbers; windows in hours, None: unlimited."""

    organization_id: str
    timezone: str
    week_starts_on: str
    history_since: datetime
    incident_link_window_hours: float | None
    baseline_window_hours: float
    revert_counts_as_failure: bool
    minimum_sample: int
    exclude_bots: bool
    bands_year: int

    @property
    def zone(self) -> ZoneInfo:
        """The zone in which periods are cut."""
        return ZoneInfo(self.timezone)

    def frame(self, spark: SparkSession, as_of: datetime) -> DataFrame:
        """metrics.computation without its stamps: the settings and `as_of`, in one row."""
        schema = INPUTS["dim_metric_settings"].arrow_schema()
        schema = schema.append(pa.field("as_of", pa.timestamp("us", "UTC")))
        return spark.createDataFrame(
            pa.Table.from_pylist([{**asdict(self), "as_of": as_of}], schema)
        )

    @classmethod
    def of(cls, rows: Sequence[Mapping[str, Any]]) -> MetricSettings:
        """From the rows of the table; TransformError unless there is one, and a sensible one."""
        where = "marts.dim_metric_settings"
        if len(rows) != 1:
            raise TransformError(
                f"{where} has {len(rows)} rows, needs exactly one: load the settings, "
                "then build the marts"
            )
        row = dict(rows[0])
        empty = sorted(
            name
            for name, value in row.items()
            if value is None and not name.endswith("link_window_hours")
        )
        if empty:
            raise TransformError(f"{where}.{empty[0]} is null: load the settings again")
        settings = cls(**row)
        try:
            settings.zone.key  # noqa: B018
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise TransformError(
                f"{where}.timezone: {settings.timezone!r} is no IANA time zone"
            ) from None
        if settings.week_starts_on not in WEEKDAYS:
            raise TransformError(
                f"{where}.week_starts_on: {settings.week_starts_on!r} is no day of the week"
            )
        return settings
