"""Rows of a staging table take the place of the target's, in the caller's transaction.

What is the same stays: of a large company most of metrics.dora is of periods that are over, and
writing its millions of rows again each hour took longer than computing them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg import sql

from transform.errors import TransformError
from transform.schemas import COMPUTED_UNITS, Table

# When a row was computed is no difference.
_STAMP = "computed_at"
# So many rows go into a new table quicker without its indexes, which are made afterwards.
MANY = 200_000


def switch(
    connection: psycopg.Connection[Any],
    table: Table,
    staging: str,
    tasks: Sequence[int],
    kept: str | None = None,
) -> None:
    """The target gets the rows that these tasks staged, and loses all others but those that meet
    the condition `kept` (SQL over the target). Equal rows keep their computed_at."""
    target = sql.Identifier(table.schema, table.name)
    columns = _listed(table.column_names())
    staged = sql.SQL("(select {} from {} where _task = any({}))").format(
        columns, sql.Identifier(table.schema, staging), sql.Literal(list(tasks))
    )
    # Both sides are read whole; for less memory they would be sorted on disk. The staging table
    # has no statistics, so that nested loops may look cheap.
    for setting in ("work_mem = '128MB'", "enable_nestloop = off", "enable_mergejoin = off"):
        connection.execute(f"set local {setting}".encode())
    fill = sql.SQL("insert into {} ({}) select {} from {} as new").format(
        target, columns, columns, staged
    )
    if _is_empty(connection, target):
        _filled(connection, table, staging, fill)
        return
    gone = sql.SQL("delete from {} as old").format(target)
    stays: list[sql.Composable] = [sql.SQL(f"not coalesce({kept}, false)")] if kept else []
    # The rows of the units are told apart by their time: whoever keeps rows asks for it.
    compared = table.key if table.name != COMPUTED_UNITS.name else ()
    if compared:
        same = [name for name in table.column_names() if name not in (*table.key, _STAMP)]
        its_key = _equal(table.key)
        stays.append(
            sql.SQL(
                "not exists (select from {} as new where {}"
                " and row({}) is not distinct from row({}))"
            ).format(staged, its_key, _listed(same, "old"), _listed(same, "new"))
        )
        fill += sql.SQL(" where not exists (select from {} as old where {})").format(
            target, its_key
        )
    if stays:
        gone += sql.SQL(" where ") + sql.SQL(" and ").join(stays)
    connection.execute(gone)
    connection.execute(fill)
    _check_count(connection, target, staged, kept)


def _check_count(
    connection: psycopg.Connection[Any],
    target: sql.Identifier,
    staged: sql.Composed,
    kept: str | None,
) -> None:
    # A key staged twice is met by no constraint, if the row was there before.
    new = f"where not coalesce({kept}, false)" if kept else ""
    found = connection.execute(
        sql.SQL("select (select count(*) from {} as new), count(*) from {} {}").format(
            staged, target, sql.SQL(new)
        )
    ).fetchone()
    assert found is not None
    if found[0] != found[1]:
        raise TransformError(
            f"{target.as_string(None)}: {found[0]:,} rows were computed, but they have "
            f"{found[1]:,} keys; the old rows stay"
        )


def _is_empty(connection: psycopg.Connection[Any], target: sql.Identifier) -> bool:
    found = connection.execute(sql.SQL("select from {} limit 1").format(target))
    return found.fetchone() is None


def _filled(
    connection: psycopg.Connection[Any], table: Table, staging: str, fill: sql.Composed
) -> None:
    """Fills an empty table; nobody is reading what would be locked."""
    count = connection.execute(
        sql.SQL("select count(*) from {}").format(sql.Identifier(table.schema, staging))
    ).fetchone()
    dropped = []
    is_many = bool(count and count[0] >= MANY)
    if is_many:
        # Into a file that is new in this transaction the rows go without the log (wal_level =
        # minimal, PostgreSQL's manual, "Populating a Database").
        connection.execute(sql.SQL("truncate {}").format(sql.Identifier(table.schema, table.name)))
    for drop, make in _indexes(connection, table) if is_many else []:
        try:
            with connection.transaction():
                connection.execute(drop)
            dropped.append(make)
        except psycopg.errors.DependentObjectsStillExist:
            continue  # somebody's view hangs on the key
    connection.execute(fill)
    for make in dropped:
        connection.execute(make)


def _indexes(
    connection: psycopg.Connection[Any], table: Table
) -> list[tuple[sql.Composed, sql.Composed]]:
    """Per index the statements that drop it and make it again."""
    found = connection.execute(
        """
        select i.relname, pg_catalog.pg_get_indexdef(x.indexrelid),
            c.conname, pg_catalog.pg_get_constraintdef(c.oid)
        from pg_catalog.pg_index as x
        inner join pg_catalog.pg_class as i on x.indexrelid = i.oid
        left join pg_catalog.pg_constraint as c
            on x.indexrelid = c.conindid and x.indrelid = c.conrelid
        where x.indrelid = to_regclass(%s)
        """,
        (table.full_name,),
    ).fetchall()
    target = sql.Identifier(table.schema, table.name)
    statements = []
    for index, definition, constraint, constrained in found:
        if constraint is None:
            drop = sql.SQL("drop index {}").format(sql.Identifier(table.schema, index))
            statements.append((drop, sql.SQL("{}").format(sql.SQL(definition))))
        else:
            name = sql.Identifier(constraint)
            drop = sql.SQL("alter table {} drop constraint {}").format(target, name)
            make = sql.SQL("alter table {} add constraint {} {}").format(
                target, name, sql.SQL(constrained)
            )
            statements.append((drop, make))
    return statements


def _listed(names: Sequence[str], alias: str | None = None) -> sql.Composed:
    return sql.SQL(", ").join(
        sql.Identifier(alias, name) if alias else sql.Identifier(name) for name in names
    )


def _equal(names: Sequence[str]) -> sql.Composed:
    return sql.SQL(" and ").join(
        sql.SQL("{} = {}").format(sql.Identifier("old", name), sql.Identifier("new", name))
        for name in names
    )
