"""Commits of the default branch, and those of what was deployed, tagged or released elsewhere.

The first sync walks the history back to its start date. Later ones ask for exactly what the new
head has and the old one had not: a date would miss old commits that are merged late.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from ingestion.github import rows
from ingestion.github.changed_paths import PAGE, ChangedPaths
from ingestion.github.reading import Reading
from ingestion.github.repository import Repository
from ingestion.http import NotFound, Overloaded

# Enough to tell a commit from all others of a repository, at half the size.
_PREFIX = 16
_MOST_REMEMBERED = 200


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

    def read_default_branch(self, old_head: str | None) -> None:
        """Hands over the commits of the default branch that the old head did not have.

        A commit that a forced push took away is handed over with is_on_default_branch = false.
        Raises ApiError.
        """
        head = self._repository.head_sha
        if head is None or head == old_head:
            return
        if old_head is not None:
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
        for sha in dict.fromkeys(shas):
            if sha in self._done or sha[:_PREFIX] in known:
                continue
            self._read_one(sha, known)
            looked_at.append(sha[:_PREFIX])
        return [*remembered, *looked_at][-_MOST_REMEMBERED:]

    def find_missing_paths(self) -> None:
        """Hands commits over again that were loaded without their changed paths.

        Raises ApiError.
        """
        if self._paths is not None:
            self._paths.catch_up(self._done)

    def _read_one(self, sha: str, known: set[str]) -> None:
        head = self._repository.head_sha
        if head is not None:
            try:
                self._put_compared(self._compare(head, sha), False)
                return
            except NotFound:
                pass
        # No commit in common with the default branch (a branch of built pages, say), or gone.
        try:
            self._put(_until_known(self._history(sha), sha, known), False)
        except NotFound:
            return
        self.cut = [*self.cut, sha][-_MOST_REMEMBERED:]

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
        variables = {
            "repository": self._repository.id,
            "oid": sha,
            "since": _git_time(self._reading.sync.since),
            "until": until and _git_time(until),
        }
        return self._reading.connection("commits", ["object", "history"], variables)

    def _first(self, sha: str) -> dict[str, Any] | None:
        variables = {"repository": self._repository.id, "oid": sha, "since": None, "until": None}
        return next(self._reading.connection("commits", ["object", "history"], variables), None)

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


def _git_time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


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
