"""From GitLab's payloads to rows of what was built, tagged and deployed: pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ingestion.gitlab.rows import Node, actor, author
from ingestion.loading import timestamp
from ingestion.loading.batches import Row

# docs.gitlab.com/api/pipelines, jobs: nothing else will happen by itself.
FINISHED = {"success", "failed", "canceled", "skipped", "manual"}


@dataclass
class Span:
    """What the jobs of a pipeline tell of it."""

    started_at: datetime | None = None
    finished_at: datetime | None = None
    is_tag: bool | None = None

    def add(self, job: Node) -> None:
        """Takes a job in."""
        started, finished = timestamp(job.get("started_at")), timestamp(job.get("finished_at"))
        if started is not None:
            self.started_at = min(self.started_at or started, started)
        if finished is not None:
            self.finished_at = max(self.finished_at or finished, finished)
        self.is_tag = job.get("tag") if job.get("tag") is not None else self.is_tag


def pipeline(node: Node, project_id: int, span: Span | None = None) -> Row:
    """A row of pipelines; times that its own payload does not tell come from its jobs."""
    span = span or Span()
    is_running = node["status"] not in FINISHED
    is_tag = node.get("tag")
    return {
        "id": node["id"],
        "project_id": project_id,
        "iid": node.get("iid"),
        "name": node.get("name"),
        "source": node.get("source"),
        "status": node["status"],
        "ref_name": node.get("ref"),
        "head_sha": node.get("sha"),
        "is_tag": span.is_tag if is_tag is None else is_tag,
        "created_at": timestamp(node.get("created_at")),
        "started_at": timestamp(node.get("started_at")) or span.started_at,
        "finished_at": None
        if is_running
        else timestamp(node.get("finished_at")) or span.finished_at,
        "updated_at": timestamp(node.get("updated_at")),
    }


def job(node: Node, project_id: int, pipeline_id: int | None, is_retried: bool | None) -> Row:
    """A row of jobs."""
    inside = node.get("pipeline") or {}
    return {
        "id": node["id"],
        "project_id": project_id,
        "pipeline_id": inside.get("id") or pipeline_id,
        "name": node.get("name"),
        "stage": node.get("stage"),
        "status": node.get("status"),
        "is_retried": node.get("retried", is_retried),
        "is_failure_allowed": node.get("allow_failure"),
        "failure_reason": node.get("failure_reason"),
        "ref_name": node.get("ref"),
        "head_sha": (node.get("commit") or {}).get("id") or inside.get("sha"),
        "is_tag": node.get("tag"),
        "username": actor(node.get("user")).get("username"),
        "runner_tags": list(node.get("tag_list") or []),
        "created_at": timestamp(node.get("created_at")),
        "started_at": timestamp(node.get("started_at")),
        "finished_at": timestamp(node.get("finished_at")),
        "queued_seconds": _seconds(node.get("queued_duration")),
    }


def jobs_of_pipeline(found: Iterable[Node], project_id: int, pipeline_id: int) -> list[Row]:
    """Rows of all the jobs of a pipeline: of those with one name all but the last are retried."""
    nodes = {node["id"]: node for node in found}
    last = {node.get("name"): id_ for id_, node in sorted(nodes.items())}
    return [
        job(node, project_id, pipeline_id, last[node.get("name")] != id_)
        for id_, node in nodes.items()
    ]


def deployment(node: Node, project_id: int) -> Row:
    """A row of deployments."""
    environment: Mapping[str, Any] = node.get("environment") or {}
    deployable: Mapping[str, Any] = node.get("deployable") or {}
    return {
        "id": node["id"],
        "project_id": project_id,
        "iid": node.get("iid"),
        "environment_id": environment.get("id"),
        "environment": environment.get("name"),
        "environment_tier": environment.get("tier"),
        "status": node.get("status"),
        "commit_sha": node.get("sha") or None,
        "ref_name": node.get("ref"),
        "creator_username": actor(node.get("user")).get("username"),
        "job_id": deployable.get("id"),
        "job_status": deployable.get("status"),
        "job_started_at": timestamp(deployable.get("started_at")),
        "job_finished_at": timestamp(deployable.get("finished_at")),
        "pipeline_id": (deployable.get("pipeline") or {}).get("id"),
        "created_at": timestamp(node.get("created_at")),
        "updated_at": timestamp(node.get("updated_at")),
        "finished_at": timestamp(node.get("finished_at")),
    }


def environment(node: Node, project_id: int) -> Row:
    """A row of environments."""
    return {
        "id": node["id"],
        "project_id": project_id,
        "name": node["name"],
        "tier": node.get("tier"),
        "state": node.get("state"),
        "created_at": timestamp(node.get("created_at")),
    }


def release(node: Node, project_id: int) -> Row:
    """A row of releases."""
    created = timestamp(node.get("created_at"))
    return {
        "project_id": project_id,
        "tag_name": node["tag_name"],
        "name": node.get("name") or None,
        "commit_sha": (node.get("commit") or {}).get("id"),
        **author(node.get("author")),
        "is_upcoming": bool(node.get("upcoming_release")),
        "created_at": created or timestamp(node.get("released_at")),
        "released_at": timestamp(node.get("released_at")),
    }


def tag(node: Node, project_id: int) -> Row | None:
    """A row of tags; None for one that leads to no commit (a tree or a blob)."""
    commit = node.get("commit") or {}
    if not commit.get("id"):
        return None
    target = node.get("target")
    is_annotated = bool(target) and target != commit["id"]
    of_commit = timestamp(commit.get("committed_date")) or timestamp(commit.get("created_at"))
    return {
        "project_id": project_id,
        "name": node["name"],
        "commit_sha": commit["id"],
        "is_annotated": is_annotated,
        "tagged_at": (timestamp(node.get("created_at")) if is_annotated else None) or of_commit,
    }


def _seconds(value: Any) -> float | None:
    return None if value is None else float(value)
