"""The observations of each entity: those of its services and of its repositories.

They travel as parts: the rows of one service and repository packed into one value, since a row is
needed by six entities and more, and sorting and copying single rows took most of the time. Entities
of the same parts, as a repository and its only service, are told together.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from transform.dora.entities import Entity, Membership
from transform.dora.summary import OBSERVED

Pair = tuple[str | None, str | None]
Part = tuple[str | None, str | None, pa.Table]
Summary = Callable[[Entity, pa.Table], pa.Table]

_ENTITY = ("entity_type", "entity_id")
# So many at least, that no worker holds more than some pools.
_PARTITIONS = 8
_PACKED = "service_id string, repository_id string, part binary"


def parts(observed: pa.Table) -> Iterator[Part]:
    """(service_id, repository_id, its rows of OBSERVED), every pair that is there once."""
    if observed.num_rows == 0:
        return
    encoded = [
        observed.column(name).combine_chunks().dictionary_encode("encode")
        for name in ("service_id", "repository_id")
    ]
    services, repositories = (column.indices.to_numpy() for column in encoded)
    code = services.astype("int64") * len(encoded[1].dictionary) + repositories
    order = np.argsort(code, kind="stable")
    rows = observed.select(OBSERVED.names).take(pa.array(order)).cast(OBSERVED).combine_chunks()
    edges = np.flatnonzero(np.diff(code[order], prepend=-1, append=-1))
    for start, end in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        first = order[start]
        service, repository = (column[first].as_py() for column in encoded)
        yield service, repository, rows.slice(start, end - start)


@dataclass(frozen=True)
class Pool:
    """Entities of the same parts that are told alike: mostly a repository and its only service."""

    entities: tuple[Entity, ...]
    pairs: tuple[Pair, ...]


def pools(
    pairs: Iterable[Pair],
    entities: Sequence[Entity],
    memberships: Sequence[Membership],
    alike: Callable[[Entity], Hashable],
) -> list[Pool]:
    """Each entity in one pool. `pairs`: of all parts that there are; `alike`: what of an entity
    its rows hang on, besides its name and parts."""
    order = list(pairs)
    by_member: dict[tuple[str, str | None], set[int]] = {}
    for number, pair in enumerate(order):
        for via, key in zip(("service", "repository"), pair, strict=True):
            by_member.setdefault((via, key), set()).add(number)
    its: dict[tuple[str, str], set[int]] = {}
    for member in memberships:
        found = by_member.get((member.via, member.key), ())
        its.setdefault((member.entity_type, member.entity_id), set()).update(found)
    together: dict[tuple[tuple[int, ...], Hashable], list[Entity]] = {}
    for entity in entities:
        numbers = tuple(sorted(its.get((entity.entity_type, entity.entity_id), ())))
        together.setdefault((numbers, alike(entity)), []).append(entity)
    return [
        Pool(tuple(members), tuple(order[number] for number in numbers))
        for (numbers, _), members in together.items()
    ]


def pooled_here(
    observed: pa.Table,
    entities: Sequence[Entity],
    memberships: Sequence[Membership],
    alike: Callable[[Entity], Hashable],
) -> Iterator[tuple[Sequence[Entity], pa.Table]]:
    """The entities of each pool with their rows of OBSERVED."""
    found = {(service, repository): rows for service, repository, rows in parts(observed)}
    for pool in pools(found, entities, memberships, alike):
        yield pool.entities, _together(found[pair] for pair in pool.pairs)


def pooled(
    spark: SparkSession,
    observed: DataFrame,
    entities: Sequence[Entity],
    memberships: Sequence[Membership],
    alike: Callable[[Entity], Hashable],
) -> tuple[DataFrame, list[Sequence[Entity]]]:
    """(pool, part): the same on the executors, all of a pool in a row, and the pools' entities.

    Parts are packed rows, null once for each pool, so that one without any has its row too.
    """
    packed = observed.mapInArrow(_pack, _PACKED).localCheckpoint()
    pairs = packed.select("service_id", "repository_id").distinct().toArrow().to_pylist()
    found = pools(
        [(p["service_id"], p["repository_id"]) for p in pairs], entities, memberships, alike
    )
    places = _places_frame(spark, found)
    none = spark.range(len(found)).select(
        F.col("id").alias("pool"), F.lit(None).cast("binary").alias("part")
    )
    its = packed.join(
        F.broadcast(places),
        packed.service_id.eqNullSafe(places.service_id)
        & packed.repository_id.eqNullSafe(places.repository_id),
    ).select("pool", "part")
    count = max(_PARTITIONS, int(spark.conf.get("spark.sql.shuffle.partitions") or 0))
    frame = none.unionByName(its).repartition(count, "pool").sortWithinPartitions("pool")
    return frame, [pool.entities for pool in found]


def _places_frame(spark: SparkSession, found: Sequence[Pool]) -> DataFrame:
    """(service_id, repository_id, pool): where each part has to go."""
    rows = [(*pair, number) for number, pool in enumerate(found) for pair in pool.pairs]
    return spark.createDataFrame(rows, "service_id string, repository_id string, pool long")


def told_of(entities: Sequence[Entity], rows: pa.Table, summary: Summary) -> Iterator[pa.Table]:
    """The rows of each entity of a pool, summed up once."""
    table = summary(entities[0], rows)
    yield table
    for entity in entities[1:]:
        for name in _ENTITY:
            place = table.schema.get_field_index(name)
            names = pa.repeat(pa.scalar(getattr(entity, name), pa.string()), table.num_rows)
            table = table.set_column(place, table.field(name), names)
        yield table


def summarizer(
    pool_entities: Sequence[Sequence[Entity]], summary: Summary
) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.Table]]:
    """The function that tells the rows of the entities of a partition of `pooled`."""

    def told(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.Table]:
        for pool, rows in groupby(_rows(batches), key=itemgetter(0)):
            packed = [part for _, part in rows if part is not None]
            yield from told_of(pool_entities[pool], _together(map(_unpacked, packed)), summary)

    return told


def _rows(batches: Iterator[pa.RecordBatch]) -> Iterator[tuple[int, pa.Buffer | None]]:
    for batch in batches:
        for pool, part in zip(batch.column("pool").to_pylist(), batch.column("part"), strict=True):
            yield pool, part.as_buffer()


def _together(tables: Iterable[pa.Table]) -> pa.Table:
    return pa.concat_tables([OBSERVED.empty_table(), *tables])


def _pack(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Batches of observations as batches of parts, of several batches each."""
    kept: list[pa.RecordBatch] = []
    for batch in batches:
        kept.append(batch)
        if sum(b.num_rows for b in kept) >= 500_000:
            yield _packed(kept)
            kept = []
    if kept:
        yield _packed(kept)


def _packed(batches: list[pa.RecordBatch]) -> pa.RecordBatch:
    rows = [(*its, _bytes(table)) for *its, table in parts(pa.Table.from_batches(batches))]
    columns = zip(*rows, strict=True) if rows else ((), (), ())
    kinds = (pa.string(), pa.string(), pa.binary())
    return pa.record_batch(
        [pa.array(values, kind) for values, kind in zip(columns, kinds, strict=True)],
        names=["service_id", "repository_id", "part"],
    )


def _bytes(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression="lz4")
    with pa.ipc.new_stream(sink, OBSERVED, options=options) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


def _unpacked(part: pa.Buffer) -> pa.Table:
    with pa.ipc.open_stream(part) as reader:
        return reader.read_all()
