"""What the readers of single lists share: how to ask, and where rows go."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from ingestion.contracts import GITLAB
from ingestion.gitlab import paging
from ingestion.gitlab.client import GitlabClient
from ingestion.gitlab.paging import Item
from ingestion.gitlab.users import Book
from ingestion.http import Reply
from ingestion.loading import Collector, Failure
from ingestion.loading.batches import Batch


@dataclass
class Sync:
    """One sync of one connection: what holds for all its projects."""

    client: GitlabClient
    connection: str
    synced_at: datetime
    since: datetime
    store_bodies: bool
    jobs: bool
    runs_deploy: bool
    """A deployment rule looks at pipelines or jobs."""
    split: Callable[[str], bool]
    """Whether a project (by full path) is split into services by paths."""
    may_be_incident: Callable[[Item], bool]
    """Whether an issue (as the API gives it) may be an incident by the settings' rules."""
    fan_out: Executor
    is_late: Callable[[], bool]
    """Whether a reading that can be interrupted should end for this round."""
    until: datetime | None = None
    """End of the older history that is to be read, in place of what changed."""
    people: Book = field(default_factory=Book)


class Reading(Collector):
    """Reads for one project (or group): asks, collects rows, notes what could not be read."""

    def __init__(self, sync: Sync, emit: Callable[[Batch], None]) -> None:
        super().__init__(GITLAB, sync.connection, sync.synced_at, emit)
        self.sync = sync
        self.failures: list[Failure] = []
        """Of single projects in the list of a group."""
        self._server_time: datetime | None = None
        self._clock_lock = threading.Lock()

    @property
    def server_time(self) -> datetime | None:
        """The server's clock at its last reply, if it told."""
        return self._server_time

    def get(
        self, path: str, params: Mapping[str, Any] | None = None, *, fragile: bool = False
    ) -> Reply:
        """The reply to a GET. Raises ApiError."""
        self.asked()
        reply = self.sync.client.rest.request("GET", path, params=params, fragile=fragile)
        self._look_at_clock(reply)
        self.sync.people.meet(reply.data)
        return reply

    def numbered(
        self, path: str, params: Mapping[str, Any] | None = None
    ) -> Iterator[tuple[list[Item], Reply]]:
        """The pages of a list by number. Raises ApiError."""
        return paging.numbered(self.get, path, params)

    def items(self, path: str, params: Mapping[str, Any] | None = None) -> Iterator[Item]:
        """The items of such a list. Raises ApiError."""
        for found, _ in self.numbered(path, params):
            yield from found

    def keyset(
        self, path: str, params: Mapping[str, Any], tail: dict[str, Any] | None = None
    ) -> Iterator[list[Item]]:
        """The pages of a list by key, from `tail` on; that becomes the query of the page that was
        read last. Raises ApiError."""
        return paging.keyset(self.get, path, params, tail)

    def by_change(
        self, path: str, params: Mapping[str, Any], start: datetime
    ) -> Iterator[list[Item]]:
        """What changed since `start`, oldest change first; of older history, up to its end.
        Raises ApiError."""
        if self.sync.until is not None:
            params = {**params, "updated_before": paging.iso(self.sync.until)}
        return paging.by_change(self.get, path, params, start)

    def _look_at_clock(self, reply: Reply) -> None:
        try:
            told = parsedate_to_datetime(reply.headers["date"])
        except (KeyError, TypeError, ValueError):
            return
        with self._clock_lock:
            self._server_time = told if told.tzinfo else told.replace(tzinfo=UTC)
