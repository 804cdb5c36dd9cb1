"""What a Jira site is made of: immutable facts with their times, so that any moment can be shown.

An issue is its state when it was created plus its changelog: the state at a moment is the replay of
the changes up to then (`state_at`). Things with names that change have `name_at(moment)`, things
that come and go have `is_there(moment)`. Ids are Jira's: texts for all but boards and sprints.
All times are aware datetimes in UTC with whole seconds.

For the API server (what the story cannot know is how it is served):
- `JiraSite.issues` holds every issue ever; serve those with `is_there(now)`, their `changes`,
  `comments`, `worklogs` and `remote_links` with a time ≤ now, and `updated_at(now)` as `updated`.
- A project with `is_permitted` False: the account may not see it nor its issues (404; JQL that
  names it is answered with 400). Its issues are in `JiraSite.issues` like all others.
- A status that is gone is in no list any more, but still in changelogs. A renamed one shows its new
  name everywhere but in the texts of older changelog entries.
- `JiraSprint.state_at`; `startDate` is `started_at` once started, else `planned_start`; a deleted
  sprint is in no list, and issues lost it by a changelog entry at `deleted_at`.
- Starting or closing a sprint does not touch its issues' `updated`; what moves the open issues to
  the next sprint at the close does, since that is a change of theirs.
- Story points: an issue has a value in the field of its project (`JiraProject.points_field`), null
  in the other ones.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

SPRINT_FIELD = "customfield_10020"
FLAGGED_FIELD = "customfield_10021"
ESTIMATE_FIELD = "customfield_10016"  # Story point estimate: team-managed projects
POINTS_FIELD = "customfield_10026"  # Story Points: company-managed projects
SECOND_POINTS_FIELD = "customfield_10041"  # called Story Points too, made by mistake, never used
POINTS_NAMES = {
    ESTIMATE_FIELD: "Story point estimate",
    POINTS_FIELD: "Story Points",
    SECOND_POINTS_FIELD: "Story Points",
}
IMPEDIMENT = "10019"  # the one option of the field Flagged


@dataclass(frozen=True, slots=True)
class JiraUser:
    """An account of the site. `email` is None where the person hides it.

    A deactivated one is inactive from then on; an anonymised one is called Former user and has
    neither e-mail nor time zone from then on; the account id stays.
    """

    id: str
    person: str
    name: str
    email: str | None
    kind: str = "atlassian"  # atlassian or app
    time_zone: str | None = "Europe/Berlin"
    created_at: datetime | None = None
    deactivated_at: datetime | None = None
    anonymised_at: datetime | None = None

    def is_anonymous(self, now: datetime) -> bool:
        """Whether the person's data are taken out of the account."""
        return self.anonymised_at is not None and self.anonymised_at <= now

    def name_at(self, now: datetime) -> str:
        """The display name at a moment."""
        return "Former user" if self.is_anonymous(now) else self.name

    def email_at(self, now: datetime) -> str | None:
        """The e-mail that others see at a moment."""
        return None if self.is_anonymous(now) else self.email

    def is_active(self, now: datetime) -> bool:
        """Whether the account can log in at a moment."""
        return not any(at is not None and at <= now for at in (self.deactivated_at,
                                                              self.anonymised_at))  # fmt: skip


@dataclass(frozen=True, slots=True)
class JiraStatus:
    """A status; `project_id` is None for one of the whole site (company-managed projects)."""

    id: str
    name: str
    category: str  # new, indeterminate or done
    project_id: str | None = None
    created_at: datetime | None = None
    renames: tuple[tuple[datetime, str], ...] = ()
    deleted_at: datetime | None = None

    def name_at(self, now: datetime) -> str:
        """The name at a moment."""
        return _name_at(self.name, self.renames, now)

    def is_there(self, now: datetime) -> bool:
        """Created and not deleted."""
        return _is_there(self.created_at, self.deleted_at, now)


@dataclass(frozen=True, slots=True)
class JiraIssueType:
    """An issue type; `untranslated_name` is English for those of the site, else the same name."""

    id: str
    name: str
    untranslated_name: str
    is_subtask: bool = False
    hierarchy_level: int = 0
    project_id: str | None = None


@dataclass(frozen=True, slots=True)
class JiraField:
    """A field of issues; `custom` is the key of a custom field's kind."""

    id: str
    name: str
    schema_type: str
    custom: str | None = None
    items: str | None = None  # type of the elements of an array
    system: str | None = None
    untranslated_name: str | None = None

    @property
    def is_custom(self) -> bool:
        """Not one of Jira's own."""
        return self.custom is not None


