"""The tables of raw_settings: the settings that models need."""

from __future__ import annotations

from ingestion.contracts.tables import Table, table


def _setting(name: str, grain: str, key: str, lines: str) -> Table:
    return table("raw_settings", name, grain, key, lines)


SETTINGS: dict[str, Table] = {
    found.name: found
    for found in (
        _setting(
            "organization",
            "The one organization of this warehouse.",
            "slug",
            """
            slug text Short name.
            name text! Display name.
            timezone text! IANA name of the zone in which periods are cut.
            week_starts_on text! monday or sunday (or any other day).
            history_since timestamp! How far back the first sync goes.
            pseudonymize bool! Marts carry pseudonyms instead of names.
            pseudonym_salt text! Random text from which pseudonyms are made; made once and kept.
            """,
        ),
        _setting(
            "connections",
            "One connection of the settings.",
            "connection",
            """
            connection text Its name, prefix of its ids.
            source text! github, gitlab or jira.
            url text! Address of the API.
            """,
        ),
        _setting(
            "deployment_rules",
            "One rule that recognises deployments; the first that matches an event wins.",
            "position",
            """
            position bigint 1 for the first.
            kind text! deployment, workflow_run, job, pipeline, release, tag or merge.
            connection text Connection it holds for; null means all.
            repositories json List of globs on full names; null means all.
            environment text Regular expression on the environment; null means any.
            name text Regular expression on the name (workflow, job, release, tag); null means any.
            branch text Regular expression on the branch; null means any.
            tier text Environment tier it gives; null: from the environment's name.
            service text Name of the service of the settings that it deploys; null: from the repository.
            """,
        ),
        _setting(
            "incident_rules",
            "One rule that recognises incidents among issues.",
            "position",
            """
            position bigint 1 for the first.
            connection text Connection it holds for; null means all.
            repositories json List of globs on full names; null means all.
            labels json List of labels, any of which makes an incident; null: not by label.
            issue_types json List of issue types (Jira); null: not by type.
            projects json List of project keys (Jira); null: all.
            components json List of components (Jira), any of which; null: all.
            priorities json List of priorities (Jira), any of which; null: all.
            """,
        ),
        _setting(
            "environment_tiers",
            "One pattern that gives an environment's tier; the first that matches wins.",
            "position",
            """
            position bigint 1 for the first.
            tier text! production, staging, testing or development.
            pattern text! Regular expression on the environment's name.
            """,
        ),
        _setting(
            "metrics",
            "How the metrics are computed (one row).",
            "definition",
            """
            definition text Always "current".
            incident_link_window_hours double Longest time from a deployment to an incident it is blamed for; null: unlimited.
            baseline_window_hours double! How long before the first deployment a merge may be to count as shipped by it.
            deduplication_window_hours double! Longest time between two successful deployments of one commit to one place that count once; 0: each counts.
            revert_counts_as_failure bool! A revert makes the deployment of what it reverts a failed one.
            minimum_sample bigint! Fewer rows than this give no band.
            exclude_bots bool! Leave bots' pull requests out of the DORA metrics too.
            bands_year bigint! Year of the published bands.
            hotfix_labels json! List of labels that make a pull request a hotfix.
            hotfix_branches json! List of globs on branch names that do so.
            """,
        ),
        _setting(
            "teams",
            "One team of the settings.",
            "name",
            """
            name text Name.
            parent text Name of the team above.
            same json List of "connection:path" of teams and groups of the sources that are this team; null: none.
            """,
        ),
        _setting(
            "team_members",
            "One member of a team of the settings.",
            "team member valid_from",
            """
            team text Name of the team.
            member text* connection:login, or an e-mail address.
            valid_from date First day of the membership; 0001-01-01 when not told.
            valid_to date Day after the last one; null while it lasts.
            """,
        ),
        _setting(
            "services",
            "One service of the settings.",
            "name",
            """
            name text Name.
            team text Name of the team that owns it.
            """,
        ),
        _setting(
            "service_repositories",
            "One repository, or path inside one, of a service of the settings.",
            "service repository path_prefix",
            """
            service text Name of the service.
            repository text Full name or glob, with an optional connection: before it.
            path_prefix text Path inside the repository, empty for all of it.
            """,
        ),
        _setting(
            "service_jira",
            "One Jira project or component that a service of the settings is kept in.",
            "service kind value",
            """
            service text Name of the service.
            kind text project or component.
            value text Key of the project, or name of the component, with an optional connection: before it.
            """,
        ),
        _setting(
            "jira_status_categories",
            "One status of one Jira connection whose category the settings give.",
            "connection status",
            """
            connection text Connection it holds for.
            status text Id or name of the status.
            category text! new, indeterminate or done.
            """,
        ),
        _setting(
            "people",
            "One statement that accounts are, or are not, the same person.",
            "position",
            """
            position bigint 1 for the first.
            relation text! same or different.
            accounts json!* List of connection:login, or e-mail addresses.
            """,
        ),
        _setting(
            "bots",
            "One login that is a bot whatever its account says.",
            "login",
            """
            login text Login.
            """,
        ),
    )
}
