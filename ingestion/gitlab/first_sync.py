"""Estimates a first sync of GitLab from counts that cost few requests (docs/sources.md)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from ingestion.gitlab.client import GitlabClient, part
from ingestion.gitlab.first_sync_costs import Counts, Group, of_group, of_projects
from ingestion.gitlab.groups import roots
from ingestion.gitlab.paging import has_more, iso, items_of
from ingestion.http import ApiError, Budget
from ingestion.loading import timestamp
from ingestion.loading.estimates import (
    MOST_UNITS,
    Estimate,
    Need,
    Stopwatch,
    duration,
    spread,
    within_history,
)
from ingestion.loading.history import steps
from ingestion.settings import GitlabConnection, Settings

_MINUTE = 60.0
_PAGE = 100
# Above so many GitLab tells no total (docs.gitlab.com/api/rest, Pagination).
_MOST_TOLD = 10_000
_MOST_HALVES = 4

Item = dict[str, Any]


def estimate(
    client: GitlabClient,
    connection: GitlabConnection,
    settings: Settings,
    budgets: Sequence[Budget],
    now: datetime,
) -> Estimate:
    """The estimate; `budgets`: what is left of the limit, all tokens together.

    Asks a handful of requests a group of the settings, one per 100 projects, up to 2,000 projects,
    and four for each of ten projects. Raises ApiError.
    """
    watch = Stopwatch(client.rest.ledger)
    since = settings.history_since(now)
    in_steps = len(steps(since, now))
    requests = merge_requests = issues = there = 0
    projects: list[Item] = []
    for full_path in roots(connection.groups):
        group, found = _group(client, full_path, since, now)
        requests += of_group(group, in_steps)
        merge_requests += group.merge_requests
        issues += group.issues
        there += group.projects
        projects += found
    wanted = [one for one in projects if connection.wants(one["path_with_namespace"])]
    count = math.ceil(len(wanted) * there / max(len(projects), 1))
    wanted.sort(key=lambda one: str(one.get("last_activity_at")))
    sample = [
        _project(client, wanted[position], since, connection.jobs)
        for position in spread(len(wanted))
    ]
    requests += of_projects(sample, count, in_steps)
    left = budgets[0] if budgets else None
    asked, pace = watch.read()
    needs = [Need(requests, left, _MINUTE)]
    seconds, waits = duration(requests, pace, connection.concurrency, needs, now.timestamp())
    scale = count / max(len(sample), 1)
    notes = []
    if len(sample) < count:
        notes.append(f"commits, pipelines and jobs as in {len(sample)} of {count:,} projects")
    return Estimate(
        {
            "projects": count,
            "merge requests": merge_requests,
            "issues": issues,
            "commits": math.ceil(scale * sum(one.commits for one in sample)),
            "pipelines": math.ceil(scale * sum(one.pipelines for one in sample)),
            "jobs": math.ceil(scale * sum(one.jobs for one in sample)),
        },
        {"core": requests},
        None,
        seconds,
        waits,
        asked,
        len(projects),
        notes,
    )


def _group(
    client: GitlabClient, full_path: str, since: datetime, now: datetime
) -> tuple[Group, list[Item]]:
    """How much there is in a group, and its projects (2,000 at most)."""
    path = f"/groups/{part(full_path)}"
    everything = {"scope": "all", "state": "all", "non_archived": "false"}
    projects, there = _projects(client, path)
    return (
        Group(
            groups=1 + _total(client, f"{path}/descendant_groups", {}),
            projects=there,
            merge_requests=_changed(client, f"{path}/merge_requests", everything, since, now),
            issues=_changed(client, f"{path}/issues", everything, since, now),
            members=_total(client, f"{path}/members/all", {}),
        ),
        projects,
    )


def _projects(client: GitlabClient, path: str) -> tuple[list[Item], int]:
    """The projects of a group, and how many there are."""
    found: list[Item] = []
    params = {"include_subgroups": "true", "with_shared": "false", "per_page": _PAGE}
    while True:
        page = len(found) // _PAGE + 1
        reply = client.rest.get(f"{path}/projects", {**params, "page": page})
        items = items_of(reply, f"{path}/projects")
        found += items
        if not has_more(reply, len(items), _PAGE):
            return found, len(found)
        if len(found) >= MOST_UNITS:
            return found, _told(reply.headers) or len(found)


def _changed(
    client: GitlabClient,
    path: str,
    params: Mapping[str, Any],
    start: datetime,
    end: datetime,
    halves: int = _MOST_HALVES,
) -> int:
    """How many were changed from `start` to `end`; of more than 10,000, in halves of the time."""
    window = {"updated_after": iso(start), "updated_before": iso(end)}
    reply = client.rest.get(path, {**params, **window, "per_page": 1})
    if (total := _told(reply.headers)) is not None:
        return total
    if not halves:
        return _MOST_TOLD
    middle = start + (end - start) / 2
    return sum(
        _changed(client, path, params, begin, until, halves - 1)
        for begin, until in ((start, middle), (middle, end))
    )


def _project(client: GitlabClient, item: Item, since: datetime, jobs: bool) -> Counts:
    """How long the lists of one project are, as far as they may be read."""
    path = f"/projects/{item['id']}"
    changed = {"updated_after": iso(since)}
    try:
        told = client.rest.get(path, {"statistics": "true"}).data.get("statistics") or {}
        pipelines = _total(client, f"{path}/pipelines", changed)
        by_change = {**changed, "order_by": "updated_at"}
        deployments = _total(client, f"{path}/deployments", by_change)
        each = _jobs_a_pipeline(client, path) if jobs and pipelines else 0.0
    except ApiError:
        return Counts(0, 0, 0, 0)  # switched off or hidden: nothing will be read either
    created = timestamp(item.get("created_at")) or since
    ended = timestamp(item.get("last_activity_at")) or since
    commits = within_history(int(told.get("commit_count") or 0), created, ended, since)
    return Counts(commits, pipelines, deployments, math.ceil(pipelines * each))


def _jobs_a_pipeline(client: GitlabClient, path: str) -> float:
    """Jobs of one pipeline, by the newest hundred: how many there are in all is not told."""
    found = items_of(client.rest.get(f"{path}/jobs", {"per_page": _PAGE}), f"{path}/jobs")
    pipelines = {(job.get("pipeline") or {}).get("id") for job in found}
    return len(found) / len(pipelines) if pipelines else 0.0


def _total(client: GitlabClient, path: str, params: Mapping[str, Any]) -> int:
    """The length of a list; 10,000 where it is longer."""
    reply = client.rest.get(path, {**params, "per_page": 1})
    total = _told(reply.headers)
    return _MOST_TOLD if total is None else total


def _told(headers: Mapping[str, str]) -> int | None:
    total = headers.get("x-total", "")
    return int(total) if total.isdigit() else None
