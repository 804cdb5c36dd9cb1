"""From GitHub's payloads to rows: pure functions, one per table.

Rows have the columns of ingestion/contracts but `connection` and `synced_at`, which every row
of a sync shares and ingestion/loading adds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from ingestion.github import mentions
from ingestion.issue_keys import issue_keys
from ingestion.loading import timestamp

Node = Mapping[str, Any]
Row = dict[str, Any]

# A tuple: checked for every field of every reply, and a union takes longer.
_NESTED = (dict, list)
_ACCOUNTS = {"User", "Bot", "Mannequin", "Organization", "EnterpriseUserAccount"}


def number(value: Any) -> int | None:
    """The integer, which GraphQL's BigInt writes as a text."""
    return None if value is None else int(value)


def nodes(connection: Node | None) -> list[Any]:
    """The nodes of a GraphQL list, without those that could not be read."""
    return [node for node in (connection or {}).get("nodes") or [] if node is not None]


def login(account: Node | None) -> str | None:
    """The login as GitHub shows it: bots carry [bot], which GraphQL leaves out."""
    if not account or not account.get("login"):
        return None
    name = str(account["login"])
    is_bot = (account.get("__typename") or account.get("type")) == "Bot"
    return f"{name}[bot]" if is_bot and not name.endswith("[bot]") else name


def author(account: Node | None) -> Row:
    """The three columns of an author, null for a deleted account."""
    account = account or {}
    return {
        "author_id": account.get("id"),
        "author_login": login(account),
        "author_type": account.get("__typename"),
    }


def users(payload: Any) -> list[Row]:
    """A row for every account that a GraphQL payload holds anywhere, in its order."""
    found: list[Row] = []
    _find_users(payload, found)
    return found


def _find_users(payload: Any, found: list[Row]) -> None:
    if isinstance(payload, dict):
        kind = payload.get("__typename")
        if kind in _ACCOUNTS and payload.get("login") and payload.get("id"):
            found.append(
                {
                    "id": payload["id"],
                    "database_id": number(payload.get("databaseId")),
                    "login": login(payload),
                    "name": payload.get("name") or None,
                    "type": kind,
                    # Empty where the person shows none.
                    "public_email": payload.get("email") or None,
                }
            )
        for value in payload.values():
            if isinstance(value, _NESTED):
                _find_users(value, found)
    elif isinstance(payload, list):
        for value in payload:
            _find_users(value, found)


def organization(owner: Node, teams_synced_at: datetime | None) -> Row:
    """A row of organizations."""
    return {
        "id": owner["id"],
        "database_id": number(owner.get("databaseId")),
        "login": owner["login"],
        "name": owner.get("name") or None,
        "type": owner["__typename"],
        "created_at": timestamp(owner.get("createdAt")),
        "teams_synced_at": teams_synced_at,
    }


def repository(node: Node, owner: Node) -> Row:
    """A row of repositories."""
    branch = node.get("defaultBranchRef") or {}
    topics = [(topic.get("topic") or {}).get("name") for topic in nodes(node["repositoryTopics"])]
    return {
        "id": node["id"],
        "database_id": number(node.get("databaseId")),
        "owner_id": owner["id"],
        "owner_login": owner["login"],
        "name": node["name"],
        "full_name": node["nameWithOwner"],
        "default_branch": branch.get("name"),
        "head_sha": (branch.get("target") or {}).get("oid"),
        "is_archived": node["isArchived"],
        "is_fork": node["isFork"],
        "is_private": node["isPrivate"],
        "primary_language": (node.get("primaryLanguage") or {}).get("name"),
        "topics": [topic for topic in topics if topic],
        "created_at": timestamp(node["createdAt"]),
        "updated_at": timestamp(node.get("updatedAt")),
        "pushed_at": timestamp(node.get("pushedAt")),
    }


def team(node: Node, organization_id: str) -> Row:
    """A row of teams."""
    return {
        "id": node["id"],
        "database_id": number(node.get("databaseId")),
        "organization_id": organization_id,
        "slug": node["slug"],
        "name": node["name"],
        "parent_team_id": (node.get("parentTeam") or {}).get("id"),
        "created_at": timestamp(node.get("createdAt")),
        "updated_at": timestamp(node.get("updatedAt")),
    }


def team_member(edge: Node, team_id: str) -> Row:
    """A row of team_members."""
    return {
        "team_id": team_id,
        "user_id": edge["node"]["id"],
        "user_login": login(edge["node"]),
        "role": edge.get("role"),
    }


