"""Takes changes of the APIs' replies for known: `sei checks --door raw --accept`."""

from __future__ import annotations

import psycopg


def accept_drift(url: str) -> int:
    """How many changes were accepted, of all sources; `url`: the loader's."""
    accepted = 0
    with psycopg.connect(url) as connection:
        for schema in ("raw_github", "raw_gitlab", "raw_jira"):
            table = f"{schema}.schema_drift"
            row = connection.execute("select to_regclass(%s) is not null", (table,)).fetchone()
            if row and row[0]:
                statement = f"update {table} set accepted_at = now() where accepted_at is null"
                accepted += connection.execute(statement.encode()).rowcount
    return accepted
