"""What the deployment rules want to know of a repository's workflow runs and their jobs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ingestion.settings import DeploymentRule, GithubConnection, matches_repository

Jobs = bool | Literal["auto"]


@dataclass(frozen=True)
class WantedRuns:
    """What is wanted of the runs of one repository."""

    jobs: Jobs
    rules: tuple[DeploymentRule, ...]
    """Those of kind workflow_run or job that look at this repository."""

    @property
    def deploy(self) -> bool:
        """Whether a run can be a deployment."""
        return bool(self.rules)

    @property
    def mark(self) -> str:
        """A text that changes when the jobs of other runs are wanted; empty if of none."""
        if self.jobs != "auto":
            return "all" if self.jobs else ""
        return " ".join(sorted({f"{r.kind}:{_name(r)}:{r.branch or ''}" for r in self.rules}))

    def wants_jobs_of(self, run: Mapping[str, Any]) -> bool:
        """Whether the jobs of a run, in the shape of REST, are to be read.

        A rule about jobs takes those of every run on its branches. One about runs needs them for
        attempts before the last, of which the list of runs does not tell (decision 0019).
        """
        if self.jobs != "auto":
            return self.jobs
        return any(
            _matches(rule.branch, run.get("head_branch"))
            and (
                rule.kind == "job"
                or ((run.get("run_attempt") or 1) > 1 and _matches(rule.name, run.get("name")))
            )
            for rule in self.rules
        )


def wanted_runs(
    connection: GithubConnection, rules: Sequence[DeploymentRule], full_name: str
) -> WantedRuns:
    """What the settings want of the runs of this repository (owner/name)."""
    return WantedRuns(
        connection.workflow_jobs,
        tuple(
            rule
            for rule in rules
            if rule.kind in ("workflow_run", "job")
            and rule.connection in (None, connection.name)
            and (rule.repositories is None or matches_repository(full_name, rule.repositories))
        ),
    )


def _name(rule: DeploymentRule) -> str:
    # Names of jobs are matched where all jobs are known: in the warehouse.
    return (rule.name or "") if rule.kind == "workflow_run" else ""


def _matches(pattern: str | None, text: str | None) -> bool:
    return pattern is None or (text is not None and re.search(pattern, text) is not None)
