"""The fields of a story's issues at one moment, and the nodes that they hold."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from demo.jira_catalog import (
    CATEGORIES,
    Node,
    agile_time,
    milliseconds,
    platform_time,
    text_document,
)
from demo.jira_catalog import JiraIssue as IssueView
from demo.planning_model import (
    FLAGGED_FIELD,
    IMPEDIMENT,
    SPRINT_FIELD,
    IssueState,
    JiraIssue,
    JiraIssueLink,
    JiraIssueType,
    JiraNamed,
    JiraSite,
    JiraUser,
)

WEB = "https://acme.atlassian.net"
_EMPTY_LISTS = ("fixVersions", "versions", "attachment")
_EMPTY = ("duedate", "environment", "security", "lastViewed")


def user_node(user: JiraUser, now: datetime) -> Node:
    """An account as it is shown: no e-mail if hidden, hardly anything if anonymised."""
    found: Node = {
        "self": f"{WEB}/rest/api/3/user?accountId={user.id}", "accountId": user.id,
        "avatarUrls": {}, "displayName": user.name_at(now), "active": user.is_active(now),
        "accountType": "unknown" if user.is_anonymous(now) else user.kind,
    }  # fmt: skip
    email = user.email_at(now)
    if email is not None:
        found["emailAddress"] = email
    if user.time_zone is not None and not user.is_anonymous(now):
        found["timeZone"] = user.time_zone
    return found


def type_node(kind: JiraIssueType) -> Node:
    """An issue type as issues show it; a project's own one says whose it is."""
    found: Node = {
        "self": f"{WEB}/rest/api/3/issuetype/{kind.id}", "id": kind.id, "description": "",
        "iconUrl": f"{WEB}/", "name": kind.name, "subtask": kind.is_subtask,
        "hierarchyLevel": kind.hierarchy_level,
    }  # fmt: skip
    if kind.project_id is not None:
        found["scope"] = {"type": "PROJECT", "project": {"id": kind.project_id}}
    return found


