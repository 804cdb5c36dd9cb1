"""Pipelines, jobs, environments and deployments of the story at a moment, as GitLab shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from demo.gitlab_catalog import Node, stamp
from demo.gitlab_payloads import WEB, made_id, told, user_basic, user_full
from demo.gitlab_recorded import tier_of
from demo.model import Account, Attempt, Deployment, Job, RepositoryStory, WorkflowRun

_WORDS = {"cancelled": "canceled"}
_LABELS = {"success": "passed"}
_DEPLOYED = {
    "QUEUED": "created", "PENDING": "created", "IN_PROGRESS": "running", "SUCCESS": "success",
    "FAILURE": "failed", "ERROR": "canceled", "INACTIVE": "success",
}  # fmt: skip
_ENDS = ("success", "failed", "canceled")
_SYNTHETIC_JOB = 5  # kind of made ids


def _word(conclusion: str) -> str:
    return "failed" if conclusion == "failure" else _WORDS.get(conclusion, conclusion)


def pipeline_node(
    story: RepositoryStory, run: WorkflowRun, now: datetime, tags: frozenset[str]
) -> Node:
    """A pipeline with all that its own page tells; lists show less."""
    begun = [one for one in run.attempts if one.started_at <= now]
    last = begun[-1] if begun else None
    if last is None or last.jobs[0].started_at > now:
        status = "pending" if last is not None else "created"
    else:
        status = _word(last.conclusion) if last.completed_at <= now else "running"
    starts = [job.started_at for one in begun for job in one.jobs if job.started_at <= now]
    times = [run.created_at]
    times += [at for one in begun for job in one.jobs
              for at in (job.started_at, job.completed_at) if at <= now]  # fmt: skip
    is_done = status in _ENDS
    finished = last.completed_at if is_done and last is not None else None
    path = f"/{story.full_name}/-/pipelines/{run.database_id}"
    seconds = sum(
        int((job.completed_at - job.started_at).total_seconds())
        for one in begun for job in one.jobs if job.completed_at <= now
    )  # fmt: skip
    return {
        "id": run.database_id, "iid": run.run_number, "project_id": story.database_id,
        "sha": run.sha, "ref": run.branch, "status": status, "source": run.event,
        "created_at": stamp(run.created_at), "updated_at": stamp(max(times)),
        "web_url": WEB + path, "name": run.name,
        "before_sha": "0" * 40, "tag": run.branch in tags, "yaml_errors": None,
        "user": user_basic(run.actor, now), "started_at": stamp(min(starts)) if starts else None,
        "finished_at": stamp(finished), "committed_at": None,
        "duration": seconds if is_done else None,
        "queued_duration": int((min(starts) - run.created_at).total_seconds()) if starts else None,
        "coverage": None,
        "detailed_status": {
            "icon": f"status_{status}", "text": _LABELS.get(status, status).capitalize(),
            "label": _LABELS.get(status, status), "group": status,
            "tooltip": _LABELS.get(status, status), "has_details": True, "details_path": path,
            "illustration": None, "favicon": f"/assets/ci_favicons/favicon_status_{status}.png",
        },
    }  # fmt: skip


def job_nodes(
    story: RepositoryStory, run: WorkflowRun, pipeline: Node, commit: Node, now: datetime
) -> list[Node]:
    """The jobs of a pipeline; one that a later one of the same name replaced is marked."""
    rows = []
    for attempt in run.attempts:
        later = {
            job.name for one in run.attempts if one.number > attempt.number
            for job in one.jobs if job.created_at <= now
        }  # fmt: skip
        rows += [
            {**_job(story, job, attempt, pipeline, commit, now), "_is_retried": job.name in later}
            for job in attempt.jobs if job.created_at <= now
        ]  # fmt: skip
    return rows


def _job(
    story: RepositoryStory, job: Job, attempt: Attempt, pipeline: Node, commit: Node, now: datetime
) -> Node:
    return job_node(
        story, pipeline, commit, now, number=job.database_id, name=job.name, stage=job.stage,
        actor=attempt.actor, created=job.created_at,
        started=job.started_at if job.started_at <= now else None,
        finished=job.completed_at if job.completed_at <= now else None,
        conclusion=_word(job.conclusion),
    )  # fmt: skip


def job_node(
    story: RepositoryStory, pipeline: Node | None, commit: Node, now: datetime, *, number: int,
    name: str, stage: str, actor: Account, created: datetime, started: datetime | None,
    finished: datetime | None, conclusion: str, ref: str | None = None,
) -> Node:  # fmt: skip
    """A job; `conclusion` counts once it is finished."""
    status = conclusion if finished else "running" if started else "pending"
    short = ("id", "iid", "project_id", "sha", "ref", "status", "source", "created_at",
             "updated_at", "web_url")  # fmt: skip
    row = {
        "id": number, "status": status, "stage": stage, "name": name,
        "ref": pipeline["ref"] if pipeline else ref, "tag": bool(pipeline and pipeline["tag"]),
        "coverage": None, "allow_failure": False, "created_at": stamp(created),
        "started_at": stamp(started), "finished_at": stamp(finished), "erased_at": None,
        "duration": (finished - started).total_seconds() if finished and started else None,
        "queued_duration": (started - created).total_seconds() if started else None,
        "user": {k: v for k, v in user_full(actor, now).items() if k[0] != "_"},
        "commit": told(commit), "pipeline": pipeline and {key: pipeline[key] for key in short},
        "web_url": f"{WEB}/{story.full_name}/-/jobs/{number}",
        "project": {"ci_job_token_scope_enabled": False}, "artifacts": [], "runner": None,
        "runner_manager": None, "artifacts_expire_at": None, "archived": False,
        "tag_list": ["linux"],
    }  # fmt: skip
    if status == "failed":
        row["failure_reason"] = "script_failure"
    return row


def environment_ids(story: RepositoryStory) -> dict[str, int]:
    """Ids of the environments by name, in the order of their first deployments."""
    names = dict.fromkeys(one.environment for one in story.deployments)
    return {name: story.database_id * 100 + place for place, name in enumerate(names, 1)}


def environment_node(
    story: RepositoryStory, name: str, identity: int, times: Sequence[datetime]
) -> Node:
    """An environment; `times` are those of its deployments so far."""
    return {
        "id": identity, "name": name, "slug": name.lower().replace("/", "-"), "external_url": None,
        "created_at": stamp(times[0]), "updated_at": stamp(times[-1]), "state": "available",
        "tier": tier_of(name), "auto_stop_at": None, "auto_stop_setting": "always",
        "description": None, "kubernetes_namespace": None, "flux_resource_path": None,
    }  # fmt: skip


def deployment_node(
    story: RepositoryStory, deployment: Deployment, iid: int, environment: Node,
    jobs: Mapping[int, Node], commit: Node | None, now: datetime,
) -> Node:  # fmt: skip
    """A deployment with the job that did it; one made through the API has none."""
    statuses = [one for one in deployment.statuses if one.at <= now]
    status = _DEPLOYED[statuses[-1].state] if statuses else "created"
    end = next((one for one in statuses if _DEPLOYED[one.state] in _ENDS), None)
    deployable: Node | None = None
    if deployment.job_id is not None:
        deployable = jobs.get(deployment.job_id)
        if deployable is None and commit is not None:
            deployable = _deploying(story, deployment, commit, status, now)
    kept = ("id", "name", "slug", "external_url", "created_at", "updated_at")
    return {
        "id": deployment.database_id, "iid": iid, "ref": deployment.ref, "sha": deployment.sha,
        "created_at": stamp(deployment.created_at),
        "updated_at": stamp(statuses[-1].at if statuses else deployment.created_at),
        "status": status, "user": user_basic(deployment.creator, now),
        "environment": {key: environment[key] for key in kept},
        "deployable": deployable and {k: v for k, v in deployable.items() if k[0] != "_"},
        "_finished_at": stamp(end.at) if end else None,
    }  # fmt: skip


def _deploying(
    story: RepositoryStory, deployment: Deployment, commit: Node, status: str, now: datetime
) -> Node:
    """The job of a deployment whose pipeline the story does not tell."""
    statuses = [one for one in deployment.statuses if one.at <= now]
    started = next((one.at for one in statuses if one.state == "IN_PROGRESS"), None)
    finished = next((one.at for one in statuses if _DEPLOYED[one.state] in _ENDS), None)
    return job_node(
        story, None, commit, now, number=deployment.job_id or made_id(story, _SYNTHETIC_JOB, 0),
        name="deploy", stage="deploy", actor=deployment.creator, created=deployment.created_at,
        started=started, finished=finished, conclusion=status, ref=deployment.ref,
    )  # fmt: skip
