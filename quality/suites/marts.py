"""Between dbt and Spark: what must hold of the marts and no dbt test or constraint says.

That is: against the last run, against the raw tables, and whether the settings recognise anything.
"""

from __future__ import annotations

from quality.claims import CheckSpec, Rows, volume_checks

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
}

CHECKS: list[CheckSpec] = [
    *(
        check
        for table, half_is_blocking in _VOLUMES.items()
        for check in volume_checks(table, half_is_blocking=half_is_blocking)
    ),
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
