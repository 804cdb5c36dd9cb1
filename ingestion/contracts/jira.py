"""The tables of raw_jira (Cloud: REST v3 and agile 1.0). Ids are Jira's; a key may change."""

from __future__ import annotations

from ingestion.contracts.tables import (
    CONNECTION,
    DRIFT,
    DRIFT_GRAIN,
    DRIFT_KEY,
    LEDGER,
    LEDGER_GRAIN,
    LEDGER_KEY,
    SYNCED,
    Table,
    table,
)


def _jira(name: str, grain: str, key: str, lines: str) -> Table:
    return table(
        "raw_jira", name, grain, f"connection {key}", "\n".join([CONNECTION, lines.strip(), SYNCED])
    )


JIRA: dict[str, Table] = {
    found.name: found
    for found in (
        _jira(
            "projects",
            "One project.",
            "id",
            """
            id text Id.
            key text! Key, the first part of its issues' keys.
            name text! Display name.
            type text software, business, service_desk, …
            is_simplified bool Team-managed: statuses and types are its own.
            is_archived bool! No longer in use.
            lead_account_id text Account that leads it.
            deleted_at timestamp First sync that no longer found it; null while it is there.
            """,
        ),
        _jira(
            "project_syncs",
            "One attempt to read one project (or one list of the site): what came of it.",
            "scope synced_at",
            """
            scope text Key of the project, or the list: projects, boards, fields, …
            project_id text Id, null for a list of the site.
            status text! succeeded, failed or skipped (not offered, or not asked for).
            failed_resource text What was being read when it failed.
            reason text One line: why it failed.
            row_count bigint Rows handed over.
            request_count bigint Requests sent.
            seconds double Time taken.
            """,
        ),
        _jira("request_ledger", LEDGER_GRAIN, LEDGER_KEY, LEDGER),
        _jira("schema_drift", DRIFT_GRAIN, DRIFT_KEY, DRIFT),
        _jira(
            "boards",
            "One board.",
            "id",
            """
            id bigint Id.
            name text! Name.
            type text! scrum, kanban or simple.
            project_id text Project it is located in, null for a person's board.
            project_key text Its key.
            deleted_at timestamp First sync that no longer found it; null while it is there.
            """,
        ),
        _jira(
            "sprints",
            "One sprint.",
            "id",
            """
            id bigint Id.
            name text! Name now.
            state text! future, active or closed.
            origin_board_id bigint Board it was made on.
            created_at timestamp When it was created; null when not told.
            started_at timestamp When it was started; null for a future one.
            ends_at timestamp When it is planned to end.
            completed_at timestamp When it was closed; null until then.
            deleted_at timestamp First sync that no longer found it; null while it is there.
            """,
        ),
        _jira(
            "board_sprints",
            "One sprint in the list of one board.",
            "board_id sprint_id",
            """
            board_id bigint Id of the board.
            sprint_id bigint Id of the sprint.
            """,
        ),
        _jira(
            "issue_types",
            "One issue type.",
            "id",
            """
            id text Id.
            name text! Name in the site's language.
            untranslated_name text Name before translation.
            is_subtask bool! A part of another issue.
            hierarchy_level bigint -1 subtask, 0 standard, 1 epic and above.
            project_id text Project it is of, null for the whole site.
            """,
        ),
        _jira(
            "statuses",
            "One status that exists now, or did at an earlier sync.",
            "id",
            """
            id text Id.
            name text! Name in the site's language.
            untranslated_name text Name before translation.
            category text! new, indeterminate, done or undefined.
            project_id text Project it is of, null for the whole site.
            deleted_at timestamp First sync that no longer found it; null while it is there.
            """,
        ),
        _jira(
            "fields",
            "One field of issues.",
            "id",
            """
            id text Id, like customfield_10020.
            name text! Name in the site's language.
            untranslated_name text Name before translation.
            is_custom bool! Not one of Jira's own.
            schema_type text number, array, string, …
            schema_custom text Key of the custom field's kind.
            used_as text story_points, sprint or flagged when the loader reads it as such, else null.
            preference bigint 1 for the field whose value counts first among those used alike, …
            """,
        ),
        _jira(
            "users",
            "One account seen anywhere.",
            "id",
            """
            id text Account id.
            name text Display name, null when hidden.
            email text* E-mail, where the person shows it.
            type text atlassian, app or customer.
            is_active bool The account can log in.
            time_zone text IANA name, where shown.
            """,
        ),
        _jira(
            "issues",
            "One issue, under its latest key.",
            "id",
            """
            id text Id; stays when the issue moves to another project.
            key text! Key now.
            project_id text! Id of its project now.
            project_key text! Key of its project now.
            type_id text Id of its type.
            type_name text Name of its type.
            is_subtask bool A part of another issue.
            title text Summary.
            body text Description as plain text; null unless privacy.store_bodies.
            status_id text Id of its status now.
            status_name text Name of its status now.
            priority text Name of its priority.
            resolution text Name of its resolution, null while unresolved.
            labels json List of labels.
            components json List of component names.
            fix_versions json List of version names.
            creator_id text Account that created it.
            reporter_id text Account that reported it.
            assignee_id text Account it is assigned to now.
            parent_id text Id of the issue above it (epic or parent).
            parent_key text Its key.
            sprint_ids json List of ids of the sprints it is or was in.
            story_points double Estimate now.
            original_estimate_seconds bigint Time estimated first.
            time_spent_seconds bigint Time logged.
            is_flagged bool! Marked as blocked (the field Flagged) now.
            mentioned json References found in description and comments: {"shas": […], "urls": […]}.
            created_at timestamp! When it was created.
            updated_at timestamp! When anything of it changed last.
            resolved_at timestamp When its resolution was set last; null while unresolved.
            due_on date Day it is due.
            deleted_at timestamp First id scan that no longer found it; null while it is there.
            """,
        ),
        _jira(
            "issue_changes",
            "One field's change in one entry of an issue's changelog.",
            "issue_id change_id position",
            """
            issue_id text Id of the issue.
            change_id text Id of the changelog's entry.
            position bigint 1 for the first item of the entry.
            author_id text Account that did it; null for a deleted one or Jira itself.
            created_at timestamp! When it was done.
            field_id text Id of the field; null in old entries.
            field text! Name of the field, not translated.
            from_value text Ids before (status: one id; sprint: ids with commas; assignee: account id).
            from_text text Shown before; null for texts of people unless privacy.store_bodies.
            to_value text Ids after.
            to_text text Shown after; null for texts of people unless privacy.store_bodies.
            """,
        ),
        _jira(
            "worklogs",
            "One entry of time spent on an issue.",
            "id",
            """
            id text Id.
            issue_id text! Id of the issue.
            author_id text Account that worked.
            seconds_spent bigint! Time spent.
            started_at timestamp! When the work began.
            created_at timestamp! When it was logged.
            updated_at timestamp When it was last edited.
            """,
        ),
        _jira(
            "issue_links",
            "One link between two issues.",
            "id",
            """
            id text Id.
            type text! Name of the kind of link.
            source_issue_id text! Issue of the outward side ("blocks").
            target_issue_id text! Issue of the inward side ("is blocked by").
            seen_from_issue_id text! Issue whose reading brought the row last; current when its synced_at equals that issue's.
            """,
        ),
        _jira(
            "remote_links",
            "One link from an issue to something outside: commit, pull request, page.",
            "issue_id id",
            """
            issue_id text Id of the issue.
            id text Id of the link.
            url text! Address.
            title text Title.
            application text Kind of application that owns it, where told.
            """,
        ),
    )
}
