"""A Jira site's story as its API would show it at one moment: nothing that happens later shows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from demo.jira_catalog import (
    JiraCatalog,
    Node,
    agile_time,
    milliseconds,
    text_document,
)
from demo.jira_catalog import JiraIssue as IssueView
from demo.jira_served_fields import WEB, Names
from demo.planning_model import (
    JiraBoard,
    JiraChange,
    JiraField,
    JiraIssue,
    JiraItem,
    JiraProject,
    JiraSite,
    JiraSprint,
    JiraStatus,
)

_COLUMNS = (("To Do", "new"), ("In Progress", "indeterminate"), ("Done", "done"))


def site_source(site: JiraSite) -> Callable[[datetime], JiraCatalog]:
    """Gives the catalog of any moment of the story."""
    return lambda now: site_catalog(site, now)


def site_catalog(site: JiraSite, now: datetime) -> JiraCatalog:
    """The site as of a moment."""
    zone = ZoneInfo(site.account.time_zone or "UTC")
    catalog = SiteCatalog(site, now, zone)
    names = catalog.names
    projects = [one for one in site.projects if one.created_at <= now]
    users = [one for one in site.users if one.created_at is None or one.created_at <= now]
    catalog.users = [{**names.users[one.id], "_unlisted": one.is_anonymous(now)} for one in users]
    catalog.viewer = names.users[site.account.id]
    catalog.projects = [_project(one, names) for one in projects]
    permitted = {one.id for one in projects if one.is_permitted}
    catalog.issue_types = [
        {**names.types[one.id], "untranslatedName": one.untranslated_name} for one in site.types
    ]
    catalog.statuses = [_status(one, names) for one in site.statuses if one.is_there(now)]
    catalog.fields = [_field(one) for one in site.fields]
    catalog.priorities = [names.priorities[one.id] for one in site.priorities]
    catalog.resolutions = list(names.resolutions.values())
    catalog.link_types = list(names.link_types.values())
    by_id = {one.id: one for one in projects}
    catalog.boards = [
        _board(one, by_id[one.project_id], site, now)
        for one in site.boards
        if one.created_at <= now and one.project_id in permitted
    ]
    boards = {one["id"] for one in catalog.boards}
    catalog.sprints = [
        _sprint(one, now) for one in site.sprints if one.is_there(now) and one.board_id in boards
    ]
    return catalog.fill()


class SiteCatalog(JiraCatalog):
    """A catalog whose issues make their payloads when asked."""

    def __init__(self, site: JiraSite, now: datetime, zone: ZoneInfo) -> None:
        super().__init__(now, zone)
        self.site = site
        self.names = Names(site, now, zone)

    def fill(self) -> JiraCatalog:
        """Take in the issues that are there, and what hangs between them."""
        now, names = self.now, self.names
        there = {one["id"] for one in self.projects}
        stories = [one for one in self.site.issues if one.is_there(now)]
        views = [StoryIssue(one, self) for one in stories]
        self.issues = [one for one in views if one.project_id in there]
        self.index()
        names.seen = self.by_id
        for view in self.issues:
            parent = names.parent_of(view)
            if parent is not None:
                names.children.setdefault(parent, []).append(view.id)
        for link in self.site.links:
            if link.created_at <= now:
                names.links.setdefault(link.source_id, []).append(link)
                names.links.setdefault(link.target_id, []).append(link)
        return self


class StoryIssue(IssueView):
    """An issue of the story as of the catalog's moment."""

    __slots__ = ("catalog", "story")

    def __init__(self, story: JiraIssue, catalog: SiteCatalog) -> None:
        self.story, self.catalog = story, catalog
        now = catalog.now
        key, project = story.initial.key, story.initial.project_id
        sprints = story.initial.sprint_ids
        former = []
        for change in story.changes:
            if change.at > now:
                break
            for item in change.items:
                if item.field == "Key":
                    former.append(key)
                    key = item.to_text or key
                elif item.field == "project":
                    project = item.to_value or project
                elif item.field == "Sprint":
                    parts = (item.to_value or "").split(",")
                    sprints = tuple(int(part) for part in parts if part.strip())
        super().__init__(
            int(story.id), key, project, milliseconds(story.created_at),
            milliseconds(story.updated_at(now)),
            [one for one in sprints if one in catalog.names.sprints], former,
        )  # fmt: skip

    def fields(self) -> Node:
        """All fields of the site with their values at the moment."""
        return self.catalog.names.fields(self, self.story)

    def changelog(self) -> Sequence[Node]:
        """The entries up to the moment."""
        now, names = self.catalog.now, self.catalog.names
        return [_entry(one, names) for one in self.story.changes if one.at <= now]

    def comments(self) -> Sequence[Node]:
        """The comments up to the moment."""
        names = self.catalog.names
        rows = []
        for one in self.story.comments:
            if one.created_at <= self.catalog.now:
                at = names.time(one.created_at)
                author = names.users[one.author.id]
                rows.append({
                    "self": f"{WEB}/rest/api/3/issue/{self.id}/comment/{one.id}", "id": one.id,
                    "author": author, "body": text_document(one.body), "updateAuthor": author,
                    "created": at, "updated": at, "jsdPublic": True,
                })  # fmt: skip
        return rows

    def worklogs(self) -> Sequence[Node]:
        """The worklogs up to the moment."""
        names = self.catalog.names
        rows = []
        for one in self.story.worklogs:
            if one.created_at <= self.catalog.now:
                at = names.time(one.created_at)
                author = names.users[one.author.id]
                rows.append({
                    "self": f"{WEB}/rest/api/3/issue/{self.id}/worklog/{one.id}",
                    "author": author, "updateAuthor": author, "created": at, "updated": at,
                    "started": names.time(one.started_at), "id": one.id, "issueId": str(self.id),
                    "timeSpent": names.spent(one.seconds_spent),
                    "timeSpentSeconds": one.seconds_spent,
                    "_updated": milliseconds(one.created_at),
                    "_started": milliseconds(one.started_at),
                })  # fmt: skip
        return rows

    def remote_links(self) -> Sequence[Node]:
        """The links up to the moment."""
        rows = []
        for one in self.story.remote_links:
            if one.created_at <= self.catalog.now:
                rows.append({
                    "id": int(one.id), "globalId": f"url={one.url}", "relationship": "links to",
                    "self": f"{WEB}/rest/api/3/issue/{self.id}/remotelink/{one.id}",
                    "application": {"type": one.application} if one.application else {},
                    "object": {"url": one.url, "title": one.title, "icon": {},
                               "status": {"icon": {}}},
                })  # fmt: skip
        return rows


