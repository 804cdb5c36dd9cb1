"""GitHub's REST API over a catalog: what a path gives, before paging, limits and headers."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from demo.catalog import Catalog, Node, RepositoryView
from demo.ids import sha1
from demo.resolvers import compared, iso_argument, status_of, team_members


class RestError(Exception):
    """A refusal: status and message."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def not_found() -> RestError:
    """What GitHub says of everything that is not there, or not to be seen."""
    return RestError(404, "Not Found")


@dataclass
class Listed:
    """A list to be paged: rows of any kind, how to show one, and what the page is wrapped in."""

    rows: Sequence[Any]
    show: Callable[[Any], Any]
    wrap: Callable[[list[Any]], Any] = lambda page: page
    most: int | None = None  # GitHub gives no more than so many results
    default_page: int = 30


@dataclass
class Asked:
    """The request, as far as an endpoint sees it."""

    catalog: Catalog
    query: Mapping[str, str]
    base: str  # address of the API without a slash at the end


Endpoint = Callable[..., Any]
_ROUTES: list[tuple[re.Pattern[str], Endpoint]] = []


def route(path: str) -> Callable[[Endpoint], Endpoint]:
    """Register an endpoint; `{name}` stands for one part of the path, `{name:rest}` for many."""
    pattern = re.sub(r"\{(\w+):rest\}", r"(?P<\1>.+)", path)
    pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", pattern)

    def register(endpoint: Endpoint) -> Endpoint:
        _ROUTES.append((re.compile(f"^{pattern}$"), endpoint))
        return endpoint

    return register


def answer(asked: Asked, path: str) -> Any:
    """What a GET of the path gives: JSON-ready, or a `Listed`; RestError if it cannot be."""
    for pattern, endpoint in _ROUTES:
        match = pattern.match(path)
        if match:
            return endpoint(asked, **match.groupdict())
    raise not_found()


def _view(asked: Asked, owner: str, name: str) -> RepositoryView:
    view = asked.catalog.repository(owner, name)
    if view is None:
        raise not_found()
    return view


def _number(text: str) -> int:
    if not text.isdigit():
        raise not_found()
    return int(text)


def account(asked: Asked, node: Node | None) -> Any:
    """A "simple user"; bots carry [bot] in REST."""
    if node is None:
        return None
    kind = node["__typename"]
    login = f"{node['login']}[bot]" if kind == "Bot" else node["login"]
    return {
        "login": login, "id": node["databaseId"], "node_id": node["id"],
        "type": kind, "site_admin": False, "url": f"{asked.base}/users/{login}",
        "html_url": node["url"],
    }  # fmt: skip


def _full_account(asked: Asked, node: Node) -> Any:
    return {
        **account(asked, node),
        "name": node.get("name"),
        "created_at": node.get("createdAt"),
        "updated_at": node.get("updatedAt"),
    }


@route("/")
def _root(asked: Asked) -> Any:
    return {
        "current_user_url": f"{asked.base}/user",
        "rate_limit_url": f"{asked.base}/rate_limit",
        "repository_url": asked.base + "/repos/{owner}/{repo}",
    }


@route("/meta")
def _meta(asked: Asked) -> Any:
    return {"verifiable_password_authentication": False, "installed_version": "demo"}


@route("/user")
def _user(asked: Asked) -> Any:
    return _full_account(asked, asked.catalog.viewer)


@route("/users/{login}")
def _some_user(asked: Asked, login: str) -> Any:
    node = asked.catalog.owner(login.removesuffix("[bot]"))
    if node is None:
        raise not_found()
    return _full_account(asked, node)


def _organization(asked: Asked, login: str) -> Node:
    node = asked.catalog.owner(login)
    if node is None or node["__typename"] != "Organization":
        raise not_found()
    return node


@route("/orgs/{login}")
def _org(asked: Asked, login: str) -> Any:
    return _full_account(asked, _organization(asked, login))


