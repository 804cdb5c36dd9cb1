"""Second, independent computation: the inputs as known at a time, and the graph by sets.

Written from the definition page of the metrics, docs/decisions/0007, 0013 and 0015 and the meanings
of the columns in docs/warehouse.md; nothing here knows the code in transform/.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

Row = dict[str, Any]
Tables = Mapping[str, Sequence[Row]]

UNKNOWN = "unknown"


def hours(start: datetime | None, end: datetime | None) -> float | None:
    """Hours from start to end; None where one is missing or the span is negative."""
    if start is None or end is None or end < start:
        return None
    return (end - start).total_seconds() / 3600


class Facts:
    """The rows of the inputs, without what had not happened at `as_of`."""

    def __init__(self, tables: Tables, as_of: datetime) -> None:
        self.tables = tables
        self.as_of = as_of
        (self.settings,) = tables["dim_metric_settings"]
        self.commits: dict[tuple[str, str], Row] = {
            (c["repository_id"], c["sha"]): c for c in tables["fct_commits"]
        }
        self.commits_of: dict[str, list[Row]] = defaultdict(list)
        for commit in tables["fct_commits"]:
            self.commits_of[commit["repository_id"]].append(commit)
        self.bots = {d["developer_id"] for d in tables["dim_developers"] if d["is_bot"]}
        # Merged, whatever branch into (0007, changes).
        self.pulls = [
            p
            for p in tables["fct_pull_requests"]
            if p["merged_at"] is not None and p["merged_at"] <= as_of
        ]
        self.pulls_of: dict[str, list[Row]] = defaultdict(list)
        for pull in self.pulls:
            self.pulls_of[pull["repository_id"]].append(pull)
        self.deployments = [
            {**d, "service_id": d["service_id"] or UNKNOWN}
            for d in tables["fct_deployments"]
            if d["environment_tier"] == "production"
            and d["status"] == "success"
            and d["finished_at"] is not None
            and d["finished_at"] <= as_of
        ]
        self.incidents = [
            {**i, "resolved_at": None if _later(i["resolved_at"], as_of) else i["resolved_at"]}
            for i in tables["fct_incidents"]
            if i["opened_at"] <= as_of
        ]
        self._reach: dict[tuple[str, str], frozenset[str]] = {}

    def is_known(self, repository: str, sha: str | None) -> bool:
        """Whether a commit is among those loaded."""
        return sha is not None and (repository, sha) in self.commits

    def reach(self, repository: str, sha: str | None) -> frozenset[str]:
        """The hashes that a commit reaches through parent links, itself included."""
        if sha is None:
            return frozenset()
        key = (repository, sha)
        if key not in self._reach:
            found = {sha}
            left = [sha]
            while left:
                commit = self.commits.get((repository, left.pop()))
                # A commit that was not loaded reaches itself only, and is reached by none.
                for parent in (commit["parent_shas"] or []) if commit else []:
                    if parent not in found and (repository, parent) in self.commits:
                        found.add(parent)
                        left.append(parent)
            self._reach[key] = frozenset(found)
        return self._reach[key]

    def is_older(self, repository: str, one: str | None, other: str | None) -> bool:
        """Whether the commit `one` is an ancestor of the commit `other`, and not the same."""
        return one is not None and one != other and one in self.reach(repository, other)

    def lines(self) -> dict[tuple[str, str, str], list[Row]]:
        """Production deployments per service, environment and repository, in order."""
        lines: dict[tuple[str, str, str], list[Row]] = defaultdict(list)
        for one in self.deployments:
            lines[one["service_id"], one["environment"], one["repository_id"]].append(one)
        return {key: self._ordered(line) for key, line in sorted(lines.items())}

    def _ordered(self, line: list[Row]) -> list[Row]:
        # By time; of the same instant that first of which most of the others' commits descend (so
        # ancestors come first), then by id.
        def place(one: Row) -> tuple[datetime, int, str]:
            together = {d["commit_sha"] for d in line if d["finished_at"] == one["finished_at"]}
            above = [
                sha
                for sha in together
                if self.is_older(one["repository_id"], one["commit_sha"], sha)
            ]
            return one["finished_at"], -len(above), one["deployment_id"]

        return sorted(line, key=place)


def _later(time: datetime | None, than: datetime) -> bool:
    return time is not None and time > than
