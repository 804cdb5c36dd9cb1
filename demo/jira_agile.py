"""The agile API 1.0: boards, their projects, settings and sprints, and issues by board or sprint.

Source: Atlassian's reference of the Jira Software Cloud REST API. Its issues have text where v3 has
documents, and four fields of their own: sprint, closedSprints, flagged, epic.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from demo.jira_answers import Asked, Refusal, page, route, show_issue
from demo.jira_catalog import JiraIssue, Node, shown
from demo.jira_jql import JqlError, compiled
from demo.jira_search import chosen

_API = "/rest/agile/1.0"
_NOT_SEEN = (
    "The requested {} cannot be viewed because it either does not exist or you do not have "
    "permission to view it."
)
_STATES = {"future", "active", "closed"}
MOST, MOST_ISSUES = 50, 5000


def _number(text: str, path: str) -> int:
    if not text.isdecimal():
        raise Refusal(404, {"message": f"null for uri: {path}", "status-code": 404})
    return int(text)


def _board(asked: Asked, text: str) -> Node:
    board = asked.catalog.boards_by_id.get(_number(text, asked.path))
    if board is None or asked.is_anonymous:
        raise Refusal(404, _NOT_SEEN.format("board"))
    return board


def _sprint_of(asked: Asked, text: str) -> Node:
    sprint = asked.catalog.sprints_by_id.get(_number(text, asked.path))
    if sprint is None or asked.is_anonymous:
        raise Refusal(404, _NOT_SEEN.format("sprint"))
    return sprint


def _show_board(asked: Asked, board: Node) -> Node:
    return {
        "id": board["id"], "self": f"{asked.base}{_API}/board/{board['id']}", **shown(board),
        "isPrivate": False,
    }  # fmt: skip


@route("GET", f"{_API}/board")
def _boards(asked: Asked) -> Any:
    rows = [] if asked.is_anonymous else asked.catalog.boards
    kinds = set(asked.listed("type"))
    if kinds:
        rows = [one for one in rows if one["type"] in kinds]
    name = asked.query.get("name", "").lower()
    rows = [one for one in rows if name in one["name"].lower()]
    wanted = asked.query.get("projectKeyOrId")
    if wanted:
        project = asked.catalog.project(wanted)
        if project is None or asked.is_anonymous:
            raise Refusal(400, f"No project could be found with key or id '{wanted}'.")
        rows = [one for one in rows if project["id"] in one["_project_ids"]]
    return page(asked, rows, lambda one: _show_board(asked, one), most=MOST, with_links=False)


@route("GET", f"{_API}/board/{{board_id}}")
def _one_board(asked: Asked, board_id: str) -> Any:
    return _show_board(asked, _board(asked, board_id))


@route("GET", f"{_API}/board/{{board_id}}/project")
def _board_projects(asked: Asked, board_id: str) -> Any:
    identities = _board(asked, board_id)["_project_ids"]
    rows = [one for one in asked.catalog.visible_projects if one["id"] in identities]

    def show(one: Node) -> Node:
        kept = ("id", "key", "name", "projectTypeKey", "simplified", "style", "avatarUrls")
        found = {key: one[key] for key in kept if key in one}
        return {"self": f"{asked.base}/rest/api/2/project/{one['id']}", **found}

    return page(asked, rows, show, most=MOST, with_links=False)


@route("GET", f"{_API}/board/{{board_id}}/configuration")
def _configuration(asked: Asked, board_id: str) -> Any:
    board = _board(asked, board_id)
    base = asked.base
    columns = [
        {
            "name": name,
            "statuses": [
                {"id": one, "self": f"{base}/rest/api/2/status/{one}"} for one in statuses
            ],
        }
        for name, statuses in board.get("_columns") or ()
    ]
    found: Node = {
        "id": board["id"], "name": board["name"], "type": board["type"],
        "self": f"{base}{_API}/board/{board['id']}/configuration",
        "filter": {"id": str(10_000 + board["id"]),
                   "self": f"{base}/rest/api/2/filter/{10_000 + board['id']}"},
        "columnConfig": {"columns": columns, "constraintType": "none"},
    }  # fmt: skip
    if "location" in board:
        found["location"] = shown(board["location"])
    estimation = board.get("_estimation")
    if estimation:
        names = {one["id"]: one["name"] for one in asked.catalog.fields}
        found["estimation"] = {
            "type": "field",
            "field": {"fieldId": estimation, "displayName": names.get(estimation, estimation)},
        }
    elif board["type"] == "scrum":
        found["estimation"] = {"type": "issueCount"}
    found["ranking"] = {"rankCustomFieldId": 10_019}
    return found


@route("GET", f"{_API}/board/{{board_id}}/sprint")
def _sprints(asked: Asked, board_id: str) -> Any:
    board = _board(asked, board_id)
    if board["type"] == "kanban" or board.get("_without_sprints"):
        raise Refusal(400, "The board does not support sprints")
    states = set(asked.listed("state"))
    if states - _STATES:
        raise Refusal(400, f"Unknown sprint state: {', '.join(sorted(states - _STATES))}")
    rows = [
        one for one in asked.catalog.sprints
        if board["id"] in one["_board_ids"] and (not states or one["state"] in states)
    ]  # fmt: skip
    return page(asked, rows, lambda one: _show_sprint(asked, one), most=MOST, with_links=False)


def _show_sprint(asked: Asked, sprint: Node) -> Node:
    return {**shown(sprint), "self": f"{asked.base}{_API}/sprint/{sprint['id']}"}


@route("GET", f"{_API}/sprint/{{sprint_id}}")
def _sprint(asked: Asked, sprint_id: str) -> Any:
    return _show_sprint(asked, _sprint_of(asked, sprint_id))


@route("GET", f"{_API}/board/{{board_id}}/issue")
def _board_issues(asked: Asked, board_id: str) -> Any:
    return _issues(asked, asked.catalog.on_board(_board(asked, board_id)))


@route("GET", f"{_API}/sprint/{{sprint_id}}/issue")
def _sprint_issues(asked: Asked, sprint_id: str) -> Any:
    return _issues(asked, asked.catalog.in_sprint(_sprint_of(asked, sprint_id)["id"]))


@route("GET", f"{_API}/board/{{board_id}}/sprint/{{sprint_id}}/issue")
def _board_sprint_issues(asked: Asked, board_id: str, sprint_id: str) -> Any:
    there = {one.id for one in asked.catalog.in_sprint(_sprint_of(asked, sprint_id)["id"])}
    rows = asked.catalog.on_board(_board(asked, board_id))
    return _issues(asked, [one for one in rows if one.id in there])


def _issues(asked: Asked, rows: Sequence[JiraIssue]) -> Node:
    jql = asked.query.get("jql")
    if jql:
        try:
            rows = chosen(rows, compiled(jql, asked.catalog))
        except JqlError as error:
            raise Refusal(400, str(error)) from None
    start = asked.number("startAt", 0, 2**31)
    size = asked.number("maxResults", 50, MOST_ISSUES)
    fields = asked.listed("fields") or ["*navigable"]
    expand = asked.listed("expand")
    return {
        "expand": "schema,names", "startAt": start, "maxResults": size, "total": len(rows),
        "issues": [_show(asked, one, fields, expand) for one in rows[start : start + size]],
    }  # fmt: skip


@route("GET", f"{_API}/issue/{{name}}")
def _issue(asked: Asked, name: str) -> Any:
    issue = None if asked.is_anonymous else asked.catalog.issue(name)
    if issue is None:
        raise Refusal(404, "The requested issue does not exist or you do not have permission.")
    return _show(asked, issue, asked.listed("fields") or ["*all"], asked.listed("expand"))


def _show(asked: Asked, issue: JiraIssue, fields: list[str], expand: list[str]) -> Node:
    found = show_issue(asked, issue, fields, expand, is_agile=True)
    if "fields" not in found:
        return found
    sprints = [asked.catalog.sprints_by_id.get(one) for one in issue.sprint_ids]
    rows = [_show_sprint(asked, one) for one in sprints if one is not None]
    closed = [one for one in rows if one["state"] == "closed"]
    running = [one for one in rows if one["state"] != "closed"]
    own: Node = {"sprint": running[-1] if running else None, "flagged": _is_flagged(asked, issue)}
    if closed:
        own["closedSprints"] = closed
    for name, value in own.items():
        if {"*all", "*navigable", name} & set(fields) and f"-{name}" not in fields:
            found["fields"].setdefault(name, value)
    return found


def _is_flagged(asked: Asked, issue: JiraIssue) -> bool:
    values = issue.fields()
    return any(values.get(one["id"]) for one in asked.catalog.fields if one["name"] == "Flagged")