@route("/user/orgs")
def _own_orgs(asked: Asked) -> Any:
    owners = [one for one in asked.catalog.owners if one["__typename"] == "Organization"]
    return Listed(owners, lambda node: account(asked, node))


@route("/orgs/{login}/members")
def _org_members(asked: Asked, login: str) -> Any:
    _organization(asked, login)
    people = [one for one in asked.catalog.accounts if one["__typename"] == "User"]
    return Listed(people, lambda node: account(asked, node))


@route("/(?:orgs|users)/{login}/repos")
def _repositories(asked: Asked, login: str) -> Any:
    if asked.catalog.owner(login) is None:
        raise not_found()
    return Listed(
        asked.catalog.names(login),
        lambda name: repository(asked, _view(asked, login, name)),
    )


@route("/orgs/{login}/teams")
def _teams(asked: Asked, login: str) -> Any:
    _organization(asked, login)
    return Listed(asked.catalog.teams, lambda node: _team(asked, node))


def _team(asked: Asked, node: Node) -> Any:
    parent = node["parentTeam"]
    return {
        "id": node["databaseId"], "node_id": node["id"], "slug": node["slug"],
        "name": node["name"], "description": None, "privacy": "closed", "permission": "pull",
        "url": f"{asked.base}/teams/{node['databaseId']}",
        "parent": None if parent is None else _team(asked, parent),
    }  # fmt: skip


def _team_of(asked: Asked, login: str, slug: str) -> Node:
    _organization(asked, login)
    for team in asked.catalog.teams:
        if team["slug"] == slug:
            return team
    raise not_found()


@route("/orgs/{login}/teams/{slug}")
def _one_team(asked: Asked, login: str, slug: str) -> Any:
    return _team(asked, _team_of(asked, login, slug))


@route("/orgs/{login}/teams/{slug}/members")
def _team_members(asked: Asked, login: str, slug: str) -> Any:
    members = team_members(_team_of(asked, login, slug), "ALL", asked.catalog)
    return Listed(members, lambda one: account(asked, one[0]))


@route("/orgs/{login}/teams/{slug}/repos")
def _team_repositories(asked: Asked, login: str, slug: str) -> Any:
    permissions = _team_of(asked, login, slug)["_permissions"]
    return Listed(
        sorted(permissions),
        lambda name: {
            **repository(asked, _view(asked, login, name)),
            "role_name": permissions[name].lower(),
        },
    )


def repository(asked: Asked, view: RepositoryView) -> Any:
    """A repository."""
    node = view.node
    head = view.heads[0]["name"] if view.heads else "main"
    return {
        "id": node["databaseId"], "node_id": node["id"], "name": node["name"],
        "full_name": node["nameWithOwner"], "owner": account(asked, node["owner"]),
        "private": node["isPrivate"], "visibility": node["visibility"].lower(),
        "fork": node["isFork"], "archived": node["isArchived"], "disabled": False,
        "description": node["description"], "default_branch": head,
        "language": node["primaryLanguage"]["name"] if node["primaryLanguage"] else None,
        "topics": list(node["_topics"]), "created_at": node["createdAt"],
        "updated_at": node["updatedAt"], "pushed_at": node["pushedAt"],
        "html_url": node["url"], "url": f"{asked.base}/repos/{node['nameWithOwner']}",
    }  # fmt: skip


@route("/repos/{owner}/{name}")
def _repository(asked: Asked, owner: str, name: str) -> Any:
    return repository(asked, _view(asked, owner, name))


@route("/repos/{owner}/{name}/languages")
def _languages(asked: Asked, owner: str, name: str) -> Any:
    language = _view(asked, owner, name).node["primaryLanguage"]
    return {language["name"]: 10_000} if language else {}


@route("/repos/{owner}/{name}/topics")
def _topics(asked: Asked, owner: str, name: str) -> Any:
    return {"names": list(_view(asked, owner, name).node["_topics"])}