def team_repository(edge: Node, team_id: str) -> Row:
    """A row of team_repositories."""
    return {
        "team_id": team_id,
        "repository_id": edge["node"]["id"],
        "permission": edge["permission"],
    }


def _commit_author(commit: Node) -> Row:
    written_by = commit.get("author") or {}
    user = written_by.get("user") or {}
    return {
        "author_id": user.get("id"),
        "author_login": login(user),
        "author_name": written_by.get("name"),
        "author_email": written_by.get("email"),
    }


def _commit_times(commit: Node) -> Row:
    # Git accepts any date, also one that no calendar has: the other one is better than none.
    authored = timestamp(commit.get("authoredDate"))
    committed = timestamp(commit.get("committedDate"))
    return {"authored_at": authored or committed, "committed_at": committed or authored}


def commit(node: Node, repository_id: str, is_on_default_branch: bool) -> Row:
    """A row of commits."""
    message = node.get("message") or ""
    return {
        "repository_id": repository_id,
        "sha": node["oid"],
        "parent_shas": [parent["oid"] for parent in nodes(node["parents"])],
        **_commit_times(node),
        **_commit_author(node),
        "message_headline": message.lstrip().partition("\n")[0].rstrip() or None,
        "reverted_shas": mentions.reverted_shas(message),
        "additions": number(node.get("additions")),
        "deletions": number(node.get("deletions")),
        "changed_files": number(node.get("changedFilesIfAvailable")),
        "issue_keys": issue_keys(message),
        "pull_request_ids": [p["id"] for p in nodes(node.get("associatedPullRequests"))],
        "is_on_default_branch": is_on_default_branch,
    }


def pull_request(node: Node, repository_id: str, full_name: str, bodies: bool) -> Row:
    """A row of pull_requests; its lists are expected whole."""
    body = node.get("body")
    return {
        "id": node["id"],
        "database_id": number(node.get("fullDatabaseId")),
        "repository_id": repository_id,
        "number": node["number"],
        "title": node.get("title"),
        "body": body if bodies else None,
        "state": node["state"],
        "is_draft": node["isDraft"],
        **author(node.get("author")),
        "merged_by_login": login(node.get("mergedBy")),
        "base_ref_name": node.get("baseRefName"),
        "head_ref_name": node.get("headRefName"),
        "head_sha": node.get("headRefOid"),
        "merge_commit_sha": (node.get("mergeCommit") or {}).get("oid"),
        "labels": [label["name"] for label in nodes(node.get("labels"))],
        "closing_issue_ids": [issue["id"] for issue in nodes(node.get("closingIssuesReferences"))],
        "reverted_numbers": mentions.reverted_numbers(body, full_name),
        "reverted_shas": mentions.reverted_shas(body),
        "issue_keys": issue_keys(node.get("title"), node.get("headRefName"), body),
        "additions": number(node.get("additions")),
        "deletions": number(node.get("deletions")),
        "changed_files": number(node.get("changedFiles")),
        "commit_count": number((node.get("commits") or {}).get("totalCount")),
        "created_at": timestamp(node["createdAt"]),
        "updated_at": timestamp(node["updatedAt"]),
        "closed_at": timestamp(node.get("closedAt")),
        "merged_at": timestamp(node.get("mergedAt")),
    }


def pull_request_commits(node: Node, repository_id: str) -> list[Row]:
    """Rows of pull_request_commits, in the order of the branch."""
    commits = [entry["commit"] for entry in nodes(node.get("commits")) if entry.get("commit")]
    return [
        {
            "pull_request_id": node["id"],
            "sha": commit_["oid"],
            "repository_id": repository_id,
            "position": position,
            **_commit_times(commit_),
            **_commit_author(commit_),
            "message_headline": commit_.get("messageHeadline"),
            "issue_keys": issue_keys(commit_.get("message") or commit_.get("messageHeadline")),
        }
        for position, commit_ in enumerate(_by_key(commits, "oid"), 1)
    ]


def pull_request_reviews(node: Node, repository_id: str) -> list[Row]:
    """Rows of pull_request_reviews."""
    return [
        {
            "id": review["id"],
            "pull_request_id": node["id"],
            "repository_id": repository_id,
            **author(review.get("author")),
            "state": review["state"],
            "commit_sha": (review.get("commit") or {}).get("oid"),
            "submitted_at": timestamp(review.get("submittedAt")),
        }
        for review in _by_key(nodes(node.get("reviews")))
    ]


