"""What a first sync of GitLab costs, reckoned from counts. No request is sent here."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ingestion.gitlab.users import MOST_ASKED
from ingestion.loading.estimates import pages

_PAGE = 100
# A page each of labels, environments, tags, releases; the branch.
_PROJECT = 5
# What an older step of the history (decision 0025) asks at least: pipelines twice, with their
# windows, deployments, jobs, commits, tags, releases.
_STEP = 8
# Commits, notes, approvals.
_MERGE_REQUEST = 3


@dataclass(frozen=True)
class Group:
    """What there is in a group of the settings and below it."""

    groups: int
    """Itself and those below it."""
    projects: int
    """Those that are listed, wanted or not."""
    merge_requests: int
    issues: int
    members: int


@dataclass(frozen=True)
class Counts:
    """How long the lists of one project are."""

    commits: int
    pipelines: int
    deployments: int
    jobs: int


def of_group(group: Group, steps: int = 1) -> int:
    """Requests for the lists of a group, and for each of its merge requests; `steps`: in which the
    history is read."""
    return (
        1
        + pages(group.groups - 1, _PAGE, 1)
        + group.groups  # members
        + pages(group.projects, _PAGE, 1)
        + pages(group.merge_requests, _PAGE, 1)
        + pages(group.issues, _PAGE, 1)
        + 2 * (steps - 1)
        + _MERGE_REQUEST * group.merge_requests
        + min(group.members, MOST_ASKED)  # accounts
    )


def of_project(counts: Counts, steps: int = 1) -> int:
    """Requests for the lists of one project; pipelines are two, with and without child ones."""
    return (
        _PROJECT
        + pages(counts.commits, _PAGE, 1)
        + pages(counts.pipelines, _PAGE, 1)
        + 1
        + pages(counts.deployments, _PAGE, 1)
        + pages(counts.jobs, _PAGE)
        + (_STEP * (steps - 1) if counts.pipelines or counts.commits else 0)
    )


def of_projects(sample: Sequence[Counts], projects: int, steps: int = 1) -> int:
    """Requests for so many projects, of which some were looked at."""
    if not sample:
        return 0
    return math.ceil(sum(of_project(one, steps) for one in sample) * projects / len(sample))
