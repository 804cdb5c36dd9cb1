"""Jira Cloud as a dlt source: see README.md for what is asked and what it costs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import dlt

from ingestion.contracts import JIRA
from ingestion.jira.reader import Reader
from ingestion.loading import table_resources
from ingestion.settings import JiraConnection, Settings

__all__ = ["jira"]


@dlt.source(name="jira", max_table_nesting=0)
def jira(
    connection: JiraConnection,
    settings: Settings,
    synced_at: datetime | None = None,
    *,
    full: bool = False,
    reader: Reader | None = None,
) -> Any:
    """One resource per table of `ingestion.contracts.JIRA`, for one connection.

    `synced_at` stamps all rows (default: now). `full` reads everything back to the start of the
    history. `reader`: one that has begun already, to go on with it.
    """

    def make_reader() -> Reader:
        return reader or Reader(connection, settings, synced_at or datetime.now(UTC), full=full)

    return table_resources("jira", JIRA, make_reader)
