"""Which columns of the raw tables the inspector may read: all but those with people's addresses."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import psycopg
from psycopg import sql

from ingestion.contracts import ALL_TABLES, Table

ROLE = "inspector"

_GRANTED = """
    select
        n.nspname,
        c.relname,
        has_table_privilege(%(role)s, c.oid, 'select'),
        array_agg(a.attname::text),
        coalesce(
            array_agg(a.attname::text)
            filter (where has_column_privilege(%(role)s, c.oid, a.attnum, 'select')),
            '{}'
        )
    from pg_catalog.pg_class as c
    inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
    inner join pg_catalog.pg_attribute as a on c.oid = a.attrelid
    where
        n.nspname = any(%(schemas)s) and c.relkind in ('r', 'p')
        and a.attnum > 0 and not a.attisdropped
    group by c.oid, n.nspname, c.relname
"""


def show(connection: psycopg.Connection[Any], tables: Iterable[Table] = ALL_TABLES) -> list[str]:
    """Grants what is missing and takes back what is too much; the tables touched.

    Columns that the contract does not know (an API grew) stay hidden: nobody knows what is in them.
    """
    by_name = {(table.schema, table.name): table for table in tables}
    rows = connection.execute(
        _GRANTED, {"role": ROLE, "schemas": sorted({schema for schema, _ in by_name})}
    ).fetchall()
    touched = []
    for schema, name, whole, columns, granted in rows:
        table = by_name.get((schema, name))
        wanted = [c for c in table.open_columns() if c in columns] if table else []
        if not whole and set(granted) == set(wanted):
            continue
        target = sql.Identifier(schema, name)
        role = sql.Identifier(ROLE)
        connection.execute(sql.SQL("revoke select on {} from {}").format(target, role))
        if wanted:
            connection.execute(
                sql.SQL("grant select ({}) on {} to {}").format(
                    sql.SQL(", ").join(map(sql.Identifier, wanted)), target, role
                )
            )
        touched.append(f"{schema}.{name}")
    return sorted(touched)
