"""What a GitLab can be asked for at one moment: groups, users, projects, as REST v4 shows them.

A company's story and folders of recorded payloads both become a `Catalog`; the endpoints answer
from it alone. Rows are the payloads themselves; keys that begin with `_` are never shown.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from heapq import heappop, heappush
from typing import Any

Node = dict[str, Any]
_ARCHIVED_TOO = (False, True)


@lru_cache(1 << 17)  # the clock moves on, what happened before is written the same way
def stamp(moment: datetime | None) -> str | None:
    """2026-01-31T23:59:59.000Z, as GitLab writes times of its database; None stays None."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")[:23] + "Z"


class Sketch(dict[str, Any]):
    """A row of which only what lists are ordered and cut by is at hand; the rest is made on demand.

    A hundred thousand merge requests of a group are listed without making their payloads.
    """

    __slots__ = ("make",)

    def __init__(self, known: Node, make: Callable[[], Node]) -> None:
        super().__init__(known)
        self.make = make

    def __missing__(self, key: str) -> Any:
        return self.make()[key]


def payload(row: Node) -> Node:
    """The whole row, also of a sketch."""
    return row.make() if isinstance(row, Sketch) else row


class Ordered:
    """Rows in the order of a field, rows with the same value by id in the same direction."""

    def __init__(self, rows: Iterable[Node], field: str, is_descending: bool) -> None:
        keyed = sorted(
            ((_value(row, field), row.get("id") or 0, row) for row in rows),
            key=lambda one: one[:2],
            reverse=is_descending,
        )
        self.rows = [one[2] for one in keyed]
        self.is_descending = is_descending
        self._values = [one[0] for one in keyed]
        if is_descending:
            self._values.reverse()

    def between(self, after: str | None, before: str | None) -> list[Node]:
        """The rows whose value lies between, both ends included, as GitLab's filters do."""
        low = bisect_left(self._values, after) if after else 0
        high = bisect_right(self._values, before) if before else len(self._values)
        if self.is_descending:
            low, high = len(self._values) - high, len(self._values) - low
        return self.rows[low:high]


def _value(row: Node, field: str) -> Any:
    try:
        return row[field] or ""
    except KeyError:  # a column that lists may be ordered by, but payloads do not show
        return ""


class ProjectView:
    """A project at one moment. Subclasses make the rows of a kind when they are first asked for.

    Kinds: merge_requests, issues, labels, releases, tags, branches, environments, deployments,
    pipelines, jobs, members. Parts of a merge request or issue: notes, commits, approvals,
    state_events, closes, related.
    """

    node: Node

    def __init__(self) -> None:
        self._rows: dict[str, list[Node]] = {}
        self._ordered: dict[tuple[str, str, bool], Ordered] = {}
        self._indexes: dict[tuple[str, str], dict[Any, Node]] = {}
        self._groups: dict[str, dict[Any, list[Node]]] = {}
        self._parts: dict[tuple[str, str, int], list[Node]] = {}
        self._histories: dict[str, list[str]] = {}

    def make(self, kind: str) -> list[Node]:
        """All rows of a kind at this moment."""
        raise NotImplementedError

    def make_part(self, kind: str, part: str, row: Node) -> list[Node]:
        """Rows of a list inside a merge request or issue."""
        raise NotImplementedError

    def commit(self, sha: str) -> Node | None:
        """The commit with its `stats`; None if unknown at this moment."""
        raise NotImplementedError

    def find_sha(self, text: str) -> str | None:
        """The hash that a branch, tag, hash or abbreviation stands for."""
        raise NotImplementedError

    def heads(self) -> list[str]:
        """Hashes that all commits can be reached from."""
        raise NotImplementedError

    def changes(self, sha: str) -> list[Node]:
        """The changed files of a commit as /diff shows them."""
        raise NotImplementedError

    def merge_requests_of(self, sha: str) -> list[Node]:
        """The merge requests that a commit came in with."""
        raise NotImplementedError

    def rows(self, kind: str) -> list[Node]:
        """All rows of a kind, made once."""
        if kind not in self._rows:
            self._rows[kind] = self.make(kind)
        return self._rows[kind]

    def ordered(self, kind: str, field: str, is_descending: bool) -> Ordered:
        """Rows of a kind by a field."""
        key = (kind, field, is_descending)
        if key not in self._ordered:
            self._ordered[key] = Ordered(self.rows(kind), field, is_descending)
        return self._ordered[key]

    def find(self, kind: str, key: Any, field: str = "id") -> Node | None:
        """The row of a kind with this id (or other field)."""
        index = self._indexes.get((kind, field))
        if index is None:
            index = {row[field]: row for row in self.rows(kind)}
            self._indexes[kind, field] = index
        return index.get(key)

    def jobs_of(self, pipeline: int) -> list[Node]:
        """The jobs of a pipeline, retried ones included, newest first."""
        return self._grouped("jobs", lambda row: row["pipeline"]["id"]).get(pipeline, [])

    def pipelines_at(self, sha: str) -> list[Node]:
        """The pipelines of a commit, newest first."""
        return self._grouped("pipelines", lambda row: row["sha"]).get(sha, [])

    def _grouped(self, kind: str, key: Callable[[Node], Any]) -> dict[Any, list[Node]]:
        if kind not in self._groups:
            found: dict[Any, list[Node]] = {}
            for row in self.ordered(kind, "id", True).rows:
                found.setdefault(key(row), []).append(row)
            self._groups[kind] = found
        return self._groups[kind]

    def part(self, kind: str, part: str, row: Node) -> list[Node]:
        """A list inside a merge request or issue, made once."""
        key = (kind, part, int(row["iid"]))
        if key not in self._parts:
            self._parts[key] = self.make_part(kind, part, row)
        return self._parts[key]

    def history(self, *shas: str) -> list[str]:
        """All commits reachable, as `git log` orders them: newest committed first."""
        name = " ".join(shas)
        if name not in self._histories:
            if len(self._histories) > 8:
                self._histories.clear()
            waiting: list[tuple[float, int, str]] = []
            seen = set(shas)
            order: list[str] = []
            for sha in shas:
                self._wait(waiting, sha)
            while waiting:
                sha = heappop(waiting)[-1]
                order.append(sha)
                for parent in (self.commit(sha) or {})["parent_ids"]:
                    if parent not in seen:
                        seen.add(parent)
                        self._wait(waiting, parent)
            self._histories[name] = order
        return self._histories[name]

    def _wait(self, waiting: list[tuple[float, int, str]], sha: str) -> None:
        commit = self.commit(sha)
        if commit is not None:  # a parent that was not recorded ends the line
            heappush(waiting, (-commit["_at"], len(waiting), sha))


