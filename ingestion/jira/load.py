"""Loads a connection into the warehouse, in one call."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from ingestion.contracts import JIRA
from ingestion.jira import jira
from ingestion.jira.client import JiraClient
from ingestion.jira.reader import Reader
from ingestion.loading import LONGEST_ROUND, Failure, LoadError, LoadResult, Progress, run
from ingestion.settings import JiraConnection, Settings

__all__ = ["Failure", "LoadError", "LoadResult", "Progress", "load"]


def load(
    connection: JiraConnection,
    settings: Settings,
    destination_url: str,
    *,
    full: bool = False,
    synced_at: datetime | None = None,
    progress: Callable[[Progress], None] | None = None,
    pipelines_dir: Path | None = None,
    client: JiraClient | None = None,
    longest_round: float = LONGEST_ROUND,
    history_seconds: float = math.inf,
    run_id: str | None = None,
) -> LoadResult:
    """Brings raw_jira up to date for one connection and says what was done.

    What a killed run left behind is finished first. Long syncs are stored in rounds of
    `longest_round` seconds, so that a kill loses no more than that; the newest part of the history
    comes first, and after `history_seconds` what is older is left for the next load (`behind` in
    the result says of how many there is more). Raises LoadError when nothing
    could be read or written; single projects that fail are in the result and in
    raw_jira.project_syncs. What the requests cost is in
    raw_jira.request_ledger, with `run_id`, the Dagster run that loads.
    """
    at = synced_at or datetime.now(UTC)

    def make_reader() -> Reader:
        return Reader(
            connection,
            settings,
            at,
            client=client,
            full=full,
            progress=progress,
            longest_round=longest_round,
            history_seconds=history_seconds,
            run_id=run_id,
        )

    return run(
        "jira",
        connection.name,
        JIRA,
        destination_url,
        make_reader,
        lambda reader: jira(connection, settings, at, full=full, reader=reader),
        synced_at=at,
        full=full,
        pipelines_dir=pipelines_dir,
    )
