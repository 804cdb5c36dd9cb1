"""Jobs of workflow runs: of many runs at once as GraphQL tells them, of the others by REST.

A job is a check run of its run's check suite, with the same node id. GraphQL does not tell which
attempt it belongs to, so runs that were run again are asked for by REST, one request each; so is
every run of which GraphQL's answer is not beyond doubt (decision 0023).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ingestion.github import rows
from ingestion.github.reading import Reading
from ingestion.github.repository import Repository
from ingestion.github.rows import Row
from ingestion.http import Forbidden, NotFound, Overloaded

# What REST lists has node ids of the form that GraphQL answers with; else one job would have two.
_NEW_FORM = "WFR_"
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
# Ends of a run that had no job to run, or none that began.
_WITHOUT_JOBS = {"action_required", "cancelled", "skipped", "stale", "startup_failure"}


def read(
    reading: Reading, repository: Repository, runs: Sequence[dict[str, Any]]
) -> Iterator[list[Row]]:
    """The rows of the jobs of each run, with all attempts. Raises ApiError."""
    others = []
    for run, checks in _with_checks(reading, runs):
        found = None if checks is None else _of_checks(checks, run, repository.id)
        if found is None:
            others.append(run)
        else:
            yield found
    lists = reading.sync.fan_out.map(lambda run: _by_rest(reading, repository, run), others)
    for jobs in lists:
        yield [rows.workflow_job(job, repository.id) for job in jobs]


def _with_checks(
    reading: Reading, runs: Sequence[dict[str, Any]]
) -> Iterator[tuple[dict[str, Any], list[Any] | None]]:
    """Each run with the check runs of its suite; None where they are not told."""
    told = [run for run in runs if _can_be_told(run)]
    if reading.sync.checks_are_refused:
        told = []
    suites = _suites(reading, [run["check_suite_node_id"] for run in told])
    checks = {run["id"]: suite for run, suite in zip(told, suites, strict=True)}
    for run in runs:
        suite = checks.get(run["id"])
        page = suite.get("checkRuns") if suite else None
        if suite is None or page is None:
            yield run, None
        else:
            reading.complete(suite, "checkRuns", "check_runs")
            yield run, (suite["checkRuns"].get("nodes") or [])


def _can_be_told(run: Mapping[str, Any]) -> bool:
    return (
        (run.get("run_attempt") or 1) == 1
        and bool(run.get("check_suite_node_id"))
        and str(run.get("node_id")).startswith(_NEW_FORM)
    )


def _suites(reading: Reading, ids: Sequence[str]) -> list[dict[str, Any] | None]:
    """The check suites in the order of the ids, None for one that is gone or hidden.

    Reading them takes a permission that reading runs does not (checks): without it nothing is
    asked any more in this sync.
    """
    if not ids:
        return []
    refused: list[str] = []
    try:
        found = reading.places("check_suites", ids, refused.append)
    except Forbidden as error:
        found, refused = [None] * len(ids), [str(error)]
    except Overloaded:
        return [None] * len(ids)
    if refused and not any(found):
        reading.sync.checks_are_refused = True
    return found


def _of_checks(
    checks: Sequence[Mapping[str, Any] | None], run: Mapping[str, Any], repository_id: str
) -> list[Row] | None:
    """The rows of a run's only attempt; None if in doubt, and REST has to tell."""
    is_over = run.get("status") == "completed"
    if not checks and is_over and run.get("conclusion") not in _WITHOUT_JOBS:
        return None
    found: dict[str, Row] = {}
    for check in checks:
        # What a workflow reported as a check of its own stands in the suite beside the jobs.
        if check is None or not _UUID.fullmatch(check.get("externalId") or ""):
            return None
        row = rows.workflow_job_of_check(check, run, repository_id)
        if row is None or row["started_at"] is None:
            return None
        # A replica that lags behind would leave it like this for ever.
        if is_over and row["conclusion"] is None:
            return None
        found[row["id"]] = row
    return list(found.values())


def _by_rest(
    reading: Reading, repository: Repository, run: Mapping[str, Any]
) -> list[dict[str, Any]]:
    path = f"{repository.path}/actions/runs/{run['id']}/jobs"
    found: dict[int, dict[str, Any]] = {}
    try:
        for reply in reading.pages(path, {"filter": "all", "per_page": 100}):
            found.update({job["id"]: job for job in reply.data.get("jobs") or []})
    except NotFound:
        return []
    return list(found.values())
