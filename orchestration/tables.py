"""Facts about warehouse tables that assets show: row counts and columns."""

from __future__ import annotations

from collections.abc import Iterable

import dagster as dg
import psycopg
from psycopg import sql


def row_counts(url: str, tables: Iterable[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """The number of rows of each (schema, table) that exists."""
    counts = {}
    with psycopg.connect(url) as connection:
        for schema, table in tables:
            exists = connection.execute("select to_regclass(%s)", [f"{schema}.{table}"])
            if (found := exists.fetchone()) is None or found[0] is None:
                continue
            query = sql.SQL("select count(*) from {}").format(sql.Identifier(schema, table))
            row = connection.execute(query).fetchone()
            counts[schema, table] = int(row[0]) if row else 0
    return counts


def column_schema(url: str, schema: str, table: str) -> dg.TableSchema:
    """The columns of a table as the database has them."""
    query = """
        select a.attname, format_type(a.atttypid, a.atttypmod), not a.attnotnull,
            col_description(a.attrelid, a.attnum)
        from pg_attribute a
        where a.attrelid = to_regclass(%s) and a.attnum > 0 and not a.attisdropped
        order by a.attnum
    """
    with psycopg.connect(url) as connection:
        rows = connection.execute(query, [f"{schema}.{table}"]).fetchall()
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name,
                type=data_type,
                description=description,
                constraints=dg.TableColumnConstraints(nullable=nullable),
            )
            for name, data_type, nullable, description in rows
        ]
    )
