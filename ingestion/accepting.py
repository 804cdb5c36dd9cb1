"""Takes changes of the APIs' replies for known: `sei checks --door raw --accept`."""

from __future__ import annotations

import psycopg

from ingestion.contracts import RAW_SCHEMAS
from ingestion.stored import is_stored


def accept_drift(url: str) -> int:
    """How many changes were accepted, of all sources; `url`: the loader's."""
    accepted = 0
    with psycopg.connect(url) as connection:
        for schema in RAW_SCHEMAS:
            table = f"{schema}.schema_drift"
            if is_stored(connection, table):
                statement = f"update {table} set accepted_at = now() where accepted_at is null"
                accepted += connection.execute(statement.encode()).rowcount
    return accepted
