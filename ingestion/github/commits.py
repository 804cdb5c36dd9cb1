"""Commits of the default branch, and those of what was deployed, tagged or released elsewhere.

The first sync walks the history back to its start date. Later ones ask for exactly what the new
head has and the old one had not: a date would miss old commits that are merged late.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from ingestion.github import first_pages, rows
from ingestion.github.changed_paths import PAGE, ChangedPaths
from ingestion.github.reading import PAGE_SIZES, Reading
from ingestion.github.repository import Repository
from ingestion.http import NotFound, Overloaded

# Enough to tell a commit from all others of a repository, at half the size.
_PREFIX = 16
_MOST_REMEMBERED = 200
_HISTORY = ("object", "history")
# At most a page of the history, so that looking there for what is new is one request.
_FEW = PAGE_SIZES["commits"]["first"]


class Commits:
    """Reads the commits of one repository and knows which ones it has handed over."""

    def __init__(
        self, reading: Reading, repository: Repository, paths: ChangedPaths | None = None
    ) -> None:
        """`paths`: finds the changed paths, in a repository that is split by them."""
        self._reading = reading
        self._repository = repository
        self._paths = paths
        self._done: set[str] = set()
        self.cut: list[str] = []
        """Commits beside the default branch whose history went on before `since`, perhaps."""
        # The newest of the default branch, as far as they were seen.
        self._newest: set[str] = set()

    def read_default_branch(self, old_head: str | None) -> None:
        """Hands over the commits of the default branch that the old head did not have.

        A commit that a forced push took away is handed over with is_on_default_branch = false.
        Raises ApiError.
        """
        head = self._repository.head_sha
        if head is None:
            return
        if old_head is not None:
            newest = self._see_newest(head, ask=head != old_head)
            if head == old_head:
                return
            if (new := new_commits(newest, head, old_head)) is not None:
                self._put(new, True)
                return
            try:
                gained = self._compare(old_head, head)
                is_rewritten = self._put_compared(gained, True) > 0
            except (NotFound, Overloaded):
                # The old head is gone, shares no commit with the new one, or is too far away.
                pass
            else:
                if is_rewritten:
                    self._put_compared(self._compare(head, old_head), False)
                return
        self._put(self._history(head), True)

    def read_older(self) -> None:
        """Hands over the older history of the default branch. Raises ApiError."""
        if self._repository.head_sha is not None:
            until = self._reading.sync.until
            self._put(self._dated(self._repository.head_sha, until), True)

    def read_elsewhere(self, shas: Iterable[str], remembered: Sequence[str]) -> list[str]:
        """Hands over the commits through which these can be reached, but not from the default
        branch; newest first saves requests. Returns what to remember for the next sync.

        Raises ApiError.
        """
        known = set(remembered)
        looked_at = []
        # Their details are asked for together: mostly it is a commit or two of each branch.
        compared: dict[str, dict[str, Any]] = {}
        for sha in dict.fromkeys(shas):
            is_seen = sha in self._done or sha in self._newest or sha in compared
            if is_seen or sha[:_PREFIX] in known:
                continue
            for commit in self._beside(sha, known):
                compared[commit["sha"]] = commit
                if len(compared) >= _FEW:
                    self._put(self._details(compared), False)
                    compared = {}
            looked_at.append(sha[:_PREFIX])
        self._put(self._details(compared), False)
        return [*remembered, *looked_at][-_MOST_REMEMBERED:]

    def find_missing_paths(self) -> None:
        """Hands commits over again that were loaded without their changed paths.

        Raises ApiError.
        """
        if self._paths is not None:
            self._paths.catch_up(self._done)

    def _beside(self, sha: str, known: set[str]) -> Iterator[dict[str, Any]]:
        """The commits of REST that lead to this one beside the default branch; those of a history
        of its own are handed over."""
        head = self._repository.head_sha
        if head is not None:
            try:
                for _, commits in self._compare(head, sha):
                    yield from (c for c in commits if c["sha"] not in self._done)
                return
            except NotFound:
                pass
        # No commit in common with the default branch (a branch of built pages, say), or gone.
        try:
            self._put(_until_known(self._history(sha), sha, known), False)
        except NotFound:
            return
        self.cut = [*self.cut, sha][-_MOST_REMEMBERED:]

    def _see_newest(self, head: str, *, ask: bool) -> list[dict[str, Any]]:
        """The newest commits of the default branch, one page; if not `ask`, only if it is kept."""
        variables = first_pages.history(self._reading, self._repository, head)
        page = self._reading.kept("commits", _HISTORY, variables)
        if ask and not page:
            found = self._reading.connection("commits", _HISTORY, variables)
            page = list(itertools.islice(found, _FEW))
        self._newest = {node["oid"] for node in page}
        return page

    def _history(self, sha: str) -> Iterator[dict[str, Any]]:
        is_empty = True
        for node in self._dated(sha):
            is_empty = False
            yield node
        if is_empty:
            # Nothing since then, or no such commit: the newest one alone tells which it is, and
            # is worth having as what was deployed.
            first = self._first(sha)
            if first is None:
                raise NotFound(f"commit {sha} of {self._repository.full_name} is gone")
            yield first

    def _dated(self, sha: str, until: datetime | None = None) -> Iterator[dict[str, Any]]:
        variables = first_pages.history(self._reading, self._repository, sha, until)
        return self._reading.connection("commits", _HISTORY, variables)

    def _first(self, sha: str) -> dict[str, Any] | None:
        variables = {"repository": self._repository.id, "oid": sha, "since": None, "until": None}
        return next(self._reading.connection("commits", _HISTORY, variables), None)

    def _compare(self, base: str, head: str) -> Iterator[tuple[int, list[dict[str, Any]]]]:
        """Pages of what head has and base has not: how many base has that head lacks, commits."""
        path = f"{self._repository.path}/compare/{base}...{head}"
        for reply in self._reading.pages(path, {"per_page": 100}):
            yield int(reply.data.get("behind_by") or 0), reply.data.get("commits") or []

    def _put_compared(
        self, pages: Iterator[tuple[int, list[dict[str, Any]]]], is_on_default_branch: bool
    ) -> int:
        behind_by = 0
        for behind_by, found in pages:  # noqa: B007 - the last one counts, they are equal
            wanted = {c["sha"]: c for c in found if c["sha"] not in self._done}
            self._put(self._details(wanted), is_on_default_branch)
        return behind_by

    def _details(self, compared: Mapping[str, dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """The commits of a comparison with what only GraphQL tells of them."""
        missing = dict(compared)
        ids = [commit["node_id"] for commit in compared.values() if commit.get("node_id")]
        for node in self._reading.nodes("commits_by_id", ids):
            if missing.pop(node.get("oid", ""), None) is not None:
                yield node
        # Never lose a commit: the graph needs its parents, whatever else is missing.
        yield from (from_rest(commit) for commit in missing.values())

    def _put(self, nodes: Iterable[dict[str, Any]], is_on_default_branch: bool) -> None:
        size = 1 if self._paths is None else PAGE
        fresh: list[rows.Row] = []
        for node in nodes:
            if node["oid"] in self._done:
                continue
            self._done.add(node["oid"])
            fresh.append(rows.commit(node, self._repository.id, is_on_default_branch))
            if len(fresh) == size:
                self._hand_over(fresh)
                fresh = []
        self._hand_over(fresh)

    def _hand_over(self, commits: list[rows.Row]) -> None:
        if self._paths is not None and commits:
            self._paths.fill(commits)
        self._reading.put("commits", commits)


def from_rest(commit: Mapping[str, Any]) -> dict[str, Any]:
    """A commit of REST in the shape of the fragment FullCommit; sizes are not told there."""
    details = commit.get("commit") or {}
    written_by = details.get("author") or {}
    account = commit.get("author") or {}
    user = {"id": account["node_id"], "login": account["login"]} if account else None
    return {
        "oid": commit["sha"],
        "message": details.get("message"),
        "authoredDate": written_by.get("date"),
        "committedDate": (details.get("committer") or {}).get("date"),
        "author": {"name": written_by.get("name"), "email": written_by.get("email"), "user": user},
        "parents": {"nodes": [{"oid": parent["sha"]} for parent in commit.get("parents") or []]},
    }


def new_commits(
    newest: Sequence[dict[str, Any]], head: str, old_head: str
) -> list[dict[str, Any]] | None:
    """Of the newest commits of a history, those that its head has and the old head had not.

    None if the page does not hold all that is needed to tell: the old head is not on it (it is
    too far away, or was forced away), or a line of commits leaves the page before it meets one
    that the old head reaches.
    """
    page = {node["oid"]: node for node in newest}
    if old_head not in page:
        return None
    known = _reached(page, [old_head], set())
    new = _reached(page, [head], known)
    if not new <= page.keys():
        return None
    return [node for node in page.values() if node["oid"] in new]


def _reached(page: Mapping[str, Any], begin: list[str], stop: set[str]) -> set[str]:
    """The commits that can be reached from some, up to the first that are not on the page."""
    found: set[str] = set()
    while begin:
        sha = begin.pop()
        if sha in found or sha in stop:
            continue
        found.add(sha)
        if sha in page:
            begin += [parent["oid"] for parent in rows.nodes(page[sha]["parents"])]
    return found


def _until_known(
    history: Iterable[dict[str, Any]], sha: str, known: set[str]
) -> Iterator[dict[str, Any]]:
    """The commits of a history, newest first, as far as none of them is known already."""
    wanted = {sha}
    for node in history:
        if not wanted:
            return
        if node["oid"] not in wanted:
            continue
        wanted.discard(node["oid"])
        yield node
        parents = [parent["oid"] for parent in rows.nodes(node["parents"])]
        wanted.update(parent for parent in parents if parent[:_PREFIX] not in known)
