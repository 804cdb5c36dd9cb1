"""What a GitHub can be asked for at one moment: owners, teams, repositories, as GraphQL has them.

A company's story and a folder of recorded payloads both become a `Catalog`; GraphQL and REST are
answered from it alone. Keys that begin with `_` hold links and lists for the resolvers.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from demo.checks import check_suite

Node = dict[str, Any]


def iso(moment: datetime | None) -> str | None:
    """2026-01-31T23:59:59Z, as GitHub writes times; None stays None."""
    return None if moment is None else moment.astimezone(UTC).isoformat()[:19] + "Z"


class Ordered:
    """Things in an order that survives changes between two pages: found again by key, not place."""

    def __init__(
        self, items: Iterable[Node], key: Callable[[Node], Any], is_descending: bool
    ) -> None:
        keyed = sorted(((key(item) or "", item["id"]), item["id"], item) for item in items)  # type: ignore[type-var]
        if is_descending:
            keyed.reverse()
        self.is_descending = is_descending
        self.items = [item for *_, item in keyed]
        self._keys = [key for key, *_ in keyed]
        self._ascending = self._keys[::-1] if is_descending else self._keys

    def cursor(self, index: int) -> list[Any]:
        """What a cursor has to remember of the item there."""
        return list(self._keys[index])

    def after(self, mark: list[Any]) -> int:
        """Index of the first item behind the mark."""
        key = tuple(mark)
        if self.is_descending:
            return len(self.items) - bisect_left(self._ascending, key)
        return bisect_right(self._ascending, key)

    def before(self, mark: list[Any]) -> int:
        """Index of the first item not before the mark."""
        key = tuple(mark)
        if self.is_descending:
            return len(self.items) - bisect_right(self._ascending, key)
        return bisect_left(self._ascending, key)


class RepositoryView:
    """A repository at one moment. Subclasses fill the lists and know the commits."""

    node: Node
    pulls: list[Node]
    issues: list[Node]
    labels: list[Node]
    releases: list[Node]
    deployments: list[Node]
    tags: list[Node]  # refs
    heads: list[Node]  # refs, the default branch first
    runs: list[Node]  # in the shape of REST, newest first; `_jobs` by attempt

    def __init__(self) -> None:
        self.pulls, self.issues, self.labels, self.releases = [], [], [], []
        self.deployments, self.tags, self.heads, self.runs = [], [], [], []
        self._ordered: dict[tuple[str, str, str], Ordered] = {}
        self._histories: dict[str, list[str]] = {}
        self._ancestors: dict[str, frozenset[str]] = {}
        self._by_id: dict[str, Node] | None = None
        self._by_number: dict[int, Node] | None = None

    def commit(self, sha: str | None) -> Node | None:
        """The commit, None if unknown at this moment; a stub if only its hash is known."""
        raise NotImplementedError

    def parents(self, sha: str) -> tuple[str, ...]:
        """Hashes of the parents that are known."""
        raise NotImplementedError

    def find_sha(self, text: str) -> str | None:
        """The hash that a ref name, a hash or an abbreviation stands for."""
        raise NotImplementedError

    def pulls_of_commit(self, sha: str) -> list[Node]:
        """The pull requests that GitHub associates with a commit."""
        raise NotImplementedError

    def history(self, sha: str) -> list[str]:
        """All commits reachable from one, as `git log` orders them: newest committed first."""
        if sha not in self._histories:
            if len(self._histories) > 8:
                self._histories.clear()
            waiting: list[tuple[str, str]] = []
            seen = {sha}
            order: list[str] = []

            def wait(one: str) -> None:
                commit = self.commit(one)
                if commit is not None:
                    heapq.heappush(waiting, (_descending(commit["committedDate"]), one))

            wait(sha)
            while waiting:
                _, one = heapq.heappop(waiting)
                order.append(one)
                for parent in self.parents(one):
                    if parent not in seen:
                        seen.add(parent)
                        wait(parent)
            self._histories[sha] = order
        return self._histories[sha]

    def ancestors(self, sha: str) -> frozenset[str]:
        """The commit and all that it can reach."""
        if sha not in self._ancestors:
            if len(self._ancestors) > 64:
                self._ancestors.clear()
            found = {sha}
            waiting = [sha]
            while waiting:
                for parent in self.parents(waiting.pop()):
                    if parent not in found:
                        found.add(parent)
                        waiting.append(parent)
            self._ancestors[sha] = frozenset(found)
        return self._ancestors[sha]

    def ordered(self, kind: str, field: str, direction: str = "ASC") -> Ordered:
        """One of the lists by one of its fields."""
        key = (kind, field, direction)
        if key not in self._ordered:
            self._ordered[key] = Ordered(
                getattr(self, kind), lambda item: item[field], direction == "DESC"
            )
        return self._ordered[key]

    def find(self, identity: str) -> Node | None:
        """Anything in the repository by node id, except commits."""
        if self._by_id is None:
            self._by_id = {one["id"]: one for one in self._everything()}
        return self._by_id.get(identity)

    def numbered(self, number: int) -> Node | None:
        """The pull request or issue of a number."""
        if self._by_number is None:
            self._by_number = {one["number"]: one for one in (*self.pulls, *self.issues)}
        return self._by_number.get(number)

    def _everything(self) -> Iterable[Node]:
        yield self.node
        for pull in self.pulls:
            yield pull
            yield from pull["_comments"]
            yield from pull["_turns"]
            for review in pull["_reviews"]:
                yield review
                yield from review["_comments"]
        for issue in self.issues:
            yield issue
            yield from issue["_comments"]
        for deployment in self.deployments:
            yield deployment
            yield from deployment["_statuses"]
        for kind in (self.labels, self.releases, self.tags, self.heads):
            yield from kind
        for run in self.runs:
            if (suite := check_suite(self.node, run)) is not None:
                yield suite


class Catalog:
    """Everything at one moment."""

    now: datetime
    owners: list[Node]
    teams: list[Node]
    accounts: list[Node]
    viewer: Node
    _people: dict[str, Node]

    def names(self, owner: str) -> list[str]:
        """Repository names of an owner, in alphabetical order."""
        raise NotImplementedError

    def repository(self, owner: str, name: str) -> RepositoryView | None:
        """A repository by its name, in any case."""
        raise NotImplementedError

    def repository_of_id(self, identity: str) -> RepositoryView | None:
        """The repository that a node id belongs to."""
        raise NotImplementedError

    def commit_of_id(self, identity: str) -> Node | None:
        """A commit by its node id."""
        raise NotImplementedError

    def owner(self, login: str) -> Node | None:
        """An organization or user by login, in any case."""
        wanted = login.lower()
        for one in (*self.owners, *self.accounts):
            if one["login"].lower() == wanted:
                return one
        return None

    def node(self, identity: str) -> Node | None:
        """Anything by its node id."""
        if not hasattr(self, "_people"):
            self._people = {one["id"]: one for one in (*self.accounts, *self.teams, *self.owners)}
        if identity in self._people:
            return self._people[identity]
        if identity.startswith("C_"):
            return self.commit_of_id(identity)
        view = self.repository_of_id(identity)
        return None if view is None else view.find(identity)


_COMPLEMENT = str.maketrans("0123456789", "9876543210")


def _descending(text: str) -> str:
    """A text that sorts the other way round, for times in one format."""
    return text.translate(_COMPLEMENT)


def git_actor(name: str | None, email: str | None, date: str | None, user: Node | None) -> Node:
    """Author or committer of a commit."""
    return {
        "__typename": "GitActor", "name": name, "email": email, "date": date,
        "user": user if user is not None and user["__typename"] == "User" else None,
        "_account": user,
    }  # fmt: skip