@route("/repos/{owner}/{name}/branches")
def _branches(asked: Asked, owner: str, name: str) -> Any:
    view = _view(asked, owner, name)
    return Listed(
        sorted(view.heads, key=lambda ref: ref["name"]), lambda ref: _named_commit(asked, view, ref)
    )


def _named_commit(asked: Asked, view: RepositoryView, ref: Node) -> Any:
    oid = ref["_commit"]["oid"]
    url = f"{asked.base}/repos/{view.node['nameWithOwner']}/commits/{oid}"
    return {"name": ref["name"], "commit": {"sha": oid, "url": url}, "protected": False}


@route("/repos/{owner}/{name}/branches/{branch:rest}")
def _branch(asked: Asked, owner: str, name: str, branch: str) -> Any:
    view = _view(asked, owner, name)
    for ref in view.heads:
        if ref["name"] == branch:
            return _named_commit(asked, view, ref)
    raise RestError(404, "Branch not found")


@route("/repos/{owner}/{name}/tags")
def _tags(asked: Asked, owner: str, name: str) -> Any:
    view = _view(asked, owner, name)
    refs = sorted(view.tags, key=lambda ref: ref["name"], reverse=True)

    def show(ref: Node) -> Any:
        shown = _named_commit(asked, view, ref)
        del shown["protected"]
        return {**shown, "node_id": ref["id"]}

    return Listed([ref for ref in refs if ref["_commit"]], show)


@route("/repos/{owner}/{name}/git/(?:ref|matching-refs)/{ref:rest}")
def _git_ref(asked: Asked, owner: str, name: str, ref: str) -> Any:
    view = _view(asked, owner, name)
    for one in (*view.heads, *view.tags):
        if one["prefix"] + one["name"] == f"refs/{ref}" and one["target"]:
            kind = "tag" if one["target"]["__typename"] == "Tag" else "commit"
            return {
                "ref": f"refs/{ref}",
                "node_id": one["id"],
                "object": {"type": kind, "sha": one["target"]["oid"]},
            }
    raise not_found()


@route("/repos/{owner}/{name}/git/tags/{sha}")
def _git_tag(asked: Asked, owner: str, name: str, sha: str) -> Any:
    for ref in _view(asked, owner, name).tags:
        tag = ref["target"]
        if tag and tag["__typename"] == "Tag" and tag["oid"] == sha:
            return {
                "tag": tag["name"], "sha": sha, "node_id": tag["id"], "message": tag["message"],
                "tagger": {key: tag["tagger"][key] for key in ("name", "email", "date")},
                "object": {"type": "commit", "sha": tag["target"]["oid"]},
            }  # fmt: skip
    raise not_found()


def commit(asked: Asked, node: Node, with_stats: bool = False) -> Any:
    """A commit."""
    url = f"{asked.base}/repos/{node['repository']['nameWithOwner']}/commits"

    def actor(which: str) -> Any:
        person = node.get(which) or {}
        return {key: person.get(key) for key in ("name", "email", "date")}

    def user(which: str) -> Any:
        return account(asked, (node.get(which) or {}).get("_account"))

    shown = {
        "sha": node["oid"], "node_id": node["id"], "url": f"{url}/{node['oid']}",
        "commit": {
            "author": actor("author"), "committer": actor("committer"),
            "message": node.get("message", ""),
        },
        "author": user("author"), "committer": user("committer"),
        "parents": [{"sha": sha, "url": f"{url}/{sha}"} for sha in node["_parents"]],
    }  # fmt: skip
    if with_stats:
        added, removed = node.get("additions") or 0, node.get("deletions") or 0
        shown["stats"] = {"additions": added, "deletions": removed, "total": added + removed}
        shown["files"] = []
    return shown


