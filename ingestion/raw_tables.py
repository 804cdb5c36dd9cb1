"""Makes the raw tables that no load has made yet, empty.

Models read the tables of every source, also of one that is not connected: such a table is there
and empty. dlt looks at what a schema holds before it creates a table, so a later load takes these
for its own; types, keys and names are the ones it would have made
(dlt.destinations.impl.postgres.factory).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import psycopg
from psycopg import sql

from ingestion.contracts import GITHUB, GITLAB, JIRA, Table

POSTGRES_TYPES = {
    "text": "varchar",
    "bigint": "bigint",
    "double": "double precision",
    "bool": "boolean",
    "timestamp": "timestamptz",
    "json": "jsonb",
    "date": "date",
}


# raw_settings is not among them: ingestion.settings_tables makes and fills it before every load.
LOADED_TABLES: tuple[Table, ...] = (*GITHUB.values(), *GITLAB.values(), *JIRA.values())


def create_missing(url: str, tables: Iterable[Table] = LOADED_TABLES) -> list[str]:
    """Creates every table that is missing, and the columns that a newer version added to one.

    Returns the tables touched as schema.name, sorted. The schemas must exist and belong to the
    login of `url` (a postgresql:// URL, the loader's). Raises psycopg.Error; nothing is changed
    then.
    """
    wanted = list(tables)
    touched = []
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        known = _known_columns(cursor, {table.schema for table in wanted})
        for table in wanted:
            columns = known.get((table.schema, table.name))
            if columns is None:
                _create(cursor, table)
            elif missing := [c.name for c in table.columns if c.name not in columns]:
                _add(cursor, table, missing)
            else:
                continue
            touched.append(f"{table.schema}.{table.name}")
    return sorted(touched)


def _known_columns(
    cursor: psycopg.Cursor[Any], schemas: set[str]
) -> dict[tuple[str, str], set[str]]:
    # not information_schema, which hides what the login has no right to
    cursor.execute(
        "select spaces.nspname, tables.relname, columns.attname"
        " from pg_catalog.pg_class as tables"
        " inner join pg_catalog.pg_namespace as spaces on spaces.oid = tables.relnamespace"
        " left join pg_catalog.pg_attribute as columns"
        " on columns.attrelid = tables.oid and columns.attnum > 0 and not columns.attisdropped"
        " where tables.relkind in ('r', 'p') and spaces.nspname = any(%s)",
        (sorted(schemas),),
    )
    known: dict[tuple[str, str], set[str]] = {}
    for schema, name, column in cursor.fetchall():
        known.setdefault((schema, name), set()).add(column)
    return known


def _create(cursor: psycopg.Cursor[Any], table: Table) -> None:
    name = sql.Identifier(table.schema, table.name)
    columns = sql.SQL(", ").join(
        sql.SQL("{} {}{}").format(
            sql.Identifier(column.name),
            sql.SQL(POSTGRES_TYPES[column.data_type]),
            sql.SQL("" if column.nullable else " not null"),
        )
        for column in table.columns
    )
    cursor.execute(sql.SQL("create table {} ({})").format(name, columns))
    # the index that a load makes after its first rows, by the same name
    cursor.execute(
        sql.SQL("create unique index if not exists {} on {} ({})").format(
            sql.Identifier(f"{table.name}_key"),
            name,
            sql.SQL(", ").join(map(sql.Identifier, table.key)),
        )
    )


def _add(cursor: psycopg.Cursor[Any], table: Table, missing: list[str]) -> None:
    types = {column.name: POSTGRES_TYPES[column.data_type] for column in table.columns}
    for name in missing:
        # nullable whatever the contract says: there may be rows
        cursor.execute(
            sql.SQL("alter table {} add column {} {}").format(
                sql.Identifier(table.schema, table.name),
                sql.Identifier(name),
                sql.SQL(types[name]),
            )
        )
