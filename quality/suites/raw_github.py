"""What must hold of raw_github."""

from __future__ import annotations

from quality.claims import CheckSpec, broken, volume_checks
from quality.suites.raw_checks import (
    about_rows,
    drift_checks,
    happened_check,
    settings_check,
    synced_check,
    value_check,
)

KEYS: dict[str, tuple[str, ...]] = {
    "organizations": ("connection", "id"),
    "teams": ("connection", "id"),
    "team_members": ("connection", "team_id", "user_id"),
    "team_repositories": ("connection", "team_id", "repository_id"),
    "users": ("connection", "id"),
    "repositories": ("connection", "id"),
    "repository_syncs": ("connection", "repository_full_name", "synced_at"),
    "request_ledger": ("connection", "endpoint", "synced_at"),
    "schema_drift": ("connection", "endpoint", "field", "change"),
    "commits": ("connection", "repository_id", "sha"),
    "pull_requests": ("connection", "id"),
    "pull_request_commits": ("connection", "pull_request_id", "sha"),
    "pull_request_reviews": ("connection", "id"),
    "pull_request_review_comments": ("connection", "id"),
    "pull_request_events": ("connection", "id"),
    "issue_comments": ("connection", "id"),
    "labels": ("connection", "id"),
    "issues": ("connection", "id"),
    "releases": ("connection", "id"),
    "tags": ("connection", "repository_id", "name"),
    "deployments": ("connection", "id"),
    "deployment_statuses": ("connection", "id"),
    "workflow_runs": ("connection", "id"),
    "workflow_jobs": ("connection", "id"),
}

# (table, column, values, blocks). An unknown value is news from the API and only reported, unless
# it decides what counts at all.
_VALUES: tuple[tuple[str, str, tuple[str, ...], bool], ...] = (
    ("pull_requests", "state", ("OPEN", "CLOSED", "MERGED"), True),
    ("issues", "state", ("OPEN", "CLOSED"), True),
    (
        "deployment_statuses",
        "state",
        (
            "QUEUED",
            "PENDING",
            "IN_PROGRESS",
            "WAITING",
            "SUCCESS",
            "FAILURE",
            "ERROR",
            "INACTIVE",
        ),
        False,
    ),
    (
        "pull_request_reviews",
        "state",
        ("APPROVED", "CHANGES_REQUESTED", "COMMENTED", "DISMISSED", "PENDING"),
        False,
    ),
    ("pull_request_events", "type", ("READY_FOR_REVIEW", "CONVERT_TO_DRAFT"), False),
    ("repository_syncs", "status", ("succeeded", "failed", "skipped"), False),
    (
        "team_repositories",
        "permission",
        ("ADMIN", "MAINTAIN", "WRITE", "TRIAGE", "READ"),
        False,
    ),
    (
        "users",
        "type",
        ("User", "Bot", "Mannequin", "Organization", "EnterpriseUserAccount"),
        False,
    ),
    (
        "workflow_runs",
        "conclusion",
        (
            "success",
            "failure",
            "cancelled",
            "skipped",
            "timed_out",
            "action_required",
            "neutral",
            "stale",
            "startup_failure",
        ),
        False,
    ),
)

# (table, column, table it refers to, column there)
_REFERENCES: tuple[tuple[str, str, str, str], ...] = (
    *(
        (table, "repository_id", "repositories", "id")
        for table in (
            "commits",
            "pull_requests",
            "issues",
            "releases",
            "tags",
            "deployments",
            "workflow_runs",
        )
    ),
    *(
        (table, "pull_request_id", "pull_requests", "id")
        for table in (
            "pull_request_commits",
            "pull_request_reviews",
            "pull_request_review_comments",
            "pull_request_events",
            "issue_comments",
        )
    ),
    ("issue_comments", "issue_id", "issues", "id"),
    ("deployment_statuses", "deployment_id", "deployments", "id"),
    ("workflow_jobs", "run_id", "workflow_runs", "database_id"),
    ("team_members", "team_id", "teams", "id"),
    ("team_repositories", "team_id", "teams", "id"),
    ("repositories", "owner_id", "organizations", "id"),
)

