"""What is true of the planning in Jira: issues as they are, sprints as they went, links to code.

An event exactly at a sprint's start belongs to its commitment, one exactly at its close is inside.
Only issues and sprints that are there at the moment and that the account may see.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from demo.model import RepositoryStory
from demo.organization import Service
from demo.planning_model import JiraChange, JiraIssue, JiraSite, JiraSprint

_CATEGORIES = {"new": "to_do", "indeterminate": "in_progress", "done": "done"}


@dataclass(frozen=True, slots=True)
class IssueTruth:
    """An issue of Jira as it is now.

    `started_at`: when it was first in a status of work; `resolved_at`: when its resolution was set
    last, None while it has none. `assignee` is the key of a person.
    """

    issue_id: str
    key: str
    project_key: str
    service_id: str | None
    type: str
    is_subtask: bool
    status: str
    status_category: str  # to_do, in_progress or done
    priority: str
    story_points: float | None
    assignee: str | None
    parent_issue_id: str | None
    labels: tuple[str, ...]
    components: tuple[str, ...]
    is_blocked: bool
    sprint_ids: tuple[str, ...]
    created_at: datetime
    started_at: datetime | None
    resolved_at: datetime | None
    status_change_count: int


@dataclass(frozen=True, slots=True)
class SprintScope:
    """A sprint that has begun: what was promised, what came, what went, what got done.

    `committed`: in it at its start, with the points of that moment. `added`: came in after the
    start. `removed`: of both, what was taken out by the close. `completed`: in it and done at the
    close (or now). Issue ids, sorted.
    """

    sprint_id: str
    board_id: str
    name: str
    state: str
    started_at: datetime
    ends_at: datetime | None
    completed_at: datetime | None
    committed: tuple[tuple[str, float | None], ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]
    completed: tuple[str, ...]
    committed_points: float
    completed_points: float  # with the points at the close


@dataclass(frozen=True, slots=True)
class IssueLink:
    """A pull request that belongs to an issue of Jira, and all places that say so.

    `is_by_old_key`: only by a key that the issue had before it moved to another project.
    """

    pull_request_id: str
    issue_id: str
    methods: tuple[str, ...]  # of branch, title, text, commit, remote_link; sorted
    is_by_old_key: bool


class PlanningTruth:
    """Answers about one Jira site as of a moment."""

    def __init__(self, site: JiraSite, as_of: datetime) -> None:
        self.site, self.as_of = site, as_of
        self.projects = {one.id: one for one in site.projects}
        self.category = {one.id: one.category for one in site.statuses}
        self.issues = [one for one in site.issues if one.is_there(as_of) and self._is_seen(one)]

    def _is_seen(self, issue: JiraIssue) -> bool:
        return self.projects[issue.state_at(self.as_of).project_id].is_permitted

    def _is_done(self, issue: JiraIssue, at: datetime) -> bool:
        return self.category[issue.state_at(at).status_id] == "done"

    def tell_issues(self, services: Sequence[Service]) -> tuple[IssueTruth, ...]:
        """All issues."""
        priorities = {one.id: one.name for one in self.site.priorities}
        types = {one.id: one for one in self.site.types}
        statuses = {one.id: one for one in self.site.statuses}
        persons = {one.id: one.person for one in self.site.users}
        components = {one.id: one.name for p in self.site.projects for one in p.components}
        told = []
        for issue in self.issues:
            state = issue.state_at(self.as_of)
            key = self.projects[state.project_id].key
            held = tuple(components[one] for one in state.component_ids)
            started, count = self._work(issue)
            told.append(
                IssueTruth(
                    f"jira:{issue.id}", state.key, key, service_of(services, key, held),
                    types[state.type_id].name, types[state.type_id].is_subtask,
                    statuses[state.status_id].name_at(self.as_of),
                    _CATEGORIES[self.category[state.status_id]], priorities[state.priority_id],
                    state.story_points, persons[state.assignee_id] if state.assignee_id else None,
                    f"jira:{state.parent_id}" if state.parent_id else None,
                    state.labels, held, state.is_flagged,
                    tuple(f"jira:{one}" for one in state.sprint_ids),
                    issue.created_at, started, state.resolved_at, count,
                )
            )  # fmt: skip
        return tuple(told)

    def _work(self, issue: JiraIssue) -> tuple[datetime | None, int]:
        """When work began first, and in how many statuses the issue was, one after the other."""
        started = (
            issue.created_at if self.category[issue.initial.status_id] == "indeterminate" else None
        )
        count = 1
        for change in issue.changes:
            for item in change.items:
                if item.field == "status" and change.at <= self.as_of:
                    count += 1
                    if started is None and self.category[item.to_value or ""] == "indeterminate":
                        started = change.at
        return started, count

    def tell_sprints(self) -> tuple[SprintScope, ...]:
        """All sprints that have begun."""
        ever: dict[int, list[JiraIssue]] = {}
        for issue in self.issues:
            ids = set(issue.initial.sprint_ids)
            for change in issue.changes:
                ids.update(issue.state_at(change.at).sprint_ids if _is_sprint(change) else ())
            for one in ids:
                ever.setdefault(one, []).append(issue)
        return tuple(
            self._scope(sprint, ever.get(sprint.id, []))
            for sprint in self.site.sprints
            if sprint.is_there(self.as_of)
            and sprint.started_at is not None
            and sprint.started_at <= self.as_of
        )

    def _scope(self, sprint: JiraSprint, issues: Iterable[JiraIssue]) -> SprintScope:
        start = sprint.started_at
        assert start is not None
        is_over = sprint.completed_at is not None and sprint.completed_at <= self.as_of
        end = sprint.completed_at if is_over and sprint.completed_at else self.as_of
        committed: list[tuple[str, float | None]] = []
        added, removed, completed = [], [], []
        points = 0.0
        for issue in issues:
            identity = f"jira:{issue.id}"
            was_in = sprint.id in issue.state_at(start).sprint_ids
            if was_in:
                committed.append((identity, issue.state_at(start).story_points))
            came = was_in
            is_in = was_in
            for change in issue.changes:
                if start < change.at <= end and _is_sprint(change):
                    is_in = sprint.id in issue.state_at(change.at).sprint_ids
                    came = came or is_in
            if came and not was_in:
                added.append(identity)
            if came and not is_in:
                removed.append(identity)
            if is_in and self._is_done(issue, end):
                completed.append(identity)
                points += issue.state_at(end).story_points or 0.0
        return SprintScope(
            f"jira:{sprint.id}", f"jira:{sprint.board_id}", sprint.name_at(self.as_of),
            sprint.state_at(self.as_of), start, sprint.ends_at,
            sprint.completed_at if is_over else None, tuple(sorted(committed)),
            tuple(sorted(added)), tuple(sorted(removed)), tuple(sorted(completed)),
            sum(value or 0.0 for _, value in committed), points,
        )  # fmt: skip

    def tell_links(self, stories: Iterable[RepositoryStory]) -> tuple[IssueLink, ...]:
        """Pull requests and the issues that they name."""
        keys = {one.id: one.state_at(self.as_of).key for one in self.issues}
        methods: dict[tuple[str, str], set[str]] = {}
        with_new_key = set()
        for story in stories:
            for mention in story.mentions:
                if mention.at <= self.as_of and mention.issue_id in keys:
                    pair = f"{story.source}:{mention.pull_id}", f"jira:{mention.issue_id}"
                    methods.setdefault(pair, set()).add(mention.method)
                    is_linked = mention.method == "remote_link"
                    if is_linked or mention.key == keys[mention.issue_id]:
                        with_new_key.add(pair)
        return tuple(
            IssueLink(*pair, tuple(sorted(found)), pair not in with_new_key)
            for pair, found in sorted(methods.items())
        )


def _is_sprint(change: JiraChange) -> bool:
    return any(item.field == "Sprint" for item in change.items)


def service_of(
    services: Sequence[Service], project_key: str, components: Sequence[str]
) -> str | None:
    """The one service whose projects and components fit; a component beats a project alone."""

    def fits(service: Service) -> bool:
        in_project = not service.jira_projects or project_key in service.jira_projects
        in_component = not service.jira_components or set(components) & set(service.jira_components)
        return bool(in_project and in_component)

    mapped = [one for one in services if one.jira_projects or one.jira_components]
    found = [one for one in mapped if fits(one)]
    best = [one for one in found if one.jira_components] or found
    return best[0].id if len(best) == 1 else None
