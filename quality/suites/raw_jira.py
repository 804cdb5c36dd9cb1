"""What must hold of raw_jira."""

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
    "projects": ("connection", "id"),
    "project_syncs": ("connection", "scope", "synced_at"),
    "request_ledger": ("connection", "endpoint", "synced_at"),
    "schema_drift": ("connection", "endpoint", "field", "change"),
    "boards": ("connection", "id"),
    "sprints": ("connection", "id"),
    "board_sprints": ("connection", "board_id", "sprint_id"),
    "issue_types": ("connection", "id"),
    "statuses": ("connection", "id"),
    "fields": ("connection", "id"),
    "users": ("connection", "id"),
    "issues": ("connection", "id"),
    "issue_changes": ("connection", "issue_id", "change_id", "position"),
    "worklogs": ("connection", "id"),
    "issue_links": ("connection", "id"),
    "remote_links": ("connection", "issue_id", "id"),
}

_COUNTED = ("projects", "sprints", "worklogs")
_HISTORIES = ("issues", "issue_changes")
_ISSUES = "raw_jira.issues"
_SPRINTS = "raw_jira.sprints"

_VALUES: tuple[tuple[str, str, tuple[str, ...], bool], ...] = (
    # Categories decide what is done; there are no others in any language.
    ("statuses", "category", ("new", "indeterminate", "done", "undefined"), True),
    ("sprints", "state", ("future", "active", "closed"), True),
    ("boards", "type", ("scrum", "kanban", "simple"), False),
    ("project_syncs", "status", ("succeeded", "failed", "skipped"), False),
)

_SINGLE: list[CheckSpec] = [
    *drift_checks("raw_jira", "projects"),
    synced_check("jira", "Jira", "raw_jira.project_syncs"),
    settings_check("projects", "raw_jira.projects"),
    orphan_check("raw_jira.projects", "id", "project", {"issues": "project_id"}),
    orphan_check(
        _ISSUES,
        "id",
        "issue",
        {
            "issue_changes": "issue_id",
            "worklogs": "issue_id",
            "remote_links": "issue_id",
            "issue_links": "seen_from_issue_id",
        },
    ),
    orphan_check(_SPRINTS, "id", "sprint", {"board_sprints": "sprint_id"}),
    orphan_check("raw_jira.boards", "id", "board", {"board_sprints": "board_id"}),
    # A status that was deleted is known by histories only, which give it a category by rule.
    orphan_check(
        "raw_jira.statuses", "id", "status", {"issues": "status_id"}, severity_is_error=False
    ),
    orphan_check(
        "raw_jira.issue_types", "id", "type", {"issues": "type_id"}, severity_is_error=False
    ),
    order_check(
        _ISSUES, KEYS["issues"], [("created_at", "updated_at"), ("created_at", "resolved_at")]
    ),
    order_check(_SPRINTS, KEYS["sprints"], [("started_at", "completed_at")]),
    happened_check(_ISSUES, KEYS["issues"], "updated_at"),
    happened_check("raw_jira.issue_changes", KEYS["issue_changes"], "created_at"),
    CheckSpec(
        "states_fit_their_times",
        _SPRINTS,
        about_rows(
            broken(
                "connection, id",
                "(state = 'closed') <> (completed_at is not null)"
                " or (state = 'active' and started_at is null)",
            ),
            0.02,
        ),
        "A closed sprint says when it was closed and an active one when it began: scope and "
        "velocity are taken then (up to 2% may not: very old ones).",
        severity="warn",
    ),
    CheckSpec(
        "histories_lead_to_the_status_shown",
        _ISSUES,
        about_rows(
            """
            select
                this.connection,
                this.id
            from this
            join (
                select distinct on (change.connection, change.issue_id)
                    change.connection,
                    change.issue_id,
                    change.to_value
                from raw_jira.issue_changes as change
                where change.field = 'status'
                order by
                    change.connection,
                    change.issue_id,
                    change.created_at desc,
                    length(change.change_id) desc,
                    change.change_id desc,
                    change.position desc
            ) as latest
                on latest.connection = this.connection and latest.issue_id = this.id
            where this.deleted_at is null and latest.to_value <> this.status_id
            """,
            0.01,
        ),
        "The last change of an issue's status is to the one it has: else part of its changelog is "
        "missing (up to 1% may differ: statuses that were merged into others).",
    ),
    CheckSpec(
        "sprints_of_issues_are_loaded",
        _ISSUES,
        about_rows(
            """
            select
                this.connection,
                this.id
            from this
            where
                exists (select 1 from raw_jira.sprints)
                and exists (
                    select 1 from jsonb_array_elements_text(
                        case when jsonb_typeof(this.sprint_ids) = 'array' then this.sprint_ids end
                    ) as named (sprint_id)
                    where not exists (
                        select 1 from raw_jira.sprints as sprint
                        where
                            sprint.connection = this.connection
                            and sprint.id::text = named.sprint_id
                    )
                )
            """,
            0.05,
        ),
        "The sprints that issues name are known (up to 5% may name others: of boards that the "
        "account can't see).",
        severity="warn",
    ),
    CheckSpec(
        "a_field_is_read_as_story_points",
        "raw_jira.fields",
        about_rows(
            """
            select this.connection
            from this
            group by this.connection
            having not coalesce(bool_or(this.used_as = 'story_points'), false)
            """
        ),
        "The site has a field that is read as story points; else name it in sei.toml "
        "(story_points_field), or leave it if nobody estimates.",
        severity="warn",
    ),
    CheckSpec(
        "seconds_are_not_negative",
        "raw_jira.worklogs",
        about_rows(broken("connection, id", "seconds_spent < 0")),
        "Nobody works less than no time.",
        severity="warn",
    ),
]

CHECKS: list[CheckSpec] = [
    *(key_check(f"raw_jira.{name}", keys) for name, keys in KEYS.items()),
    *(check for name in _HISTORIES for check in volume_checks(f"raw_jira.{name}")),
    *(half_check(f"raw_jira.{name}") for name in _COUNTED),
    *(
        value_check(f"raw_jira.{name}", column, allowed, blocking)
        for name, column, allowed, blocking in _VALUES
    ),
    *_SINGLE,
]
