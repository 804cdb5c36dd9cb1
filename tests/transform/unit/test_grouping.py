"""Functions of groups, run in this process."""

from __future__ import annotations

from typing import Any
from unittest.mock import Mock

import pyarrow as pa
from pyspark.sql.types import StructType

from transform.grouping import apply_grouped


def test_a_group_without_results_does_not_hide_those_after_it(monkeypatch):
    """Regression: Spark stops reading at an empty batch, so all that came after it was lost."""
    spark = Mock()
    # Reading DDL takes a session.
    monkeypatch.setattr(StructType, "fromDDL", lambda schema: StructType())
    frame = Mock(toArrow=lambda: pa.table({"key": ["a", "b", "c"]}))

    def only_b(key: tuple[Any, ...], rows: pa.Table) -> pa.Table:
        return rows if key[0].as_py() != "b" else rows.slice(0, 0)

    apply_grouped(spark, frame, ["key"], only_b, "key string", here=True)
    (table, _), _ = spark.createDataFrame.call_args
    assert table.to_pydict() == {"key": ["a", "c"]}
    assert [batch.num_rows for batch in table.to_batches()] == [2]
