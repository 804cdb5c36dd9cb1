"""What a first sync of GitHub costs, reckoned from counts. No request is sent here."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ingestion.github.first_pages import GO_ON, MOST_AHEAD
from ingestion.github.reading import PAGE_SIZES
from ingestion.github.repository import is_small
from ingestion.github.rows import nodes, timestamp
from ingestion.loading.estimates import extrapolated, pages, within_history

# Points of a page of each list, as README.md tells them.
POINTS = {
    "first_sync": 4,
    "repositories": 4,
    "teams": 1,
    "first_pages": 10,
    "pull_requests": 4,
    "issues": 3,
    "commits": 2,
    "deployments": 1,
    "releases": 1,
    "tags": 1,
    "labels": 1,
    "check_suites": 1,
}
_PAGE = 100
LISTS = ("pull_requests", "issues", "commits", "deployments", "releases", "tags", "labels")


@dataclass(frozen=True)
class Counts:
    """How long the lists of one repository are, as far as they are in the history."""

    full_name: str
    lists: Mapping[str, int]
    """By table."""


def counts_of(node: Mapping[str, Any], since: datetime) -> Counts:
    """The counts in a repository of the document first_sync.

    Pull requests, issues and deployments are read back to `since`: of their number that part that
    fits the time since the first of them, as if they had come evenly.
    """
    ended = max(filter(None, (timestamp(node.get(n)) for n in ("pushedAt", "updatedAt"))))

    def count(field: str) -> int:
        return int((node.get(field) or {}).get("totalCount") or 0)

    def recent(field: str) -> int:
        oldest = next(iter(nodes(node.get(field))), node)
        begun = timestamp(oldest["createdAt"]) or since
        return within_history(count(field), begun, ended, since)

    head = (node.get("defaultBranchRef") or {}).get("target") or {}
    return Counts(
        node["nameWithOwner"],
        {
            "pull_requests": recent("pullRequests"),
            "issues": recent("issues"),
            "deployments": recent("deployments"),
            "commits": int((head.get("history") or {}).get("totalCount") or 0),
            "releases": count("releases"),
            "tags": count("refs"),
            "labels": count("labels"),
        },
    )


def documents(counts: Counts, steps: int = 1) -> dict[str, int]:
    """Requests of GraphQL for the lists of one repository, by document.

    `steps`: in which its history is read, the newest first (decision 0025). Each older one goes
    on with the lists that have something and are cut by time. A small repository is read at once.
    """
    steps = 1 if is_small(counts.lists) else steps
    # The newest pages come together.
    needed = {"first_pages": 1 if any(counts.lists.values()) else 0}
    for name in LISTS:
        count, size = counts.lists[name], PAGE_SIZES[name]["first"]
        again = 1 if name in GO_ON and count else 0
        needed[name] = max(pages(count, size) - 1, 0) + again * (steps - 1)
    return needed


def saved(counts: Counts, steps: int = 1) -> int:
    """Requests of `documents` that are none, since the next pages of several lists come together.
    Their points are the same."""
    steps = 1 if is_small(counts.lists) else steps
    lists = [(counts.lists[name], PAGE_SIZES[name]["first"]) for name in GO_ON]
    more = [(pages(count, size) - 1) // steps for count, size in lists if count]
    # An older step has a page of each list to begin with; the newest one's are `first_pages`.
    older = _together([count + 1 for count in more], MOST_AHEAD)
    return _together(more, MOST_AHEAD - 1) + older * (steps - 1)


def _together(lengths: Sequence[int], most: int) -> int:
    """Requests saved where lists of so many pages come together, as long as two of them go on."""
    if len(lengths) < 2:
        return 0
    together = min(sorted(lengths)[-2], most)
    return sum(min(length, together) for length in lengths) - together


def runs_of(found: Sequence[Counts], told: Mapping[str, int]) -> list[int]:
    """Workflow runs of each repository: as `told` by name, of the others by their commits."""
    commits = sum(counts.lists["commits"] for counts in found if counts.full_name in told)
    share = sum(told.values()) / commits if commits else 0.0
    return [
        told.get(counts.full_name, math.ceil(share * counts.lists["commits"])) for counts in found
    ]


@dataclass(frozen=True)
class Costs:
    """What there is to read, and what that takes."""

    counted: dict[str, int]
    core: int
    graphql: int
    points: int


def reckoned(
    found: Sequence[Counts],
    runs: Sequence[int],
    *,
    seen: int,
    there: int,
    owners: int,
    organizations: int,
    jobs: Callable[[str], bool],
    steps: int = 1,
) -> Costs:
    """The costs of all repositories, of which `seen` of `there` were looked at and `found` wanted.

    `runs`: workflow runs of each one found. `jobs`: whether the jobs of the runs of a repository
    (by name) are read. `steps`: in which the history is read.
    """
    with_jobs = sum(n for counts, n in zip(found, runs, strict=True) if jobs(counts.full_name))
    asked = {"check_suites": pages(with_jobs, _PAGE)}
    for counts in found:
        for name, requests in documents(counts, steps).items():
            asked[name] = asked.get(name, 0) + requests
    together = {"saved": sum(saved(counts, steps) for counts in found)}
    graphql = extrapolated(asked, seen, there)
    graphql["repositories"] = pages(there, PAGE_SIZES["repositories"]["first"], owners)
    graphql["teams"] = organizations
    rest = {
        "runs": sum(
            pages(count, _PAGE, 1) + (0 if is_small(counts.lists) else steps - 1)
            for counts, count in zip(found, runs, strict=True)
        )
    }
    counted = {
        "repositories": len(found),
        **{
            name.replace("_", " "): sum(counts.lists[name] for counts in found)
            for name in LISTS[:4]
        },
        "workflow runs": sum(runs),
    }
    return Costs(
        extrapolated(counted, seen, there),
        extrapolated(rest, seen, there)["runs"],
        sum(graphql.values()) - extrapolated(together, seen, there)["saved"],
        sum(count * POINTS[name] for name, count in graphql.items()),
    )
