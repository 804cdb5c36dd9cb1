"""Reads a GitHub: its owners first, then several repositories at a time."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Iterator, MutableMapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from ingestion.contracts import GITHUB
from ingestion.github import one_repository, owners, rows
from ingestion.github.client import GithubClient
from ingestion.github.known import Known, Warehouse
from ingestion.github.one_repository import Outcome
from ingestion.github.reading import Reading, Sync
from ingestion.github.repository import Repository
from ingestion.github.tails import Tails
from ingestion.github.wanted_runs import wanted_runs
from ingestion.http import ApiClient, ApiError, Stopped, Unauthorized
from ingestion.loading import LONGEST_ROUND, ConnectionReader, Handed, Progress, Span
from ingestion.loading.batches import Batch
from ingestion.loading.split import is_split
from ingestion.settings import GithubConnection, Settings

# Requests for teams that a sync may always send, and how old teams may get that take more.
_MOST_FOR_TEAMS = 10
_TEAMS_HOLD = timedelta(hours=23)


class Reader(ConnectionReader[Repository]):
    """Reads one connection. `batches` may be called again and goes on where it ended."""

    tables = GITHUB
    syncs_table = "repository_syncs"

    def __init__(
        self,
        connection: GithubConnection,
        settings: Settings,
        synced_at: datetime,
        *,
        client: GithubClient | None = None,
        full: bool = False,
        progress: Callable[[Progress], None] | None = None,
        longest_round: float = LONGEST_ROUND,
        history_seconds: float = math.inf,
        run_id: str | None = None,
        known: Known | None = None,
    ) -> None:
        """`longest_round`: seconds after which no further repository is begun in this round.
        `known`: what the warehouse holds (default: the one that is being loaded)."""
        super().__init__(
            connection.name,
            synced_at,
            concurrency=connection.concurrency,
            full=full,
            since=settings.history_since(synced_at),
            progress=progress,
            longest_round=longest_round,
            history_seconds=history_seconds,
            run_id=run_id,
        )
        self.connection = connection
        self.client = client or GithubClient(connection)
        self._fan_out = ThreadPoolExecutor(connection.concurrency, "github-jobs")
        self._sync = Sync(
            client=self.client,
            connection=connection.name,
            synced_at=synced_at,
            since=settings.history_since(synced_at),
            store_bodies=settings.privacy.store_bodies,
            wanted_runs=lambda full_name: wanted_runs(
                connection, settings.deployment_rules, full_name
            ),
            split=is_split(settings, connection.name),
            known=known or Warehouse(connection.name),
            fan_out=self._fan_out,
            is_late=self.is_late,
        )

    @property
    def api(self) -> ApiClient:
        """The client that sends the requests."""
        return self.client.rest

    def remaining(self) -> dict[str, int]:
        """What is left of the REST and GraphQL limits."""
        left = {name: self.client.rest.pool.remaining(name) for name in ("core", "graphql")}
        return {name: value for name, value in left.items() if value is not None}

    def close(self) -> None:
        """Ends all waits and closes the connections."""
        self.client.close()
        self._fan_out.shutdown(wait=False, cancel_futures=True)

    def attempt(self, name: str, unit_id: str | None) -> rows.Row:
        """The key columns of a row of repository_syncs."""
        return {"repository_full_name": name, "repository_id": unit_id}

    def begin(
        self, state: MutableMapping[str, Any]
    ) -> Generator[Batch, None, Sequence[Repository]]:
        """Yields the rows of all owners and their teams; returns their repositories."""
        found: dict[str, Repository] = {}
        for login in self.connection.owners:
            collected: list[Batch] = []
            reading = Reading(self._sync, collected.append)
            started = time.monotonic()
            try:
                owner, repositories = owners.read_repositories(reading, self.connection, login)
                known = state.setdefault("owners", {}).setdefault(owner["id"], {})
                if owner["__typename"] == "Organization" and self._teams_are_due(known):
                    self._read_teams(reading, login, known)
                synced = rows.timestamp(known.get("teams_synced_at"))
                reading.put("organizations", [rows.organization(owner, synced)])
                reading.flush()
                found.update({r.id: r for r in repositories})
            except (Unauthorized, Stopped):
                raise
            except (ApiError, KeyError, TypeError, ValueError, AttributeError) as error:
                self.failed(login, "repositories", error, reading, started)
            yield from collected
        if any(self._sync.split(repository.full_name) for repository in found.values()):
            self._sync.known.open()
        # The longest first: else the last of them runs on alone.
        return sorted(found.values(), key=lambda r: (-r.size, r.full_name))

    def read_unit(
        self, unit: Repository, state: dict[str, Any], emit: Callable[[Batch], None], span: Span
    ) -> tuple[Outcome, Reading]:
        """Reads one repository."""
        sync = replace(self._sync, since=span.since, until=span.until)
        reading = Reading(sync, emit, Tails(unit, state.get("tails") or {}))
        outcome = one_repository.read(reading, unit, state)
        # What one repository has found out holds for the others.
        self._sync.checks_are_refused |= sync.checks_are_refused
        return outcome, reading

    def is_small(self, unit: Repository) -> bool:
        """Whether its lists are short (queries/repositories.graphql counts them)."""
        return unit.is_small

    def paused(self, message: Handed[Repository]) -> None:
        """Notes what was read so far of a repository whose changed paths go on."""
        self.note_outcome(message)

    def end_round(self, state: MutableMapping[str, Any]) -> Iterator[Batch]:
        """Yields the accounts met."""
        if found := self._sync.people.take():
            yield self.arrow("users", found)

    def _teams_are_due(self, known: dict[str, Any]) -> bool:
        """Few requests are sent in every sync, many (large teams of many repositories) once a day.

        Nothing tells whether a membership has changed.
        """
        synced_at = rows.timestamp(known.get("teams_synced_at"))
        is_cheap = known.get("teams_requests", 0) <= _MOST_FOR_TEAMS
        held_until = None if synced_at is None else synced_at + _TEAMS_HOLD
        return self.full or is_cheap or held_until is None or held_until <= self._sync.synced_at

    def _read_teams(self, reading: Reading, login: str, known: dict[str, Any]) -> None:
        started, asked = time.monotonic(), reading.requests
        try:
            owners.read_teams(reading, login)
        except (Unauthorized, Stopped):
            raise
        except (ApiError, KeyError, TypeError, AttributeError) as error:
            self.failed(login, "teams", error, reading, started, is_fatal=False)
        else:
            known["teams_synced_at"] = self._sync.synced_at.isoformat()
            known["teams_requests"] = reading.requests - asked