@route("/repos/{owner}/{name}/commits")
def _commits(asked: Asked, owner: str, name: str) -> Any:
    view = _view(asked, owner, name)
    if not view.heads:
        raise RestError(409, "Git Repository is empty.")
    sha = view.find_sha(asked.query.get("sha") or "HEAD")
    if sha is None:
        raise not_found()
    since, until = iso_argument(asked.query.get("since")), iso_argument(asked.query.get("until"))
    nodes = [node for one in view.history(sha) if (node := view.commit(one)) is not None]
    if since:
        nodes = [node for node in nodes if node["committedDate"] >= since]
    if until:
        nodes = [node for node in nodes if node["committedDate"] <= until]
    return Listed(nodes, lambda node: commit(asked, node))


@route("/repos/{owner}/{name}/commits/{sha}/pulls")
def _commit_pulls(asked: Asked, owner: str, name: str, sha: str) -> Any:
    view = _view(asked, owner, name)
    return Listed(view.pulls_of_commit(sha), lambda node: pull(asked, node))


@route("/repos/{owner}/{name}/commits/{ref:rest}")
def _commit(asked: Asked, owner: str, name: str, ref: str) -> Any:
    view = _view(asked, owner, name)
    node = view.commit(view.find_sha(ref))
    if node is None:
        raise RestError(422, f"No commit found for SHA: {ref}")
    return commit(asked, node, with_stats=True)


@route("/repos/{owner}/{name}/compare/{basehead:rest}")
def _compare(asked: Asked, owner: str, name: str, basehead: str) -> Any:
    view = _view(asked, owner, name)
    base, dots, head = basehead.partition("...")
    old, new = view.find_sha(base), view.find_sha(head)
    if not dots or old is None or new is None:
        raise not_found()
    if not view.ancestors(old) & view.ancestors(new):
        raise RestError(404, f"No common ancestor between {base} and {head}.")
    ahead, behind = compared(view, old, new)
    most = None if {"page", "per_page"} & set(asked.query) else 250

    def wrap(page: list[Any]) -> Any:
        return {
            "status": status_of(len(ahead), behind), "ahead_by": len(ahead), "behind_by": behind,
            "total_commits": len(ahead), "commits": page, "files": [],
            "base_commit": commit(asked, view.commit(old) or {}),
        }  # fmt: skip

    return Listed(
        [node for sha in ahead if (node := view.commit(sha)) is not None],
        lambda node: commit(asked, node),
        wrap,
        most,
        250,
    )


def _labels(node: Node) -> Any:
    return [_label(one) for one in node["_labels"]]


def _label(node: Node) -> Any:
    return {
        "id": node["databaseId"], "node_id": node["id"], "name": node["name"],
        "color": node["color"], "default": node["isDefault"], "description": None,
    }  # fmt: skip


def pull(asked: Asked, node: Node, is_full: bool = False) -> Any:
    """A pull request; an open one has the hash of a merge that was only tried."""
    full_name = node["repository"]["nameWithOwner"]
    url = f"{asked.base}/repos/{full_name}/pulls/{node['number']}"
    shown = {
        "id": node["databaseId"], "node_id": node["id"], "number": node["number"], "url": url,
        "html_url": node["url"], "title": node["title"], "body": node["body"],
        "state": "open" if node["state"] == "OPEN" else "closed", "draft": node["isDraft"],
        "user": account(asked, node["author"]), "labels": _labels(node),
        "created_at": node["createdAt"], "updated_at": node["updatedAt"],
        "closed_at": node["closedAt"], "merged_at": node["mergedAt"],
        "merge_commit_sha": node["_merge"] or sha1("tried merge", node["id"], node["headRefOid"]),
        "head": {"ref": node["headRefName"], "sha": node["headRefOid"]},
        "base": {"ref": node["baseRefName"], "sha": node["baseRefOid"]},
        "assignees": [account(asked, one) for one in node["_assignees"]],
        "commits_url": f"{url}/commits",
    }  # fmt: skip
    if is_full:
        shown |= {
            "merged": node["merged"], "merged_by": account(asked, node["mergedBy"]),
            "additions": node["additions"], "deletions": node["deletions"],
            "changed_files": node["changedFiles"], "commits": len(node["_shas"]),
            "comments": len(node["_comments"]),
            "review_comments": sum(len(one["_comments"]) for one in node["_reviews"]),
        }  # fmt: skip
    return shown


