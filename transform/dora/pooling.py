"""The observations of each entity: those of its services and of its repositories.

They travel as parts: the rows of one service and repository packed into one value, since a row is
needed by six entities and more, and sorting and copying single rows took most of the time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from transform.dora.entities import Entity, Membership, entity_frame, membership_frame
from transform.dora.summary import OBSERVED

Part = tuple[str | None, str | None, pa.Table]
Summary = Callable[[Entity, pa.Table], pa.Table]

_ENTITY = ("entity_type", "entity_id")
# So many at least, that no worker holds more than some entities.
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


def pooled_here(
    observed: pa.Table, entities: Sequence[Entity], memberships: Sequence[Membership]
) -> Iterator[tuple[Entity, pa.Table]]:
    """Each entity with its rows of OBSERVED, some of them twice: by service and by repository."""
    found: dict[tuple[str, str | None], list[pa.Table]] = {}
    for service, repository, rows in parts(observed):
        found.setdefault(("service", service), []).append(rows)
        found.setdefault(("repository", repository), []).append(rows)
    its: dict[tuple[str, str], list[pa.Table]] = {}
    for member in memberships:
        its.setdefault((member.entity_type, member.entity_id), []).extend(
            found.get((member.via, member.key), ())
        )
    for entity in entities:
        yield entity, _together(its.get((entity.entity_type, entity.entity_id), ()))


def pooled(
    spark: SparkSession,
    observed: DataFrame,
    entities: Sequence[Entity],
    memberships: Sequence[Membership],
) -> DataFrame:
    """(entity_type, entity_id, part): the same on the executors, all of an entity in a row.

    Parts are packed rows, null once for each entity, so that one without any has its row too.
    """
    packed = observed.mapInArrow(_pack, _PACKED).localCheckpoint()
    members = F.broadcast(membership_frame(spark, memberships))
    its = (
        entity_frame(spark, entities)
        .select(*_ENTITY)
        .withColumn("part", F.lit(None).cast("binary"))
    )
    for via in ("service", "repository"):
        keyed = packed.select(F.col(f"{via}_id").alias("key"), F.lit(via).alias("via"), "part")
        its = its.unionByName(keyed.join(members, ["via", "key"]).drop("via", "key"))
    count = max(_PARTITIONS, int(spark.conf.get("spark.sql.shuffle.partitions") or 0))
    return its.repartition(count, *_ENTITY).sortWithinPartitions(*_ENTITY)


def summarizer(
    entities: Sequence[Entity], summary: Summary
) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.Table]]:
    """The function that tells the rows of the entities of a partition of `pooled`."""
    known = {(entity.entity_type, entity.entity_id): entity for entity in entities}

    def told(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.Table]:
        for key, rows in groupby(_rows(batches), key=itemgetter(0)):
            packed = [part for _, part in rows if part is not None]
            if key in known:
                yield summary(known[key], _together(map(_unpacked, packed)))

    return told


def _rows(
    batches: Iterator[pa.RecordBatch],
) -> Iterator[tuple[tuple[str, str], pa.Buffer | None]]:
    for batch in batches:
        keys = zip(*(batch.column(name).to_pylist() for name in _ENTITY), strict=True)
        for key, part in zip(keys, batch.column("part"), strict=True):
            yield key, part.as_buffer()


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