def review_comments(node: Node, repository_id: str, bodies: bool) -> list[Row]:
    """Rows of pull_request_review_comments."""
    rows = [
        {
            "id": comment["id"],
            "pull_request_id": node["id"],
            "review_id": review["id"],
            "repository_id": repository_id,
            **author(comment.get("author")),
            "created_at": timestamp(comment["createdAt"]),
            "updated_at": timestamp(comment.get("updatedAt")),
            "body": comment.get("body") if bodies else None,
        }
        for review in nodes(node.get("reviews"))
        for comment in nodes(review.get("comments"))
    ]
    return list(_by_key(rows))


_EVENTS = {
    "ReadyForReviewEvent": "READY_FOR_REVIEW",
    "ConvertToDraftEvent": "CONVERT_TO_DRAFT",
}


def pull_request_events(node: Node, repository_id: str) -> list[Row]:
    """Rows of pull_request_events."""
    return [
        {
            "id": event["id"],
            "pull_request_id": node["id"],
            "repository_id": repository_id,
            "type": _EVENTS[event["__typename"]],
            "created_at": timestamp(event["createdAt"]),
        }
        for event in _by_key(
            event for event in nodes(node.get("timelineItems")) if event["__typename"] in _EVENTS
        )
    ]


def comments(node: Node, repository_id: str, full_name: str, bodies: bool, *, of: str) -> list[Row]:
    """Rows of issue_comments; `of` is issue_id or pull_request_id."""
    return [
        {
            "id": comment["id"],
            "repository_id": repository_id,
            of: node["id"],
            **author(comment.get("author")),
            "created_at": timestamp(comment["createdAt"]),
            "updated_at": timestamp(comment.get("updatedAt")),
            "body": comment.get("body") if bodies else None,
            "mentioned": mentions.mentioned(comment.get("body"), full_name),
        }
        for comment in _by_key(nodes(node.get("comments")))
    ]


def issue(node: Node, repository_id: str, full_name: str, bodies: bool) -> Row:
    """A row of issues."""
    body = node.get("body")
    return {
        "id": node["id"],
        "database_id": number(node.get("fullDatabaseId")),
        "repository_id": repository_id,
        "number": node["number"],
        "title": node.get("title"),
        "body": body if bodies else None,
        "state": node["state"],
        "state_reason": node.get("stateReason"),
        **author(node.get("author")),
        "labels": [label["name"] for label in nodes(node.get("labels"))],
        "assignee_logins": [login(account) for account in nodes(node.get("assignees"))],
        "mentioned": mentions.mentioned(body, full_name),
        "created_at": timestamp(node["createdAt"]),
        "updated_at": timestamp(node["updatedAt"]),
        "closed_at": timestamp(node.get("closedAt")),
    }


def label(node: Node, repository_id: str) -> Row:
    """A row of labels."""
    return {
        "id": node["id"],
        "repository_id": repository_id,
        "name": node["name"],
        "color": node.get("color"),
        "is_default": node.get("isDefault"),
    }


def release(node: Node, repository_id: str) -> Row:
    """A row of releases."""
    return {
        "id": node["id"],
        "database_id": number(node.get("databaseId")),
        "repository_id": repository_id,
        "name": node.get("name") or None,
        "tag_name": node["tagName"],
        "commit_sha": (node.get("tagCommit") or {}).get("oid"),
        "is_draft": node["isDraft"],
        "is_prerelease": node["isPrerelease"],
        **author(node.get("author")),
        "created_at": timestamp(node["createdAt"]),
        "published_at": timestamp(node.get("publishedAt")),
    }


def tag(node: Node, repository_id: str) -> Row | None:
    """A row of tags; None for one that leads to no commit (a tree or a blob)."""
    target = node.get("target") or {}
    is_annotated = target.get("__typename") == "Tag"
    tagged_at = timestamp((target.get("tagger") or {}).get("date")) if is_annotated else None
    while target.get("__typename") == "Tag":
        target = target.get("target") or {}
    if target.get("__typename") != "Commit":
        return None
    return {
        "repository_id": repository_id,
        "name": node["name"],
        "commit_sha": target["oid"],
        "is_annotated": is_annotated,
        "tagged_at": tagged_at or timestamp(target.get("committedDate")),
    }