def _sorted(asked: Asked, nodes: list[Node], default: str = "created") -> list[Node]:
    field = {"created": "createdAt", "updated": "updatedAt"}.get(asked.query.get("sort", default))
    if field is None:
        raise RestError(422, "Validation Failed")
    is_descending = asked.query.get("direction", "desc") == "desc"
    return sorted(nodes, key=lambda one: (one[field], one["id"]), reverse=is_descending)


def _in_state(asked: Asked, nodes: list[Node]) -> list[Node]:
    state = asked.query.get("state", "open")
    if state == "all":
        return nodes
    return [one for one in nodes if (one["state"] == "OPEN") == (state == "open")]


@route("/repos/{owner}/{name}/pulls")
def _pulls(asked: Asked, owner: str, name: str) -> Any:
    nodes = _in_state(asked, _view(asked, owner, name).pulls)
    if asked.query.get("base"):
        nodes = [one for one in nodes if one["baseRefName"] == asked.query["base"]]
    return Listed(_sorted(asked, nodes), lambda node: pull(asked, node))


def _pull_of(asked: Asked, owner: str, name: str, number: str) -> Node:
    node = _view(asked, owner, name).numbered(_number(number))
    if node is None or node["__typename"] != "PullRequest":
        raise not_found()
    return node


@route("/repos/{owner}/{name}/pulls/comments")
def _all_review_comments(asked: Asked, owner: str, name: str) -> Any:
    rows = [
        comment
        for node in _view(asked, owner, name).pulls
        for review in node["_reviews"]
        for comment in review["_comments"]
    ]
    return Listed(_since(asked, rows), lambda node: _review_comment(asked, node))


def _since(asked: Asked, rows: list[Node]) -> list[Node]:
    since = iso_argument(asked.query.get("since"))
    rows = [one for one in rows if not since or one["updatedAt"] >= since]
    return sorted(rows, key=lambda one: (one["createdAt"], one["databaseId"]))


def _review_comment(asked: Asked, node: Node) -> Any:
    return {
        "id": node["databaseId"], "node_id": node["id"], "body": node["body"],
        "user": account(asked, node["author"]), "path": node["path"], "commit_id": node["_sha"],
        "pull_request_review_id": node["pullRequestReview"]["databaseId"],
        "created_at": node["createdAt"], "updated_at": node["updatedAt"],
        "pull_request_url": f"{asked.base}/repos/{node['repository']['nameWithOwner']}/pulls/"
        f"{node['pullRequest']['number']}",
    }  # fmt: skip


@route("/repos/{owner}/{name}/pulls/{number}")
def _pull(asked: Asked, owner: str, name: str, number: str) -> Any:
    return pull(asked, _pull_of(asked, owner, name, number), is_full=True)


@route("/repos/{owner}/{name}/pulls/{number}/commits")
def _pull_commits(asked: Asked, owner: str, name: str, number: str) -> Any:
    node = _pull_of(asked, owner, name, number)
    view: RepositoryView = node["repository"]["_view"]
    nodes = [one for sha in node["_shas"] if (one := view.commit(sha)) is not None]
    return Listed(nodes[:250], lambda one: commit(asked, one))


@route("/repos/{owner}/{name}/pulls/{number}/reviews")
def _reviews(asked: Asked, owner: str, name: str, number: str) -> Any:
    def show(node: Node) -> Any:
        return {
            "id": node["databaseId"], "node_id": node["id"], "body": node["body"],
            "user": account(asked, node["author"]), "state": node["state"],
            "submitted_at": node["submittedAt"], "commit_id": node["_sha"],
        }  # fmt: skip

    return Listed(_pull_of(asked, owner, name, number)["_reviews"], show)


