"""What a load tells: while it runs, when it has ended, and when it brought nothing."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from ingestion.http import Budget, Cost


class LoadError(Exception):
    """A load that brought nothing; the message is one line for people."""


@dataclass(frozen=True)
class Progress:
    """Where a sync stands. `repositories` are what the source reads one by one: repositories,
    GitLab's projects, Jira's projects. `remaining` is what is left of the API's limits."""

    connection: str
    repositories_done: int
    repositories_total: int
    rows: int
    requests: int
    remaining: dict[str, int]
    current: str | None = None
    back_to: datetime | None = None
    """Where the older history begins that is being read; None before that."""


@dataclass(frozen=True)
class Failure:
    """A repository (project, owner, list) that could not be read, by its name."""

    repository: str
    resource: str | None
    reason: str
    is_partial: bool = False
    """Other lists of it were read."""


@dataclass
class Report:
    """What a sync brought, growing while it runs."""

    row_counts: Counter[str] = field(default_factory=Counter)
    failures: list[Failure] = field(default_factory=list)
    repositories: int = 0
    skipped: int = 0
    total: int = 0
    lists_failed: int = 0
    """Owners (groups, lists) among the failures: their repositories are not in the total."""
    behind: int = 0
    """Repositories of which older history was left for another load."""
    first_error: Exception | None = None
    """What kept the first owner (group, list) from being read."""


@dataclass
class LoadResult:
    """What a load did."""

    connection: str
    synced_at: datetime
    row_counts: dict[str, int]
    """Rows handed over, by table; all tables are named."""
    failures: list[Failure] = field(default_factory=list)
    repositories: int = 0
    skipped: int = 0
    behind: int = 0
    """Repositories of which older history was left for another load, time being over."""
    requests: int = 0
    seconds: float = 0.0
    seconds_waited: float = 0.0
    """For rate limits, all threads together."""
    costs: list[Cost] = field(default_factory=list)
    """What the requests cost, by endpoint."""
    budgets: list[Budget] = field(default_factory=list)
    """What is left of the API's limits, as far as replies told."""
