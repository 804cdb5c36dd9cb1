"""The only code between Spark and PostgreSQL.

Large tables are read on the executors: Arrow batches from ADBC, a range of pages per partition.
Small ones are read here and travel with the plan: no Python worker has to start for them, and
Spark knows their size. Writes land in staging tables and replace the rows of all targets in one
transaction; a target itself stays, since grants, indexes and views hang on it.
"""

from __future__ import annotations

import json
import os
import re
import sys
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import psycopg
import pyarrow as pa
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.datasource import DataSource, DataSourceReader, InputPartition

from transform.errors import TransformError
from transform.grouping import Mapped, Result, Told, telling
from transform.schemas import COMPUTED_UNITS, Table
from transform.switch import switch
from transform.views import View, prepare_views

FORMAT = "sei_postgres"
# Pages of 8 kB: 64 MB of a table per partition keeps a Python worker's memory small and gives
# a cluster something to spread.
PAGES_PER_PARTITION = 8192
# Up to 16 MB of a table the detour by this process is quicker than a Python worker's start.
SMALL_PAGES = int(os.environ.get("SEI_SPARK_SMALL_PAGES", "2048"))
STAGING_PREFIX = "_staging_"
# Any number that no other program uses for an advisory lock in this database ("seimetri").
_LOCK = 0x7365696D65747269
_CONNECT_SECONDS = 10
_STAGED = "task long, row_count long"


def without_password(text: str, url: str) -> str:
    """The text with every form of the URL's password blotted out."""
    try:
        password = conninfo_to_dict(url).get("password")
    except psycopg.Error:
        password = urlsplit(url).password
    for secret in {str(password or ""), quote(str(password or ""), safe="")} - {""}:
        text = text.replace(secret, "***")
    return re.sub(r"(postgres(?:ql)?://[^:/@\s]*):[^@\s]*@", r"\1:***@", text)


def normalized(url: str) -> str:
    """The URL in the form that both psycopg and ADBC understand; TransformError if it is none."""
    scheme = url.partition("://")[0].partition("+")[0]
    if scheme not in ("postgresql", "postgres"):
        raise TransformError(
            "SEI_METRICS_URL is no postgresql:// address: "
            "expected postgresql://user:password@host:port/database"
        )
    parts = urlsplit(url)
    return urlunsplit(("postgresql", parts.netloc, parts.path, parts.query, ""))


def _place(url: str) -> str:
    parts = urlsplit(url)
    try:
        port = parts.port or 5432
    except ValueError:
        raise TransformError("SEI_METRICS_URL: the port is not a number") from None
    return f"{parts.hostname or 'localhost'}:{port}/{unquote(parts.path.lstrip('/'))}"


@dataclass(frozen=True)
class _Pages(InputPartition):
    """Pages [first, last) of a table; None: to the end, or the whole relation."""

    first: int | None = None
    last: int | None = None

    def condition(self) -> str:
        bounds = []
        if self.first:
            bounds.append(f"ctid >= '({self.first},0)'::tid")
        if self.last is not None:
            bounds.append(f"ctid < '({self.last},0)'::tid")
        return "".join(f" and {bound}" for bound in bounds)


def _data_source(url: str) -> type[DataSource]:
    """The data source for one warehouse; the URL travels in the pickled class, in no plan."""

    class PostgresReader(DataSourceReader):
        def __init__(self, options: Mapping[str, str]) -> None:
            self._query = options["query"]
            self._bounds = json.loads(options["bounds"])

        def partitions(self) -> Sequence[InputPartition]:
            return [_Pages(first, last) for first, last in self._bounds]

        def read(self, partition: InputPartition) -> Iterator[pa.RecordBatch]:
            assert isinstance(partition, _Pages)
            import adbc_driver_postgresql.dbapi

            with (
                adbc_driver_postgresql.dbapi.connect(url) as connection,
                connection.cursor() as cursor,
            ):
                cursor.execute(self._query + partition.condition())
                yield from cursor.fetch_record_batch()

    class Postgres(DataSource):
        @classmethod
        def name(cls) -> str:
            return FORMAT

        def reader(self, schema: Any) -> DataSourceReader:
            return PostgresReader(self.options)

    return Postgres


@dataclass(frozen=True)
class _Relation:
    has_pages: bool
    pages: int
    columns: frozenset[str]

    @property
    def is_small(self) -> bool:
        """Whether its rows may pass through this process; a view's number is not known."""
        return self.has_pages and self.pages <= SMALL_PAGES