@route("/repos/{owner}/{name}/pulls/{number}/comments")
def _review_comments(asked: Asked, owner: str, name: str, number: str) -> Any:
    node = _pull_of(asked, owner, name, number)
    rows = [comment for review in node["_reviews"] for comment in review["_comments"]]
    return Listed(_since(asked, rows), lambda one: _review_comment(asked, one))


def _issue(asked: Asked, node: Node) -> Any:
    full_name = node["repository"]["nameWithOwner"]
    reason = node.get("stateReason")
    shown = {
        "id": node["databaseId"], "node_id": node["id"], "number": node["number"],
        "url": f"{asked.base}/repos/{full_name}/issues/{node['number']}",
        "html_url": node["url"], "title": node["title"], "body": node["body"],
        "state": "open" if node["state"] == "OPEN" else "closed",
        "state_reason": reason.lower() if reason else None,
        "user": account(asked, node["author"]), "labels": _labels(node),
        "assignees": [account(asked, one) for one in node["_assignees"]],
        "comments": len(node["_comments"]), "created_at": node["createdAt"],
        "updated_at": node["updatedAt"], "closed_at": node["closedAt"],
    }  # fmt: skip
    if node["__typename"] == "PullRequest":
        shown["draft"] = node["isDraft"]
        shown["pull_request"] = {
            "url": f"{asked.base}/repos/{full_name}/pulls/{node['number']}",
            "merged_at": node["mergedAt"],
        }
    return shown


@route("/repos/{owner}/{name}/issues")
def _issues(asked: Asked, owner: str, name: str) -> Any:
    view = _view(asked, owner, name)
    nodes = _in_state(asked, [*view.issues, *view.pulls])
    since = iso_argument(asked.query.get("since"))
    nodes = [one for one in nodes if not since or one["updatedAt"] >= since]
    if asked.query.get("labels"):
        wanted = set(asked.query["labels"].split(","))
        nodes = [one for one in nodes if wanted <= {label["name"] for label in one["_labels"]}]
    return Listed(_sorted(asked, nodes), lambda node: _issue(asked, node))


@route("/repos/{owner}/{name}/issues/comments")
def _all_comments(asked: Asked, owner: str, name: str) -> Any:
    view = _view(asked, owner, name)
    rows = [one for node in (*view.issues, *view.pulls) for one in node["_comments"]]
    return Listed(_since(asked, rows), lambda node: _comment(asked, node))


@route("/repos/{owner}/{name}/issues/{number}")
def _one_issue(asked: Asked, owner: str, name: str, number: str) -> Any:
    node = _view(asked, owner, name).numbered(_number(number))
    if node is None:
        raise not_found()
    return _issue(asked, node)


@route("/repos/{owner}/{name}/issues/{number}/comments")
def _comments(asked: Asked, owner: str, name: str, number: str) -> Any:
    node = _view(asked, owner, name).numbered(_number(number))
    if node is None:
        raise not_found()
    return Listed(_since(asked, node["_comments"]), lambda one: _comment(asked, one))


def _comment(asked: Asked, node: Node) -> Any:
    parent = node["_parent"]
    return {
        "id": node["databaseId"], "node_id": node["id"], "body": node["body"],
        "user": account(asked, node["author"]), "created_at": node["createdAt"],
        "updated_at": node["updatedAt"], "html_url": node["url"],
        "issue_url": f"{asked.base}/repos/{node['repository']['nameWithOwner']}/issues/"
        f"{parent['number']}",
    }  # fmt: skip


@route("/repos/{owner}/{name}/labels")
def _all_labels(asked: Asked, owner: str, name: str) -> Any:
    return Listed(_view(asked, owner, name).labels, _label)


def _release(asked: Asked, node: Node) -> Any:
    return {
        "id": node["databaseId"], "node_id": node["id"], "tag_name": node["tagName"],
        "name": node["name"], "draft": node["isDraft"], "prerelease": node["isPrerelease"],
        "author": account(asked, node["author"]), "created_at": node["createdAt"],
        "published_at": node["publishedAt"], "html_url": node["url"],
    }  # fmt: skip


