"""Parts of the story as GitLab's payloads show them at a moment; pure functions.

Times of the database are whole seconds with three zeros; commits carry their author's offset.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

from demo.gitlab_catalog import Node, stamp
from demo.ids import sha1
from demo.model import Account, Commit, Group, Issue, PullRequest, RepositoryStory

WEB = "https://gitlab.com"
_OFFSETS = (60, 60, 120, 0, 330, -300)  # minutes; where the people of a company sit
_MADE_IDS = 5_000_000_000_000  # ids that the story does not give lie above


def made_id(story: RepositoryStory, kind: int, number: int, place: int = 0) -> int:
    """An id for something without one in the story: the same at every moment."""
    return _MADE_IDS + ((story.database_id * 10 + kind) * 100_000 + number) * 10_000 + place


def user_basic(account: Account, now: datetime) -> Node:
    """A user inside other payloads."""
    is_blocked = account.blocked_at is not None and account.blocked_at <= now
    return {
        "id": account.database_id, "username": account.login,
        "public_email": account.public_email or "", "name": account.name,
        "state": "blocked" if is_blocked else "active", "locked": False,
        "avatar_url": None, "web_url": f"{WEB}/{account.login}",
    }  # fmt: skip


def user_full(account: Account, now: datetime) -> Node:
    """A user as /users/:id and jobs show one."""
    return {
        **user_basic(account, now), "created_at": stamp(account.created_at), "bio": "",
        "location": "", "linkedin": "", "twitter": "", "website_url": "",
        "organization": "", "job_title": "", "pronouns": None, "bot": account.kind == "Bot",
        "work_information": None, "followers": 0, "following": 0, "local_time": None,
        "_email": account.email,
    }  # fmt: skip


def group_node(group: Group, names: Sequence[str]) -> Node:
    """A group; `names` are those of the groups above and its own."""
    return {
        "id": group.id, "web_url": f"{WEB}/groups/{group.full_path}", "name": group.name,
        "path": group.path, "description": "", "visibility": "private", "archived": False,
        "share_with_group_lock": False, "require_two_factor_authentication": False,
        "project_creation_level": "developer", "subgroup_creation_level": "maintainer",
        "emails_disabled": False, "lfs_enabled": True, "avatar_url": None,
        "request_access_enabled": True, "full_name": " / ".join(names),
        "full_path": group.full_path, "created_at": stamp(group.created_at),
        "parent_id": group.parent_id, "shared_with_groups": [],
    }  # fmt: skip


def activity_of(story: RepositoryStory) -> list[datetime]:
    """When last_activity_at moved: GitLab lets an hour pass before it moves it again.

    Pipelines, jobs and deployments are no activity (app/models/event.rb of the public source).
    """
    times = {story.created_at}
    times.update(commit.pushed_at for commit in story.commits.values())
    for pull in story.pulls:
        times.update(pull.touched)
    for issue in story.issues:
        times.update(issue.touched)
    moved: list[datetime] = []
    for at in sorted(times):
        if not moved or at - moved[-1] >= timedelta(hours=1):
            moved.append(at)
    return moved


def project_node(
    story: RepositoryStory, group: Node, now: datetime, moved: Sequence[datetime], is_empty: bool
) -> Node:
    """A project; `moved` are the moments of `activity_of`."""
    is_archived = story.archived_at is not None and story.archived_at <= now
    last = moved[max(bisect_right(moved, now) - 1, 0)]
    updated = max(last, story.archived_at) if is_archived and story.archived_at else last
    web = f"{WEB}/{story.full_name}"
    return {
        "id": story.database_id, "description": story.description, "name": story.name,
        "name_with_namespace": f"{group['full_name']} / {story.name}", "path": story.name,
        "path_with_namespace": story.full_name, "created_at": stamp(story.created_at),
        "default_branch": None if is_empty else story.default_branch,
        "tag_list": list(story.topics), "topics": list(story.topics),
        "ssh_url_to_repo": f"git@gitlab.com:{story.full_name}.git",
        "http_url_to_repo": f"{web}.git", "web_url": web,
        "readme_url": None if is_empty else f"{web}/-/blob/{story.default_branch}/README.md",
        "forks_count": 0, "avatar_url": None, "star_count": 0,
        "last_activity_at": stamp(last), "updated_at": stamp(updated),
        "visibility": "private" if story.is_private else "public",
        "namespace": {
            "id": group["id"], "name": group["name"], "path": group["path"], "kind": "group",
            "full_path": group["full_path"], "parent_id": group["parent_id"],
            "avatar_url": None, "web_url": group["web_url"],
        },
        "container_registry_image_prefix": None, "packages_enabled": True,
        "empty_repo": is_empty, "archived": is_archived, "issues_enabled": True,
        "merge_requests_enabled": True, "wiki_enabled": True, "jobs_enabled": True,
        "snippets_enabled": True, "issues_access_level": "enabled",
        "repository_access_level": "enabled", "merge_requests_access_level": "enabled",
        "builds_access_level": "enabled", "environments_access_level": "enabled",
        "releases_access_level": "enabled", "creator_id": None, "import_status": "none",
        "open_issues_count": 0, "shared_with_groups": [],
        **({"forked_from_project": {"id": 1, "path_with_namespace": f"upstream/{story.name}"}}
           if story.is_fork else {}),
        "merge_method": "ff" if story.merge_method in ("ff", "squash") else "merge",
        "squash_option": "always" if story.merge_method.startswith("squash") else "default_off",
        "permissions": {"project_access": None,
                        "group_access": {"access_level": 20, "notification_level": 3}},
    }  # fmt: skip


def _local(moment: datetime, account: Account) -> str:
    offset = timezone(timedelta(minutes=_OFFSETS[account.database_id % len(_OFFSETS)]))
    return moment.astimezone(offset).isoformat(timespec="milliseconds")


def commit_node(story: RepositoryStory, commit: Commit) -> Node:
    """A commit with its stats; author and committer are texts, GitLab names no accounts."""
    authored = _local(commit.authored_at, commit.author)
    committed = _local(commit.committed_at, commit.author)
    name, email = commit.written_name, commit.written_email
    return {
        "id": commit.sha, "short_id": commit.sha[:8], "created_at": committed,
        "parent_ids": list(commit.parents), "title": commit.headline,
        "message": commit.message, "author_name": name, "author_email": email,
        "authored_date": authored, "committer_name": name, "committer_email": email,
        "committed_date": committed, "trailers": {}, "extended_trailers": {},
        "web_url": f"{WEB}/{story.full_name}/-/commit/{commit.sha}",
        "stats": {"additions": commit.additions, "deletions": commit.deletions,
                  "total": commit.additions + commit.deletions},
        "_at": commit.committed_at.timestamp(),
    }  # fmt: skip


def changes_of(commit: Commit) -> list[Node]:
    """The files that a commit changed: those the story names, else as many as it counts."""
    paths: Iterable[str] = getattr(commit, "paths", None) or (
        f"src/{sha1(commit.sha, place)[:8]}.py" for place in range(commit.changed_files)
    )
    return [
        {
            "diff": "@@ -1 +1 @@\n", "collapsed": False, "too_large": False, "new_path": path,
            "old_path": path, "a_mode": "100644", "b_mode": "100644", "new_file": False,
            "renamed_file": False, "deleted_file": False, "generated_file": False,
        }
        for path in paths
    ]  # fmt: skip


def touched_at(touched: Sequence[datetime], now: datetime) -> str | None:
    """updated_at: the last of the events up to the moment."""
    return stamp(touched[bisect_right(touched, now) - 1])


def is_draft(pull: PullRequest, now: datetime) -> bool:
    """Whether it is a draft at the moment."""
    turns = [turn for turn in pull.draft_turns if turn.at <= now]
    return turns[-1].kind == "CONVERT_TO_DRAFT" if turns else pull.opened_as_draft


def state_of(pull: PullRequest, now: datetime) -> str:
    """opened, merged or closed."""
    if pull.merged_at is not None and pull.merged_at <= now:
        return "merged"
    return "closed" if pull.closed_at is not None and pull.closed_at <= now else "opened"


def is_open(issue: Issue, now: datetime) -> bool:
    """Never closed yet, or reopened since."""
    closings = [one for one in issue.closings if one.at <= now]
    if not closings:
        return True
    again = closings[-1].reopened_at
    return again is not None and again <= now


def merge_request_node(story: RepositoryStory, pull: PullRequest, now: datetime) -> Node:
    """A merge request as lists show it."""
    push = next(one for one in reversed(pull.pushes) if one.at <= now)
    state = state_of(pull, now)
    is_merged, is_closed = state == "merged", state == "closed"
    draft = is_draft(pull, now) and not is_merged
    author = user_basic(pull.author, now)
    merger = user_basic(pull.merged_by, now) if is_merged and pull.merged_by else None
    reviewers = {
        review.author.id: user_basic(review.author, now)
        for review in pull.reviews
        if review.author is not None and review.created_at <= now
    }
    first = story.commits[push.shas[0]]
    web = f"{WEB}/{story.full_name}/-/merge_requests/{pull.number}"
    notes = sum(one.created_at <= now for one in pull.comments) + sum(
        len(review.comments) for review in pull.reviews
        if review.submitted_at is not None and review.submitted_at <= now
    )  # fmt: skip
    return {
        "id": pull.database_id, "iid": pull.number, "project_id": story.database_id,
        "title": f"Draft: {pull.title}" if draft else pull.title, "description": pull.body,
        "state": state,
        "created_at": stamp(pull.created_at), "updated_at": touched_at(pull.touched, now),
        "merged_by": merger, "merge_user": merger,
        "merged_at": stamp(pull.merged_at) if is_merged else None,
        "closed_by": author if is_closed else None,
        "closed_at": stamp(pull.closed_at) if is_closed else None,
        "target_branch": pull.base_ref, "source_branch": pull.head_ref,
        "user_notes_count": notes, "upvotes": 0, "downvotes": 0, "author": author,
        "assignees": [author], "assignee": author, "reviewers": list(reviewers.values()),
        "source_project_id": story.database_id, "target_project_id": story.database_id,
        "labels": sorted(one.name for one in pull.labels if one.at <= now), "draft": draft,
        "imported": False, "imported_from": "none", "work_in_progress": draft,
        "milestone": None, "merge_when_pipeline_succeeds": False,
        "merge_status": "can_be_merged",
        "detailed_merge_status": "draft_status" if draft else "mergeable" if not (
            is_merged or is_closed) else "not_open",
        "merge_after": None, "sha": push.shas[-1],
        "merge_commit_sha": pull.merge_commit_sha if is_merged else None,
        "squash_commit_sha": pull.squash_commit_sha if is_merged else None,
        "discussion_locked": None, "should_remove_source_branch": None,
        "force_remove_source_branch": True, "prepared_at": stamp(pull.created_at),
        "reference": f"!{pull.number}",
        "references": {"short": f"!{pull.number}", "relative": f"!{pull.number}",
                       "full": f"{story.full_name}!{pull.number}"},
        "web_url": web, "time_stats": _NO_TIME, "squash": pull.squash_commit_sha is not None,
        "squash_on_merge": pull.squash_commit_sha is not None,
        "task_completion_status": {"count": 0, "completed_count": 0},
        "has_conflicts": False, "blocking_discussions_resolved": True,
        "approvals_before_merge": None,
        "_base_sha": first.parents[0] if first.parents else None,
        "_changes": str(sum(story.commits[sha].changed_files for sha in push.shas)),
    }  # fmt: skip


_NO_TIME = {
    "time_estimate": 0, "total_time_spent": 0, "human_time_estimate": None,
    "human_total_time_spent": None,
}  # fmt: skip


def issue_node(
    story: RepositoryStory, issue: Issue, closers: Sequence[PullRequest], now: datetime
) -> Node:
    """An issue; closed_at is told while it is closed only."""
    opened = is_open(issue, now)
    closed = [one.at for one in issue.closings if one.at <= now]
    author = user_basic(issue.author, now)
    assignees = [user_basic(one, now) for one in issue.assignees]
    return {
        "id": issue.database_id, "iid": issue.number, "project_id": story.database_id,
        "title": issue.title, "description": issue.body,
        "state": "opened" if opened else "closed", "created_at": stamp(issue.created_at),
        "updated_at": touched_at(issue.touched, now),
        "closed_at": None if opened else stamp(closed[-1]),
        "closed_by": None if opened else author,
        "labels": sorted(one.name for one in issue.labels if one.at <= now),
        "milestone": None, "assignees": assignees, "author": author,
        "type": issue.kind.upper(), "assignee": assignees[0] if assignees else None,
        "user_notes_count": sum(one.created_at <= now for one in issue.comments),
        "merge_requests_count": sum(one.created_at <= now for one in closers),
        "upvotes": 0, "downvotes": 0, "due_date": None, "confidential": False,
        "discussion_locked": None, "issue_type": issue.kind,
        "web_url": f"{WEB}/{story.full_name}/-/issues/{issue.number}",
        "time_stats": _NO_TIME, "task_completion_status": {"count": 0, "completed_count": 0},
        "weight": None, "blocking_issues_count": 0, "has_tasks": False,
        "references": {"short": f"#{issue.number}", "relative": f"#{issue.number}",
                       "full": f"{story.full_name}#{issue.number}"},
        "severity": (issue.severity or "unknown").upper(), "moved_to_id": None,
        "imported": False, "imported_from": "none", "service_desk_reply_to": None,
        "epic_iid": None, "epic": None, "iteration": None, "health_status": None,
    }  # fmt: skip


def label_node(story: RepositoryStory, place: int, label: tuple[str, str, bool]) -> Node:
    """A label of the project; `place` is its place in the story's list."""
    name, color, _ = label
    return {
        "id": story.database_id * 100 + place + 1, "name": name, "color": f"#{color.lstrip('#')}",
        "text_color": "#FFFFFF", "description": None, "description_html": "",
        "open_issues_count": 0, "closed_issues_count": 0, "open_merge_requests_count": 0,
        "subscribed": False, "priority": None, "is_project_label": True, "archived": False,
    }  # fmt: skip


def told(node: Node) -> dict[str, Any]:
    """A commit inside another payload: without stats and what only we know."""
    return {key: value for key, value in node.items() if key != "stats" and key[0] != "_"}