# (table, earlier, later, share tolerated, further condition). Warnings: a clock that was wrong is
# a fact of life; spans that come out negative are left out of the metrics.
_TIMES: tuple[tuple[str, str, str, float, str], ...] = (
    ("pull_requests", "created_at", "merged_at", 0.01, ""),
    ("pull_requests", "created_at", "closed_at", 0.01, ""),
    ("issues", "created_at", "closed_at", 0.01, ""),
    ("commits", "authored_at", "committed_at", 0.05, ""),
    ("workflow_runs", "created_at", "updated_at", 0.01, ""),
    # GitHub stamps skipped jobs with an end before their start.
    (
        "workflow_jobs",
        "started_at",
        "completed_at",
        0.01,
        " and conclusion is distinct from 'skipped'",
    ),
)

# The event's own time.
_HAPPENED: dict[str, str] = {
    "commits": "committed_at",
    "pull_requests": "created_at",
    "pull_request_reviews": "submitted_at",
    "issue_comments": "created_at",
    "issues": "created_at",
    "deployments": "created_at",
    "deployment_statuses": "created_at",
    "workflow_runs": "created_at",
}


def _keys(table: str) -> str:
    return ", ".join(KEYS[table])


def _key_checks(name: str, table: str) -> list[CheckSpec]:
    keys = _keys(name)
    empty = " or ".join(f"coalesce({key}::text, '') = ''" for key in KEYS[name])
    return [
        CheckSpec(
            "keys_are_unique",
            table,
            about_rows(f"select {keys} from this group by {keys} having count(*) > 1"),
            f"No two rows share ({keys}): a row loaded twice would be counted twice.",
            blocking=True,
        ),
        CheckSpec(
            "keys_are_not_empty",
            table,
            about_rows(broken(keys, empty)),
            f"Every part of ({keys}) has a value: what has no key joins with nothing.",
            blocking=True,
        ),
    ]


def _reference_check(name: str, column: str, other: str, other_column: str) -> CheckSpec:
    keys = ", ".join(f"this.{key}" for key in KEYS[name])
    noun = column.removesuffix("_id").replace("owner", "organization")
    return CheckSpec(
        f"{noun}_exists",
        f"raw_github.{name}",
        about_rows(
            f"select {keys} from this where this.{column} is not null and not exists (\n"
            f"    select 1 from raw_github.{other} as other\n"
            f"    where other.connection = this.connection"
            f" and other.{other_column} = this.{column}\n)"
        ),
        f"Every {column} is in raw_github.{other}: an orphan is lost in the joins.",
    )


def _time_check(name: str, earlier: str, later: str, tolerated: float, also: str) -> CheckSpec:
    share = f" (up to {tolerated:.0%} of the rows may)"
    return CheckSpec(
        f"{later.removesuffix('_at')}_is_not_before_{earlier.removesuffix('_at')}",
        f"raw_github.{name}",
        about_rows(broken(_keys(name), f"{later} < {earlier}{also}"), tolerated),
        f"{later} does not come before {earlier}{share}: a wrong clock, or a date read wrongly.",
        severity="warn",
    )


def _github(name: str) -> list[CheckSpec]:
    table = f"raw_github.{name}"
    checks = [*_key_checks(name, table)]
    if name not in ("repository_syncs", "request_ledger", "schema_drift"):  # logs, which may be cut
        checks += volume_checks(table)
    if name in _HAPPENED:
        checks.append(happened_check(table, KEYS[name], _HAPPENED[name]))
    return checks


_PULL_REQUESTS = "raw_github.pull_requests"

