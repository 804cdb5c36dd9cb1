"""One Arrow function for every group of rows: on the executors, or here for small frames.

Starting Python workers takes longer than all the work on some megabytes; so small frames come to
this process instead. The functions are the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import StructType

Key = tuple[Any, ...]
Grouped = Callable[[Key, pa.Table], pa.Table]
Cogrouped = Callable[[Key, pa.Table, pa.Table], pa.Table]
Mapped = Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]


@dataclass(frozen=True)
class Told:
    """Rows that a function tells from each partition of a frame of packed ones.

    They can be written where they are told, without a way back through Spark.
    """

    packed: DataFrame
    tell: Callable[[Iterator[pa.RecordBatch]], Iterator[pa.Table]]
    schema: StructType

    def frame(self) -> DataFrame:
        """The rows as a frame."""
        return self.packed.mapInArrow(telling(self.tell), self.schema)


# What can be written: a frame, rows that are here, or rows that executors tell as they write.
Result: TypeAlias = DataFrame | pa.Table | Told


def telling(tell: Callable[[Iterator[pa.RecordBatch]], Iterator[pa.Table]]) -> Mapped:
    """The rows of batches of packed ones; no batch is empty, since one ends Spark's reading."""

    def told(packed: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for table in tell(packed):
            yield from (part for part in table.to_batches() if part.num_rows)

    return told


def settled(spark: SparkSession, frame: DataFrame, *, here: bool) -> DataFrame:
    """The frame computed, with a plan that is cut off from how it came about.

    Spark keeps the whole ancestry otherwise: planning the last table took minutes and a gigabyte.
    """
    if here:
        return spark.createDataFrame(frame.toArrow().combine_chunks(), frame.schema)
    return frame.localCheckpoint()


def apply_grouped(
    spark: SparkSession,
    frame: DataFrame,
    keys: Sequence[str],
    function: Grouped,
    schema: str,
    *,
    here: bool,
) -> DataFrame:
    """The rows that the function gives for each group, which it gets with its key."""
    if not here:
        return frame.groupBy(*keys).applyInArrow(function, schema)
    results = [function(key, group) for key, group in _groups(frame.toArrow(), keys)]
    return _frame(spark, results, schema)


def apply_cogrouped(
    spark: SparkSession,
    left: DataFrame,
    right: DataFrame,
    keys: Sequence[str],
    function: Cogrouped,
    schema: str,
    *,
    here: bool,
) -> DataFrame:
    """The rows that the function gives for the groups of both frames that share a key."""
    if not here:
        cogrouped = left.groupBy(*keys).cogroup(right.groupBy(*keys))
        return cogrouped.applyInArrow(function, schema)
    lefts, rights = left.toArrow(), right.toArrow()
    left_groups = {_plain(key): (key, group) for key, group in _groups(lefts, keys)}
    right_groups = {_plain(key): (key, group) for key, group in _groups(rights, keys)}
    results = []
    for plain in {**left_groups, **right_groups}:
        key, one = left_groups.get(plain, (None, lefts.slice(0, 0)))
        other_key, other = right_groups.get(plain, (None, rights.slice(0, 0)))
        results.append(function(key or other_key or (), one, other))
    return _frame(spark, results, schema)


def _groups(table: pa.Table, keys: Sequence[str]) -> Iterator[tuple[Key, pa.Table]]:
    if table.num_rows == 0:
        return
    table = table.sort_by([(key, "ascending") for key in keys]).combine_chunks()
    # A group begins where any key differs from the row before.
    begins = None
    for key in keys:
        column = table.column(key).combine_chunks()
        differs = pc.fill_null(pc.not_equal(column[1:], column[:-1]), True)
        begins = differs if begins is None else pc.or_(begins, differs)
    edges = [0, *(pc.indices_nonzero(begins).to_numpy() + 1).tolist(), table.num_rows]
    for start, end in pairwise(edges):
        yield tuple(table.column(key)[start] for key in keys), table.slice(start, end - start)


def _plain(key: Key) -> tuple[Any, ...]:
    return tuple(scalar.as_py() for scalar in key)


def _frame(spark: SparkSession, results: list[pa.Table], schema: str) -> DataFrame:
    struct = StructType.fromDDL(schema)
    assert isinstance(struct, StructType)
    if not results:
        return spark.createDataFrame([], struct)
    # In one piece: an empty batch, as a group without results gives, ends Spark's reading, and all
    # rows after it were lost without a word.
    return spark.createDataFrame(pa.concat_tables(results).combine_chunks(), struct)
