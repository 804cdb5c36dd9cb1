"""Fixtures of the Spark room: one session for all tests, frames from a few dictionaries."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.pandas.types import to_arrow_schema
from pyspark.sql.types import StructType

from transform.metric_settings import MetricSettings
from transform.session import open_session

Frame = Callable[..., DataFrame]


@pytest.fixture(scope="session")
def spark() -> Iterator[SparkSession]:
    """A local session for tiny frames: one partition, nothing compiled."""
    before = os.environ.pop("SEI_SPARK_MASTER", None)
    session = open_session(
        {**os.environ, "SEI_SPARK_MASTER": "local[1]"},
        {
            "spark.sql.shuffle.partitions": "1",
            "spark.sql.codegen.factoryMode": "NO_CODEGEN",
        },
        small=True,
    )
    yield session
    session.stop()
    if before is not None:
        os.environ["SEI_SPARK_MASTER"] = before


@pytest.fixture(scope="session")
def frame(spark: SparkSession) -> Frame:
    """frame(schema, *rows): a frame of the schema (DDL or StructType); what is left out is null."""

    def build(schema: str | StructType, *rows: dict[str, Any]) -> DataFrame:
        if isinstance(schema, str):
            schema = StructType.fromDDL(schema)
        unknown = {name for row in rows for name in row} - set(schema.names)
        assert not unknown, f"no such columns: {unknown}"
        # By Arrow: a list of Python rows would start a Python worker.
        table = pa.Table.from_pylist(list(rows), to_arrow_schema(schema, timezone="UTC"))
        return spark.createDataFrame(table, schema)

    return build


@pytest.fixture(scope="session")
def at() -> Callable[[float], datetime]:
    """at(hours): a time that many hours after the first of March 2026, in UTC."""
    return lambda hours: datetime(2026, 3, 1, tzinfo=UTC) + timedelta(hours=hours)


@pytest.fixture
def settings() -> MetricSettings:
    """Settings as they are by default, in UTC."""
    return MetricSettings(
        organization_id="organization:acme",
        timezone="UTC",
        week_starts_on="monday",
        history_since=datetime(2026, 1, 1, tzinfo=UTC),
        incident_link_window_hours=168.0,
        baseline_window_hours=0.0,
        revert_counts_as_failure=True,
        minimum_sample=3,
        exclude_bots=False,
        bands_year=2024,
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test that asks for a Spark session is no unit test, wherever it stands."""
    for item in items:
        if "spark" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.integration)
