"""Check suites as GraphQL shows them: those behind workflow runs, their check runs are the jobs."""

from __future__ import annotations

import uuid
from typing import Any

Node = dict[str, Any]


def check_suite(repository: Node, run: Node) -> Node | None:
    """The suite of a run in the shape of REST; None if it names none. Knows no attempts."""
    if not run.get("check_suite_node_id"):
        return None
    suite: Node = {
        "__typename": "CheckSuite", "id": run["check_suite_node_id"],
        "databaseId": run.get("check_suite_id"), "repository": repository,
        "status": _constant(run["status"]), "conclusion": _constant(run["conclusion"]),
        "createdAt": run["created_at"], "updatedAt": run["updated_at"],
        "url": f"{repository['url']}/actions/runs/{run['id']}", "_sha": run["head_sha"],
    }  # fmt: skip
    suite["_checks"] = [_check_run(repository, suite, run, job) for job in run["_jobs"]]
    return suite


def _check_run(repository: Node, suite: Node, run: Node, job: Node) -> Node:
    url = job.get("html_url") or f"{repository['url']}/actions/runs/{run['id']}/job/{job['id']}"
    return {
        "__typename": "CheckRun", "id": job["node_id"], "databaseId": job["id"],
        "name": job["name"], "status": _constant(job["status"]),
        "conclusion": _constant(job["conclusion"]), "startedAt": job["started_at"],
        "completedAt": job["completed_at"], "detailsUrl": url, "url": url,
        # Of jobs a UUID; what workflows report as checks of their own has what they wrote.
        "externalId": str(uuid.uuid5(uuid.NAMESPACE_URL, job["node_id"])),
        "checkSuite": suite, "repository": repository, "_attempt": job.get("run_attempt") or 1,
    }  # fmt: skip


def _constant(text: str | None) -> str | None:
    return text.upper() if text else None


def wanted(checks: list[Node], condition: Node) -> list[Node]:
    """The check runs that a CheckRunFilter lets through; by default, of each name the latest."""
    if condition.get("checkType") != "ALL":
        checks = list({one["name"]: one for one in checks}.values())
    statuses = condition.get("statuses") or [condition.get("status")]
    if statuses != [None]:
        checks = [one for one in checks if one["status"] in statuses]
    if condition.get("conclusions"):
        checks = [one for one in checks if one["conclusion"] in condition["conclusions"]]
    if condition.get("checkName"):
        checks = [one for one in checks if one["name"] == condition["checkName"]]
    return checks
