"""The tables of raw_gitlab (REST v4). Ids are GitLab's numbers, unique per kind and instance."""

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

_ACTOR = """
author_id bigint Id of the account, null for a deleted one.
author_username text Username of the account, null for a deleted one.
""".strip()

_MENTIONS = (
    'mentioned json References found in the text: {"shas": […], "merge_requests": ["group/project!1"],'
    ' "deployments": [ids]}.'
)


def _gitlab(name: str, grain: str, key: str, lines: str) -> Table:
    lines = lines.strip().replace("*author*", _ACTOR).replace("*mentioned*", _MENTIONS)
    return table(
        "raw_gitlab", name, grain, f"connection {key}", "\n".join([CONNECTION, lines, SYNCED])
    )


# Rows of a list inside a merge request (commits, approvals) are current when their synced_at equals
# that of their merge request: a force-push drops commits, a withdrawn approval leaves no trace in
# the API. Members likewise follow their group.
GITLAB: dict[str, Table] = {
    found.name: found
    for found in (
        _gitlab(
            "groups",
            "One group or subgroup.",
            "id",
            """
            id bigint Id.
            full_path text! Path with all groups above it.
            name text! Display name.
            parent_id bigint Id of the group above, null at the top.
            is_root bool! Named in the settings.
            visibility text private, internal or public.
            created_at timestamp When the group was created.
            members_synced_at timestamp Last sync that read the whole list of members; null when never allowed.
            deleted_at timestamp First sync that no longer found it; null while it is there.
            """,
        ),
        _gitlab(
            "group_members",
            "One account in one group (immediate members only).",
            "group_id user_id",
            """
            group_id bigint Id of the group.
            user_id bigint Id of the account.
            username text! Username of the account.
            access_level bigint! 10 guest, 20 reporter, 30 developer, 40 maintainer, 50 owner.
            created_at timestamp When the account became a member.
            expires_on date Day the membership ends.
            """,
        ),
        _gitlab(
            "users",
            "One account seen anywhere: member, author, reviewer.",
            "id",
            """
            id bigint Id.
            username text! Username.
            name text Display name.
            state text active, blocked, deactivated, banned, …
            is_bot bool A bot user (project, group or service account token); null when not told.
            public_email text* E-mail the person shows.
            commit_email text* E-mail of the commits, told to administrators only.
            """,
        ),
        _gitlab(
            "projects",
            "One project of a group.",
            "id",
            """
            id bigint Id.
            group_id bigint! Id of the group it is directly in.
            path_with_namespace text! Full path.
            name text! Display name.
            default_branch text Name of the default branch, null in an empty project.
            head_sha text Newest commit of the default branch, null when empty or not allowed.
            is_archived bool! Read-only for good.
            is_fork bool! Forked from another project.
            visibility text! private, internal or public.
            topics json List of topic names.
            created_at timestamp! When the project was created.
            updated_at timestamp When it was last changed.
            last_activity_at timestamp Last activity (GitLab moves it at most once an hour).
            deleted_at timestamp First sync that no longer found it; null while it is there.
            """,
        ),
        _gitlab(
            "project_syncs",
            "One attempt to read one project (or group list): what came of it.",
            "project_path synced_at",
            """
            project_path text Full path of the project, or of the group when its list could not be read.
            project_id bigint Id, null when the list itself failed.
            status text! succeeded, failed or skipped (nothing changed).
            failed_resource text What was being read when it failed.
            reason text One line: why it failed.
            row_count bigint Rows handed over.
            request_count bigint Requests sent.
            seconds double Time taken.
            """,
        ),
        _gitlab("request_ledger", LEDGER_GRAIN, LEDGER_KEY, LEDGER),
        _gitlab("schema_drift", DRIFT_GRAIN, DRIFT_KEY, DRIFT),
        _gitlab(
            "commits",
            "One commit reachable from the default branch, or from something deployed.",
            "project_id sha",
            """
            project_id bigint Id of the project.
            sha text Commit hash.
            parent_shas json! List of parent hashes, first parent first.
            authored_at timestamp! When the change was written (kept by rebase and cherry-pick).
            committed_at timestamp! When this commit object was made.
            author_name text Name in the commit.
            author_email text* E-mail in the commit.
            message_headline text First line of the message.
            reverted_shas json List of hashes named by "This reverts commit …".
            reverted_iids json List of numbers (same project) named by "This reverts merge request !N".
            merge_request_iid bigint Number named by "See merge request group/project!N" of the same project.
            issue_keys json List of Jira-like keys (ABC-1) found in the message.
            additions bigint Lines added, null when not told.
            deletions bigint Lines removed, null when not told.
            changed_paths json List of changed files, old and new names; null unless the project is split by paths.
            is_on_default_branch bool! Reachable from the default branch when last read.
            """,
        ),
        _gitlab(
            "merge_requests",
            "One merge request.",
            "id",
            """
            id bigint Id.
            project_id bigint! Id of the project it goes into.
            iid bigint! Number in the project.
            title text Title.
            body text Description; null unless privacy.store_bodies.
            state text! opened, closed, locked or merged.
            is_draft bool! A draft now.
            *author*
            merged_by_username text Who merged.
            target_branch text Branch it goes into.
            source_branch text Branch it comes from.
            source_project_id bigint Project it comes from, null when deleted.
            head_sha text Newest commit of the branch.
            merge_commit_sha text Merge commit, null for fast-forward merges.
            squash_commit_sha text Squash commit, null when not squashed.
            labels json List of label names.
            milestone text Title of its milestone.
            closing_issues json List of "group/project#1" that its description says it closes.
            reverted_iids json List of numbers (same project) named by "This reverts merge request !N".
            reverted_shas json List of hashes named by "This reverts commit …".
            issue_keys json List of Jira-like keys (ABC-1) found in title, branch or description.
            created_at timestamp! When it was opened.
            updated_at timestamp! When anything of it changed last.
            closed_at timestamp When it was closed without a merge.
            merged_at timestamp When it was merged.
            """,
        ),
        _gitlab(
            "merge_request_commits",
            "One commit of one merge request.",
            "merge_request_id sha",
            """
            merge_request_id bigint Id of the merge request.
            sha text Commit hash.
            project_id bigint! Id of the project it goes into.
            position bigint! 1 for the first (oldest).
            authored_at timestamp! When the change was written.
            committed_at timestamp! When the commit object was made.
            author_name text Name in the commit.
            author_email text* E-mail in the commit.
            message_headline text First line of the message.
            issue_keys json List of Jira-like keys (ABC-1) found in the message.
            """,
        ),
        _gitlab(
            "merge_request_notes",
            "One note of a merge request: a comment, or a system note of something done to it.",
            "id",
            """
            id bigint Id.
            merge_request_id bigint! Id of the merge request.
            project_id bigint! Id of the project.
            *author*
            is_system bool! Written by GitLab about an action.
            type text DiffNote, DiscussionNote or null.
            action text What a system note tells: approved, unapproved, draft, ready, closed, reopened, merged, review_requested, commits_added or other; null for comments.
            created_at timestamp! When it was written.
            updated_at timestamp When it was last edited.
            body text Text; null unless privacy.store_bodies.
            """,
        ),
        _gitlab(
            "merge_request_approvals",
            "One account's approval of a merge request that stands now.",
            "merge_request_id user_id",
            """
            merge_request_id bigint Id of the merge request.
            user_id bigint Id of the account.
            project_id bigint! Id of the project.
            username text! Username of the account.
            approved_at timestamp When it was given, from the API or its system note; null when neither tells.
            """,
        ),
        _gitlab(
            "labels",
            "One label that a project offers (its groups' included).",
            "project_id id",
            """
            project_id bigint Id of the project.
            id bigint Id of the label.
            name text! Name.
            color text Hash sign and six hexadecimal digits.
            is_project_label bool! Of the project itself, not of a group.
            """,
        ),
        _gitlab(
            "issues",
            "One issue.",
            "id",
            """
            id bigint Id.
            project_id bigint! Id of the project.
            iid bigint! Number in the project.
            title text Title.
            body text Description; null unless privacy.store_bodies.
            state text! opened or closed.
            type text issue, incident, test_case, task, …
            severity text Severity of an incident: UNKNOWN, LOW, MEDIUM, HIGH or CRITICAL; null when not told.
            *author*
            labels json List of label names.
            assignee_ids json List of account ids.
            milestone text Title of its milestone.
            weight double Weight.
            *mentioned*
            created_at timestamp! When it was opened.
            updated_at timestamp! When anything of it changed last.
            closed_at timestamp When it was closed last; null while open.
            """,
        ),
        _gitlab(
            "releases",
            "One release.",
            "project_id tag_name",
            """
            project_id bigint Id of the project.
            tag_name text Tag it belongs to.
            name text Title.
            commit_sha text Commit of the tag.
            *author*
            is_upcoming bool! Its date lies in the future.
            created_at timestamp! When it was created.
            released_at timestamp When it was, or is to be, released.
            """,
        ),
        _gitlab(
            "tags",
            "One tag.",
            "project_id name",
            """
            project_id bigint Id of the project.
            name text Name of the tag.
            commit_sha text! Commit the tag leads to, through annotated tags.
            is_annotated bool! A tag object with a date of its own.
            tagged_at timestamp Date of the tag object, else of the commit.
            """,
        ),
        _gitlab(
            "environments",
            "One environment.",
            "id",
            """
            id bigint Id.
            project_id bigint! Id of the project.
            name text! Name.
            tier text production, staging, testing, development or other.
            state text available, stopping or stopped.
            created_at timestamp When it was created.
            """,
        ),
        _gitlab(
            "deployments",
            "One deployment.",
            "id",
            """
            id bigint Id.
            project_id bigint! Id of the project.
            iid bigint Number in the project.
            environment_id bigint Id of the environment.
            environment text Name of the environment.
            environment_tier text Tier GitLab gives it; null when not told.
            status text! created, running, success, failed, canceled, skipped or blocked.
            commit_sha text Commit deployed.
            ref_name text Branch or tag deployed.
            creator_username text Who started it.
            job_id bigint Id of the job that did it, null when made through the API.
            job_status text Status of that job.
            job_started_at timestamp When the job started.
            job_finished_at timestamp When the job ended.
            pipeline_id bigint Id of the job's pipeline.
            created_at timestamp! When it was created.
            updated_at timestamp When it last changed.
            finished_at timestamp When it finished, as GitLab tells; null when it does not.
            """,
        ),
        _gitlab(
            "pipelines",
            "One pipeline.",
            "id",
            """
            id bigint Id.
            project_id bigint! Id of the project.
            iid bigint Number in the project.
            name text Name, where the project gives names.
            source text push, merge_request_event, schedule, web, …
            status text! created, pending, running, success, failed, canceled, skipped, manual, …
            ref_name text Branch, tag or refs/merge-requests/N/head.
            head_sha text Commit.
            is_tag bool It ran for a tag; null when not told.
            created_at timestamp! When it was created.
            started_at timestamp When its first job started; null when not known.
            finished_at timestamp When its last job ended; null when not known or running.
            updated_at timestamp When it last changed.
            """,
        ),
        _gitlab(
            "jobs",
            "One job of a pipeline; a retry is a job of its own.",
            "id",
            """
            id bigint Id.
            project_id bigint! Id of the project.
            pipeline_id bigint Id of its pipeline.
            name text! Name.
            stage text Stage.
            status text! created, pending, running, success, failed, canceled, skipped, manual, …
            is_retried bool A later job of the same name replaced it; null when not told.
            is_failure_allowed bool A failure does not fail the pipeline.
            failure_reason text Why it failed.
            ref_name text Branch or tag.
            head_sha text Commit.
            is_tag bool It ran for a tag.
            username text Who started it.
            runner_tags json List of tags that a runner had to have.
            created_at timestamp! When it was created.
            started_at timestamp When it started.
            finished_at timestamp When it ended.
            queued_seconds double Time spent waiting for a runner.
            """,
        ),
    )
}
