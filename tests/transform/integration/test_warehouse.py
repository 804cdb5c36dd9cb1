"""Spark and a real PostgreSQL: types there and back, all or nothing, what hangs on a table."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import psycopg
import pytest
from pyspark.sql import functions as F

from transform import switch as switching
from transform import warehouse as module
from transform.errors import TransformError
from transform.schemas import Column, Table
from transform.warehouse import Warehouse

pytestmark = pytest.mark.integration

ALL_TYPES = Table(
    "metrics",
    "all_types",
    (
        Column("id", "bigint", False, "Number."),
        Column("words", "text", True, "Any text, even it's 'quoted'."),
        Column("list", "text[]", True, "A list."),
        Column("amount", "double precision", True, "A double."),
        Column("is_so", "boolean", True, "A flag."),
        Column("at", "timestamptz", True, "A time."),
        Column("day", "date", True, "A date."),
    ),
    "One row.",
    ("id",),
    (("words",),),
)
ROWS = [
    (1, "😀 ünï 中文\n\t\\N", ["a", None, "b,{}\"'"], 0.1, True,
     datetime(2026, 3, 29, 1, 30, 0, 123456, UTC), date(2026, 3, 29)),
    (2, "", [], float("inf"), False, datetime(1999, 12, 31, 23, 59, 59, tzinfo=UTC),
     date(1999, 12, 31)),
    (3, None, None, None, None, None, None),
]  # fmt: skip


@pytest.fixture
def url(warehouse: Any) -> str:
    return str(warehouse.url("metrician"))


@pytest.fixture
def owner(warehouse: Any) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(warehouse.url(), autocommit=True) as connection:
        yield connection


def stored(connection):
    return connection.execute("select * from metrics.all_types order by id").fetchall()


def write(spark, url, rows, **tables):
    frame = spark.createDataFrame(rows, ALL_TYPES.spark_schema())
    return Warehouse(url).replace({"all_types": frame}, {"all_types": ALL_TYPES})


@pytest.mark.parametrize("small_pages", [module.SMALL_PAGES, -1], ids=["here", "executors"])
def test_every_type_comes_back_as_it_was(spark, url, owner, monkeypatch, small_pages):
    monkeypatch.setattr(module, "SMALL_PAGES", small_pages)
    assert write(spark, url, ROWS) == {"all_types": 3}
    assert stored(owner) == ROWS
    read = Warehouse(url).read(spark, [ALL_TYPES])["all_types"]
    got = [tuple(row) for row in read.orderBy("id").collect()]
    # Spark hands out times without a zone, in the machine's; these are compared by value.
    seconds = read.orderBy("id").select(F.unix_micros("at")).collect()
    assert [row[:5] + row[6:] for row in got] == [row[:5] + row[6:] for row in ROWS]
    assert [s[0] for s in seconds] == [
        None if row[5] is None else round(row[5].timestamp() * 1_000_000) for row in ROWS
    ]


def test_a_table_of_many_pages_is_read_whole_and_once(spark, url, owner, monkeypatch):
    monkeypatch.setattr(module, "PAGES_PER_PARTITION", 3)
    monkeypatch.setattr(module, "SMALL_PAGES", -1)
    write(spark, url, [])
    owner.execute(
        "insert into metrics.all_types (id, words) select n, repeat('x', 200)"
        " from generate_series(1, 2000) as n"
    )
    read = Warehouse(url).read(spark, [ALL_TYPES])["all_types"]
    assert read.select(F.spark_partition_id()).distinct().count() > 5
    assert read.agg(F.count("*"), F.sum("id")).collect()[0][:] == (2000, 2001000)


def test_replacing_keeps_the_table_its_grants_and_the_views_on_it(spark, url, owner):
    write(spark, url, ROWS)
    owner.execute("create view public.looking as select words from metrics.all_types")
    owner.execute("create index mine on metrics.all_types (amount)")
    owner.execute("grant insert on metrics.all_types to inspector")
    before = owner.execute("select 'metrics.all_types'::regclass::oid").fetchone()
    write(spark, url, ROWS[:1])
    assert owner.execute("select 'metrics.all_types'::regclass::oid").fetchone() == before
    assert owner.execute("select count(*) from public.looking").fetchone() == (1,)
    assert owner.execute(
        "select has_table_privilege('inspector', 'metrics.all_types', 'insert'),"
        " has_table_privilege('reader', 'metrics.all_types', 'select')"
    ).fetchone() == (True, True)
    comment = owner.execute("select col_description('metrics.all_types'::regclass, 2)").fetchone()
    assert comment == ("Any text, even it's 'quoted'.",)


def test_rows_that_are_the_same_are_not_written_again(spark, url, owner):
    write(spark, url, ROWS)
    where = "select id, ctid::text from metrics.all_types order by id"
    before = dict(owner.execute(where).fetchall())
    changed = [ROWS[0], (ROWS[1][0], "another", *ROWS[1][2:]), (99, *ROWS[2][1:])]

    write(spark, url, changed)

    assert stored(owner) == sorted(changed, key=lambda row: row[0])
    after = dict(owner.execute(where).fetchall())
    assert after[ROWS[0][0]] == before[ROWS[0][0]]
    assert after[ROWS[1][0]] != before[ROWS[1][0]]
    assert ROWS[2][0] not in after


def test_a_row_that_is_only_computed_later_is_the_same(spark, url, owner):
    stamp = Column("computed_at", "timestamptz", False, "When.")
    stamped = Table("metrics", "stamped", (*ALL_TYPES.columns, stamp), "One row.", ("id",))
    first, later = (datetime(2026, 3, day, tzinfo=UTC) for day in (1, 2))
    for rows in ([(*ROWS[0], first), (*ROWS[1], first)],
                 [(*ROWS[0], later), (*(ROWS[1][0], "x", *ROWS[1][2:]), later)]):  # fmt: skip
        frame = spark.createDataFrame(rows, stamped.spark_schema())
        Warehouse(url).replace({"stamped": frame}, {"stamped": stamped})

    found = owner.execute("select computed_at from metrics.stamped order by id").fetchall()
    assert [at for (at,) in found] == [first, later]


def test_many_rows_are_filled_in_without_indexes_which_are_there_afterwards(
    spark, url, owner, monkeypatch
):
    write(spark, url, [])
    owner.execute("create index mine on metrics.all_types (amount)")
    owner.execute(
        "create view public.hanging as select *, count(*) from metrics.all_types group by id"
    )
    listed = "select indexdef from pg_indexes where tablename = 'all_types' order by 1"
    before = owner.execute(listed).fetchall()
    monkeypatch.setattr(switching, "MANY", 2)

    write(spark, url, ROWS)

    assert stored(owner) == ROWS
    assert owner.execute(listed).fetchall() == before
    with pytest.raises(psycopg.errors.UniqueViolation):
        owner.execute("insert into metrics.all_types (id) values (%s)", (ROWS[0][0],))


def test_a_key_that_is_computed_twice_is_refused_also_where_the_row_is_known(spark, url, owner):
    write(spark, url, ROWS)
    with pytest.raises(TransformError, match="4 rows were computed, but they have 3 keys"):
        write(spark, url, [*ROWS, ROWS[0]])
    assert stored(owner) == ROWS


def test_a_write_that_fails_leaves_the_old_rows_of_all_tables(spark, url, owner):
    other = Table("metrics", "other", ALL_TYPES.columns, "Another.", ("id",))
    tables = {"all_types": ALL_TYPES, "other": other}
    good = spark.createDataFrame(ROWS[:1], ALL_TYPES.spark_schema())
    Warehouse(url).replace({"all_types": good, "other": good}, tables)
    new = spark.createDataFrame(ROWS[1:], ALL_TYPES.spark_schema())
    twice = spark.createDataFrame([ROWS[0], ROWS[0]], ALL_TYPES.spark_schema())
    with pytest.raises(TransformError, match="the old rows stay") as error:
        Warehouse(url).replace({"all_types": new, "other": twice}, tables)
    assert "\n" not in str(error.value)
    assert stored(owner) == ROWS[:1]
    left = owner.execute(
        "select count(*) from pg_tables where tablename like '\\_staging%'"
    ).fetchone()
    assert left == (0,)


def test_a_task_that_dies_leaves_the_old_rows(spark, url, owner):
    write(spark, url, ROWS)
    dying = spark.range(1).select(
        *[
            (F.raise_error(F.lit("boom")) if c.name == "id" else F.lit(None))
            .cast(ALL_TYPES.spark_schema()[c.name].dataType)
            .alias(c.name)
            for c in ALL_TYPES.columns
        ]
    )
    with pytest.raises(Exception, match="boom"):
        Warehouse(url).replace({"all_types": dying}, {"all_types": ALL_TYPES})
    assert stored(owner) == ROWS


def test_what_a_killed_run_left_is_cleared_by_the_next(spark, url, owner, capfd):
    with psycopg.connect(url, autocommit=True) as metrician:
        metrician.execute("create unlogged table metrics._staging_dead_dora (x int)")
    write(spark, url, ROWS)
    assert owner.execute("select to_regclass('metrics._staging_dead_dora')").fetchone() == (None,)
    assert "_staging_dead_dora" in capfd.readouterr().err


def test_only_one_run_writes_at_a_time(spark, url):
    with psycopg.connect(url) as other:
        other.execute("select pg_advisory_lock(%s)", (module._LOCK,))
        with pytest.raises(TransformError, match="Another run is writing"):
            write(spark, url, ROWS)


def test_a_column_added_by_a_release_is_added_to_the_table(spark, url, owner):
    write(spark, url, ROWS)
    more = Table(
        "metrics", "all_types", (*ALL_TYPES.columns, Column("extra", "text", True, "New.")),
        "One row, and more.", ("id",),
    )  # fmt: skip
    frame = spark.createDataFrame([(*ROWS[0], "x")], more.spark_schema())
    Warehouse(url).replace({"all_types": frame}, {"all_types": more})
    assert owner.execute("select extra from metrics.all_types").fetchall() == [("x",)]


def test_readers_are_not_locked_out_while_rows_are_replaced(spark, url, warehouse):
    write(spark, url, ROWS)
    with psycopg.connect(warehouse.url("reader")) as reading:
        assert reading.execute("select count(*) from metrics.all_types").fetchone() == (3,)
        # The reader's transaction is still open and holds its lock.
        write(spark, url, ROWS[:1])
        assert reading.execute("select count(*) from metrics.all_types").fetchone() == (1,)


def test_missing_marts_are_told_in_one_line(url):
    lost = Table("marts", "fct_commits", (Column("sha", "text"),))
    with pytest.raises(TransformError, match=r"lacks marts.fct_commits: build the marts first"):
        Warehouse(url).inspect([lost])
