"""What the readers of single lists share: how to ask, where rows go, what was met on the way."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ingestion.jira import rows
from ingestion.jira.client import JiraClient
from ingestion.jira.fields import Fields
from ingestion.loading.batches import Row


class Accounts:
    """All accounts met in a sync, each once; what one payload hides another may show."""

    def __init__(self) -> None:
        self._rows: dict[str, Row] = {}
        self._lock = threading.Lock()

    def meet(self, payload: Any) -> None:
        """Takes down every account that a payload holds."""
        found = list(rows.users(payload))
        with self._lock:
            for row in found:
                known = self._rows.setdefault(row["id"], row)
                known.update({name: value for name, value in row.items() if value is not None})

    def take(self) -> list[Row]:
        """The rows so far; starts anew."""
        with self._lock:
            found, self._rows = list(self._rows.values()), {}
        return found


class Met:
    """Ids that issues name, for what no list of ours may hold; thread-safe."""

    def __init__(self) -> None:
        self.issues: set[str] = set()
        self.sprints: set[int] = set()
        self.statuses: set[str] = set()
        self.types: set[str] = set()
        self.current_statuses: dict[str, Row] = {}
        self._lock = threading.Lock()

    def note(
        self,
        issues: Iterable[str],
        sprints: Iterable[int],
        statuses: Iterable[str],
        types: Iterable[str],
        current: dict[str, Row],
    ) -> None:
        """Takes ids down."""
        with self._lock:
            self.types.update(types)
            self.issues.update(issues)
            self.sprints.update(sprints)
            self.statuses.update(statuses)
            self.current_statuses.update(current)


class Histories:
    """Histories of the issues of several projects, fetched together by whoever comes first.

    Issues that nobody announced, or whose fetch failed for somebody else, are fetched alone.
    """

    def __init__(self, client: JiraClient) -> None:
        self._client = client
        self._expected: list[str] = []
        self._found: dict[str, list[dict[str, Any]]] = {}
        self._lock = threading.Lock()

    def expect(self, issue_ids: Iterable[str]) -> None:
        """Announces issues whose histories will be asked for."""
        self._expected += issue_ids

    def of(self, issue_ids: Sequence[str]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
        """As `JiraClient.changelogs`, for some issues. Raises ApiError."""
        with self._lock:
            if not set(issue_ids).isdisjoint(self._expected):
                wanted, self._expected = list(dict.fromkeys([*issue_ids, *self._expected])), []
                for id_ in wanted:
                    self._found.setdefault(id_, [])
                try:
                    for id_, entries in self._client.changelogs(wanted):
                        self._found.setdefault(id_, []).extend(entries)
                except BaseException:
                    self._found.clear()
                    raise
            ready = {id_: self._found.pop(id_) for id_ in issue_ids if id_ in self._found}
        yield from ready.items()
        yield from self._client.changelogs([id_ for id_ in issue_ids if id_ not in ready])


@dataclass
class Sync:
    """One sync of one connection: what holds for all its projects."""

    client: JiraClient
    connection: str
    synced_at: datetime
    since: datetime
    store_bodies: bool
    fan_out: Executor
    is_late: Callable[[], bool]
    histories: Histories
    until: datetime | None = None
    """End of the older history that is to be read, in place of what changed."""
    fields: Fields = field(default_factory=lambda: Fields([]))
    accounts: Accounts = field(default_factory=Accounts)
    met: Met = field(default_factory=Met)