@route("/repos/{owner}/{name}/releases")
def _releases(asked: Asked, owner: str, name: str) -> Any:
    rows = _view(asked, owner, name).releases
    rows = sorted(rows, key=lambda one: (one["createdAt"], one["databaseId"]), reverse=True)
    return Listed(rows, lambda node: _release(asked, node))


def _deployment(asked: Asked, node: Node) -> Any:
    full_name = node["repository"]["nameWithOwner"]
    url = f"{asked.base}/repos/{full_name}/deployments/{node['databaseId']}"
    return {
        "id": node["databaseId"], "node_id": node["id"], "url": url, "sha": node["commitOid"],
        "ref": node["_ref"], "task": node["task"], "environment": node["environment"],
        "original_environment": node["originalEnvironment"], "description": None, "payload": {},
        "creator": account(asked, node["creator"]), "created_at": node["createdAt"],
        "updated_at": node["updatedAt"], "statuses_url": f"{url}/statuses",
    }  # fmt: skip


@route("/repos/{owner}/{name}/deployments")
def _deployments(asked: Asked, owner: str, name: str) -> Any:
    rows = _view(asked, owner, name).deployments
    for parameter, field in (("environment", "environment"), ("sha", "commitOid"),
                             ("ref", "_ref"), ("task", "task")):  # fmt: skip
        if asked.query.get(parameter):
            rows = [one for one in rows if one[field] == asked.query[parameter]]
    rows = sorted(rows, key=lambda one: (one["createdAt"], one["databaseId"]), reverse=True)
    return Listed(rows, lambda node: _deployment(asked, node))


def _deployment_of(asked: Asked, owner: str, name: str, number: str) -> Node:
    wanted = _number(number)
    for one in _view(asked, owner, name).deployments:
        if one["databaseId"] == wanted:
            return one
    raise not_found()


@route("/repos/{owner}/{name}/deployments/{number}")
def _one_deployment(asked: Asked, owner: str, name: str, number: str) -> Any:
    return _deployment(asked, _deployment_of(asked, owner, name, number))


@route("/repos/{owner}/{name}/deployments/{number}/statuses")
def _statuses(asked: Asked, owner: str, name: str, number: str) -> Any:
    def show(node: Node) -> Any:
        return {
            "id": node["databaseId"], "node_id": node["id"], "state": node["state"].lower(),
            "environment": node["environment"], "creator": account(asked, node["creator"]),
            "description": "", "created_at": node["createdAt"], "updated_at": node["updatedAt"],
        }  # fmt: skip

    return Listed(_deployment_of(asked, owner, name, number)["_statuses"][::-1], show)


@route("/repos/{owner}/{name}/environments")
def _environments(asked: Asked, owner: str, name: str) -> Any:
    names = sorted({one["environment"] for one in _view(asked, owner, name).deployments})
    return Listed(
        names,
        lambda one: {"name": one},
        lambda page: {"total_count": len(names), "environments": page},
    )


_RUN_FILTERS = ("actor", "branch", "event", "status", "created", "head_sha", "check_suite_id")


def _run(asked: Asked, node: Node) -> Any:
    shown = {key: value for key, value in node.items() if not key.startswith("_")}
    shown["actor"] = account(asked, node["actor"])
    shown["triggering_actor"] = account(asked, node["triggering_actor"])
    shown["url"] = f"{asked.base}/repos/{node['_full_name']}/actions/runs/{node['id']}"
    return shown


def _with_name(view: RepositoryView, node: Node) -> Node:
    node.setdefault("_full_name", view.node["nameWithOwner"])
    return node