_SINGLE: list[CheckSpec] = [
    *drift_checks("raw_github", "repositories"),
    synced_check("github", "GitHub", "raw_github.repository_syncs"),
    settings_check("repositories", "raw_github.repositories"),
    CheckSpec(
        "head_commit_is_loaded",
        "raw_github.repositories",
        about_rows(
            """
            select
                this.connection,
                this.id,
                this.full_name
            from this
            where
                this.head_sha is not null
                and exists (
                    select 1 from raw_github.commits as any_commit
                    where
                        any_commit.connection = this.connection
                        and any_commit.repository_id = this.id
                )
                and not exists (
                    select 1 from raw_github.commits as head
                    where
                        head.connection = this.connection
                        and head.repository_id = this.id
                        and head.sha = this.head_sha
                )
            """
        ),
        "The newest commit of every default branch was loaded with its history: without it the "
        "latest changes can't be found in a deployment.",
        severity="warn",
    ),
    CheckSpec(
        "merged_ones_say_when",
        _PULL_REQUESTS,
        about_rows(broken("connection, id", "(state = 'MERGED') <> (merged_at is not null)")),
        "A pull request has a merge time exactly when it is merged.",
    ),
    CheckSpec(
        "merge_commit_is_loaded",
        _PULL_REQUESTS,
        about_rows(
            """
            select
                this.connection,
                this.id
            from this
            join raw_github.repositories as repository
                on
                    repository.connection = this.connection
                    and repository.id = this.repository_id
                    and repository.default_branch = this.base_ref_name
            where
                this.state = 'MERGED'
                and this.merge_commit_sha is not null
                and exists (
                    select 1 from raw_settings.organization as settings
                    where this.merged_at >= settings.history_since
                )
                and not exists (
                    select 1 from raw_github.commits as merge
                    where
                        merge.connection = this.connection
                        and merge.repository_id = this.repository_id
                        and merge.sha = this.merge_commit_sha
                )
            """,
            0.02,
        ),
        "The merge commit of a pull request into the default branch is among the commits: "
        "otherwise no deployment can be seen to ship it (up to 2% may: rewritten history).",
        severity="warn",
    ),
    CheckSpec(
        "authored_after_1990",
        "raw_github.commits",
        about_rows(broken("connection, repository_id, sha", "authored_at < '1990-01-01+00'")),
        "No commit claims to be older than version control: such a date (mostly 1970) would give "
        "a lead time of decades.",
        severity="warn",
    ),
    CheckSpec(
        "closed_ones_say_when",
        "raw_github.issues",
        about_rows(broken("connection, id", "(state = 'CLOSED') <> (closed_at is not null)")),
        "An issue has a closing time exactly when it is closed: incidents are resolved by it.",
    ),
    CheckSpec(
        "submitted_ones_say_when",
        "raw_github.pull_request_reviews",
        about_rows(broken("connection, id", "state <> 'PENDING' and submitted_at is null")),
        "Every review but a pending one says when it was submitted.",
        severity="warn",
    ),
    CheckSpec(
        "completed_ones_have_a_conclusion",
        "raw_github.workflow_runs",
        about_rows(broken("connection, id", "status = 'completed' and conclusion is null")),
        "A completed run says how it ended.",
        severity="warn",
    ),
    CheckSpec(
        "status_is_not_before_its_deployment",
        "raw_github.deployment_statuses",
        about_rows(
            """
            select
                this.connection,
                this.id
            from this
            join raw_github.deployments as deployment
                on
                    deployment.connection = this.connection
                    and deployment.id = this.deployment_id
            where this.created_at < deployment.created_at
            """,
            0.01,
        ),
        "No status is older than its deployment (up to 1% of the rows may).",
        severity="warn",
    ),
    CheckSpec(
        "review_is_not_before_its_pull_request",
        "raw_github.pull_request_reviews",
        about_rows(
            """
            select
                this.connection,
                this.id
            from this
            join raw_github.pull_requests as pull_request
                on
                    pull_request.connection = this.connection
                    and pull_request.id = this.pull_request_id
            where this.submitted_at < pull_request.created_at
            """,
            0.01,
        ),
        "No review is older than its pull request (up to 1% of the rows may).",
        severity="warn",
    ),
]

CHECKS: list[CheckSpec] = [
    *(check for name in KEYS for check in _github(name)),
    *(
        value_check(f"raw_github.{name}", column, allowed, blocking)
        for name, column, allowed, blocking in _VALUES
    ),
    *(_reference_check(*reference) for reference in _REFERENCES),
    *(_time_check(*times) for times in _TIMES),
    *_SINGLE,
]
