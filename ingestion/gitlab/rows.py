"""From GitLab's payloads to rows of people and their work: pure functions, one per table.

Rows have the columns of ingestion/contracts but `connection` and `synced_at`, which every row of
a sync shares and ingestion/loading adds. Fields that a server is too old for are null.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from ingestion.gitlab import mentions, notes
from ingestion.gitlab.project import Project
from ingestion.issue_keys import issue_keys
from ingestion.loading import timestamp
from ingestion.loading.batches import Row

Node = Mapping[str, Any]

# docs.gitlab.com: bot users for projects, groups, and service accounts have such names.
_BOT = re.compile(r"^(?:(?:project|group)_\d+_bot(?:[_\d]|$)|service_account_)")
_DRAFT = re.compile(r"^\s*(?:\[(?:draft|wip)\]|\(draft\)|(?:draft|wip):|wip\b)", re.IGNORECASE)


def actor(user: Node | None) -> Node:
    """The account; an empty one for a deleted account, whose work GitLab hands to a ghost."""
    user = user or {}
    is_ghost = user.get("name") == "Ghost User" and str(user.get("username")).startswith("ghost")
    return {} if is_ghost else user


def author(user: Node | None) -> Row:
    """The two columns of an author, null for a deleted account."""
    account = actor(user)
    return {"author_id": account.get("id"), "author_username": account.get("username")}


def users(payload: Any) -> Iterator[Row]:
    """A row for every account that a payload holds anywhere."""
    if isinstance(payload, dict):
        if isinstance(payload.get("id"), int) and payload.get("username") and actor(payload):
            yield user(payload)
        for value in payload.values():
            if isinstance(value, dict | list):
                yield from users(value)
    elif isinstance(payload, list):
        for value in payload:
            yield from users(value)


def user(node: Node) -> Row:
    """A row of users."""
    is_bot = node.get("bot")
    if not is_bot and _BOT.match(node["username"]):
        is_bot = True
    return {
        "id": node["id"],
        "username": node["username"],
        "name": node.get("name") or None,
        "state": node.get("state"),
        "is_bot": is_bot,
        "public_email": node.get("public_email") or None,
        "commit_email": node.get("commit_email") or None,
    }


def group(node: Node, is_root: bool, members_synced_at: datetime | None) -> Row:
    """A row of groups."""
    return {
        "id": node["id"],
        "full_path": node["full_path"],
        "name": node.get("name") or node["full_path"],
        "parent_id": node.get("parent_id"),
        "is_root": is_root,
        "visibility": node.get("visibility"),
        "created_at": timestamp(node.get("created_at")),
        "members_synced_at": members_synced_at,
        "deleted_at": None,
    }


def group_member(node: Node, group_id: int) -> Row:
    """A row of group_members."""
    expires = node.get("expires_at")
    return {
        "group_id": group_id,
        "user_id": node["id"],
        "username": node["username"],
        "access_level": node["access_level"],
        "created_at": timestamp(node.get("created_at")),
        "expires_on": date.fromisoformat(str(expires)[:10]) if expires else None,
    }


def project(node: Node, group_id: int) -> Row:
    """A row of projects, without its newest commit; `group_id`: of the group it was listed for."""
    namespace = node.get("namespace") or {}
    topics = node.get("topics")
    return {
        "id": node["id"],
        "group_id": namespace.get("id") or group_id,
        "path_with_namespace": node["path_with_namespace"],
        "name": node.get("name") or node["path_with_namespace"],
        "default_branch": node.get("default_branch") or None,
        "head_sha": None,
        "is_archived": bool(node.get("archived")),
        "is_fork": bool(node.get("forked_from_project")),
        "visibility": node.get("visibility") or "private",
        "topics": topics if topics is not None else node.get("tag_list"),
        "created_at": timestamp(node.get("created_at")),
        "updated_at": timestamp(node.get("updated_at")),
        "last_activity_at": timestamp(node.get("last_activity_at")),
        "deleted_at": None,
    }


def _commit(node: Node) -> Row:
    # Git accepts any date, also one that no calendar has: another one is better than none.
    created = timestamp(node.get("created_at"))
    authored, committed = (
        timestamp(node.get("authored_date")),
        timestamp(node.get("committed_date")),
    )
    message = str(node.get("message") or node.get("title") or "")
    return {
        "sha": node["id"],
        "authored_at": authored or committed or created,
        "committed_at": committed or created or authored,
        "author_name": node.get("author_name"),
        "author_email": node.get("author_email"),
        "message_headline": message.lstrip().partition("\n")[0].rstrip() or None,
        "issue_keys": issue_keys(_prose(message)) or None,
    }


def commit(node: Node, project: Project, is_on_default_branch: bool) -> Row:
    """A row of commits, without its changed paths."""
    stats = node.get("stats") or {}
    message = node.get("message")
    return {
        "project_id": project.number,
        **_commit(node),
        "parent_shas": list(node.get("parent_ids") or []),
        "reverted_shas": mentions.reverted_shas(message),
        "reverted_iids": mentions.reverted_iids(message, project.full_name),
        "merge_request_iid": mentions.merged_iid(message, project.full_name),
        "additions": stats.get("additions"),
        "deletions": stats.get("deletions"),
        "changed_paths": None,
        "is_on_default_branch": is_on_default_branch,
    }


def merge_request(node: Node, full_path: str, bodies: bool) -> Row:
    """A row of merge_requests."""
    body = node.get("description")
    is_draft = node.get("draft", node.get("work_in_progress"))
    merged_by = actor(node.get("merge_user") or node.get("merged_by"))
    created = timestamp(node.get("created_at"))
    return {
        "id": node["id"],
        "project_id": node["project_id"],
        "iid": node["iid"],
        "title": node.get("title"),
        "body": body if bodies else None,
        "state": node.get("state"),
        "is_draft": bool(_DRAFT.match(node.get("title") or "") if is_draft is None else is_draft),
        **author(node.get("author")),
        "merged_by_username": merged_by.get("username"),
        "target_branch": node.get("target_branch"),
        "source_branch": node.get("source_branch"),
        "source_project_id": node.get("source_project_id"),
        "head_sha": node.get("sha") or None,
        "merge_commit_sha": node.get("merge_commit_sha") or None,
        "squash_commit_sha": node.get("squash_commit_sha") or None,
        "labels": _names(node.get("labels")),
        "milestone": (node.get("milestone") or {}).get("title"),
        "closing_issues": mentions.closing_issues(body, full_path),
        "reverted_iids": mentions.reverted_iids(body, full_path),
        "reverted_shas": mentions.reverted_shas(body),
        "issue_keys": issue_keys(_prose(node.get("title")), node.get("source_branch"), _prose(body))
        or None,
        "created_at": created,
        "updated_at": timestamp(node.get("updated_at")) or created,
        "closed_at": timestamp(node.get("closed_at")),
        "merged_at": timestamp(node.get("merged_at")),
    }


def merge_request_commits(found: Iterable[Node], of: Node) -> list[Row]:
    """Rows of merge_request_commits; GitLab lists the newest first."""
    commits = list({node["id"]: node for node in found}.values())
    return [
        {
            "merge_request_id": of["id"],
            "project_id": of["project_id"],
            "position": position,
            **_commit(node),
        }
        for position, node in enumerate(reversed(commits), 1)
    ]


def merge_request_notes(found: Iterable[Node], of: Node, bodies: bool) -> list[Row]:
    """Rows of merge_request_notes."""
    return [
        {
            "id": note["id"],
            "merge_request_id": of["id"],
            "project_id": of["project_id"],
            **author(note.get("author")),
            "is_system": bool(note.get("system")),
            "type": note.get("type"),
            "action": notes.action(note),
            "created_at": timestamp(note.get("created_at")),
            "updated_at": timestamp(note.get("updated_at")),
            "body": note.get("body") if bodies else None,
        }
        for note in {note["id"]: note for note in found}.values()
    ]


def merge_request_approvals(reply: Node | None, found_notes: Iterable[Node], of: Node) -> list[Row]:
    """Rows of merge_request_approvals: those the API says stand, with the time from it or from
    the notes; from the notes alone where the API has no answer."""
    told = notes.approvals(found_notes)
    if reply is None:
        standing: list[tuple[Node, str | None]] = list(told.values())
    else:
        entries = reply.get("approved_by") or []
        standing = [
            (entry["user"], entry.get("approved_at") or _second(told.get(entry["user"]["id"])))
            for entry in entries
            if entry.get("user")
        ]
    return [
        {
            "merge_request_id": of["id"],
            "user_id": user["id"],
            "project_id": of["project_id"],
            "username": user["username"],
            "approved_at": timestamp(at),
        }
        for user, at in {user["id"]: (user, at) for user, at in standing}.values()
        if actor(user)
    ]


def issue(node: Node, full_path: str, bodies: bool, comments: Sequence[str] = ()) -> Row:
    """A row of issues; `comments`: what people wrote below it, searched for references too."""
    body = node.get("description")
    assignees = node.get("assignees")
    if assignees is None:
        assignees = [node["assignee"]] if node.get("assignee") else []
    kind = node.get("issue_type") or node.get("type")
    severity = node.get("severity")
    created = timestamp(node.get("created_at"))
    weight = node.get("weight")
    return {
        "id": node["id"],
        "project_id": node["project_id"],
        "iid": node["iid"],
        "title": node.get("title"),
        "body": body if bodies else None,
        "state": node.get("state"),
        "type": str(kind).lower() if kind else None,
        "severity": str(severity).upper() if severity else None,
        **author(node.get("author")),
        "labels": _names(node.get("labels")),
        "assignee_ids": [account["id"] for account in assignees if actor(account)],
        "milestone": (node.get("milestone") or {}).get("title"),
        "weight": None if weight is None else float(weight),
        "mentioned": mentions.mentioned("\n\n".join([body or "", *comments]), full_path),
        "created_at": created,
        "updated_at": timestamp(node.get("updated_at")) or created,
        "closed_at": timestamp(node.get("closed_at")) if node.get("state") == "closed" else None,
    }


def label(node: Node, project_id: int) -> Row:
    """A row of labels."""
    return {
        "project_id": project_id,
        "id": node["id"],
        "name": node["name"],
        "color": node.get("color"),
        "is_project_label": bool(node.get("is_project_label")),
    }


def _names(labels: Iterable[Any] | None) -> list[str]:
    return [one["name"] if isinstance(one, Mapping) else str(one) for one in labels or []]


def _prose(text: str | None) -> str | None:
    """A text that is not taken for the name of a branch, though it be a single word."""
    return f"{text} " if text else None


def _second(pair: tuple[Any, str] | None) -> str | None:
    return pair[1] if pair else None