@route("/repos/{owner}/{name}/actions/runs")
def _runs(asked: Asked, owner: str, name: str) -> Any:
    view = _view(asked, owner, name)
    rows = view.runs
    query = asked.query
    if query.get("branch"):
        rows = [one for one in rows if one["head_branch"] == query["branch"]]
    if query.get("event"):
        rows = [one for one in rows if one["event"] == query["event"]]
    if query.get("head_sha"):
        rows = [one for one in rows if one["head_sha"] == query["head_sha"]]
    if query.get("status"):
        rows = [one for one in rows if query["status"] in (one["status"], one["conclusion"])]
    if query.get("created"):
        rows = [one for one in rows if _created(one["created_at"], query["created"])]
    return Listed(
        rows,
        lambda node: _run(asked, _with_name(view, node)),
        lambda page: {"total_count": len(rows), "workflow_runs": page},
        # "up to 1,000 results for each search" when filtered; unfiltered lists go on
        1000 if any(query.get(one) for one in _RUN_FILTERS) else None,
    )


def _created(at: str, condition: str) -> bool:
    """GitHub's date search: 2026-01-01..2026-02-01, >=2026-01-01, <…, or one day."""
    if ".." in condition:
        low, _, high = condition.partition("..")
        return (low in ("", "*") or at >= low) and (high in ("", "*") or at[: len(high)] <= high)
    for sign, test in (
        (">=", lambda text: at[: len(text)] >= text),
        ("<=", lambda text: at[: len(text)] <= text),
        (">", lambda text: at[: len(text)] > text),
        ("<", lambda text: at[: len(text)] < text),
    ):
        if condition.startswith(sign):
            return test(condition[len(sign) :])
    return at.startswith(condition)


def _run_of(asked: Asked, owner: str, name: str, number: str) -> Node:
    view, wanted = _view(asked, owner, name), _number(number)
    runs: dict[int, Node] = view.__dict__.setdefault("_runs_by_id", {})
    if not runs:
        runs.update({one["id"]: one for one in view.runs})
    if wanted not in runs:
        raise not_found()
    return _with_name(view, runs[wanted])


@route("/repos/{owner}/{name}/actions/runs/{number}")
def _one_run(asked: Asked, owner: str, name: str, number: str) -> Any:
    return _run(asked, _run_of(asked, owner, name, number))


def _jobs(asked: Asked, node: Node, attempt: int | None) -> Listed:
    rows = [job for job in node["_jobs"] if attempt is None or job["run_attempt"] == attempt]
    return Listed(
        rows,
        lambda job: {
            **job,
            "run_url": f"{asked.base}/repos/{node['_full_name']}/actions/runs/{node['id']}",
        },
        lambda page: {"total_count": len(rows), "jobs": page},
    )


@route("/repos/{owner}/{name}/actions/runs/{number}/jobs")
def _run_jobs(asked: Asked, owner: str, name: str, number: str) -> Any:
    view = _view(asked, owner, name)
    others = getattr(view, "other_jobs", {}).get(_number(number))
    if others:  # recorded jobs of a run that was not recorded
        full_name = view.node["nameWithOwner"]
        return _jobs(asked, {"id": number, "_full_name": full_name, "_jobs": others}, None)
    node = _run_of(asked, owner, name, number)
    is_all = asked.query.get("filter", "latest") == "all"
    return _jobs(asked, node, None if is_all else node["run_attempt"])


@route("/repos/{owner}/{name}/actions/runs/{number}/attempts/{attempt}/jobs")
def _attempt_jobs(asked: Asked, owner: str, name: str, number: str, attempt: str) -> Any:
    return _jobs(asked, _run_of(asked, owner, name, number), _number(attempt))


@route("/repos/{owner}/{name}/actions/workflows")
def _workflows(asked: Asked, owner: str, name: str) -> Any:
    found = {one["workflow_id"]: one for one in _view(asked, owner, name).runs}
    return Listed(
        sorted(found),
        lambda number: {
            "id": number, "name": found[number]["name"], "path": found[number]["path"],
            "state": "active",
        },
        lambda page: {"total_count": len(found), "workflows": page},
    )  # fmt: skip
