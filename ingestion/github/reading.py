"""What the readers of single lists share: how to ask, and where rows go."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ingestion.contracts import GITHUB
from ingestion.github import rows
from ingestion.github.client import GithubClient
from ingestion.github.known import Known
from ingestion.github.tails import Tails
from ingestion.github.wanted_runs import WantedRuns
from ingestion.http import ApiError, BadReply, PageSize, Reply, Stopped, Unauthorized, Unreachable
from ingestion.http.errors import one_line
from ingestion.loading import Collector, People
from ingestion.loading.batches import Batch

logger = logging.getLogger(__name__)

# Page sizes by document, each chosen for the points it costs (README) and what GitHub answers
# well within its ten seconds; `inner` is the page of the lists inside.
FIRST_PAGES = {"pulls": 25, "conversations": 100, "history": 100, "deployed": 100, "inner": 50}
PAGE_SIZES: dict[str, dict[str, int]] = {
    "first_pages": FIRST_PAGES,
    "repositories": {"first": 50},
    "first_sync": {"first": 50},
    "teams": {"first": 50},
    "pull_requests": {"first": 25, "inner": 50},
    "pull_request_lists": {"inner": 100},
    "review_comments": {"first": 100},
    "issues": {"first": 100, "inner": 50},
    "issue_comments": {"first": 100},
    "commits": {"first": 100},
    "labels": {"first": 100},
    "releases": {"first": 100},
    "tags": {"first": 100},
    "deployments": {"first": 100},
    "deployment_statuses": {"first": 100},
    "check_runs": {"first": 100},
}


@dataclass
class Sync:
    """One sync of one connection: what holds for all its repositories."""

    client: GithubClient
    connection: str
    synced_at: datetime
    since: datetime
    store_bodies: bool
    wanted_runs: Callable[[str], WantedRuns]
    """What the settings want of the workflow runs of a repository (by full name)."""
    split: Callable[[str], bool]
    """Whether a repository (by full name) is split into services by paths."""
    known: Known
    fan_out: Executor
    is_late: Callable[[], bool]
    """Whether a reading that can be interrupted should end for this round."""
    checks_are_refused: bool = False
    """GitHub does not let this credential read check suites."""
    until: datetime | None = None
    """End of the older history that is to be read, in place of what changed."""
    people: People = field(default_factory=lambda: People(rows.users))
    sizes: dict[str, dict[str, PageSize]] = field(
        default_factory=lambda: {
            document: {name: PageSize(size) for name, size in sizes.items()}
            for document, sizes in PAGE_SIZES.items()
        }
    )


class Reading(Collector):
    """Reads for one repository (or owner): asks, collects rows, notes what could not be read."""

    def __init__(
        self, sync: Sync, emit: Callable[[Batch], None], tails: Tails | None = None
    ) -> None:
        super().__init__(GITHUB, sync.connection, sync.synced_at, emit)
        self.sync = sync
        self.tails = tails or Tails()
        self._kept: dict[tuple[Any, ...], dict[str, Any]] = {}

    def query(
        self, name: str, variables: Mapping[str, Any], *, meets_people: bool = True
    ) -> dict[str, Any]:
        """The data of a reply to a document. Raises ApiError."""
        self.asked()
        reply = self.sync.client.query(name, variables, self.sync.sizes.get(name))
        for line in reply.problems:
            self.problem(line)
        if meets_people:
            self.sync.people.meet(reply.data)
        return reply.data

    def node(self, name: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        """The `node` that a document asks for. Raises ApiError."""
        self.asked()
        sizes = self.sync.sizes.get(name)
        found = self.sync.client.node(name, variables, self.problem, sizes)
        self.sync.people.meet(found)
        return found

    def several(
        self, name: str, each: Sequence[Mapping[str, Any]], shared: Mapping[str, Any]
    ) -> list[dict[str, Any]]:
        """The `node` of a document for the ids and cursors of each, together where all can be read.

        Raises ApiError.
        """
        if len(each) > 1:
            self.asked()
            sizes = self.sync.sizes.get(name)
            found = self.sync.client.several(name, each, shared, sizes)
            if found is not None:
                self.sync.people.meet(found)
                return found
        return [self.node(name, {**shared, **its}) for its in each]

    def nodes(self, name: str, ids: Sequence[str]) -> Iterator[dict[str, Any]]:
        """The nodes with these ids, without those that are gone. Raises ApiError."""
        for start in range(0, len(ids), 100):
            self.asked()
            found = self.sync.client.nodes(name, ids[start : start + 100], self.problem)
            self.sync.people.meet(found)
            yield from found

    def places(
        self, name: str, ids: Sequence[str], problem: Callable[[str], None]
    ) -> list[dict[str, Any] | None]:
        """The nodes in the order of at most 100 ids, None for those that are gone.

        `problem` is told of the others that could not be read. Raises ApiError.
        """
        self.asked()
        return self.sync.client.places(name, ids, problem)

    def connection(
        self, name: str, path: Sequence[str], variables: Mapping[str, Any]
    ) -> Iterator[dict[str, Any]]:
        """All nodes of the list at `path` in the node that a document asks for.

        Pages are only asked for as far as the caller reads. Raises ApiError.
        """
        after = None
        while True:
            found = self._page(name, path, {**variables, "after": after})
            if found is None:
                return
            yield from rows.nodes(found)
            following = next_page(found, after)
            if following is None:
                return
            after = following

    def newest_first(
        self, name: str, path: Sequence[str], variables: Mapping[str, Any], dated_by: str
    ) -> Iterator[dict[str, Any]]:
        """The nodes of a list that is ordered by a time, newest first, as far as the caller reads.

        The first sync notes where that was, and older history goes on from there. Raises ApiError.
        """
        if self.sync.until and self.tails.is_all(name):
            return
        after, page = self._tail(name, path, variables, dated_by)
        before, is_first, is_all = after, True, False
        try:
            while True:
                is_first = True
                for node in rows.nodes(page):
                    yield node
                    is_first = False
                following = next_page(page, after)
                if following is None:
                    is_all = True
                    return
                before, after = after, following
                page = self._page(name, path, {**variables, "after": after})
        finally:
            if self.sync.until or not self.tails.has(name):
                # A page of which nothing was wanted does not show that none is left out before it.
                self.tails.ended(name, before if is_first else after, is_all=is_all)

    def _tail(
        self, name: str, path: Sequence[str], variables: Mapping[str, Any], dated_by: str
    ) -> tuple[str | None, Any]:
        """Where older history begins, and the page there; else the beginning of the list."""
        after = self.tails.after(name) if self.sync.until else None
        if after is not None:
            try:
                page = self._page(name, path, {**variables, "after": after})
            except (Unauthorized, Stopped, Unreachable):
                raise
            except ApiError as error:
                logger.info("%s: a kept cursor is refused: %s", name, one_line(error))
            else:
                if self._reaches(page, dated_by):
                    return after, page
        return None, self._page(name, path, {**variables, "after": None})

    def _page(self, name: str, path: Sequence[str], variables: Mapping[str, Any]) -> Any:
        kept = self._kept.pop(_key(name, variables), None)
        return _descend(kept or self.node(name, variables), path)

    def keep(self, name: str, variables: Mapping[str, Any], node: dict[str, Any]) -> None:
        """Keeps the node with the page of a list after a cursor, for its reading to take."""
        self._kept[_key(name, variables)] = node

    def kept(
        self, name: str, path: Sequence[str], variables: Mapping[str, Any]
    ) -> list[dict[str, Any]]:
        """The nodes of a first page that was kept; none if there is none."""
        return rows.nodes(_descend(self._kept.get(_key(name, variables)), path))

    def _reaches(self, page: Any, dated_by: str) -> bool:
        """Whether a page begins before the older history does."""
        first = next(iter(rows.nodes(page)), None)
        moment = first and rows.timestamp(first.get(dated_by))
        return moment is not None and self.sync.until is not None and moment >= self.sync.until

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
        self.asked()
        return self.sync.client.rest.get(path, params, etag=etag)

    def pages(
        self, path: str, params: Mapping[str, Any] | None = None, *, etag: str | None = None
    ) -> Iterator[Reply]:
        """The pages of a REST list. Raises ApiError."""
        for reply in self.sync.client.rest.pages(path, params, etag=etag):
            self.asked()
            yield reply


def _key(name: str, variables: Mapping[str, Any]) -> tuple[Any, ...]:
    return name, *(variables.get(part) for part in ("repository", "oid", "since", "until", "after"))


def _descend(node: Mapping[str, Any] | None, path: Sequence[str]) -> Any:
    found: Any = node
    for part in path:
        found = (found or {}).get(part)
    return found


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
