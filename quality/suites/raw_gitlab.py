"""What must hold of raw_gitlab."""

from __future__ import annotations

from quality.claims import CheckSpec, broken, volume_checks
from quality.suites.raw_checks import (
    about_rows,
    drift_checks,
    half_check,
    happened_check,
    key_check,
    order_check,
    orphan_check,
    settings_check,
    synced_check,
    value_check,
)

KEYS: dict[str, tuple[str, ...]] = {
    "groups": ("connection", "id"),
    "group_members": ("connection", "group_id", "user_id"),
    "users": ("connection", "id"),
    "projects": ("connection", "id"),
    "project_syncs": ("connection", "project_path", "synced_at"),
    "request_ledger": ("connection", "endpoint", "synced_at"),
    "schema_drift": ("connection", "endpoint", "field", "change"),
    "commits": ("connection", "project_id", "sha"),
    "merge_requests": ("connection", "id"),
    "merge_request_commits": ("connection", "merge_request_id", "sha"),
    "merge_request_notes": ("connection", "id"),
    "merge_request_approvals": ("connection", "merge_request_id", "user_id"),
    "labels": ("connection", "project_id", "id"),
    "issues": ("connection", "id"),
    "releases": ("connection", "project_id", "tag_name"),
    "tags": ("connection", "project_id", "name"),
    "environments": ("connection", "id"),
    "deployments": ("connection", "id"),
    "pipelines": ("connection", "id"),
    "jobs": ("connection", "id"),
}

# What the models count; the other tables hang on these.
_COUNTED = ("projects", "commits", "merge_requests", "issues", "deployments", "pipelines", "jobs")

# Of docs.gitlab.com, "Jobs API" and "Pipelines API": the statuses that there are.
_RUN_STATUSES = (
    "created",
    "waiting_for_resource",
    "waiting_for_callback",
    "preparing",
    "pending",
    "running",
    "success",
    "failed",
    "canceling",
    "canceled",
    "skipped",
    "manual",
    "scheduled",
)

_PROJECTS = "raw_gitlab.projects"
_MERGE_REQUESTS = "raw_gitlab.merge_requests"

_VALUES: tuple[tuple[str, str, tuple[str, ...], bool], ...] = (
    ("merge_requests", "state", ("opened", "closed", "locked", "merged"), True),
    ("issues", "state", ("opened", "closed"), True),
    (
        "deployments",
        "status",
        ("created", "running", "success", "failed", "canceled", "skipped", "blocked"),
        False,
    ),
    ("pipelines", "status", _RUN_STATUSES, False),
    ("jobs", "status", _RUN_STATUSES, False),
    ("project_syncs", "status", ("succeeded", "failed", "skipped"), False),
)

