"""The metrics of a world as the product computes them."""

from __future__ import annotations

from datetime import UTC, datetime

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession

from tests.independent.comparison import RECKONED, columns
from tests.independent.reckoner_facts import Row, Tables
from transform.compute import DIRECTORY, compute
from transform.schemas import INPUTS


def computed(spark: SparkSession, tables: Tables, as_of: datetime) -> dict[str, list[Row]]:
    """The rows of every table that is computed twice, by its name."""

    def frame(name: str) -> DataFrame:
        table = pa.Table.from_pylist(list(tables[name]), INPUTS[name].arrow_schema())
        return spark.createDataFrame(table, INPUTS[name].spark_schema())

    frames = compute(
        spark,
        {name: frame(name) for name in INPUTS if name not in DIRECTORY},
        {name: tables[name] for name in DIRECTORY},
        as_of,
        datetime.now(UTC),
        small=True,
    )
    return {name: _rows(frames[name].select(*columns(name)).toArrow()) for name in RECKONED}


def _rows(table: pa.Table) -> list[Row]:
    names = table.column_names
    values = [table.column(name).to_pylist() for name in names]
    return [dict(zip(names, row, strict=True)) for row in zip(*values, strict=True)]
