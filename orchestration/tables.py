"""Facts about warehouse tables that assets show: row counts and columns."""

from __future__ import annotations

from typing import Any

import dagster as dg
import psycopg
from psycopg import sql


def facts(connection: psycopg.Connection[Any], schema: str, table: str) -> dict[str, Any]:
    """Metadata of a table: its columns and, unless it is a view, the number of its rows."""
    kind = connection.execute(
        "select relkind::text from pg_class where oid = to_regclass(%s)", [f"{schema}.{table}"]
    ).fetchone()
    if kind is None:
        return {}
    found: dict[str, Any] = {"dagster/column_schema": columns_of(connection, schema, table)}
    # A view would be computed for it.
    if kind[0] == "r":
        query = sql.SQL("select count(*) from {}").format(sql.Identifier(schema, table))
        row = connection.execute(query).fetchone()
        found["dagster/row_count"] = int(row[0]) if row else 0
    return found


def columns_of(connection: psycopg.Connection[Any], schema: str, table: str) -> dg.TableSchema:
    """The columns of a table as the database has them, over an open connection."""
    query = """
        select a.attname, format_type(a.atttypid, a.atttypmod), not a.attnotnull,
            col_description(a.attrelid, a.attnum)
        from pg_attribute a
        where a.attrelid = to_regclass(%s) and a.attnum > 0 and not a.attisdropped
        order by a.attnum
    """
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