_SINGLE: list[CheckSpec] = [
    *drift_checks("raw_gitlab", "projects"),
    synced_check("gitlab", "GitLab", "raw_gitlab.project_syncs"),
    settings_check("projects", _PROJECTS),
    orphan_check(
        _PROJECTS,
        "id",
        "project",
        {
            name: "project_id"
            for name in (
                "commits",
                "merge_requests",
                "issues",
                "releases",
                "tags",
                "environments",
                "deployments",
                "pipelines",
                "jobs",
            )
        },
    ),
    orphan_check(
        _MERGE_REQUESTS,
        "id",
        "merge_request",
        {
            "merge_request_commits": "merge_request_id",
            "merge_request_notes": "merge_request_id",
            "merge_request_approvals": "merge_request_id",
        },
    ),
    orphan_check("raw_gitlab.groups", "id", "group", {"group_members": "group_id"}),
    order_check(
        _MERGE_REQUESTS,
        KEYS["merge_requests"],
        [("created_at", "merged_at"), ("created_at", "closed_at")],
    ),
    order_check("raw_gitlab.issues", KEYS["issues"], [("created_at", "closed_at")]),
    order_check("raw_gitlab.commits", KEYS["commits"], [("authored_at", "committed_at")], 0.05),
    order_check("raw_gitlab.deployments", KEYS["deployments"], [("created_at", "finished_at")]),
    order_check(
        "raw_gitlab.jobs",
        KEYS["jobs"],
        [("created_at", "started_at"), ("started_at", "finished_at")],
    ),
    happened_check("raw_gitlab.commits", KEYS["commits"], "committed_at"),
    happened_check(_MERGE_REQUESTS, KEYS["merge_requests"], "created_at"),
    happened_check("raw_gitlab.deployments", KEYS["deployments"], "created_at"),
    CheckSpec(
        "head_commit_is_loaded",
        _PROJECTS,
        about_rows(
            """
            select
                this.connection,
                this.id
            from this
            where
                this.head_sha is not null
                and exists (
                    select 1 from raw_gitlab.commits as any_commit
                    where
                        any_commit.connection = this.connection
                        and any_commit.project_id = this.id
                )
                and not exists (
                    select 1 from raw_gitlab.commits as head
                    where
                        head.connection = this.connection
                        and head.project_id = this.id
                        and head.sha = this.head_sha
                )
            """
        ),
        "The newest commit of every default branch was loaded with its history: without it the "
        "latest changes can't be found in a deployment.",
        severity="warn",
    ),
    # GitLab's oldest merge requests have no time; the models then take the last change.
    CheckSpec(
        "merged_ones_say_when",
        _MERGE_REQUESTS,
        about_rows(broken("connection, id", "(state = 'merged') <> (merged_at is not null)"), 0.02),
        "A merge request has a merge time exactly when it is merged (up to 2% may not: very old "
        "ones).",
        severity="warn",
    ),
    CheckSpec(
        "merge_commit_is_loaded",
        _MERGE_REQUESTS,
        about_rows(
            """
            select
                this.connection,
                this.id
            from this
            join raw_gitlab.projects as project
                on
                    project.connection = this.connection
                    and project.id = this.project_id
                    and project.default_branch = this.target_branch
            where
                this.state = 'merged'
                and exists (
                    select 1 from raw_settings.organization as settings
                    where this.merged_at >= settings.history_since
                )
                and not exists (
                    select 1 from raw_gitlab.commits as merge
                    where
                        merge.connection = this.connection
                        and merge.project_id = this.project_id
                        and merge.sha = coalesce(
                            this.merge_commit_sha, this.squash_commit_sha, this.head_sha
                        )
                )
            """,
            0.02,
        ),
        "The commit by which a merge request came to the default branch is among the commits: "
        "otherwise no deployment can be seen to ship it (up to 2% may: rewritten history).",
        severity="warn",
    ),
    CheckSpec(
        "closed_ones_say_when",
        "raw_gitlab.issues",
        about_rows(broken("connection, id", "(state = 'closed') <> (closed_at is not null)"), 0.02),
        "An issue has a closing time exactly when it is closed: incidents are resolved by it (up "
        "to 2% may not: very old ones).",
        severity="warn",
    ),
    CheckSpec(
        "authored_after_1990",
        "raw_gitlab.commits",
        about_rows(broken("connection, project_id, sha", "authored_at < '1990-01-01+00'")),
        "No commit claims to be older than version control: such a date (mostly 1970) would give "
        "a lead time of decades.",
        severity="warn",
    ),
    CheckSpec(
        "job_is_of_its_project",
        "raw_gitlab.jobs",
        about_rows(
            """
            select
                this.connection,
                this.id
            from this
            join raw_gitlab.pipelines as pipeline
                on
                    pipeline.connection = this.connection
                    and pipeline.id = this.pipeline_id
            where pipeline.project_id <> this.project_id
            """
        ),
        "A job and its pipeline are of the same project.",
    ),
]

CHECKS: list[CheckSpec] = [
    *(key_check(f"raw_gitlab.{name}", keys) for name, keys in KEYS.items()),
    *(
        check
        for name in _COUNTED
        for check in (
            volume_checks(f"raw_gitlab.{name}")
            if name in ("commits", "merge_requests")
            else [half_check(f"raw_gitlab.{name}")]
        )
    ),
    *(
        value_check(f"raw_gitlab.{name}", column, allowed, blocking)
        for name, column, allowed, blocking in _VALUES
    ),
    *_SINGLE,
]