class Warehouse:
    """A PostgreSQL database with the marts to read and the metrics to write."""

    def __init__(self, url: str) -> None:
        """Connect nowhere yet; TransformError if the URL is malformed."""
        self._url = normalized(url)
        self._where = _place(self._url)
        self._registered: SparkSession | None = None
        self._fetched: dict[str, pa.Table] = {}

    @property
    def where(self) -> str:
        """host:port/database, for messages."""
        return self._where

    def connect(self) -> psycopg.Connection[Any]:
        """A connection that commits each statement; TransformError if there is no answer."""
        try:
            return psycopg.connect(
                self._url,
                connect_timeout=_CONNECT_SECONDS,
                autocommit=True,
                application_name="sei-transform",
            )
        except psycopg.Error as error:
            reason = without_password(str(error).strip().splitlines()[-1], self._url)
            raise TransformError(
                f"The warehouse at {self._where} refused the connection: {reason}; "
                "check SEI_METRICS_URL and that the server runs"
            ) from None

    # -- reading ---------------------------------------------------------------------------

    def inspect(self, tables: Sequence[Table]) -> dict[str, _Relation]:
        """What is there of these tables; TransformError naming what is missing, if anything."""
        with self.connect() as connection:
            rows = connection.execute(
                """
                select n.nspname || '.' || c.relname, c.relkind in ('r', 'm'),
                       pg_catalog.pg_relation_size(c.oid) / current_setting('block_size')::int,
                       array_agg(a.attname::text),
                       has_table_privilege(c.oid, 'select')
                from pg_catalog.pg_class as c
                inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
                inner join pg_catalog.pg_attribute as a on c.oid = a.attrelid
                where n.nspname || '.' || c.relname = any(%s)
                    and a.attnum > 0 and not a.attisdropped
                    and c.relkind in ('r', 'm', 'v', 'p', 'f')
                group by c.oid, n.nspname, c.relname, c.relkind
                """,
                ([table.full_name for table in tables],),
            ).fetchall()
        found = {
            name: _Relation(plain, size, frozenset(cols)) for name, plain, size, cols, _ in rows
        }
        unreadable = [name for name, *_, readable in rows if not readable]
        missing = [t.full_name for t in tables if t.full_name not in found]
        missing += [
            f"{t.full_name}.{c}"
            for t in tables
            if t.full_name in found
            for c in t.column_names()
            if c not in found[t.full_name].columns
        ]
        if missing:
            more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
            raise TransformError(
                f"The warehouse at {self._where} lacks {', '.join(missing[:5])}{more}: "
                "build the marts first (dbt build)"
            )
        if unreadable:
            raise TransformError(
                f"The warehouse's user may not read {', '.join(sorted(unreadable)[:5])}: "
                "grant select, or prepare the warehouse again"
            )
        return found

    def read(
        self,
        spark: SparkSession,
        tables: Sequence[Table],
        only: Mapping[str, str] | None = None,
        few: Collection[str] = (),
    ) -> dict[str, DataFrame]:
        """A lazy DataFrame per table, by name, with the columns that the table says.

        `only`: per table name a condition in SQL that its rows must meet. `few`: the names of those
        of which so few do that they may be read here, however large the table is.
        """
        only = only or {}
        found = self.inspect(tables)
        small = [t for t in tables if found[t.full_name].is_small or t.name in few]
        fetched = self._fetched or self._fetch(small, only)
        self._fetched = {}
        frames = {t.name: spark.createDataFrame(fetched[t.name], t.spark_schema()) for t in small}
        large = [t for t in tables if t not in small]
        if large and self._registered is not spark:
            spark.dataSource.register(_data_source(self._url))
            self._registered = spark
        for table in large:
            frames[table.name] = (
                spark.read.format(FORMAT)
                .schema(table.spark_schema())
                .option("query", _query(table, only.get(table.name)))
                .option("bounds", json.dumps(_bounds(found[table.full_name])))
                .load()
            )
        return frames

    def is_small(self, tables: Sequence[Table]) -> bool:
        """Whether none of the tables has to be read on the executors."""
        return all(relation.is_small for relation in self.inspect(tables).values())

    def has_computed(self) -> bool:
        """Whether a computation has left something that the next one could keep."""
        with self.connect() as connection:
            name = COMPUTED_UNITS.full_name
            there = connection.execute("select to_regclass(%s) is not null", (name,)).fetchone()
            if not (there and there[0]):
                return False
            found = connection.execute(f"select from {name} limit 1".encode()).fetchone()
            return found is not None

    def fetch(
        self,
        tables: Sequence[Table],
        only: Mapping[str, str] | None = None,
        few: Collection[str] = (),
    ) -> None:
        """Read what is small of these tables already, for one `read` of the same tables."""
        found = self.inspect(tables)
        small = [t for t in tables if found[t.full_name].is_small or t.name in few]
        self._fetched = self._fetch(small, only or {})

    def _fetch(self, tables: Sequence[Table], only: Mapping[str, str]) -> dict[str, pa.Table]:
        """The rows of the tables, by name, in this process."""
        import adbc_driver_postgresql.dbapi

        with (
            adbc_driver_postgresql.dbapi.connect(self._url) as connection,
            connection.cursor() as cursor,
        ):
            fetched = {}
            for table in tables:
                cursor.execute(_query(table, only.get(table.name)))
                schema = table.arrow_schema()
                found = cursor.fetch_arrow_table().cast(schema)
                # Spark takes no table without any batch.
                fetched[table.name] = found if found.num_rows else schema.empty_table()
            return fetched

    def rows(self, tables: Sequence[Table]) -> dict[str, list[dict[str, Any]]]:
        """All rows of small tables, by name, here in this process, as dictionaries."""
        self.inspect(tables)
        with self.connect() as connection:
            return {
                table.name: [
                    dict(zip(table.column_names(), row, strict=True))
                    for row in connection.execute(_query(table).encode())
                ]
                for table in tables
            }

    # -- writing ---------------------------------------------------------------------------

    def replace(
        self,
        frames: Mapping[str, Result],
        tables: Mapping[str, Table],
        say: Callable[[str], None] = lambda _: None,
        *,
        small: bool = False,
        views: Sequence[View] = (),
        kept: Mapping[str, str] | None = None,
        kept_since: datetime | None = None,
    ) -> dict[str, int]:
        """Replace the rows of all the tables by the frames', together or not at all: row counts.

        Frames are computed in the order given. Creates tables and `views` that are missing; clears
        staging tables that a killed run left behind. One run at a time: another one waits for none
        but fails with a TransformError. `small`: the rows may pass through this process.
        `kept`: per table name a condition in SQL, rows that meet it stay; they were read when the
        last rows had been written at `kept_since`, so a TransformError if others were since.
        """
        run = uuid.uuid4().hex[:12]
        with self.connect() as connection:
            if not connection.execute("select pg_try_advisory_lock(%s)", (_LOCK,)).fetchone()[0]:  # type: ignore[index]
                raise TransformError(
                    f"Another run is writing metrics into {self._where}: wait until it ends"
                )
            try:
                return self._replace(
                    connection, frames, tables, run, say, small, views, kept or {}, kept_since
                )
            except psycopg.Error as error:
                reason = without_password(str(error).strip().splitlines()[0], self._url)
                raise TransformError(
                    f"Writing the metrics into {self._where} failed, the old rows stay: {reason}"
                ) from error

    def _replace(
        self,
        connection: psycopg.Connection[Any],
        frames: Mapping[str, Result],
        tables: Mapping[str, Table],
        run: str,
        say: Callable[[str], None],
        small: bool,
        views: Sequence[View],
        kept: Mapping[str, str],
        kept_since: datetime | None,
    ) -> dict[str, int]:
        targets = [tables[name] for name in frames]
        prepare(connection, targets)
        prepare_views(connection, views)
        drop_staging(connection, sorted({t.schema for t in targets}))
        staging = {t.name: f"{STAGING_PREFIX}{run}_{t.name}"[:63] for t in targets}
        try:
            written = {}
            for table in targets:
                self._create_staging(connection, table, staging[table.name])
                written[table.name] = self._stage(
                    frames[table.name], table, staging[table.name], small
                )
                say(f"{table.full_name}: {sum(written[table.name].values()):,} rows")
            with connection.transaction():
                if kept:
                    self._check_kept(connection, kept_since)
                for table in targets:
                    tasks, stays = list(written[table.name]), kept.get(table.name)
                    switch(connection, table, staging[table.name], tasks, stays)
        finally:
            if not connection.broken and not connection.closed:
                for table in targets:
                    connection.execute(
                        sql.SQL("drop table if exists {}").format(
                            sql.Identifier(table.schema, staging[table.name])
                        )
                    )
        for table in targets:
            # Without statistics the first reports are slow; autovacuum sees to the dead rows.
            connection.execute(
                sql.SQL("analyze {}").format(sql.Identifier(table.schema, table.name))
            )
        return {name: sum(counts.values()) for name, counts in written.items()}

    def _check_kept(self, connection: psycopg.Connection[Any], since: datetime | None) -> None:
        query = f"select max(computed_at) from {COMPUTED_UNITS.full_name}"
        row = connection.execute(query.encode()).fetchone()
        if row is None or row[0] != since:
            raise TransformError(
                f"Another run has written metrics into {self._where} meanwhile: run again"
            )

    def _create_staging(self, connection: psycopg.Connection[Any], table: Table, name: str) -> None:
        columns = ", ".join(f'"{c.name}" {c.type}' for c in table.columns)
        connection.execute(
            f'create unlogged table "{table.schema}"."{name}" ({columns}, "_task" bigint)'.encode()
        )

    def _stage(self, result: Result, table: Table, staging: str, small: bool) -> dict[int, int]:
        """Rows staged per task; a task that was repeated counts once, with what lasts of it."""
        stage = _stager(self._url, table.schema, staging, table.arrow_schema())
        if isinstance(result, DataFrame):
            result = result.select(*table.column_names())
            result = result.toArrow() if small else result
        if isinstance(result, pa.Table):
            results = stage(iter(result.to_batches()))
            return {row["task"]: row["row_count"] for b in results for row in b.to_pylist()}
        if isinstance(result, Told):
            staged = result.packed.mapInArrow(_after(telling(result.tell), stage), _STAGED)
        else:
            staged = result.mapInArrow(stage, _STAGED)
        done = staged.collect()
        return {row["task"]: row["row_count"] for row in done}


