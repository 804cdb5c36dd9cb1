"""A source's way of loading one connection, in one call."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Generic, TypeVar

from ingestion.contracts import Table
from ingestion.loading.reader import LONGEST_ROUND
from ingestion.loading.results import LoadResult, Progress
from ingestion.loading.run import run
from ingestion.settings import Settings

Connection = TypeVar("Connection", bound=Any)
Client = TypeVar("Client")


@dataclass(frozen=True)
class Loader(Generic[Connection, Client]):
    """Loads connections of one source: its name, its raw tables, its reader, its dlt source."""

    source: str
    tables: Mapping[str, Table]
    reader: Callable[..., Any]
    dlt_source: Callable[..., Any]

    def __call__(
        self,
        connection: Connection,
        settings: Settings,
        destination_url: str,
        *,
        full: bool = False,
        synced_at: datetime | None = None,
        progress: Callable[[Progress], None] | None = None,
        pipelines_dir: Path | None = None,
        client: Client | None = None,
        longest_round: float = LONGEST_ROUND,
        history_seconds: float = math.inf,
        run_id: str | None = None,
    ) -> LoadResult:
        """Brings raw_<source> up to date for one connection and says what was done.

        What a killed run left behind is finished first. Long syncs are stored in rounds of
        `longest_round` seconds, so that a kill loses no more than that; the newest part of the
        history comes first, and after `history_seconds` what is older is left for the next load
        (`behind` in the result says of how many there is more). Raises LoadError when nothing
        could be read or written; single repositories or projects that fail are in the result and
        in the table of attempts (repository_syncs, project_syncs). What the requests cost is in
        request_ledger, with `run_id`, the Dagster run that loads.
        """
        at = synced_at or datetime.now(UTC)

        def make_reader() -> Any:
            return self.reader(
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
            self.source,
            connection.name,
            self.tables,
            destination_url,
            make_reader,
            lambda reader: self.dlt_source(connection, settings, at, full=full, reader=reader),
            synced_at=at,
            full=full,
            pipelines_dir=pipelines_dir,
        )
