"""Issues of Jira while they live: each change is written into the changelog as Jira words it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from demo.almanac import DAY, utc
from demo.planning_model import (
    FLAGGED_FIELD,
    IMPEDIMENT,
    POINTS_NAMES,
    SPRINT_FIELD,
    IssueState,
    JiraChange,
    JiraComment,
    JiraIssue,
    JiraIssueType,
    JiraItem,
    JiraNamed,
    JiraProject,
    JiraRemoteLink,
    JiraStatus,
    JiraUser,
    JiraWorklog,
    applied,
)


def number_text(points: float | None) -> str | None:
    """How Jira writes a number: 3 and 0.5, never 3.0."""
    return None if points is None else f"{points:g}"


@dataclass
class Ticket:
    """An issue of Jira while it lives."""

    id: str
    created: int
    creator: JiraUser
    reporter: JiraUser
    initial: IssueState
    state: IssueState
    changes: list[JiraChange] = field(default_factory=list)
    comments: list[JiraComment] = field(default_factory=list)
    worklogs: list[JiraWorklog] = field(default_factory=list)
    deleted: int | None = None

    @classmethod
    def open(cls, identity: int, now: int, author: JiraUser, state: IssueState,
             reporter: JiraUser | None = None) -> Ticket:  # fmt: skip
        """A new issue in its first state."""
        return cls(str(identity), now, author, reporter or author, state, state)

    def change(self, now: int, author: JiraUser | None, *items: JiraItem) -> None:
        """An entry of the changelog; without items nothing happens."""
        if not items:
            return
        identity = str(int(self.id) * 1000 + len(self.changes) + 1)
        change = JiraChange(identity, author, utc(now), items)
        self.changes.append(change)
        self.state = applied(self.state, change)

    def comment(self, now: int, author: JiraUser, body: str) -> None:
        """A comment."""
        identity = str(int(self.id) * 100 + len(self.comments) + 1)
        self.comments.append(JiraComment(identity, author, utc(now), body))

    def log_work(self, now: int, author: JiraUser, seconds: int, started: int) -> None:
        """Time spent, with the changelog entry that comes with it."""
        identity = str(int(self.id) * 100 + len(self.worklogs) + 1)
        self.worklogs.append(JiraWorklog(identity, author, seconds, utc(started), utc(now)))
        before = self.state.time_spent_seconds
        old = None if before is None else str(before)
        new = str((before or 0) + seconds)
        self.change(now, author, JiraItem("timespent", "timespent", old, old, new, new))

    def freeze(self) -> JiraIssue:
        """The same as an immutable fact."""
        return JiraIssue(
            self.id, utc(self.created), self.creator, self.reporter, self.initial,
            tuple(self.changes), tuple(self.comments), tuple(self.worklogs), (),
            None if self.deleted is None else utc(self.deleted),
        )  # fmt: skip


def _both(one: JiraUser | JiraNamed | None) -> tuple[str | None, str | None]:
    return (None, None) if one is None else (one.id, one.name)


def assignee_item(old: JiraUser | None, new: JiraUser | None) -> JiraItem:
    """Somebody else's from now on."""
    return JiraItem("assignee", "assignee", *_both(old), *_both(new))


def points_item(project: JiraProject, old: float | None, new: float | None) -> JiraItem:
    """Another estimate, in the field of the project."""
    name = POINTS_NAMES[project.points_field or ""]
    return JiraItem(name, project.points_field, None, number_text(old), None, number_text(new))


def sprint_item(old: Iterable[tuple[int, str]], new: Iterable[tuple[int, str]]) -> JiraItem:
    """Other sprints; each as (id, name)."""

    def both(pairs: list[tuple[int, str]]) -> tuple[str, str]:
        return ", ".join(str(one) for one, _ in pairs), ", ".join(name for _, name in pairs)

    return JiraItem("Sprint", SPRINT_FIELD, *both(list(old)), *both(list(new)))


def flag_item(is_flagged: bool) -> JiraItem:
    """Blocked, or not any more."""
    here, gone = (f"[{IMPEDIMENT}]", "Impediment"), ("", "")
    return JiraItem("Flagged", FLAGGED_FIELD, *((*gone, *here) if is_flagged else (*here, *gone)))


def resolution_item(old: JiraNamed | None, new: JiraNamed | None) -> JiraItem:
    """Resolved, or open again."""
    return JiraItem("resolution", "resolution", *_both(old), *_both(new))


def status_item(old: JiraStatus, new: JiraStatus, now: int) -> JiraItem:
    """Another status, by the names that they have now."""
    at = utc(now)
    return JiraItem("status", "status", old.id, old.name_at(at), new.id, new.name_at(at))


def type_item(old: JiraIssueType, new: JiraIssueType) -> JiraItem:
    """Another issue type."""
    return JiraItem("issuetype", "issuetype", old.id, old.name, new.id, new.name)


def priority_item(old: JiraNamed, new: JiraNamed) -> JiraItem:
    """Another priority."""
    return JiraItem("priority", "priority", old.id, old.name, new.id, new.name)


def words_item(
    field: str,
    to_value: str | None,
    to_text: str | None,
    from_text: str | None = None,
    from_value: str | None = None,
    field_id: str | None = None,
) -> JiraItem:
    """Any other field's change."""
    return JiraItem(field, field_id, from_value, from_text, to_value, to_text)


def with_remote_links(issue: JiraIssue, links: list[JiraRemoteLink]) -> JiraIssue:
    """The issue with links to the outside, and the changelog entries that they leave."""
    extra = tuple(
        JiraChange(
            f"9{link.id}", None, link.created_at,
            (JiraItem("RemoteWorkItemLink", None, None, None, link.id,
                      f'This work item links to "{link.title} ({link.url})"'),),
        )
        for link in links
    )  # fmt: skip
    changes = sorted((*issue.changes, *extra), key=lambda one: (one.at, one.id))
    return replace(
        issue, remote_links=tuple(sorted(links, key=lambda one: one.created_at)),
        changes=tuple(changes),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Spell:
    """A time in which an issue is worked on under one key; `end` None: until the story ends."""

    start: int
    end: int | None
    issue_id: str
    key: str
    is_incident: bool = False


class Backlog:
    """The issues of one project that are in progress, to be named by pull requests."""

    def __init__(self, spells: Iterable[Spell]) -> None:
        self._spells = sorted(spells, key=lambda one: (one.start, one.issue_id, one.key))
        self._starts = [one.start for one in self._spells]

    def at(self, now: int) -> list[Spell]:
        """What is being worked on, begun at most three weeks ago, in order of the beginnings."""
        low = bisect_right(self._starts, now - 21 * DAY)
        high = bisect_right(self._starts, now)
        return [one for one in self._spells[low:high] if one.end is None or one.end > now]