def _entry(change: JiraChange, names: Names) -> Node:
    found: Node = {"id": change.id}
    if change.author is not None:
        found["author"] = names.users[change.author.id]
    found |= {
        "created": names.time(change.at), "items": [_item(one, names) for one in change.items],
        "_at": milliseconds(change.at),
    }  # fmt: skip
    return found


def _item(item: JiraItem, names: Names) -> Node:
    found: Node = {"field": item.field, "fieldtype": item.field_type}
    if item.field_id is not None:  # as with Key, Workflow, Link
        found["fieldId"] = item.field_id
    texts = [item.from_text, item.to_text]
    if item.field_id in ("assignee", "reporter"):  # people are called as they are now
        values = (item.from_value, item.to_value)
        texts = [
            names.users[value]["displayName"] if value in names.users else text
            for value, text in zip(values, texts, strict=True)
        ]
        found |= {"tmpFromAccountId": item.from_value, "tmpToAccountId": item.to_value}
    return found | {
        "from": item.from_value, "fromString": texts[0],
        "to": item.to_value, "toString": texts[1],
    }  # fmt: skip


def _project(project: JiraProject, names: Names) -> Node:
    return {
        **names.projects[project.id], "lead": names.users[project.lead.id], "isPrivate": False,
        "expand": "description,lead,issueTypes,url,projectKeys,permissions,insight",
        "style": "next-gen" if project.is_simplified else "classic", "properties": {},
        "components": [names.component(one) for one in project.components],
        "versions": [], "_hidden": not project.is_permitted,
    }  # fmt: skip


def _status(status: JiraStatus, names: Names) -> Node:
    node = names.statuses[status.id]
    found: Node = {**node, "untranslatedName": node["name"]}
    if status.project_id is not None:
        found["scope"] = {"type": "PROJECT", "project": {"id": status.project_id}}
    return found


def _field(field: JiraField) -> Node:
    schema: Node = {"type": field.schema_type}
    if field.items:
        schema["items"] = field.items
    if field.custom:
        schema |= {"custom": field.custom, "customId": int(field.id.rpartition("_")[2])}
    else:
        schema["system"] = field.system or field.id
    clauses = [field.id, field.name]
    if field.is_custom:
        clauses = [f"cf[{schema['customId']}]", field.name]
    found: Node = {
        "id": field.id, "key": field.id, "name": field.name, "custom": field.is_custom,
        "orderable": True, "navigable": True, "searchable": True, "clauseNames": clauses,
        "schema": schema,
    }  # fmt: skip
    if field.is_custom:
        found["untranslatedName"] = field.untranslated_name or field.name
    return found


def _board(board: JiraBoard, project: JiraProject, site: JiraSite, now: datetime) -> Node:
    statuses = [one for one in site.statuses if one.id in project.status_ids and one.is_there(now)]
    return {
        "id": board.id, "name": board.name, "type": board.kind,
        "location": {
            "projectId": int(project.id), "displayName": f"{project.name} ({project.key})",
            "projectName": project.name, "projectKey": project.key,
            "projectTypeKey": project.kind, "name": f"{project.name} ({project.key})",
        },
        "_project_ids": [project.id],
        "_estimation": None if board.kind == "kanban" else project.points_field,
        "_columns": [
            (name, [one.id for one in statuses if one.category == category])
            for name, category in _COLUMNS
        ],
    }  # fmt: skip


def _sprint(sprint: JiraSprint, now: datetime) -> Node:
    state = sprint.state_at(now)
    started = sprint.started_at if state != "future" else sprint.planned_start
    times: dict[str, Any] = {
        "createdDate": sprint.created_at, "startDate": started, "endDate": sprint.ends_at,
        "completeDate": sprint.completed_at if state == "closed" else None,
    }  # fmt: skip
    found: Node = {"id": sprint.id, "state": state, "name": sprint.name_at(now)}
    found |= {name: agile_time(milliseconds(at)) for name, at in times.items() if at is not None}
    return {**found, "originBoardId": sprint.board_id, "goal": sprint.goal,
            "_board_ids": [sprint.board_id]}  # fmt: skip
