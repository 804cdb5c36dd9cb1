"""Everything of one repository: what changed is read, what did not is left alone."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from ingestion.github import (
    actions,
    deployments,
    first_pages,
    issues,
    named_commits,
    pull_requests,
    releases,
)
from ingestion.github.changed_paths import ChangedPaths
from ingestion.github.commits import Commits
from ingestion.github.cursors import Cursor
from ingestion.github.reading import Reading
from ingestion.github.releases import Dated
from ingestion.github.repository import Repository
from ingestion.http import ApiError, Forbidden, Stopped, Unauthorized
from ingestion.http.errors import one_line
from ingestion.loading import Outcome as AnyOutcome
from ingestion.loading import timestamp, unexpected_shape

logger = logging.getLogger(__name__)

# The count tells of new and deleted labels, only a look at them of renamed ones.
_LABELS_HOLD = timedelta(days=7)

# What is kept per repository from one sync to the next: a dict that JSON can hold.
State = dict[str, Any]


# Of the state, what the reading of older history goes on with.
_OF_ALL_HISTORY = ("paths", "elsewhere", "looked_at", "cut", "named")

Outcome = AnyOutcome[Repository]


class _Reader:
    def __init__(self, reading: Reading, repository: Repository, state: State) -> None:
        self.reading = reading
        self.repository = repository
        self.old = state
        self.new: State = {**state, "name": repository.full_name}
        self.paths: ChangedPaths | None = None
        if reading.sync.split(repository.full_name):
            self.paths = ChangedPaths(
                reading, repository, reading.sync.known, state.get("paths") or {}
            )
        self.commits = Commits(reading, repository, self.paths)
        # What was deployed, tagged or released, and may stand beside the default branch. Kept in
        # the state until it was looked at: the lists it comes from are not read again.
        self.elsewhere: list[str] = list(state.get("elsewhere") or [])
        self.new["elsewhere"] = self.elsewhere

    def steps(self) -> list[tuple[str, Callable[[], None]]]:
        """The lists by the name of their table, in the order in which they are read."""
        if self.reading.sync.until is not None:
            return self._older_steps()
        return [
            ("labels", self.labels),
            ("pull_requests", self.pull_requests),
            ("issues", self.issues),
            ("commits", self.default_branch),
            ("tags", self.tags),
            ("releases", self.releases),
            ("deployments", self.deployments),
            ("workflow_runs", self.workflow_runs),
            ("commits", self.other_commits),
            ("commits", self.commits.find_missing_paths),
        ]

    def _older_steps(self) -> list[tuple[str, Callable[[], None]]]:
        found: list[tuple[str, Callable[[], None]]] = [
            ("pull_requests", self.pull_requests),
            ("issues", self.issues),
            ("commits", self.commits.read_older),
            ("tags", self.tags),
            ("releases", self.releases),
            ("deployments", self.deployments),
            ("workflow_runs", self.workflow_runs),
            ("commits", self.other_commits),
            ("commits", self.commits.find_missing_paths),
        ]
        # "0 …": the signature begins with how many there are.
        empty = [name for name, said in self.repository.signatures.items() if said == "0"]
        return [(name, step) for name, step in found if name not in empty]

    def _is_known(self, name: str) -> bool:
        signature = self.repository.signatures[name]
        return signature is not None and (self.old.get(name) or {}).get("signature") == signature

    def _signed(self, name: str, **more: Any) -> None:
        self.new[name] = {"signature": self.repository.signatures[name], **more}

    def first_pages(self) -> None:
        """Asks for the first pages of all lists that changed, together."""
        wanted = {
            name
            for name, signature in self.repository.signatures.items()
            if signature is not None
            and not (self._holds_labels() if name == "labels" else self._is_known(name))
        }
        head = self.repository.head_sha
        # What was deployed, tagged or released mostly is among the newest commits.
        if head and (
            head != self.old.get("head_sha") or wanted & {"tags", "releases", "deployments"}
        ):
            wanted.add("commits")
        first_pages.read(self.reading, self.repository, wanted, is_first="head_sha" not in self.old)

    def older_pages(self) -> None:
        """Asks for the pages of older history of several lists together."""
        tails, counts = self.reading.tails, self.repository.counts
        wanted = {n for n in first_pages.GO_ON if not tails.is_all(n) and counts.get(n) != 0}
        if self.repository.head_sha is None:
            wanted.discard("commits")
        first_pages.read(self.reading, self.repository, wanted, is_first=True)

    def _holds_labels(self) -> bool:
        read_at = timestamp((self.old.get("labels") or {}).get("read_at"))
        is_fresh = read_at is not None and read_at > self.reading.sync.synced_at - _LABELS_HOLD
        return is_fresh and self._is_known("labels")

    def labels(self) -> None:
        if self._holds_labels():
            return
        releases.read_labels(self.reading, self.repository)
        self._signed("labels", read_at=self.reading.sync.synced_at.isoformat())

    def pull_requests(self) -> None:
        self._by_change("pull_requests", pull_requests.read)

    def issues(self) -> None:
        self._by_change("issues", issues.read)

    def _by_change(
        self, name: str, read: Callable[[Reading, Repository, Cursor], str | None]
    ) -> None:
        if self._is_known(name):
            return
        newest = (self.old.get(name) or {}).get("newest")
        found = read(self.reading, self.repository, self._cursor(newest))
        self._signed(name, newest=max(filter(None, (newest, found)), default=None))

    def _cursor(self, newest: str | None) -> Cursor:
        return Cursor.after(newest, self.reading.sync.since, begin=self.reading.sync.until)

    def default_branch(self) -> None:
        self.commits.read_default_branch(self.old.get("head_sha"))
        self.new["head_sha"] = self.repository.head_sha

    def tags(self) -> None:
        self._by_name("tags", releases.read_tags)

    def releases(self) -> None:
        self._by_name("releases", releases.read_releases)

    def _by_name(self, name: str, read: Callable[[Reading, Repository], Dated]) -> None:
        all_kept: dict[str, named_commits.State] = self.old.get("named") or {}
        kept = all_kept.get(name) or {}
        # The whole list was read with the newest history; what changed since, with what is new.
        dated = named_commits.older(kept) if self.reading.sync.until else None
        if dated is None:
            if self._is_known(name):
                return
            dated = read(self.reading, self.repository)
            self._signed(name)
        shas, kept = named_commits.news(dated, self.reading.sync.since, kept)
        self.elsewhere += shas
        self.new["named"] = {**(self.new.get("named") or {}), name: kept}

    def deployments(self) -> None:
        old: deployments.State = self.old.get("deployments") or {}
        self.new["deployments"], shas = deployments.read(self.reading, self.repository, old)
        self.elsewhere += shas

    def workflow_runs(self) -> None:
        old: actions.State = self.old.get("workflow_runs") or {}
        self.new["workflow_runs"], shas = actions.read(self.reading, self.repository, old)
        self.elsewhere += shas

    def other_commits(self) -> None:
        looked_at = self.old.get("looked_at") or []
        cut = self.old.get("cut") or []
        if self.reading.sync.until is not None:
            looked_at = [p for p in looked_at if not any(sha.startswith(p) for sha in cut)]
            self.elsewhere += cut
            cut = []
        self.new["looked_at"] = self.commits.read_elsewhere(self.elsewhere, looked_at)
        self.new["cut"] = [*cut, *self.commits.cut]
        self.elsewhere.clear()


def read(reading: Reading, repository: Repository, state: State) -> Outcome:
    """Hands over what changed in a repository. A list that fails keeps its old cursor.

    Only what concerns everybody is raised: Unauthorized, Stopped.
    """
    is_older = reading.sync.until is not None
    # Older history is read as if nothing were known; what came with it is added to the state.
    kept = {key: state[key] for key in _OF_ALL_HISTORY if key in state} if is_older else state
    reader = _Reader(reading, repository, kept)
    failed = _read(reading, reader)
    is_lasting = all(isinstance(error, Forbidden) for _, error in failed)
    if reader.paths is not None:
        reader.new["paths"] = reader.paths.state()
    if not is_older:
        reader.new["tails"] = reading.tails.state()
        reader.new["since"] = reading.sync.since.isoformat()
    elif is_lasting:
        reader.new = _with_older(reading, state, reader.new)
    else:
        # Whatever it brought: it is read again from where it began.
        reader.new = state
    outcome = _outcome(reading, reader, failed)
    outcome.is_lasting = bool(failed) and is_lasting
    return outcome


def _with_older(reading: Reading, state: State, older: State) -> State:
    """The state of a repository after some older history of it was read."""
    return {
        **state,
        **{key: older[key] for key in _OF_ALL_HISTORY if key in older},
        "deployments": deployments.merged(
            state.get("deployments") or {}, older.get("deployments") or {}
        ),
        "workflow_runs": actions.merged(
            state.get("workflow_runs") or {}, older.get("workflow_runs") or {}
        ),
        "tails": reading.tails.state(),
        "since": reading.sync.since.isoformat(),
    }


def _read(reading: Reading, reader: _Reader) -> list[tuple[str, Exception]]:
    """Takes the steps; returns the lists that failed, with the reasons."""
    repository = reader.repository
    failed: list[tuple[str, Exception]] = []
    if reading.sync.until is None:
        reader.first_pages()
    else:
        reader.older_pages()
    for name, step in reader.steps():
        try:
            step()
            reading.flush()
        except (Unauthorized, Stopped):
            raise
        except ApiError as error:
            failed.append((name, error))
            reading.flush_what_is_whole()
            # A permission that is missing says nothing about the other lists.
            if not isinstance(error, Forbidden):
                break
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            logger.debug("%s, %s", repository.full_name, name, exc_info=True)
            failed.append((name, error))
            reading.flush_what_is_whole()
            break
    return failed


def _outcome(reading: Reading, reader: _Reader, failed: list[tuple[str, Exception]]) -> Outcome:
    repository = reader.repository
    if failed:
        names = ", ".join(dict.fromkeys(name for name, _ in failed))
        why = one_line("; ".join(_told(error) for _, error in failed), 500)
        return Outcome(repository, reader.new, "failed", names, why)
    problems = list(reading.problems)
    reason: str | None = None
    if problems:
        reason = one_line(f"{len(problems)} fields could not be read: " + "; ".join(problems), 500)
    status = "succeeded" if reading.row_counts else "skipped"
    is_unfinished = reader.paths is not None and reader.paths.is_unfinished
    return Outcome(repository, reader.new, status, None, reason, is_unfinished=is_unfinished)


def _told(error: Exception) -> str:
    if isinstance(error, ApiError):
        return one_line(error)
    return unexpected_shape(error)
