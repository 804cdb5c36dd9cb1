"""What the readers of single lists share: how to ask, and where rows go."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pyarrow as pa

from ingestion.github import batches, rows
from ingestion.github.client import GithubClient
from ingestion.http import BadReply, PageSize, Reply

_ROWS_PER_BATCH = 500

# Page sizes by document, each chosen for the points it costs (README) and what GitHub answers
# well within its ten seconds; `inner` is the page of the lists inside.
PAGE_SIZES: dict[str, dict[str, int]] = {
    "repositories": {"first": 50},
    "teams": {"first": 50},
    "pull_requests": {"first": 25, "inner": 50},
    "pull_request_lists": {"inner": 100},
    "review_comments": {"first": 100},
    "issues": {"first": 50, "inner": 50},
    "issue_comments": {"first": 100},
    "commits": {"first": 100},
    "labels": {"first": 100},
    "releases": {"first": 100},
    "tags": {"first": 100},
    "deployments": {"first": 50},
    "deployment_statuses": {"first": 100},
}


class People:
    """All accounts met in a sync, each once; thread-safe."""

    def __init__(self) -> None:
        self._rows: dict[str, rows.Row] = {}
        self._lock = threading.Lock()

    def meet(self, payload: Any) -> None:
        """Takes down every account that a payload holds."""
        found = {row["id"]: row for row in rows.users(payload)}
        with self._lock:
            self._rows.update(found)

    def take(self) -> list[rows.Row]:
        """The rows so far; starts anew."""
        with self._lock:
            found, self._rows = list(self._rows.values()), {}
        return found


@dataclass
class Sync:
    """One sync of one connection: what holds for all its repositories."""

    client: GithubClient
    connection: str
    synced_at: datetime
    since: datetime
    store_bodies: bool
    workflow_jobs: bool
    runs_deploy: bool
    """A deployment rule looks at workflow runs or jobs."""
    fan_out: Executor
    people: People = field(default_factory=People)
    sizes: dict[str, dict[str, PageSize]] = field(
        default_factory=lambda: {
            document: {name: PageSize(size) for name, size in sizes.items()}
            for document, sizes in PAGE_SIZES.items()
        }
    )


class Reading:
    """Reads for one repository (or owner): asks, collects rows, notes what could not be read."""

    def __init__(self, sync: Sync, emit: Callable[[dict[str, pa.Table]], None]) -> None:
        self.sync = sync
        self.row_counts: Counter[str] = Counter()
        self.problems: dict[str, None] = {}
        self._requests = 0
        self._lock = threading.Lock()
        self._emit = emit
        self._buffers: dict[str, list[rows.Row]] = {}

    @property
    def requests(self) -> int:
        """Questions asked (a retried one counts once)."""
        return self._requests

    def put(self, table: str, found: Iterable[rows.Row]) -> None:
        """Hands rows over, sooner or later."""
        buffer = self._buffers.setdefault(table, [])
        buffer.extend(found)
        if len(buffer) >= _ROWS_PER_BATCH:
            self._send(table)

    def flush(self) -> None:
        """Hands over all that is left."""
        for table in list(self._buffers):
            self._send(table)

    def flush_what_is_whole(self) -> None:
        """Hands over what is left after a failure; rows that are incomplete are dropped."""
        for table in list(self._buffers):
            try:
                self._send(table)
            except BadReply as error:
                self.problem(str(error))

    def problem(self, line: str) -> None:
        """Notes what could not be read, without giving up the rest."""
        self.problems[line] = None

    def query(
        self, name: str, variables: Mapping[str, Any], *, meets_people: bool = True
    ) -> dict[str, Any]:
        """The data of a reply to a document. Raises ApiError."""
        self._asked()
        reply = self.sync.client.query(name, variables, self.sync.sizes.get(name))
        for line in reply.problems:
            self.problem(line)
        if meets_people:
            self.sync.people.meet(reply.data)
        return reply.data

    def node(self, name: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        """The `node` that a document asks for. Raises ApiError."""
        self._asked()
        sizes = self.sync.sizes.get(name)
        found = self.sync.client.node(name, variables, self.problem, sizes)
        self.sync.people.meet(found)
        return found

    def nodes(self, name: str, ids: Sequence[str]) -> Iterator[dict[str, Any]]:
        """The nodes with these ids, without those that are gone. Raises ApiError."""
        for start in range(0, len(ids), 100):
            self._asked()
            found = self.sync.client.nodes(name, ids[start : start + 100], self.problem)
            self.sync.people.meet(found)
            yield from found

    def connection(
        self, name: str, path: Sequence[str], variables: Mapping[str, Any]
    ) -> Iterator[dict[str, Any]]:
        """All nodes of the list at `path` in the node that a document asks for.

        Pages are only asked for as far as the caller reads. Raises ApiError.
        """
        after = None
        while True:
            found: Any = self.node(name, {**variables, "after": after})
            for part in path:
                found = (found or {}).get(part)
            if found is None:
                return
            yield from rows.nodes(found)
            following = next_page(found, after)
            if following is None:
                return
            after = following

    def complete(
        self,
        holder: dict[str, Any],
        field_name: str,
        document: str,
        variables: Mapping[str, Any] | None = None,
    ) -> None:
        """Reads the rest of a list inside a node, in place."""
        while (after := next_page(holder.get(field_name))) is not None:
            more = self.node(document, {"id": holder["id"], **(variables or {}), "after": after})
            extend(holder, field_name, more.get(field_name))

    def get(
        self, path: str, params: Mapping[str, Any] | None = None, *, etag: str | None = None
    ) -> Reply:
        """The reply of REST. Raises ApiError."""
        self._asked()
        return self.sync.client.rest.get(path, params, etag=etag)

    def pages(
        self, path: str, params: Mapping[str, Any] | None = None, *, etag: str | None = None
    ) -> Iterator[Reply]:
        """The pages of a REST list. Raises ApiError."""
        for reply in self.sync.client.rest.pages(path, params, etag=etag):
            self._asked()
            yield reply

    def _asked(self) -> None:
        with self._lock:
            self._requests += 1

    def _send(self, table: str) -> None:
        found = self._buffers.pop(table, [])
        if not found:
            return
        sync = self.sync
        batch = batches.to_arrow(table, found, sync.connection, sync.synced_at)
        self.row_counts[table] += len(found)
        self._emit({table: batch})


def next_page(connection: Mapping[str, Any] | None, after: str | None = None) -> str | None:
    """The cursor of the next page, None on the last; raises BadReply if it does not advance."""
    info = (connection or {}).get("pageInfo") or {}
    if not info.get("hasNextPage"):
        return None
    cursor = info.get("endCursor")
    if not cursor or cursor == after:
        raise BadReply("a list that says it goes on, but not where")
    return str(cursor)


def extend(holder: dict[str, Any], field_name: str, more: Mapping[str, Any] | None) -> None:
    """Appends a further page to a list inside a node; an unreadable page ends the list."""
    target = holder[field_name]
    for kind in ("nodes", "edges"):
        if kind in target:
            target[kind] = [*(target[kind] or []), *((more or {}).get(kind) or [])]
    target["pageInfo"] = (more or {}).get("pageInfo") or {"hasNextPage": False}