class Catalog:
    """Everything at one moment."""

    now: datetime
    viewer: Node
    users: Mapping[int, Node]  # with all that /users/:id shows
    groups: Mapping[int, Node]

    def __init__(self) -> None:
        self.deleted: frozenset[int] = frozenset()  # projects that are gone
        self._paths: dict[str, int] | None = None
        self._below: dict[int, list[int]] | None = None
        self._of_groups: dict[tuple[Any, ...], Ordered] = {}

    def prepare(self) -> None:
        """Do now what would make the first request slow."""

    def project_ids(self, group: int) -> list[int]:
        """Ids of the projects directly in a group."""
        raise NotImplementedError

    def project(self, identity: int) -> ProjectView | None:
        """A project by its id."""
        raise NotImplementedError

    def project_of_path(self, path: str) -> ProjectView | None:
        """A project by its full path, in any case."""
        raise NotImplementedError

    def members(self, group: int) -> list[Node]:
        """Those who are members of the group itself."""
        raise NotImplementedError

    def group(self, text: str) -> Node | None:
        """A group by id or by full path in any case."""
        if text.isdigit():
            return self.groups.get(int(text))
        if self._paths is None:
            self._paths = {node["full_path"].lower(): key for key, node in self.groups.items()}
        identity = self._paths.get(text.lower())
        return None if identity is None else self.groups[identity]

    def children(self, group: int) -> list[int]:
        """Ids of the groups directly below."""
        if self._below is None:
            self._below = {}
            for key, node in self.groups.items():
                if node["parent_id"] is not None:
                    self._below.setdefault(node["parent_id"], []).append(key)
        return self._below.get(group, [])

    def descendants(self, group: int) -> list[int]:
        """Ids of all groups below, without the group itself."""
        found: list[int] = []
        for child in self.children(group):
            found += [child, *self.descendants(child)]
        return found

    def ancestors(self, group: int) -> list[int]:
        """Ids of the group and those above, itself first."""
        found = [group]
        while (above := self.groups[found[-1]]["parent_id"]) is not None:
            found.append(above)
        return found

    def views(self, group: int, with_descendants: bool) -> list[ProjectView]:
        """The projects of a group."""
        groups = [group, *(self.descendants(group) if with_descendants else [])]
        found = (self.project(key) for one in groups for key in self.project_ids(one))
        return [view for view in found if view is not None and self.is_there(view)]

    def is_there(self, view: ProjectView) -> bool:
        """Whether the project has not been deleted."""
        return view.node["id"] not in self.deleted

    def delete(self, projects: Iterable[int]) -> None:
        """From now on just these projects are gone."""
        self.deleted = frozenset(projects)
        self._of_groups.clear()

    def group_rows(
        self, group: int, kind: str, field: str, is_descending: bool, with_archived: bool
    ) -> Ordered:
        """Rows of a kind in all projects of a group and of those below it."""
        key = (group, kind, field, is_descending, with_archived)
        if key not in self._of_groups:
            shown = _ARCHIVED_TOO if with_archived else (False,)
            views = [one for one in self.views(group, True) if one.node["archived"] in shown]
            feature = f"{kind}_enabled"
            rows = [row for one in views if one.node.get(feature, True) for row in one.rows(kind)]
            self._of_groups[key] = Ordered(rows, field, is_descending)
        return self._of_groups[key]
