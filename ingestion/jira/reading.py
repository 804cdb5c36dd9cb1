"""What the readers of single lists share: how to ask, where rows go, what was met on the way."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
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
        self.current_statuses: dict[str, Row] = {}
        self._lock = threading.Lock()

    def note(
        self,
        issues: Iterable[str],
        sprints: Iterable[int],
        statuses: Iterable[str],
        current: dict[str, Row],
    ) -> None:
        """Takes ids down."""
        with self._lock:
            self.issues.update(issues)
            self.sprints.update(sprints)
            self.statuses.update(statuses)
            self.current_statuses.update(current)


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
    until: datetime | None = None
    """End of the older history that is to be read, in place of what changed."""
    fields: Fields = field(default_factory=lambda: Fields([]))
    accounts: Accounts = field(default_factory=Accounts)
    met: Met = field(default_factory=Met)
