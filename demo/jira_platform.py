"""REST v3 of what is not an issue: site, projects, fields, types, statuses, priorities, users.

Source: Atlassian's reference of the Jira Cloud platform REST API v3, by endpoint.
"""

from __future__ import annotations

from typing import Any

from demo.jira_answers import Asked, Refusal, page, route
from demo.jira_catalog import CATEGORIES, Node, platform_time, shown

_API = "/rest/api/3"
_CATEGORY_NAMES = {"new": "TODO", "indeterminate": "IN_PROGRESS", "done": "DONE"}
_NO_USER = "Specified user does not exist or you do not have required permissions"


@route("GET", f"{_API}/serverInfo")
def _server_info(asked: Asked) -> Any:
    at = round(asked.catalog.now.timestamp() * 1000)
    return {
        "baseUrl": asked.base, "version": "1001.0.0-SNAPSHOT", "versionNumbers": [1001, 0, 0],
        "deploymentType": "Cloud", "buildNumber": 100_290,
        "buildDate": "2026-01-05T00:00:00.000+0000",
        "serverTime": platform_time(at, asked.catalog.zone), "scmInfo": "0" * 40,
        "serverTitle": "Jira", "defaultLocale": {"locale": "en_US"},
        "serverTimeZone": str(asked.catalog.zone),
    }  # fmt: skip


@route("GET", f"{_API}/myself", anonymous=False)
def _myself(asked: Asked) -> Any:
    return {
        **shown(asked.me), "locale": "en_US", "groups": {"size": 2, "items": []},
        "applicationRoles": {"size": 1, "items": []}, "expand": "groups,applicationRoles",
    }  # fmt: skip


# Projects


def _projects(asked: Asked) -> list[Node]:
    return [] if asked.is_anonymous else asked.catalog.visible_projects


@route("GET", f"{_API}/project/search")
def _project_search(asked: Asked) -> Any:
    rows = _projects(asked)
    states = set(asked.listed("status") or ["live"])
    rows = [one for one in rows if ("archived" if one.get("archived") else "live") in states]
    keys = {key.upper() for key in asked.listed("keys")}
    if keys:
        rows = [one for one in rows if one["key"].upper() in keys]
    identities = set(asked.listed("id"))
    if identities:
        rows = [one for one in rows if one["id"] in identities]
    kinds = set(asked.listed("typeKey"))
    if kinds:
        rows = [one for one in rows if one["projectTypeKey"] in kinds]
    text = asked.query.get("query", "").lower()
    if text:
        rows = [one for one in rows if text in f"{one['key']}\n{one['name']}".lower()]
    order = asked.query.get("orderBy", "key")
    part = order.lstrip("+-")
    if part not in ("key", "name"):
        raise Refusal(400, f"The orderBy parameter '{order}' is not supported.")
    rows = sorted(rows, key=lambda one: one[part].lower(), reverse=order.startswith("-"))
    expand = set(asked.listed("expand"))
    return page(asked, rows, lambda one: _short(asked, one, expand))


def _short(asked: Asked, project: Node, expand: set[str]) -> Node:
    hidden = {"components", "versions", "issueTypes"} | (set() if "lead" in expand else {"lead"})
    found = {key: value for key, value in project.items() if key not in hidden}
    return {"self": f"{asked.base}{_API}/project/{project['id']}", **shown(found)}


@route("GET", f"{_API}/project")
def _all_projects(asked: Asked) -> Any:
    """All at once: deprecated, but there."""
    expand = set(asked.listed("expand"))
    return [_short(asked, one, expand) for one in _projects(asked) if not one.get("archived")]


def _the_project(asked: Asked, name: str) -> Node:
    project = None if asked.is_anonymous else asked.catalog.project(name)
    if project is None or name.upper() not in (project["key"].upper(), str(project["id"])):
        kind = "id" if name.isdecimal() else "key"
        raise Refusal(404, f"No project could be found with {kind} '{name}'.")
    return project


@route("GET", f"{_API}/project/{{name}}/components")
def _components(asked: Asked, name: str) -> Any:
    return _the_project(asked, name).get("components", [])


@route("GET", f"{_API}/project/{{name}}")
def _project(asked: Asked, name: str) -> Any:
    project = _the_project(asked, name)
    kinds = [
        shown(one) for one in asked.catalog.issue_types
        if _project_of(one) in (None, project["id"])
    ]  # fmt: skip
    return {
        "self": f"{asked.base}{_API}/project/{project['id']}", "components": [], "versions": [],
        "issueTypes": kinds, **shown(project),
    }  # fmt: skip


def _project_of(node: Node) -> str | None:
    """Id of the project that a type or status is of; None if it is of the whole site."""
    scope = node.get("scope")
    return str(scope["project"]["id"]) if scope and scope.get("project") else None


# Fields, types, statuses, priorities


@route("GET", f"{_API}/field")
def _fields(asked: Asked) -> Any:
    return [shown(one) for one in asked.catalog.fields]


