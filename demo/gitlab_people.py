"""Endpoints of the instance, users, groups, members and lists of projects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from demo.gitlab_catalog import Node, Ordered, ProjectView
from demo.gitlab_rest import Asked, Listed, bad_parameter, not_found, route, shown

VERSION = "18.3.0-ee"
_BASIC = ("id", "username", "public_email", "name", "state", "locked", "avatar_url", "web_url")
_PROJECT_ORDERS = (
    "id", "name", "path", "created_at", "updated_at", "last_activity_at", "similarity",
    "star_count", "storage_size", "repository_size", "wiki_size", "packages_size",
)  # fmt: skip
_SIMPLE = (
    "id", "description", "name", "name_with_namespace", "path", "path_with_namespace",
    "created_at", "default_branch", "tag_list", "topics", "ssh_url_to_repo", "http_url_to_repo",
    "web_url", "readme_url", "forks_count", "avatar_url", "star_count", "last_activity_at",
    "visibility", "namespace",
)  # fmt: skip


def basic(user: Node | None) -> Node | None:
    """A user as other payloads show one; None for one that is gone."""
    return None if user is None else {key: user.get(key) for key in _BASIC}


@route("version", needs_user=True)
def _version(asked: Asked) -> Any:
    return {"version": VERSION, "revision": "0d0e0a0c0d0", "enterprise": True}


@route("metadata", needs_user=True)
def _metadata(asked: Asked) -> Any:
    return {**_version(asked), "kas": {"enabled": False, "externalUrl": None, "version": None}}


@route("user", needs_user=True)
def _user(asked: Asked) -> Any:
    user = asked.catalog.viewer
    email = user.get("_email") or f"{user['username']}@example.org"
    return {**shown(user), "email": email, "commit_email": email, "is_admin": False}


@route("personal_access_tokens/self", needs_user=True)
def _token(asked: Asked) -> Any:
    return {
        "id": 1, "name": "sei", "revoked": False, "created_at": "2026-01-01T00:00:00.000Z",
        "description": None, "scopes": ["read_api"], "user_id": asked.catalog.viewer["id"],
        "last_used_at": None, "active": True, "expires_at": "2027-01-01",
    }  # fmt: skip


@route("users/:id")
def _some_user(asked: Asked, number: str) -> Any:
    if not number.isdigit():
        raise bad_parameter("id", "is invalid")
    user = asked.catalog.users.get(int(number))
    if user is None:
        raise not_found("User")
    return shown(user)


@route("users", needs_user=True)
def _users(asked: Asked) -> Any:
    username = asked.text("username")
    rows = [
        user for user in asked.catalog.users.values()
        if username is None or user["username"].lower() == username.lower()
    ]  # fmt: skip
    field, is_descending = asked.order(
        ("id", "name", "username", "created_at", "updated_at"), "id", "desc"
    )
    return Listed(
        Ordered(rows, field, is_descending).rows, basic, "User",
        ("id", "name", "username", "created_at", "updated_at"),
    )  # fmt: skip


# Groups


def _groups(asked: Asked, keys: Sequence[int]) -> Listed:
    field, is_descending = asked.order(("name", "path", "id", "similarity"), "name", "asc")
    nodes = [asked.catalog.groups[key] for key in keys]
    search = (asked.text("search") or "").lower()
    if search:
        nodes = [one for one in nodes if search in one["full_path"].lower()]
    return Listed(Ordered(nodes, field, is_descending).rows)


@route("groups", needs_user=True)
def _all_groups(asked: Asked) -> Any:
    keys = list(asked.catalog.groups)
    if asked.flag("top_level_only"):
        keys = [key for key in keys if asked.catalog.groups[key]["parent_id"] is None]
    return _groups(asked, keys)


@route("groups/:id")
def _group(asked: Asked, text: str) -> Any:
    node = asked.group(text)
    found = shown(node)
    if asked.flag("with_projects", True):
        views = asked.catalog.views(node["id"], False)
        found["projects"] = [shown(view.node) for view in views[:100]]
        found["shared_projects"] = []
    return found


@route("groups/:id/subgroups")
def _subgroups(asked: Asked, text: str) -> Any:
    return _groups(asked, asked.catalog.children(asked.group(text)["id"]))


@route("groups/:id/descendant_groups")
def _descendants(asked: Asked, text: str) -> Any:
    return _groups(asked, asked.catalog.descendants(asked.group(text)["id"]))


@route("groups/:id/members", needs_user=True)
def _members(asked: Asked, text: str) -> Any:
    return Listed(asked.catalog.members(asked.group(text)["id"]))


@route("groups/:id/members/all", needs_user=True)
def _all_members(asked: Asked, text: str) -> Any:
    return Listed(_inherited(asked, asked.group(text)["id"], []))


def _inherited(asked: Asked, group: int, own: Sequence[Node]) -> list[Node]:
    """Members of the group and of those above, each once with the highest access."""
    best: dict[int, Node] = {}
    above = (m for one in asked.catalog.ancestors(group) for m in asked.catalog.members(one))
    for row in (*own, *above):
        known = best.get(row["id"])
        if known is None or known["access_level"] < row["access_level"]:
            best[row["id"]] = row
    return [best[key] for key in sorted(best)]


@route("groups/:id/members/:user_id", needs_user=True)
def _member(asked: Asked, text: str, number: str) -> Any:
    for row in asked.catalog.members(asked.group(text)["id"]):
        if str(row["id"]) == number:
            return shown(row)
    raise not_found()


# Projects


def _projects(asked: Asked, views: list[ProjectView], keyset: str | None) -> Listed:
    field, is_descending = asked.order(_PROJECT_ORDERS, "created_at", "desc")
    archived = asked.flag("archived", None)
    visibility = asked.text("visibility")
    after, before = asked.stamp("last_activity_after"), asked.stamp("last_activity_before")
    updated_after, updated_before = asked.stamp("updated_after"), asked.stamp("updated_before")
    search = (asked.text("search") or "").lower()
    nodes = [
        node
        for node in (view.node for view in views)
        if (archived is None or node["archived"] == archived)
        and (visibility is None or node["visibility"] == visibility)
        and (after is None or node["last_activity_at"] >= after)
        and (before is None or node["last_activity_at"] <= before)
        and (updated_after is None or node["updated_at"] >= updated_after)
        and (updated_before is None or node["updated_at"] <= updated_before)
        and (not search or search in node["name"].lower() or search in node["path"].lower())
    ]
    show = _simple if asked.flag("simple") or not asked.has_user else None
    rows = Ordered(nodes, field, is_descending).rows
    return Listed(rows, show, keyset, ("id",), is_cursor=False)


def _simple(node: Node) -> Node:
    return {key: node.get(key) for key in _SIMPLE}


@route("projects")
def _all_projects(asked: Asked) -> Any:
    groups = asked.catalog.groups
    views = [view for group in groups for view in asked.catalog.views(group, False)]
    if not asked.has_user:
        views = [view for view in views if view.node["visibility"] == "public"]
    low, high = asked.number("id_after"), asked.number("id_before")
    views = [
        view for view in views
        if (low is None or view.node["id"] > low) and (high is None or view.node["id"] < high)
    ]  # fmt: skip
    return _projects(asked, views, "Project")


@route("groups/:id/projects")
def _group_projects(asked: Asked, text: str) -> Any:
    group = asked.group(text)["id"]
    views = asked.catalog.views(group, bool(asked.flag("include_subgroups")))
    return _projects(asked, views, None)  # by number only: keyset is documented for /projects


@route("projects/:id")
def _project(asked: Asked, text: str) -> Any:
    view = asked.project(text)
    base = f"{asked.base}/projects/{view.node['id']}"
    names = ("issues", "merge_requests", "labels", "events", "members")
    links = {"self": base, "repo_branches": f"{base}/repository/branches"}
    found = {**shown(view.node), "_links": links | {name: f"{base}/{name}" for name in names}}
    if asked.flag("statistics"):
        branch = view.node["default_branch"]
        head = view.find_sha(branch) if branch else None
        found["statistics"] = {"commit_count": len(view.history(head)) if head else 0}
    return found


@route("projects/:id/members", needs_user=True)
def _project_members(asked: Asked, text: str) -> Any:
    return Listed(asked.project(text).rows("members"))


@route("projects/:id/members/all", needs_user=True)
def _all_project_members(asked: Asked, text: str) -> Any:
    view = asked.project(text)
    return Listed(_inherited(asked, view.node["namespace"]["id"], view.rows("members")))
