"""What a warehouse has already."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg.rows import tuple_row


def is_stored(connection: psycopg.Connection[Any], table: str) -> bool:
    """Whether a table or view exists; `table`: its name with its schema."""
    query = "select to_regclass(%s) is not null as is_stored"
    cursor = connection.cursor(row_factory=tuple_row)
    return cursor.execute(query, (table,)).fetchone() == (True,)