class Names:
    """What issues refer to, as nodes of one moment."""

    def __init__(self, site: JiraSite, now: datetime, zone: ZoneInfo) -> None:
        self.site, self.now, self.zone = site, now, zone
        self.users = {one.id: user_node(one, now) for one in site.users}
        self.projects = {
            one.id: {
                "self": f"{WEB}/rest/api/3/project/{one.id}", "id": one.id, "key": one.key,
                "name": one.name, "projectTypeKey": one.kind, "simplified": one.is_simplified,
                "avatarUrls": {},
            }
            for one in site.projects
        }  # fmt: skip
        self.points = {one.id: one.points_field for one in site.projects}
        self.points_fields = {one for one in self.points.values() if one}
        self.types = {one.id: type_node(one) for one in site.types}
        self.priorities = {
            one.id: {
                "self": f"{WEB}/rest/api/3/priority/{one.id}", "iconUrl": f"{WEB}/",
                "name": one.name, "id": one.id, "description": one.name, "statusColor": "#ffab00",
            }
            for one in site.priorities
        }  # fmt: skip
        self.resolutions = {
            one.id: {
                "self": f"{WEB}/rest/api/3/resolution/{one.id}", "id": one.id,
                "description": "", "name": one.name,
            }
            for one in site.resolutions
        }  # fmt: skip
        self.statuses = {
            one.id: {
                "self": f"{WEB}/rest/api/3/status/{one.id}", "description": "",
                "iconUrl": f"{WEB}/", "name": one.name_at(now), "id": one.id,
                "statusCategory": {
                    "self": f"{WEB}/rest/api/3/statuscategory/{CATEGORIES[one.category]['id']}",
                    **CATEGORIES[one.category],
                },
            }
            for one in site.statuses
        }  # fmt: skip
        self.components = {
            one.id: self.component(one) for project in site.projects for one in project.components
        }
        self.link_types = {
            one.id: {
                "id": one.id, "name": one.name, "inward": one.inward, "outward": one.outward,
                "self": f"{WEB}/rest/api/3/issueLinkType/{one.id}",
            }
            for one in site.link_types
        }  # fmt: skip
        self.sprints = {one.id: one for one in site.sprints if one.is_there(now)}
        self._sprint_nodes: dict[int, Node] = {}
        self.field_ids = [one.id for one in site.fields]
        # What hangs between issues; the catalog fills it in.
        self.seen: Mapping[int, IssueView] = {}
        self.stories: dict[int, JiraIssue] = {int(one.id): one for one in site.issues}
        self.children: dict[int, list[int]] = {}
        self.links: dict[str, list[JiraIssueLink]] = {}

    def time(self, moment: datetime) -> str:
        """As the platform API writes times."""
        return platform_time(milliseconds(moment), self.zone)

    @staticmethod
    def spent(seconds: int) -> str:
        """1h 30m; Jira's days of eight hours are left out."""
        hours, minutes = divmod(seconds // 60, 60)
        parts = [f"{hours}h"] if hours else []
        return " ".join(parts + ([f"{minutes}m"] if minutes or not hours else []))

    @staticmethod
    def component(component: JiraNamed) -> Node:
        """A component of a project."""
        return {
            "self": f"{WEB}/rest/api/3/component/{component.id}", "id": component.id,
            "name": component.name,
        }  # fmt: skip

    def parent_of(self, view: IssueView) -> int | None:
        """Id of the issue above, whether or not it may be seen."""
        story = self.stories[view.id]
        parent = story.initial.parent_id
        for change in story.changes:
            if change.at > self.now:
                break
            for item in change.items:
                if item.field == "IssueParentAssociation":
                    parent = item.to_value
        return int(parent) if parent else None

    def short(self, identity: int) -> Node | None:
        """An issue as another one shows it; None if it may not be seen."""
        view = self.seen.get(identity)
        if view is None:
            return None
        state = self.stories[identity].state_at(self.now)
        return {
            "id": str(identity), "key": view.key, "self": f"{WEB}/rest/api/3/issue/{identity}",
            "fields": {
                "summary": state.summary, "status": self.statuses[state.status_id],
                "priority": self.priorities.get(state.priority_id),
                "issuetype": self.types[state.type_id],
            },
        }  # fmt: skip

    def fields(self, view: IssueView, story: JiraIssue) -> Node:
        """All fields of the site: values, null for those that are empty."""
        state = story.state_at(self.now)
        found: Node = dict.fromkeys(self.field_ids)
        found |= {one: [] for one in _EMPTY_LISTS}
        found |= dict.fromkeys(_EMPTY)
        parent = self.parent_of(view)
        found |= {
            "summary": state.summary,
            "description": text_document(state.description),
            "issuetype": self.types[state.type_id],
            "project": self.projects[state.project_id],
            "status": self.statuses[state.status_id],
            "priority": self.priorities.get(state.priority_id),
            "resolution": self.resolutions.get(state.resolution_id or ""),
            "resolutiondate": self.time(state.resolved_at) if state.resolved_at else None,
            "labels": list(state.labels),
            "components": [
                self.components[one] for one in state.component_ids if one in self.components
            ],
            "creator": self.users[story.creator.id],
            "reporter": self.users[story.reporter.id],
            "assignee": self.users.get(state.assignee_id or ""),
            "parent": self.short(parent) if parent is not None else None,
            "subtasks": self._subtasks(view.id),
            "issuelinks": self._links(story),
            "created": self.time(story.created_at),
            "updated": platform_time(view.updated, self.zone),
            "statuscategorychangedate": self._category_changed(story),
            "workratio": -1,
            **self._times(state),
        }  # fmt: skip
        # A story without a parent has no such key at all.
        if found["parent"] is None:
            del found["parent"]
        sprints = [self._sprint(one) for one in view.sprint_ids]
        found[SPRINT_FIELD] = sprints or None
        found[FLAGGED_FIELD] = [_impediment()] if state.is_flagged else None
        points = self.points.get(state.project_id)
        for field in self.points_fields:
            found[field] = state.story_points if field == points else None
        return found

    def _times(self, state: IssueState) -> Node:
        spent, estimate = state.time_spent_seconds, state.original_estimate_seconds
        left = None if estimate is None else max(estimate - (spent or 0), 0)
        tracking: Node = {}
        for name, seconds in (
            ("originalEstimate", estimate), ("remainingEstimate", left), ("timeSpent", spent),
        ):  # fmt: skip
            if seconds is not None:
                tracking |= {name: self.spent(seconds), f"{name}Seconds": seconds}
        return {
            "timeoriginalestimate": estimate, "timespent": spent, "timeestimate": left,
            "timetracking": tracking, "aggregatetimeoriginalestimate": estimate,
            "aggregatetimespent": spent, "aggregatetimeestimate": left,
        }  # fmt: skip

    def _subtasks(self, identity: int) -> list[Node]:
        rows = []
        for child in self.children.get(identity, ()):
            node = self.short(child)
            if node is not None and node["fields"]["issuetype"]["subtask"]:
                rows.append(node)
        return rows

    def _links(self, story: JiraIssue) -> list[Node]:
        rows = []
        for link in self.links.get(story.id, ()):
            is_source = link.source_id == story.id
            other = self.short(int(link.target_id if is_source else link.source_id))
            if other is not None:
                rows.append({
                    "id": link.id, "self": f"{WEB}/rest/api/3/issueLink/{link.id}",
                    "type": self.link_types[link.type_id],
                    "outwardIssue" if is_source else "inwardIssue": other,
                })  # fmt: skip
        return rows

    def _category_changed(self, story: JiraIssue) -> str:
        at = story.created_at
        for change in story.changes:
            if change.at <= self.now and any(item.field == "status" for item in change.items):
                at = change.at
        return self.time(at)

    def _sprint(self, identity: int) -> Node:
        if identity not in self._sprint_nodes:
            self._sprint_nodes[identity] = self._made_sprint(identity)
        return self._sprint_nodes[identity]

    def _made_sprint(self, identity: int) -> Node:
        sprint = self.sprints[identity]
        state = sprint.state_at(self.now)
        times = {
            "startDate": sprint.planned_start if state == "future" else sprint.started_at,
            "endDate": sprint.ends_at,
            "completeDate": sprint.completed_at if state == "closed" else None,
        }
        return {
            "id": sprint.id, "name": sprint.name_at(self.now), "state": state,
            "boardId": sprint.board_id, "goal": sprint.goal,
            **{name: agile_time(milliseconds(at)) for name, at in times.items() if at is not None},
        }  # fmt: skip


def _impediment() -> Node:
    return {
        "self": f"{WEB}/rest/api/3/customFieldOption/{IMPEDIMENT}", "value": "Impediment",
        "id": IMPEDIMENT,
    }  # fmt: skip