@dataclass(frozen=True, slots=True)
class JiraNamed:
    """A priority, resolution or component: an id and a name."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class JiraLinkType:
    """A kind of link between issues, with what either side says."""

    id: str
    name: str
    inward: str
    outward: str


@dataclass(frozen=True, slots=True)
class JiraProject:
    """A project; team-managed ones (`is_simplified`) have statuses and types of their own."""

    id: str
    key: str
    name: str
    lead: JiraUser
    created_at: datetime
    is_simplified: bool = False
    kind: str = "software"
    is_permitted: bool = True
    components: tuple[JiraNamed, ...] = ()
    points_field: str | None = POINTS_FIELD
    type_ids: tuple[str, ...] = ()
    status_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class JiraBoard:
    """A board: scrum, simple (team-managed) or kanban (no sprints: the API answers 400)."""

    id: int
    name: str
    kind: str
    project_id: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class JiraSprint:
    """A sprint of one board."""

    id: int
    board_id: int
    name: str
    created_at: datetime
    planned_start: datetime | None
    ends_at: datetime | None  # as planned
    started_at: datetime | None = None
    completed_at: datetime | None = None
    renames: tuple[tuple[datetime, str], ...] = ()
    deleted_at: datetime | None = None
    goal: str = ""

    def name_at(self, now: datetime) -> str:
        """The name at a moment."""
        return _name_at(self.name, self.renames, now)

    def is_there(self, now: datetime) -> bool:
        """Created and not deleted."""
        return _is_there(self.created_at, self.deleted_at, now)

    def state_at(self, now: datetime) -> str:
        """future, active or closed."""
        if self.completed_at is not None and self.completed_at <= now:
            return "closed"
        return "active" if self.started_at is not None and self.started_at <= now else "future"


@dataclass(frozen=True, slots=True)
class JiraItem:
    """One field's change: ids in `from_value` and `to_value`, what was shown in the texts.

    As Jira has it: Sprint lists all sprints before and after, with commas (`"11, 12"`); story
    points, key and summary have texts only; a Component or Link item adds or removes one.
    """

    field: str
    field_id: str | None
    from_value: str | None
    from_text: str | None
    to_value: str | None
    to_text: str | None

    @property
    def field_type(self) -> str:
        """custom or jira."""
        return "custom" if (self.field_id or "").startswith("customfield_") else "jira"


@dataclass(frozen=True, slots=True)
class JiraChange:
    """One entry of a changelog; `author` is None for Jira itself."""

    id: str
    author: JiraUser | None
    at: datetime
    items: tuple[JiraItem, ...]


@dataclass(frozen=True, slots=True)
class JiraComment:
    """A comment, as plain text."""

    id: str
    author: JiraUser
    created_at: datetime
    body: str


@dataclass(frozen=True, slots=True)
class JiraWorklog:
    """Time spent on an issue; it comes with a changelog entry of its own (timespent)."""

    id: str
    author: JiraUser
    seconds_spent: int
    started_at: datetime
    created_at: datetime


@dataclass(frozen=True, slots=True)
class JiraRemoteLink:
    """A link to something outside; it comes with a changelog entry (RemoteWorkItemLink)."""

    id: str
    url: str
    title: str
    created_at: datetime
    application: str | None = None  # kind of application that made it, as com.github.integration


@dataclass(frozen=True, slots=True)
class JiraIssueLink:
    """A link between two issues: `source_id` blocks, `target_id` is blocked."""

    id: str
    type_id: str
    source_id: str
    target_id: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class IssueState:
    """All fields of an issue at one moment."""

    key: str
    project_id: str
    type_id: str
    status_id: str
    summary: str
    description: str = ""
    priority_id: str = "3"
    resolution_id: str | None = None
    resolved_at: datetime | None = None
    labels: tuple[str, ...] = ()
    component_ids: tuple[str, ...] = ()
    assignee_id: str | None = None
    parent_id: str | None = None
    sprint_ids: tuple[int, ...] = ()
    story_points: float | None = None
    original_estimate_seconds: int | None = None
    time_spent_seconds: int | None = None
    is_flagged: bool = False


@dataclass(frozen=True, slots=True)
class JiraIssue:
    """An issue: how it was created, and everything that happened to it, oldest first."""

    id: str
    created_at: datetime
    creator: JiraUser
    reporter: JiraUser
    initial: IssueState
    changes: tuple[JiraChange, ...] = ()
    comments: tuple[JiraComment, ...] = ()
    worklogs: tuple[JiraWorklog, ...] = ()
    remote_links: tuple[JiraRemoteLink, ...] = ()
    deleted_at: datetime | None = None

    def is_there(self, now: datetime) -> bool:
        """Created and not deleted."""
        return _is_there(self.created_at, self.deleted_at, now)

    def updated_at(self, now: datetime) -> datetime:
        """When anything of it changed last, as known at a moment."""
        times = [self.created_at]
        times += [one.at for one in self.changes if one.at <= now]
        for rows in (self.comments, self.worklogs, self.remote_links):
            times += [one.created_at for one in rows if one.created_at <= now]
        return max(times)

    def state_at(self, now: datetime) -> IssueState:
        """Its fields at a moment: the replay of the changes up to then."""
        state = self.initial
        for change in self.changes:
            if change.at > now:
                break
            state = applied(state, change)
        return state


@dataclass(frozen=True, slots=True)
class JiraSite:
    """A Jira site with its whole story."""

    users: tuple[JiraUser, ...]
    projects: tuple[JiraProject, ...]
    boards: tuple[JiraBoard, ...]
    sprints: tuple[JiraSprint, ...]
    statuses: tuple[JiraStatus, ...]
    types: tuple[JiraIssueType, ...]
    fields: tuple[JiraField, ...]
    priorities: tuple[JiraNamed, ...]
    resolutions: tuple[JiraNamed, ...]
    link_types: tuple[JiraLinkType, ...]
    issues: tuple[JiraIssue, ...]
    links: tuple[JiraIssueLink, ...]

    @property
    def account(self) -> JiraUser:
        """The account behind the token: what it sees is what is served, in its time zone."""
        return self.users[0]


def _is_there(created: datetime | None, deleted: datetime | None, now: datetime) -> bool:
    return (created is None or created <= now) and (deleted is None or deleted > now)


def _name_at(name: str, renames: tuple[tuple[datetime, str], ...], now: datetime) -> str:
    for at, newer in renames:
        if at <= now:
            name = newer
    return name


def applied(state: IssueState, change: JiraChange) -> IssueState:
    """The state after a changelog entry."""
    for item in change.items:
        turn = _TURNS.get(item.field)
        if turn is not None:
            state = turn(state, item, change.at)
    return state


def _number(text: str | None) -> float | None:
    return float(text) if text else None


def _seconds(text: str | None) -> int | None:
    return int(text) if text else None


def _component(state: IssueState, item: JiraItem, _: datetime) -> IssueState:
    kept = tuple(one for one in state.component_ids if one != item.from_value)
    return replace(state, component_ids=(*kept, item.to_value) if item.to_value else kept)


def _sprints(state: IssueState, item: JiraItem, _: datetime) -> IssueState:
    ids = tuple(int(part) for part in (item.to_value or "").split(",") if part.strip())
    return replace(state, sprint_ids=ids)


def _points(state: IssueState, item: JiraItem, _: datetime) -> IssueState:
    return replace(state, story_points=_number(item.to_text))


_TURNS: dict[str, Callable[[IssueState, JiraItem, datetime], IssueState]] = {
    "status": lambda state, item, _: replace(state, status_id=item.to_value or state.status_id),
    "assignee": lambda state, item, _: replace(state, assignee_id=item.to_value),
    "Sprint": _sprints,
    "Story Points": _points,
    "Story point estimate": _points,
    "Flagged": lambda state, item, _: replace(state, is_flagged=bool(item.to_text)),
    "resolution": lambda state, item, at: replace(
        state, resolution_id=item.to_value, resolved_at=at if item.to_value else None
    ),
    "priority": lambda state, item, _: replace(state, priority_id=item.to_value or "3"),
    "Key": lambda state, item, _: replace(state, key=item.to_text or state.key),
    "project": lambda state, item, _: replace(state, project_id=item.to_value or state.project_id),
    "issuetype": lambda state, item, _: replace(state, type_id=item.to_value or state.type_id),
    "labels": lambda state, item, _: replace(state, labels=tuple((item.to_text or "").split())),
    "Component": _component,
    "summary": lambda state, item, _: replace(state, summary=item.to_text or ""),
    "description": lambda state, item, _: replace(state, description=item.to_text or ""),
    "IssueParentAssociation": lambda state, item, _: replace(state, parent_id=item.to_value),
    "timeoriginalestimate": lambda state, item, _: replace(
        state, original_estimate_seconds=_seconds(item.to_value)
    ),
    "timespent": lambda state, item, _: replace(state, time_spent_seconds=_seconds(item.to_value)),
}