def _after(first: Mapped, second: Mapped) -> Mapped:
    def both(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        return second(first(batches))

    return both


def _query(table: Table, only: str | None = None) -> str:
    # Casts, since dbt may make a bigint an int or numeric; Arrow takes no such liberty.
    columns = ", ".join(f'"{c.name}"::{c.type} as "{c.name}"' for c in table.columns)
    return f'select {columns} from "{table.schema}"."{table.name}" where ({only or "true"})'


def _bounds(relation: _Relation) -> list[tuple[int | None, int | None]]:
    if not relation.has_pages or relation.pages <= PAGES_PER_PARTITION:
        return [(None, None)]
    edges = list(range(0, relation.pages, PAGES_PER_PARTITION))
    return [*pairwise(edges), (edges[-1], None)]


def _stager(url: str, schema_name: str, staging: str, schema: pa.Schema) -> Any:
    """The function that an executor runs: a partition into the staging table, in a transaction."""

    def stage(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        import adbc_driver_postgresql.dbapi
        from pyspark import TaskContext

        context = TaskContext.get()
        # A task that is tried again must not leave its rows twice: the driver takes over the
        # rows of those attempts only that it has heard from.
        task = context.taskAttemptId() if context else 0
        count = 0
        tagged = schema.append(pa.field("_task", pa.int64()))

        def rows() -> Iterator[pa.RecordBatch]:
            nonlocal count
            for batch in batches:
                count += batch.num_rows
                table = pa.Table.from_batches([batch]).cast(schema)
                yield from table.append_column(
                    tagged.field("_task"), pa.array([task] * table.num_rows, pa.int64())
                ).to_batches()

        with (
            adbc_driver_postgresql.dbapi.connect(url) as connection,
            connection.cursor() as cursor,
        ):
            cursor.adbc_ingest(
                staging,
                pa.RecordBatchReader.from_batches(tagged, rows()),
                mode="append",
                db_schema_name=schema_name,
            )
            connection.commit()
        yield pa.record_batch(
            [pa.array([task], pa.int64()), pa.array([count], pa.int64())],
            names=["task", "row_count"],
        )

    return stage


def prepare(connection: psycopg.Connection[Any], tables: Sequence[Table]) -> None:
    """Create the tables, their indexes and comments where they are missing."""
    for schema in sorted({table.schema for table in tables}):
        # `create schema if not exists` needs the right to create even where it exists.
        known = connection.execute("select to_regnamespace(%s)", (schema,)).fetchone()
        if known is None or known[0] is None:
            connection.execute(sql.SQL("create schema {}").format(sql.Identifier(schema)))
    with connection.transaction():
        for table in tables:
            # What is there already is left alone: even an idle `alter table` would wait for
            # whoever is reading, and make everyone after it wait too.
            described = dict(
                connection.execute(
                    """
                    select coalesce(a.attname::text, ''),
                        coalesce(pg_catalog.col_description(c.oid, coalesce(a.attnum, 0)),
                            pg_catalog.obj_description(c.oid, 'pg_class'), '')
                    from pg_catalog.pg_class as c
                    left join lateral (
                        select attname, attnum from pg_catalog.pg_attribute
                        where attrelid = c.oid and attnum > 0 and not attisdropped
                        union all
                        select null, null
                    ) as a on true
                    where c.oid = to_regclass(%s)
                    """,
                    (table.full_name,),
                ).fetchall()
            )
            for statement in table.ddl(described or None):
                connection.execute(statement.encode())


def drop_staging(connection: psycopg.Connection[Any], schemas: Sequence[str]) -> None:
    """Drop staging tables that a killed run left behind (the caller holds the lock)."""
    left = connection.execute(
        "select schemaname, tablename from pg_catalog.pg_tables "
        "where schemaname = any(%s) and starts_with(tablename, %s)",
        (list(schemas), STAGING_PREFIX),
    ).fetchall()
    for schema, name in left:
        print(f"transform: dropping {schema}.{name}, left by an interrupted run", file=sys.stderr)
        connection.execute(sql.SQL("drop table {}").format(sql.Identifier(schema, name)))