@route("GET", f"{_API}/field/search")
def _field_search(asked: Asked) -> Any:
    rows = asked.catalog.fields
    kinds = set(asked.listed("type"))
    if kinds:
        rows = [one for one in rows if ("custom" if one["custom"] else "system") in kinds]
    identities = set(asked.listed("id"))
    if identities:
        rows = [one for one in rows if one["id"] in identities]
    wanted = asked.query.get("query", "").lower()
    rows = [one for one in rows if wanted in one["name"].lower()]

    def show(one: Node) -> Node:
        return {key: one[key] for key in ("id", "name", "schema") if key in one}

    return page(asked, rows, show, most=50)


@route("GET", f"{_API}/issuetype")
def _issue_types(asked: Asked) -> Any:
    return _of_visible_projects(asked, asked.catalog.issue_types)


@route("GET", f"{_API}/status")
def _statuses(asked: Asked) -> Any:
    return _of_visible_projects(asked, asked.catalog.statuses)


def _of_visible_projects(asked: Asked, rows: list[Node]) -> list[Node]:
    if asked.is_anonymous:
        return []
    visible = {str(one["id"]) for one in asked.catalog.visible_projects}
    return [
        shown(one) for one in rows
        if not one.get("_deleted") and (_project_of(one) is None or _project_of(one) in visible)
    ]  # fmt: skip


@route("GET", f"{_API}/status/{{name}}")
def _status(asked: Asked, name: str) -> Any:
    for one in _of_visible_projects(asked, asked.catalog.statuses):
        if name == one["id"] or name.lower() == one["name"].lower():
            return one
    raise Refusal(404, f"The status with id or name '{name}' was not found.")


@route("GET", f"{_API}/statuses/search", anonymous=False)
def _status_search(asked: Asked) -> Any:
    rows = _of_visible_projects(asked, asked.catalog.statuses)
    project = asked.query.get("projectId")
    if project:
        rows = [one for one in rows if _project_of(one) == project]
    wanted = asked.query.get("searchString", "").lower()
    rows = [one for one in rows if wanted in one["name"].lower()]
    category = asked.query.get("statusCategory")
    if category:
        rows = [one for one in rows if _category_name(one) == category]

    def show(one: Node) -> Node:
        found = {
            "id": one["id"], "name": one["name"], "statusCategory": _category_name(one),
            "description": one.get("description", ""), "scope": {"type": "GLOBAL"},
        }  # fmt: skip
        its = _project_of(one)
        if its is not None:
            found["scope"] = {"type": "PROJECT", "project": {"id": its}}
        return found

    return page(asked, rows, show, default=200, most=200)


def _category_name(status: Node) -> str:
    return _CATEGORY_NAMES.get(status["statusCategory"]["key"], "TODO")


@route("GET", f"{_API}/statuscategory")
def _categories(asked: Asked) -> Any:
    return [
        {"self": f"{asked.base}{_API}/statuscategory/{one['id']}", **one}
        for one in CATEGORIES.values()
    ]


@route("GET", f"{_API}/priority")
def _priorities(asked: Asked) -> Any:
    return [shown(one) for one in asked.catalog.priorities]


@route("GET", f"{_API}/priority/search")
def _priority_search(asked: Asked) -> Any:
    return page(asked, asked.catalog.priorities, shown, most=50)


@route("GET", f"{_API}/resolution")
def _resolutions(asked: Asked) -> Any:
    return [shown(one) for one in asked.catalog.resolutions]


@route("GET", f"{_API}/issueLinkType")
def _link_types(asked: Asked) -> Any:
    return {"issueLinkTypes": [shown(one) for one in asked.catalog.link_types]}


# Users


@route("GET", f"{_API}/mypermissions")
def _permissions(asked: Asked) -> Any:
    """The permissions named, each with whether the account has it; it may read, no more."""
    granted = {"BROWSE_PROJECTS"} | ({"USER_PICKER"} if asked.site.browse_users else set())
    names = asked.listed("permissions")
    if not names:
        raise Refusal(400, "The 'permissions' query parameter is required.")
    return {
        "permissions": {
            name: {
                "id": "-1", "key": name, "name": name, "type": "PROJECT", "description": "",
                "havePermission": name in granted and not asked.is_anonymous,
            }
            for name in names
        }
    }  # fmt: skip


@route("GET", f"{_API}/users/search", anonymous=False)
def _users(asked: Asked) -> Any:
    """All accounts, deactivated ones and apps too: a bare list, at most 1000 at a time."""
    if not asked.site.browse_users:
        raise Refusal(403, "You do not have permission to browse users.")
    start = asked.number("startAt", 0, 2**31)
    size = asked.number("maxResults", 50, 1000)
    rows = [one for one in asked.catalog.users if not one.get("_unlisted")]
    return [shown(one) for one in rows[start : start + size]]


@route("GET", f"{_API}/user", anonymous=False)
def _user(asked: Asked) -> Any:
    found = asked.catalog.users_by_id.get(asked.query.get("accountId", ""))
    if found is None:
        raise Refusal(404, _NO_USER)
    return shown(found)


@route("GET", f"{_API}/user/bulk", anonymous=False)
def _user_bulk(asked: Asked) -> Any:
    """Accounts by `accountId`, repeated; those that are not there are left out."""
    identities = asked.query.getlist("accountId")
    if not identities:
        raise Refusal(400, "accountId must be provided")
    known = asked.catalog.users_by_id
    rows = [known[one] for one in dict.fromkeys(identities) if one in known]
    return page(asked, rows, shown, default=10, most=200)
