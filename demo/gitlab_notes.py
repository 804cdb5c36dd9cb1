"""Notes, approvals and state events of merge requests and issues, from the story's turns.

Texts of system notes: app/services/system_notes of GitLab's public source. Merging, closing and
reopening write no note any more (since 13.x they are resource state events).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from demo.gitlab_catalog import Node, stamp
from demo.gitlab_payloads import made_id, user_basic
from demo.model import Account, Issue, PullRequest, Push, RepositoryStory

_DRAFT = "marked this merge request as **draft**"
_READY = "marked this merge request as **ready**"
_PUSH, _MENTION, _STATE = 1, 2, 3  # kinds of made ids


def _note(
    number: int, author: Account | None, at: datetime, body: str, now: datetime,
    noteable: tuple[str, int, int, int], is_system: bool = True, kind: str | None = None,
) -> Node:  # fmt: skip
    noteable_type, noteable_id, iid, project_id = noteable
    found: Node = {
        "id": number, "type": kind, "body": body, "author": author and user_basic(author, now),
        "created_at": stamp(at), "updated_at": stamp(at), "system": is_system,
        "noteable_id": noteable_id, "noteable_type": noteable_type, "project_id": project_id,
        "resolvable": kind == "DiffNote", "confidential": False, "internal": False,
        "imported": False, "imported_from": "none", "noteable_iid": iid, "commands_changes": {},
    }  # fmt: skip
    if kind == "DiffNote":
        found |= {"resolved": False, "resolved_by": None, "resolved_at": None, "commit_id": None}
    return found


def merge_request_notes(story: RepositoryStory, pull: PullRequest, now: datetime) -> list[Node]:
    """All notes of a merge request at a moment."""
    on = ("MergeRequest", pull.database_id, pull.number, story.database_id)
    rows = [
        _note(one.database_id, one.author, one.created_at, one.body, now, on, False)
        for one in pull.comments if one.created_at <= now
    ]  # fmt: skip
    for turn in pull.draft_turns:
        if turn.at <= now:
            body = _READY if turn.kind == "READY_FOR_REVIEW" else _DRAFT
            rows.append(_note(turn.database_id, pull.author, turn.at, body, now, on))
    for review in pull.reviews:
        at = review.submitted_at
        if at is None or at > now:
            continue
        text = {
            "APPROVED": "approved this merge request", "CHANGES_REQUESTED": "requested changes",
        }.get(review.state)  # fmt: skip
        if text is not None:
            rows.append(_note(review.database_id, review.author, at, text, now, on))
        if review.withdrawn_at is not None and review.withdrawn_at <= now:
            number, when = review.withdrawn_note_id, review.withdrawn_at
            body = "unapproved this merge request"
            rows.append(_note(number, review.author, when, body, now, on))
        rows += [  # a draft of a note is nobody else's business until the review is submitted
            _note(one.database_id, one.author, max(one.created_at, at), one.body, now, on, False,
                  "DiffNote")
            for one in review.comments
        ]  # fmt: skip
    for place, push in enumerate(pull.pushes[1:], 1):
        if push.at <= now:
            number = made_id(story, _PUSH, pull.number, place)
            body = _added(story, pull, pull.pushes[place - 1], push)
            rows.append(_note(number, pull.author, push.at, body, now, on))
    return rows


def _added(story: RepositoryStory, pull: PullRequest, before: Push, push: Push) -> str:
    """ "added 2 commits" with their list; a forced push adds all that are on the branch now."""
    new = [sha for sha in push.shas if sha not in before.shas]
    counted = f"{len(new)} commit" if len(new) == 1 else f"{len(new)} commits"
    lines = "".join(f"<li>{sha[:8]} - {story.commits[sha].headline}</li>" for sha in new)
    path = f"/{story.full_name}/-/merge_requests/{pull.number}/diffs"
    compare = f"{path}?diff_id={pull.database_id}&start_sha={before.shas[-1]}"
    return f"added {counted}\n\n<ul>{lines}</ul>\n\n[Compare with previous version]({compare})"


def issue_notes(
    story: RepositoryStory, issue: Issue, closers: Sequence[PullRequest], now: datetime
) -> list[Node]:
    """All notes of an issue at a moment: comments, and who mentioned it."""
    on = ("Issue", issue.database_id, issue.number, story.database_id)
    rows = [
        _note(one.database_id, one.author, one.created_at, one.body, now, on, False)
        for one in issue.comments if one.created_at <= now
    ]  # fmt: skip
    for pull in closers:
        at = max(pull.created_at, issue.created_at)
        if at > now:
            continue
        number = made_id(story, _MENTION, issue.number, pull.number % 5_000 * 2)
        body = f"mentioned in merge request !{pull.number}"
        rows.append(_note(number, pull.author, at, body, now, on))
        sha = pull.merge_commit_sha or pull.squash_commit_sha
        if sha and pull.merged_at and issue.created_at <= pull.merged_at <= now:
            body = f"mentioned in commit {sha}"
            rows.append(_note(number + 1, pull.merged_by, pull.merged_at, body, now, on))
    return rows


def approvals(pull: PullRequest, now: datetime) -> list[Node]:
    """The approvals that stand, oldest first; somebody approves once at most."""
    found: dict[str, Node] = {}
    for review in pull.reviews:
        at = review.submitted_at
        if review.state != "APPROVED" or at is None or at > now or review.author is None:
            continue
        if review.withdrawn_at is not None and review.withdrawn_at <= now:
            continue
        row = {"user": user_basic(review.author, now), "approved_at": stamp(at)}
        found.setdefault(review.author.id, row)
    return list(found.values())


def _events(
    story: RepositoryStory, kind: str, iid: int, identity: int, now: datetime,
    turns: Sequence[tuple[datetime | None, str, Account | None]],
) -> list[Node]:  # fmt: skip
    rows: list[dict[str, Any]] = []
    for place, (at, state, who) in enumerate(turns):
        if at is not None and at <= now:
            number = made_id(story, _STATE + (kind == "Issue"), iid, place)
            rows.append({
                "id": number, "user": who and user_basic(who, now), "created_at": stamp(at),
                "resource_type": kind, "resource_id": identity, "source_commit": None,
                "source_merge_request_id": None, "state": state,
            })  # fmt: skip
    return rows


def merge_request_events(story: RepositoryStory, pull: PullRequest, now: datetime) -> list[Node]:
    """Closed or merged, by whom and when."""
    closed = pull.closed_at if pull.merged_at is None else None
    turns = [(closed, "closed", pull.author), (pull.merged_at, "merged", pull.merged_by)]
    return _events(story, "MergeRequest", pull.number, pull.database_id, now, turns)


def issue_events(story: RepositoryStory, issue: Issue, now: datetime) -> list[Node]:
    """All closings and reopenings."""
    turns: list[tuple[datetime | None, str, Account | None]] = []
    for one in issue.closings:
        turns += [(one.at, "closed", issue.author), (one.reopened_at, "reopened", issue.author)]
    return _events(story, "Issue", issue.number, issue.database_id, now, turns)
