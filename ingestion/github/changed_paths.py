"""The files that commits changed: one request a commit, only where services split a repository.

`GET /repos/{owner}/{name}/commits/{sha}` is the only place that names them (docs.github.com,
REST, "Get a commit": 300 files a page, 3,000 at most; a merge against its first parent). What is
missing is asked for when it can be: commits that were loaded before the repository was split,
and what was left over when a round's time had ended.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from typing import Any

from ingestion.github.known import Known
from ingestion.github.reading import Reading
from ingestion.github.repository import Repository
from ingestion.http import ApiError, NotFound, Rejected, Stopped, Unauthorized, Unreachable
from ingestion.http.errors import one_line
from ingestion.loading.batches import Row

PAGE = 100
# Enough to tell a commit from all others of a repository, at half the size.
_PREFIX = 16
# Syncs in which GitHub may fail at a commit (404, or a diff it can't make in time) before it is
# given up, and commits it can't do in one sync after which the others wait for the next.
_MOST_TRIES = 3
_MOST_TROUBLES = 3

# {"gone": [prefixes], "failed": {prefix: tries}}
State = dict[str, Any]


class ChangedPaths:
    """Finds the changed paths of one repository's commits."""

    def __init__(
        self, reading: Reading, repository: Repository, known: Known, state: State
    ) -> None:
        self.is_unfinished = False
        self._reading = reading
        self._repository = repository
        self._known = known
        self._gone: dict[str, None] = dict.fromkeys(state.get("gone") or [])
        self._failed: dict[str, int] = dict(state.get("failed") or {})
        self._troubles = 0

    def state(self) -> State:
        """What to remember for the next sync: commits that are not worth asking for."""
        return {"gone": list(self._gone), "failed": self._failed}

    def fill(self, commits: Sequence[Row]) -> None:
        """Puts the changed paths into rows of commits, as far as there is time in this round.

        Raises Unauthorized, Stopped, Unreachable.
        """
        found = self._known.paths(self._repository.id, [row["sha"] for row in commits])
        for row in commits:
            row["changed_paths"] = found.get(row["sha"])
        missing = [row for row in commits if row["changed_paths"] is None]
        if self._reading.sync.is_late():
            self.is_unfinished = self.is_unfinished or bool(missing)
        else:
            self._ask_for(missing)

    def catch_up(self, handed_over: Container[str]) -> None:
        """Hands the commits over again that are in the warehouse without their changed paths.

        `handed_over`: hashes of this round, which have had their chance. Raises like `fill`.
        """
        for commits in self._pages():
            missing = [row for row in commits if row["sha"] not in handed_over]
            self._ask_for(missing)
            found = [row for row in missing if row["changed_paths"] is not None]
            self._reading.put("commits", found)
            if self._reading.sync.is_late() and len(commits) == PAGE:
                self.is_unfinished = True
                return

    def _pages(self) -> Iterator[list[Row]]:
        after = ""
        while True:
            page = self._known.without_paths(self._repository.id, after, PAGE)
            if page:
                yield page
            if len(page) < PAGE:
                return
            after = page[-1]["sha"]

    def _ask_for(self, commits: Sequence[Row]) -> None:
        wanted = [row for row in commits if not self._is_given_up(row["sha"][:_PREFIX])]
        shas = [row["sha"] for row in wanted]
        answers = self._reading.sync.fan_out.map(self._ask, shas)
        for row, answer in zip(wanted, answers, strict=True):
            row["changed_paths"] = self._learn(row["sha"][:_PREFIX], answer)

    def _is_given_up(self, prefix: str) -> bool:
        return prefix in self._gone or self._failed.get(prefix, 0) >= _MOST_TRIES

    def _ask(self, sha: str) -> list[str] | ApiError | None:
        """Old and new names of the files; why there are none; None when it was not asked."""
        if self._troubles >= _MOST_TROUBLES:
            return None
        names: dict[str, None] = {}
        try:
            for reply in self._reading.pages(f"{self._repository.path}/commits/{sha}"):
                for file in reply.data.get("files") or []:
                    for name in (file.get("previous_filename"), file.get("filename")):
                        if name:
                            names[name] = None
        except (Unauthorized, Stopped, Unreachable):
            raise
        except ApiError as error:
            self._troubles += not isinstance(error, NotFound | Rejected)
            return error
        return list(names)

    def _learn(self, prefix: str, answer: list[str] | ApiError | None) -> list[str] | None:
        if answer is None:
            return None
        if isinstance(answer, list):
            self._failed.pop(prefix, None)
            return answer
        if isinstance(answer, Rejected):
            # 422 "No commit found for SHA". A 404 may as well be about the repository.
            self._gone[prefix] = None
        else:
            self._failed[prefix] = self._failed.get(prefix, 0) + 1
            self._reading.problem(f"changed paths of {prefix[:10]}: {one_line(answer)}")
        return None
