"""Between dbt and Spark: what must hold of the marts and no dbt test or constraint says.

That is: against the last run, against the raw tables, and whether the settings recognise anything.
"""

from __future__ import annotations

from quality.claims import CheckSpec, Rows, broken, volume_checks

_DEPLOYMENTS = "marts.fct_deployments"

# Facts that rules of the settings recognise may shrink by half when a rule changes.
_VOLUMES: dict[str, bool] = {
    "marts.dim_repositories": True,
    "marts.dim_services": False,
    "marts.fct_commits": True,
    "marts.fct_pull_requests": True,
    "marts.bridge_pull_request_commits": True,
    "marts.fct_pull_request_reviews": True,
    "marts.fct_issues": True,
    "marts.fct_pipeline_runs": True,
    _DEPLOYMENTS: False,
    "marts.fct_incidents": False,
    "marts.fct_issue_status_changes": True,
    "marts.bridge_sprint_issues": True,
    "marts.bridge_developer_identities": True,
}

# What the history of one thing is: (table, the thing, from, to).
_HISTORIES: tuple[tuple[str, str, str, str], ...] = (
    ("fct_issue_status_changes", "issue_id", "entered_at", "left_at"),
    ("fct_issue_estimate_changes", "issue_id", "valid_from", "valid_to"),
    ("fct_issue_assignee_changes", "issue_id", "valid_from", "valid_to"),
    ("fct_issue_blocked_changes", "issue_id", "blocked_at", "unblocked_at"),
    ("bridge_sprint_issues", "sprint_id, issue_id", "added_at", "removed_at"),
    ("bridge_team_members", "team_id, developer_id", "valid_from", "valid_to"),
)

# Something@somewhere.tld; a mention (@jane) or a package (left-pad@1.2) is none.
_ADDRESS = r"[^\s@,;()<>]+@[^\s@,;()<>]+[.][a-z]{2,}"


def _history_check(table: str, thing: str, begin: str, end: str) -> CheckSpec:
    return CheckSpec(
        "intervals_do_not_overlap",
        f"marts.{table}",
        Rows(
            f"""
            select
                {thing},
                begins
            from (
                select
                    {thing},
                    {begin} as begins,
                    coalesce({end}, 'infinity') as ends,
                    -- entered and left in the same instant, it comes before what follows
                    lead({begin}) over (
                        partition by {thing} order by {begin}, coalesce({end}, 'infinity')
                    ) as next_begins
                from this
            ) as intervals
            where next_begins < ends
            """
        ),
        f"At any moment one row of ({thing}) holds, and at most one has no end: sums as of a day "
        "would count it twice.",
    )


def _address_check(table: str, key: str) -> CheckSpec:
    return CheckSpec(
        "no_name_is_an_address",
        f"marts.{table}",
        # The whole row as text: whatever column it hides in.
        Rows(f"select {key} from this where row_to_json(this)::text ~* '{_ADDRESS}'"),
        "No e-mail address stands among the names that everybody may read.",
    )


CHECKS: list[CheckSpec] = [
    *(
        check
        for table, half_is_blocking in _VOLUMES.items()
        for check in volume_checks(table, half_is_blocking=half_is_blocking)
    ),
    *(_history_check(*history) for history in _HISTORIES),
    _address_check("dim_developers", "developer_id"),
    _address_check("bridge_developer_identities", "account_id"),
    _address_check("dim_teams", "team_id"),
    CheckSpec(
        "every_loaded_pull_request_is_there",
        "marts.fct_pull_requests",
        Rows(
            """
            select raw.connection || ':' || raw.id as pull_request_id
            from raw_github.pull_requests as raw
            where not exists (
                select 1 from this
                where this.pull_request_id = raw.connection || ':' || raw.id
            )
            """
        ),
        "No pull request is lost between raw_github and the marts.",
    ),
    CheckSpec(
        "every_loaded_merge_request_is_there",
        "marts.fct_pull_requests",
        Rows(
            """
            select raw.connection || ':' || raw.id as pull_request_id
            from raw_gitlab.merge_requests as raw
            where not exists (
                select 1 from this
                where this.pull_request_id = raw.connection || ':' || raw.id
            )
            """
        ),
        "No merge request is lost between raw_gitlab and the marts.",
    ),
    CheckSpec(
        "every_loaded_issue_is_there",
        "marts.fct_issues",
        Rows(
            """
            select raw.connection || ':' || raw.id as issue_id
            from raw_jira.issues as raw
            where not exists (
                select 1 from this
                where this.issue_id = raw.connection || ':' || raw.id
            )
            """
        ),
        "No issue is lost between raw_jira and the marts.",
    ),
    CheckSpec(
        "status_is_the_last_of_its_history",
        "marts.fct_issues",
        Rows(
            """
            select this.issue_id
            from this
            join marts.fct_issue_status_changes as held
                on held.issue_id = this.issue_id and held.left_at is null
            where held.category <> this.status_category
            """,
            0.01,
        ),
        "An issue's category is that of the status it is in by its history (up to 1% may differ).",
        severity="warn",
    ),
    CheckSpec(
        "added_before_the_sprint_closed",
        "marts.bridge_sprint_issues",
        Rows(
            """
            select
                this.sprint_id,
                this.issue_id
            from this
            join marts.dim_sprints as sprint on sprint.sprint_id = this.sprint_id
            where this.added_at > sprint.completed_at
            """,
            0.02,
        ),
        "Nothing joins a sprint that is closed (up to 2% may: sprints that were opened again).",
        severity="warn",
    ),
    CheckSpec(
        "changed_files_are_known",
        "marts.bridge_commit_services",
        Rows(broken("repository_id, sha, service_id", "reason = 'unknown'"), 0.05),
        "The files of commits in repositories that services share are loaded: until then such a "
        "commit counts for each of the services (up to 5% may).",
        severity="warn",
    ),
    CheckSpec(
        "a_production_environment_is_recognised",
        _DEPLOYMENTS,
        Rows(
            """
            select
                this.environment,
                this.environment_tier
            from this
            where not exists (
                select 1 from this as any_row
                where any_row.environment_tier = 'production'
            )
            group by this.environment, this.environment_tier
            """
        ),
        "If there are deployments, some went to production; else name your production environment "
        "in [metrics] environments of sei.toml, or the DORA metrics stay empty.",
        severity="warn",
    ),
    CheckSpec(
        "commit_is_known",
        _DEPLOYMENTS,
        Rows(
            """
            select this.deployment_id
            from this
            where
                this.environment_tier = 'production'
                and this.status = 'success'
                and not exists (
                    select 1 from marts.fct_commits as deployed
                    where
                        deployed.repository_id = this.repository_id
                        and deployed.sha = this.commit_sha
                )
            """,
            0.02,
        ),
        "The commit of a production deployment is in fct_commits: otherwise nobody can tell what "
        "it shipped (up to 2% of the rows may: commits that are gone).",
        severity="warn",
    ),
]
