"""Commits of the default branch, and those of what was deployed, tagged or released elsewhere.

The first sync lists the history back to its start date. Later ones ask for the range between the
old head and the new one (`ref_name` takes what `git log` takes): a date would miss old commits
that are merged late. Lists are of a commit, not of a branch, so that they do not shift.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ingestion.gitlab import rows
from ingestion.gitlab.client import part
from ingestion.gitlab.paging import Item, iso
from ingestion.gitlab.project import Project
from ingestion.gitlab.reading import Reading
from ingestion.http import ApiError, NotFound, Overloaded, Stopped, Unauthorized
from ingestion.http.errors import one_line
from ingestion.loading import timestamp

# Enough to tell a commit from all others of a project, at half the size.
_PREFIX = 16
_MOST_REMEMBERED = 200


class Commits:
    """Reads the commits of one project and knows which ones it has handed over."""

    def __init__(self, reading: Reading, project: Project, is_split: bool) -> None:
        self._reading = reading
        self._project = project
        self._is_split = is_split
        self._done: set[str] = set()
        self.cut: list[str] = []
        """Commits beside the default branch whose history goes on before `since`."""

    def head(self) -> str | None:
        """The newest commit of the default branch, None when there is none. Raises ApiError."""
        if self._project.default_branch is None:
            return None
        path = f"{self._project.path}/repository/branches/{part(self._project.default_branch)}"
        try:
            found = self._reading.get(path).data
        except NotFound:
            return None  # an empty repository, or none at all
        return (found.get("commit") or {}).get("id")

    def read_default_branch(self, head: str | None, old_head: str | None) -> None:
        """Hands over the commits of the default branch that the old head did not have.

        A commit that a forced push took away is handed over with is_on_default_branch = false.
        Raises ApiError.
        """
        if head is None or head == old_head:
            return
        if old_head is not None:
            if self._is_behind(old_head, head):
                return
            if self._exists(old_head):
                self._put(self._list(f"{head}..{old_head}"), False)
                return
        self._put(self._list(head, since=True), True)

    def read_older(self, head: str | None) -> None:
        """Hands over the older history of the default branch. Raises ApiError."""
        if head is not None:
            self._put(self._list(head, since=True), True)

    def _is_behind(self, old_head: str, head: str) -> bool:
        """Hands over what the head has and the old one had not; returns whether nothing was taken
        away: then the old head is the parent of something new."""
        is_behind = False
        # GitLab lists nothing for a range that begins with a commit that is gone.
        with contextlib.suppress(NotFound):
            for page in self._list(f"{old_head}..{head}"):
                is_behind = is_behind or any(old_head in (c.get("parent_ids") or []) for c in page)
                self._put([page], True)
        return is_behind

    def read_elsewhere(
        self, shas: Iterable[str], head: str | None, remembered: Sequence[str]
    ) -> list[str]:
        """Hands over the commits through which these can be reached, but not from the default
        branch, back to the start of the history. Returns what to remember for the next sync.

        Raises ApiError.
        """
        known = set(remembered)
        looked_at = []
        for sha in dict.fromkeys(shas):
            if sha in self._done or sha[:_PREFIX] in known:
                continue
            with contextlib.suppress(NotFound):  # gone, with the branch it was on
                self._put(self._until_known(sha, head, known), False)
            looked_at.append(sha[:_PREFIX])
        return [*remembered, *looked_at][-_MOST_REMEMBERED:]

    def _exists(self, sha: str) -> bool:
        try:
            self._reading.get(f"{self._project.path}/repository/commits/{sha}", {"stats": "false"})
        except NotFound:
            return False
        return True

    def _until_known(self, sha: str, head: str | None, known: set[str]) -> Iterator[list[Item]]:
        """Pages of a history beside the default branch, as far as it is wanted and not known."""
        wanted = {sha}
        for page in self._list(f"{head}..{sha}" if head else sha):
            found = []
            for commit in page:
                if commit["id"] in wanted:
                    found.append(commit)
                    wanted.discard(commit["id"])
                    parents = commit.get("parent_ids") or []
                    wanted.update(p for p in parents if p[:_PREFIX] not in known)
            yield found
            oldest = timestamp(page[-1].get("committed_date")) if page else None
            if not wanted:
                return
            if oldest is not None and oldest < self._reading.sync.since:
                self.cut = [*self.cut, sha][-_MOST_REMEMBERED:]
                return

    def _list(self, ref: str, *, since: bool = False) -> Iterator[list[Item]]:
        """Pages of a history; without sizes where they are too much for the server."""
        path = f"{self._project.path}/repository/commits"
        params: dict[str, Any] = {"ref_name": ref}
        if since:
            params["since"] = iso(self._reading.sync.since)
            if self._reading.sync.until is not None:
                params["until"] = iso(self._reading.sync.until)
        try:
            for found, _ in self._reading.numbered(path, {**params, "with_stats": "true"}):
                yield found
        except Overloaded as error:
            self._reading.problem(f"commits without their sizes: {one_line(error)}")
            for found, _ in self._reading.numbered(path, params):
                yield found

    def _put(self, pages: Iterable[list[Item]], is_on_default_branch: bool) -> None:
        for page in pages:
            fresh = [commit for commit in page if commit["id"] not in self._done]
            self._done.update(commit["id"] for commit in fresh)
            found = [rows.commit(c, self._project, is_on_default_branch) for c in fresh]
            if self._is_split:
                paths = self._reading.sync.fan_out.map(self._changed_paths, fresh)
                for row, changed in zip(found, paths, strict=True):
                    row["changed_paths"] = changed
            self._reading.put("commits", found)

    def _changed_paths(self, commit: Item) -> list[str] | None:
        """Old and new names of the files that a commit changed against its first parent."""
        path = f"{self._project.path}/repository/commits/{commit['id']}/diff"
        try:
            names = [
                name
                for change in self._reading.items(path)
                for name in (change.get("old_path"), change.get("new_path"))
                if name
            ]
        except (Unauthorized, Stopped):
            raise
        except ApiError as error:
            self._reading.problem(f"changed paths of {commit['id'][:10]}: {one_line(error)}")
            return None
        return list(dict.fromkeys(names))
