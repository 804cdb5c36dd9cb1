"""The tables of raw_github."""

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
author_id text Node id of the account, null for a deleted one.
author_login text Login of the account, null for a deleted one.
author_type text User, Bot, Mannequin, Organization or EnterpriseUserAccount.
""".strip()


def _github(name: str, grain: str, key: str, lines: str) -> Table:
    lines = "\n".join([CONNECTION, lines.strip().replace("*author*", _ACTOR), SYNCED])
    return table("raw_github", name, grain, f"connection {key}", lines)


# Rows of a list inside a pull request (commits, reviews, comments, events) are current when their
# synced_at equals that of their pull request: a force-push drops commits without a trace in the API.
# Team members and team repositories likewise follow their team, teams their organization.
GITHUB: dict[str, Table] = {
    found.name: found
    for found in (
        _github(
            "organizations",
            "One owner (organization or user) named in the settings.",
            "id",
            """
            id text Node id.
            database_id bigint Number that REST uses.
            login text! Login, the first part of a repository's full name.
            name text Display name.
            type text! Organization or User.
            created_at timestamp When the account was created.
            teams_synced_at timestamp Last sync that read the whole list of teams; null when never allowed.
            """,
        ),
        _github(
            "teams",
            "One team of an organization.",
            "id",
            """
            id text Node id.
            database_id bigint Number that REST uses.
            organization_id text! Node id of the organization.
            slug text! Name in addresses.
            name text! Display name.
            parent_team_id text Node id of the team above, null at the top.
            created_at timestamp When the team was created.
            updated_at timestamp When the team was last changed.
            """,
        ),
        _github(
            "team_members",
            "One account in one team (immediate members only).",
            "team_id user_id",
            """
            team_id text Node id of the team.
            user_id text Node id of the account.
            user_login text! Login of the account.
            role text MAINTAINER or MEMBER.
            """,
        ),
        _github(
            "team_repositories",
            "One repository that a team has access to, with its permission.",
            "team_id repository_id",
            """
            team_id text Node id of the team.
            repository_id text Node id of the repository.
            permission text! ADMIN, MAINTAIN, WRITE, TRIAGE or READ.
            """,
        ),
        _github(
            "users",
            "One account seen anywhere: member, author, reviewer.",
            "id",
            """
            id text Node id.
            database_id bigint Number that REST uses.
            login text! Login.
            name text Display name; null when hidden or not read.
            type text! User, Bot, Mannequin, Organization or EnterpriseUserAccount.
            public_email text* E-mail the person shows; null when hidden or not read.
            """,
        ),
        _github(
            "repositories",
            "One repository of an owner.",
            "id",
            """
            id text Node id.
            database_id bigint Number that REST uses.
            owner_id text! Node id of the owner.
            owner_login text! Login of the owner.
            name text! Name without the owner.
            full_name text! owner/name.
            default_branch text Name of the default branch, null in an empty repository.
            head_sha text Newest commit of the default branch, null in an empty repository.
            is_archived bool! Read-only for good.
            is_fork bool! Forked from another repository.
            is_private bool! Not public.
            primary_language text Language with the most bytes.
            topics json List of topic names.
            created_at timestamp! When the repository was created.
            updated_at timestamp When it was last changed.
            pushed_at timestamp Last push to any branch.
            """,
        ),
        _github(
            "repository_syncs",
            "One attempt to read one repository: what came of it.",
            "repository_full_name synced_at",
            """
            repository_full_name text owner/name, or the owner alone when its list could not be read.
            repository_id text Node id, null when the list itself failed.
            status text! succeeded, failed or skipped (nothing changed).
            failed_resource text What was being read when it failed.
            reason text One line: why it failed.
            row_count bigint Rows handed over.
            request_count bigint Requests sent.
            seconds double Time taken.
            """,
        ),
        _github("request_ledger", LEDGER_GRAIN, LEDGER_KEY, LEDGER),
        _github("schema_drift", DRIFT_GRAIN, DRIFT_KEY, DRIFT),
        _github(
            "commits",
            "One commit reachable from the default branch, or from something deployed.",
            "repository_id sha",
            """
            repository_id text Node id of the repository.
            sha text Commit hash.
            parent_shas json! List of parent hashes, first parent first.
            authored_at timestamp! When the change was written (kept by rebase and cherry-pick).
            committed_at timestamp! When this commit object was made.
            author_id text Node id of the account the author's e-mail belongs to.
            author_login text Its login.
            author_name text Name in the commit.
            author_email text* E-mail in the commit.
            message_headline text First line of the message.
            reverted_shas json List of hashes named by "This reverts commit …".
            additions bigint Lines added, null when not told.
            deletions bigint Lines removed, null when not told.
            changed_files bigint Files changed, null when not told.
            changed_paths json List of changed files, old and new names; null unless the repository is split by paths.
            issue_keys json List of Jira-like keys (ABC-1) found in the message.
            pull_request_ids json List of node ids of the pull requests that GitHub associates with it.
            is_on_default_branch bool! Reachable from the default branch when last read.
            """,
        ),
        _github(
            "pull_requests",
            "One pull request.",
            "id",
            """
            id text Node id.
            database_id bigint Number that REST uses.
            repository_id text! Node id of the repository.
            number bigint! Number in the repository.
            title text Title.
            body text Text; null unless privacy.store_bodies.
            state text! OPEN, CLOSED or MERGED.
            is_draft bool! A draft now.
            *author*
            merged_by_login text Who merged.
            base_ref_name text Branch it goes into.
            head_ref_name text Branch it comes from.
            head_sha text Newest commit of the branch.
            merge_commit_sha text Commit on the base branch: merge, squash, or last of the rebased ones.
            labels json List of label names.
            closing_issue_ids json List of node ids of the issues it closes.
            reverted_numbers json List of numbers (same repository) named by "Reverts owner/name#N".
            reverted_shas json List of hashes named by "This reverts commit …".
            issue_keys json List of Jira-like keys (ABC-1) found in title, branch or text.
            additions bigint Lines added.
            deletions bigint Lines removed.
            changed_files bigint Files changed.
            commit_count bigint Commits in the branch.
            created_at timestamp! When it was opened.
            updated_at timestamp! When anything of it changed last.
            closed_at timestamp When it was closed or merged.
            merged_at timestamp When it was merged.
            """,
        ),
        _github(
            "pull_request_commits",
            "One commit of one pull request's branch.",
            "pull_request_id sha",
            """
            pull_request_id text Node id of the pull request.
            sha text Commit hash.
            repository_id text! Node id of the repository.
            position bigint! 1 for the first.
            authored_at timestamp! When the change was written.
            committed_at timestamp! When the commit object was made.
            author_id text Node id of the account the author's e-mail belongs to.
            author_login text Its login.
            author_name text Name in the commit.
            author_email text* E-mail in the commit.
            message_headline text First line of the message.
            issue_keys json List of Jira-like keys (ABC-1) found in the message.
            """,
        ),
        _github(
            "pull_request_reviews",
            "One review of a pull request.",
            "id",
            """
            id text Node id.
            pull_request_id text! Node id of the pull request.
            repository_id text! Node id of the repository.
            *author*
            state text! APPROVED, CHANGES_REQUESTED, COMMENTED, DISMISSED or PENDING.
            commit_sha text Commit that was reviewed.
            submitted_at timestamp When it was submitted; null while pending.
            """,
        ),
        _github(
            "pull_request_review_comments",
            "One comment on the changed lines of a pull request.",
            "id",
            """
            id text Node id.
            pull_request_id text! Node id of the pull request.
            review_id text Node id of the review it came with.
            repository_id text! Node id of the repository.
            *author*
            created_at timestamp! When it was written.
            updated_at timestamp When it was last edited.
            body text Text; null unless privacy.store_bodies.
            """,
        ),
        _github(
            "pull_request_events",
            "One turn of a pull request between draft and ready for review.",
            "id",
            """
            id text Node id.
            pull_request_id text! Node id of the pull request.
            repository_id text! Node id of the repository.
            type text! READY_FOR_REVIEW or CONVERT_TO_DRAFT.
            created_at timestamp! When it happened.
            """,
        ),
        _github(
            "issue_comments",
            "One comment in the conversation of an issue or a pull request.",
            "id",
            """
            id text Node id.
            repository_id text! Node id of the repository.
            issue_id text Node id of the issue, null for a pull request.
            pull_request_id text Node id of the pull request, null for an issue.
            *author*
            created_at timestamp! When it was written.
            updated_at timestamp When it was last edited.
            body text Text; null unless privacy.store_bodies.
            mentioned json References found in the text, as issues.mentioned.
            """,
        ),
        _github(
            "labels",
            "One label that a repository offers.",
            "id",
            """
            id text Node id.
            repository_id text! Node id of the repository.
            name text! Name.
            color text Six hexadecimal digits.
            is_default bool Comes with every new repository.
            """,
        ),
        _github(
            "issues",
            "One issue (pull requests are not issues here).",
            "id",
            """
            id text Node id.
            database_id bigint Number that REST uses.
            repository_id text! Node id of the repository.
            number bigint! Number in the repository.
            title text Title.
            body text Text; null unless privacy.store_bodies.
            state text! OPEN or CLOSED.
            state_reason text COMPLETED, NOT_PLANNED, REOPENED or DUPLICATE.
            *author*
            labels json List of label names.
            assignee_logins json List of logins.
            mentioned json References found in the text: {"shas": […], "pull_requests": ["owner/name#1"], "deployments": [database ids]}.
            created_at timestamp! When it was opened.
            updated_at timestamp! When anything of it changed last.
            closed_at timestamp When it was closed last; null while open.
            """,
        ),
        _github(
            "releases",
            "One release.",
            "id",
            """
            id text Node id.
            database_id bigint Number that REST uses.
            repository_id text! Node id of the repository.
            name text Title.
            tag_name text! Tag it belongs to.
            commit_sha text Commit of the tag.
            is_draft bool! Not published.
            is_prerelease bool! Marked as not ready for production.
            *author*
            created_at timestamp! When it was drafted.
            published_at timestamp When it was published.
            """,
        ),
        _github(
            "tags",
            "One tag.",
            "repository_id name",
            """
            repository_id text Node id of the repository.
            name text Name of the tag.
            commit_sha text! Commit the tag leads to, through annotated tags.
            is_annotated bool! A tag object with a date of its own.
            tagged_at timestamp Date of the tag object, else of the commit.
            """,
        ),
        _github(
            "deployments",
            "One deployment as GitHub knows it.",
            "id",
            """
            id text Node id.
            database_id bigint Number that REST uses.
            repository_id text! Node id of the repository.
            environment text Environment it went to.
            task text deploy, or what the creator called it.
            commit_sha text Commit deployed; null when the commit is gone.
            ref_name text Branch or tag deployed.
            state text Latest state as GitHub sums it up.
            creator_login text Who or what created it.
            created_at timestamp! When it was created.
            updated_at timestamp When it last changed.
            """,
        ),
        _github(
            "deployment_statuses",
            "One status in the history of a deployment.",
            "id",
            """
            id text Node id.
            deployment_id text! Node id of the deployment.
            repository_id text! Node id of the repository.
            state text! QUEUED, PENDING, IN_PROGRESS, WAITING, SUCCESS, FAILURE, ERROR or INACTIVE.
            environment text Environment named by the status.
            run_id bigint Id of the workflow run that reported it, by the address of its log; null without one.
            job_id bigint Id of the job of that run; null when the address does not tell.
            creator_login text Who or what reported it.
            created_at timestamp! When it was reported.
            """,
        ),
        _github(
            "workflow_runs",
            "One run of a GitHub Actions workflow (its latest attempt).",
            "id",
            """
            id text Node id.
            database_id bigint! Number that REST uses.
            repository_id text! Node id of the repository.
            workflow_id bigint Number of the workflow.
            name text Name of the workflow.
            path text File of the workflow.
            event text What started it.
            status text queued, in_progress, completed, waiting, requested or pending.
            conclusion text success, failure, cancelled, skipped, timed_out, …; null until completed.
            head_branch text Branch.
            head_sha text! Commit.
            run_number bigint Counts up per workflow.
            run_attempt bigint 1, and one more for each re-run.
            actor_login text Who started it.
            created_at timestamp! When it was created.
            run_started_at timestamp When this attempt started.
            updated_at timestamp When it last changed.
            """,
        ),
        _github(
            "workflow_jobs",
            "One job of one attempt of a workflow run.",
            "id",
            """
            id text Node id.
            database_id bigint! Number that REST uses.
            repository_id text! Node id of the repository.
            run_id bigint! Database id of its run.
            run_attempt bigint Attempt of the run.
            name text! Name.
            status text queued, in_progress, completed, …
            conclusion text success, failure, cancelled, skipped, …; null until completed.
            head_sha text Commit.
            head_branch text Branch.
            runner_labels json List of labels that a runner had to have; null if read by GraphQL.
            created_at timestamp When it was created; null if read by GraphQL.
            started_at timestamp When it started.
            completed_at timestamp When it ended.
            """,
        ),
    )
}