def deployment(node: Node, repository_id: str) -> Row:
    """A row of deployments."""
    return {
        "id": node["id"],
        "database_id": number(node.get("databaseId")),
        "repository_id": repository_id,
        "environment": node.get("environment"),
        "task": node.get("task"),
        "commit_sha": node.get("commitOid") or None,
        "ref_name": (node.get("ref") or {}).get("name"),
        "state": node.get("state"),
        "creator_login": login(node.get("creator")),
        "created_at": timestamp(node["createdAt"]),
        "updated_at": timestamp(node.get("updatedAt")),
    }


def deployment_statuses(node: Node, repository_id: str) -> list[Row]:
    """Rows of deployment_statuses."""
    return [
        {
            "id": status["id"],
            "deployment_id": node["id"],
            "repository_id": repository_id,
            "state": status["state"],
            "environment": status.get("environment"),
            **_run_of_log(status.get("logUrl")),
            "creator_login": login(status.get("creator")),
            "created_at": timestamp(status["createdAt"]),
        }
        for status in _by_key(nodes(node.get("statuses")))
    ]


_RUN_LOG = re.compile(r"/actions/runs/(\d{1,18})(?:/job/(\d{1,18}))?(?!\w)")


def _run_of_log(url: str | None) -> Row:
    """The run and job whose log this is. "/jobs/N", an older form, counts and names no id."""
    found = _RUN_LOG.search(url or "")
    return {
        "run_id": int(found[1]) if found else None,
        "job_id": int(found[2]) if found and found[2] else None,
    }


def workflow_run(run: Node, repository_id: str) -> Row:
    """A row of workflow_runs, from REST."""
    return {
        "id": run["node_id"],
        "database_id": run["id"],
        "repository_id": repository_id,
        "workflow_id": run.get("workflow_id"),
        "name": run.get("name"),
        "path": run.get("path"),
        "event": run.get("event"),
        "status": run.get("status"),
        "conclusion": run.get("conclusion"),
        "head_branch": run.get("head_branch"),
        "head_sha": run["head_sha"],
        "run_number": run.get("run_number"),
        "run_attempt": run.get("run_attempt"),
        "actor_login": login(run.get("actor")),
        "created_at": timestamp(run["created_at"]),
        "run_started_at": timestamp(run.get("run_started_at")),
        "updated_at": timestamp(run.get("updated_at")),
    }


def workflow_job(job: Node, repository_id: str) -> Row:
    """A row of workflow_jobs, from REST."""
    return {
        "id": job["node_id"],
        "database_id": job["id"],
        "repository_id": repository_id,
        "run_id": job["run_id"],
        "run_attempt": job.get("run_attempt"),
        "name": job["name"],
        "status": job.get("status"),
        "conclusion": job.get("conclusion"),
        "head_sha": job.get("head_sha"),
        "head_branch": job.get("head_branch"),
        "runner_labels": job.get("labels") or [],
        "created_at": timestamp(job.get("created_at")),
        "started_at": timestamp(job.get("started_at")),
        "completed_at": timestamp(job.get("completed_at")),
    }


def workflow_job_of_check(check: Node, run: Node, repository_id: str) -> Row | None:
    """A row of workflow_jobs, from the check run of a job and its run (of one attempt) in REST.

    Not told, so null: when it was created, and the labels of its runner. None if the address of
    the log is not that of a job of this run.
    """
    log = _run_of_log(check.get("detailsUrl"))
    if log["run_id"] != run["id"] or log["job_id"] is None:
        return None
    return {
        "id": check["id"],
        "database_id": log["job_id"],
        "repository_id": repository_id,
        "run_id": run["id"],
        "run_attempt": 1,
        "name": check["name"],
        "status": _lower(check.get("status")),
        "conclusion": _lower(check.get("conclusion")),
        "head_sha": run["head_sha"],
        "head_branch": run.get("head_branch"),
        "runner_labels": None,
        "created_at": None,
        "started_at": timestamp(check.get("startedAt")),
        "completed_at": timestamp(check.get("completedAt")),
    }


def _lower(constant: str | None) -> str | None:
    return constant.lower() if constant else None


def _by_key(items: Iterable[Any], key: str = "id") -> Iterable[Any]:
    """Each item once: a list that shifts between two pages brings some twice."""
    return {item[key]: item for item in items}.values()
