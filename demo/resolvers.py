"""What GraphQL fields with links, lists or arguments give: GitHub's paging rules over a catalog."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from demo.catalog import Catalog, Node, Ordered, RepositoryView, iso
from demo.checks import wanted
from demo.executor import RequestError, Resolver

_FIELDS = {
    "CREATED_AT": "createdAt", "UPDATED_AT": "updatedAt", "NAME": "name", "PUSHED_AT": "pushedAt",
    "ALPHABETICAL": "name", "TAG_COMMIT_DATE": "_date", "STARGAZERS": "stargazerCount",
}  # fmt: skip


@dataclass
class Context:
    """What a request is answered from, and what it costs."""

    catalog: Catalog
    rate_limit: Node


def encode_cursor(mark: Any) -> str:
    """An opaque cursor."""
    text = "cursor:v2:" + json.dumps(mark, ensure_ascii=False, separators=(",", ":"))
    return base64.b64encode(text.encode()).decode()


def decode_cursor(text: str, kind: type) -> Any:
    """What a cursor of this kind of list remembers; a RequestError for any other text."""
    try:
        raw = base64.b64decode(text, validate=True).decode()
        if not raw.startswith("cursor:v2:"):
            raise ValueError(text)
        mark = json.loads(raw[10:])
        if not isinstance(mark, kind):
            raise ValueError(text)
        return mark
    except ValueError:
        raise RequestError(
            f"`{text}` does not appear to be a valid cursor.", "INVALID_CURSOR_ARGUMENTS"
        ) from None


def _bounds(arguments: dict[str, Any]) -> tuple[int | None, int | None]:
    field = arguments.get("_field", "connection")
    first, last = arguments.get("first"), arguments.get("last")
    if first is None and last is None:
        raise RequestError(
            f"You must provide a `first` or `last` value to properly paginate the `{field}` "
            "connection.",
            "MISSING_PAGINATION_BOUNDARIES",
        )
    for name, value in (("first", first), ("last", last)):
        if value is not None and value > 100:
            raise RequestError(
                f"Requesting {value} records on the `{field}` connection exceeds the `{name}` "
                "limit of 100 records.",
                "EXCESSIVE_PAGINATION",
            )
        if value is not None and value < 0:
            raise RequestError(
                f"`{name}` on the `{field}` connection cannot be less than zero.",
                "INVALID_PAGINATION_BOUNDARIES",
            )
    return first, last


def _place(index: int) -> Any:
    return index


def connection(
    items: Sequence[Any] | Ordered, arguments: dict[str, Any], typename: str = "", **extra: Any
) -> Node:
    """The page of a list that first/last/after/before ask for."""
    first, last = _bounds(arguments)
    ordered = items if isinstance(items, Ordered) else None
    plain: Sequence[Any] = ordered.items if ordered is not None else items  # type: ignore[assignment]
    total = len(plain)
    start, stop = 0, total
    cursor: Callable[[int], Any] = ordered.cursor if ordered is not None else _place
    after, before = arguments.get("after"), arguments.get("before")
    if after:
        mark = decode_cursor(after, list if ordered is not None else int)
        start = ordered.after(mark) if ordered is not None else mark + 1
    if before:
        mark = decode_cursor(before, list if ordered is not None else int)
        stop = ordered.before(mark) if ordered is not None else mark
    start, stop = min(start, total), max(min(stop, total), 0)
    if first is not None:
        stop = min(stop, start + first)
    else:
        start = max(start, stop - (last or 0))
    return {
        "__typename": typename,
        "totalCount": total,
        "filteredCount": total,
        "pageCount": max(stop - start, 0),
        "nodes": plain[start:stop],
        "_start": start,
        "_stop": stop,
        "_total": total,
        "_cursor": cursor,
        **extra,
    }


def _page_info(page: Node, _: dict[str, Any], __: Context) -> Node:
    start, stop, cursor = page["_start"], page["_stop"], page["_cursor"]
    is_empty = stop <= start
    return {
        "__typename": "PageInfo",
        "hasNextPage": stop < page["_total"],
        "hasPreviousPage": start > 0,
        "startCursor": None if is_empty else encode_cursor(cursor(start)),
        "endCursor": None if is_empty else encode_cursor(cursor(stop - 1)),
    }


def _edges(page: Node, _: dict[str, Any], __: Context) -> list[Node]:
    decorate: Callable[[Any], Node] = page.get("_edge") or (lambda node: {"node": node})
    return [
        {"cursor": encode_cursor(page["_cursor"](page["_start"] + place)), **decorate(node)}
        for place, node in enumerate(page["nodes"])
    ]


def _order(arguments: dict[str, Any], default: str = "CREATED_AT") -> tuple[str, str]:
    order = arguments.get("orderBy") or {"field": default, "direction": "ASC"}
    field = _FIELDS.get(order["field"])
    if field is None:
        raise RequestError(f"The demo cannot sort by {order['field']}.")
    return field, order["direction"]


def _organization(_: Node, arguments: dict[str, Any], context: Context) -> Node:
    owner = context.catalog.owner(arguments["login"])
    if owner is None or owner["__typename"] != "Organization":
        raise RequestError(
            f"Could not resolve to an Organization with the login of '{arguments['login']}'.",
            "NOT_FOUND",
        )
    return owner


def _user(_: Node, arguments: dict[str, Any], context: Context) -> Node:
    owner = context.catalog.owner(arguments["login"])
    if owner is None or owner["__typename"] != "User":
        raise RequestError(
            f"Could not resolve to a User with the login of '{arguments['login']}'.", "NOT_FOUND"
        )
    return owner


def _repository_owner(_: Node, arguments: dict[str, Any], context: Context) -> Node | None:
    # GitHub says nothing of an unknown login here: null without an error.
    owner = context.catalog.owner(arguments["login"])
    return owner if owner and owner["__typename"] in ("Organization", "User") else None


def _repository(value: Node, arguments: dict[str, Any], context: Context) -> Node:
    owner = str(arguments.get("owner") or value.get("login"))
    view = context.catalog.repository(owner, arguments["name"])
    if view is None:
        raise RequestError(
            f"Could not resolve to a Repository with the name '{owner}/{arguments['name']}'.",
            "NOT_FOUND",
        )
    return view.node


def _node(_: Node, arguments: dict[str, Any], context: Context) -> Node:
    found = context.catalog.node(arguments["id"])
    if found is None:
        raise RequestError(
            f"Could not resolve to a node with the global id of '{arguments['id']}'", "NOT_FOUND"
        )
    return found


def _nodes(_: Node, arguments: dict[str, Any], context: Context) -> list[Node | None]:
    ids = arguments["ids"]
    if len(ids) > 100:
        raise RequestError(
            f"You may not provide more than 100 node ids; you provided {len(ids)}.",
            "ARGUMENT_LIMIT",
        )
    found = [context.catalog.node(one) for one in ids]
    missing = [one for one, node in zip(ids, found, strict=True) if node is None]
    if missing:
        # As GitHub does, only the first is named; the others come back as null too.
        context.rate_limit.setdefault("_notes", []).append(
            {
                "type": "NOT_FOUND",
                "path": ["nodes", ids.index(missing[0])],
                "message": f"Could not resolve to a node with the global id of '{missing[0]}'",
            }
        )
    return found


def _repositories(value: Node, arguments: dict[str, Any], context: Context) -> Node:
    catalog, login = context.catalog, value["login"]

    def node_of(name: str) -> Node | None:
        view = catalog.repository(login, name)
        return None if view is None else view.node

    filters = ("isFork", "isArchived", "privacy")
    if _order(arguments)[0] == "name" and all(arguments.get(one) is None for one in filters):
        # By name a page can be cut before its repositories' stories are told: there may be many.
        named = [{"id": name, "name": name} for name in catalog.names(login)]
        ordered = Ordered(named, lambda one: one["name"], _order(arguments)[1] == "DESC")
        page = connection(ordered, arguments)
        page["nodes"] = [node_of(one["name"]) for one in page["nodes"]]
        return page
    nodes = [node for name in catalog.names(login) if (node := node_of(name)) is not None]
    for argument, field in (("isFork", "isFork"), ("isArchived", "isArchived")):
        if arguments.get(argument) is not None:
            nodes = [node for node in nodes if node[field] == arguments[argument]]
    if arguments.get("privacy") is not None:
        nodes = [node for node in nodes if node["visibility"] == arguments["privacy"]]
    field, direction = _order(arguments)
    return connection(Ordered(nodes, lambda node: node[field], direction == "DESC"), arguments)


def _teams(value: Node, arguments: dict[str, Any], context: Context) -> Node:
    teams = context.catalog.teams if value["__typename"] == "Organization" else []
    if arguments.get("rootTeamsOnly"):
        teams = [team for team in teams if team["parentTeam"] is None]
    return connection(Ordered(teams, lambda team: team["name"], False), arguments)


def _team(_: Node, arguments: dict[str, Any], context: Context) -> Node | None:
    slug = arguments["slug"].lower()
    return next((team for team in context.catalog.teams if team["slug"] == slug), None)


def _child_teams(value: Node, arguments: dict[str, Any], context: Context) -> Node:
    return connection(
        [team for team in context.catalog.teams if team["parentTeam"] is value], arguments
    )


def team_members(team: Node, membership: str, catalog: Catalog) -> list[tuple[Node, str]]:
    """(account, role) of a team: IMMEDIATE, CHILD_TEAM or ALL."""
    members = {} if membership == "CHILD_TEAM" else {one["id"]: (one, role) for one, role in
                                                     team["_members"]}  # fmt: skip
    if membership != "IMMEDIATE":
        for child in catalog.teams:
            if child["parentTeam"] is team:
                for one, _ in team_members(child, "ALL", catalog):
                    members.setdefault(one["id"], (one, "MEMBER"))
    return list(members.values())


def _members(value: Node, arguments: dict[str, Any], context: Context) -> Node:
    members = team_members(value, arguments.get("membership") or "ALL", context.catalog)
    if arguments.get("role"):
        members = [one for one in members if one[1] == arguments["role"]]
    roles = {account["id"]: role for account, role in members}
    return connection(
        [account for account, _ in members],
        arguments,
        _edge=lambda node: {"node": node, "role": roles[node["id"]]},
    )


def _organization_members(value: Node, arguments: dict[str, Any], context: Context) -> Node:
    people = [one for one in context.catalog.accounts if one["__typename"] == "User"]
    return connection(people, arguments, _edge=lambda node: {"node": node, "role": "MEMBER"})


def _team_repositories(value: Node, arguments: dict[str, Any], context: Context) -> Node:
    catalog, login = context.catalog, value["organization"]["login"]
    permissions = value["_permissions"]
    nodes = []
    for name in sorted(permissions):
        view = catalog.repository(login, name)
        if view is not None:
            nodes.append(view.node)
    return connection(
        nodes,
        arguments,
        _edge=lambda node: {"node": node, "permission": permissions[node["name"]]},
    )


def view_of(node: Node) -> RepositoryView:
    """The view of a repository's node, or of anything in a repository."""
    repository = node if node["__typename"] == "Repository" else node["repository"]
    view: RepositoryView = repository["_view"]
    return view


def _listed(kind: str, default: str = "CREATED_AT") -> Resolver:
    def resolve(value: Node, arguments: dict[str, Any], _: Context) -> Node:
        field, direction = _order(arguments, default)
        view = view_of(value)
        items = view.ordered(kind, field, direction)
        keep: list[Callable[[Node], bool]] = []
        if arguments.get("states"):
            keep.append(lambda node: node["state"] in arguments["states"])
        if arguments.get("labels"):
            wanted = set(arguments["labels"])
            keep.append(lambda node: any(one["name"] in wanted for one in node["_labels"]))
        if arguments.get("baseRefName"):
            keep.append(lambda node: node["baseRefName"] == arguments["baseRefName"])
        if arguments.get("headRefName"):
            keep.append(lambda node: node["headRefName"] == arguments["headRefName"])
        if arguments.get("environments"):
            keep.append(lambda node: node["environment"] in arguments["environments"])
        since = (arguments.get("filterBy") or {}).get("since")
        if since:
            keep.append(lambda node: node["updatedAt"] >= since)
        if keep:
            nodes = [node for node in items.items if all(test(node) for test in keep)]
            items = Ordered(nodes, lambda node: node[field], direction == "DESC")
        return connection(items, arguments)

    return resolve


def _refs(value: Node, arguments: dict[str, Any], _: Context) -> Node:
    prefix = arguments["refPrefix"]
    kind = {"refs/tags/": "tags", "refs/heads/": "heads"}.get(prefix)
    if kind is None:
        return connection([], arguments)
    field, direction = _order(arguments, "ALPHABETICAL")
    if not arguments.get("orderBy") and arguments.get("direction"):
        direction = arguments["direction"]
    items = view_of(value).ordered(kind, field, direction)
    if arguments.get("query"):
        nodes = [node for node in items.items if arguments["query"] in node["name"]]
        items = Ordered(nodes, lambda node: node[field], direction == "DESC")
    return connection(items, arguments)


def _ref(value: Node, arguments: dict[str, Any], _: Context) -> Node | None:
    view, name = view_of(value), arguments["qualifiedName"]
    for one in (*view.heads, *view.tags):
        if name in (one["prefix"] + one["name"], one["name"]):
            return one
    return None


def _default_branch(value: Node, _: dict[str, Any], __: Context) -> Node | None:
    heads = view_of(value).heads
    return heads[0] if heads else None


def _object(value: Node, arguments: dict[str, Any], _: Context) -> Node | None:
    view = view_of(value)
    if arguments.get("oid"):
        return view.commit(arguments["oid"])
    expression = (arguments.get("expression") or "").removesuffix("^{commit}")
    sha = view.find_sha(expression)
    return view.commit(sha) if sha else None


def _numbered(typename: str) -> Resolver:
    def resolve(value: Node, arguments: dict[str, Any], _: Context) -> Node:
        found = view_of(value).numbered(arguments["number"])
        if found is None or found["__typename"] != typename:
            raise RequestError(
                f"Could not resolve to {'an Issue' if typename == 'Issue' else 'a PullRequest'} "
                f"with the number of {arguments['number']}.",
                "NOT_FOUND",
            )
        return found

    return resolve


def _topics(value: Node, arguments: dict[str, Any], _: Context) -> Node:
    return connection(
        [
            {
                "__typename": "RepositoryTopic",
                "id": f"MDE1OnRvcGlj{topic}",
                "topic": {"__typename": "Topic", "id": f"MDU6VG9waWM{topic}", "name": topic},
            }
            for topic in value["_topics"]
        ],
        arguments,
    )


def _label(value: Node, arguments: dict[str, Any], _: Context) -> Node | None:
    return next((one for one in view_of(value).labels if one["name"] == arguments["name"]), None)


def _release(value: Node, arguments: dict[str, Any], _: Context) -> Node | None:
    releases = view_of(value).releases
    return next((one for one in releases if one["tagName"] == arguments["tagName"]), None)


def _latest_release(value: Node, _: dict[str, Any], __: Context) -> Node | None:
    published = [
        one
        for one in view_of(value).releases
        if not one["isDraft"] and not one["isPrerelease"] and one["publishedAt"]
    ]
    return max(published, key=lambda one: one["publishedAt"], default=None)


def _history(value: Node, arguments: dict[str, Any], _: Context) -> Node:
    view = view_of(value)
    shas = view.history(value["oid"])
    since, until = iso_argument(arguments.get("since")), iso_argument(arguments.get("until"))
    if since or until:
        kept = []
        for sha in shas:
            commit = view.commit(sha)
            date = commit["committedDate"] if commit else ""
            if (not since or date >= since) and (not until or date <= until):
                kept.append(sha)
        shas = kept
    page = connection(shas, arguments)
    page["nodes"] = [view.commit(sha) for sha in page["nodes"]]
    return page


def iso_argument(value: Any) -> str | None:
    """A time given by a client, in the form that the catalog's times have."""
    if not value:
        return None
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        raise RequestError(f"'{value}' is not a valid time.") from None
    return iso(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def _parents(value: Node, arguments: dict[str, Any], _: Context) -> Node:
    view = view_of(value)
    nodes = [view.commit(sha) or _stub(sha, value["repository"]) for sha in value["_parents"]]
    return connection(nodes, arguments)


def _stub(sha: str, repository: Node) -> Node:
    """A commit of which nothing but the hash is known."""
    return {
        "__typename": "Commit", "id": f"C_{sha}", "oid": sha, "abbreviatedOid": sha[:7],
        "repository": repository, "_parents": (),
    }  # fmt: skip


def _associated(value: Node, arguments: dict[str, Any], _: Context) -> Node:
    pulls = view_of(value).pulls_of_commit(value["oid"])
    return connection([one for one in pulls if one is not None], arguments)


def _authors(value: Node, arguments: dict[str, Any], _: Context) -> Node:
    return connection([value["author"]] if value.get("author") else [], arguments)


def _linked_commit(key: str) -> Resolver:
    def resolve(value: Node, _: dict[str, Any], __: Context) -> Node | None:
        sha = value.get(key)
        if not sha:
            return None
        return view_of(value).commit(sha) or _stub(sha, value["repository"])

    return resolve


def _compare(value: Node, arguments: dict[str, Any], _: Context) -> Node | None:
    view = view_of(value)
    base, head = value["_commit"], view.find_sha(arguments["headRef"])
    if base is None or head is None:
        return None
    ahead, behind = compared(view, base["oid"], head)
    return {
        "__typename": "Comparison", "id": f"COMP_{base['oid']}{head}", "repository": value,
        "aheadBy": len(ahead), "behindBy": behind,
        "status": status_of(len(ahead), behind).upper(),
        "_commits": [view.commit(sha) for sha in ahead],
    }  # fmt: skip


def compared(view: RepositoryView, base: str, head: str) -> tuple[list[str], int]:
    """Commits of head that base lacks, oldest first, and how many of base head lacks."""
    old, new = view.ancestors(base), view.ancestors(head)
    ahead = [sha for sha in reversed(view.history(head)) if sha not in old] if new - old else []
    return ahead, len(old - new)


def status_of(ahead: int, behind: int) -> str:
    """identical, ahead, behind or diverged."""
    return ("diverged" if behind else "ahead") if ahead else ("behind" if behind else "identical")


def _list(key: str) -> Resolver:
    def resolve(value: Node, arguments: dict[str, Any], _: Context) -> Node:
        return connection(value[key], arguments)

    return resolve


def _pull_commits(value: Node, arguments: dict[str, Any], _: Context) -> Node:
    view = view_of(value)
    page = connection(value["_shas"], arguments)
    page["nodes"] = [
        {
            "__typename": "PullRequestCommit",
            "id": f"PURC_{value['id'][3:]}_{sha}",
            "commit": view.commit(sha) or _stub(sha, value["repository"]),
            "pullRequest": value,
            "url": f"{value['url']}/commits/{sha}",
        }
        for sha in page["nodes"]
    ]
    return page


def _closing_issues(value: Node, arguments: dict[str, Any], _: Context) -> Node:
    view = view_of(value)
    found = [view.numbered(number) for number in value["_closes"]]
    return connection([one for one in found if one and one["__typename"] == "Issue"], arguments)


def _reviews(value: Node, arguments: dict[str, Any], _: Context) -> Node:
    reviews = value["_reviews"]
    if arguments.get("states"):
        reviews = [one for one in reviews if one["state"] in arguments["states"]]
    return connection(reviews, arguments)


_ITEM_TYPES = {
    "READY_FOR_REVIEW_EVENT": "ReadyForReviewEvent",
    "CONVERT_TO_DRAFT_EVENT": "ConvertToDraftEvent",
    "MERGED_EVENT": "MergedEvent",
    "CLOSED_EVENT": "ClosedEvent",
    "ISSUE_COMMENT": "IssueComment",
    "PULL_REQUEST_REVIEW": "PullRequestReview",
}


def _timeline(value: Node, arguments: dict[str, Any], _: Context) -> Node:
    items = [*value.get("_turns", ()), *value["_comments"], *value.get("_reviews", ())]
    identity = value["id"].partition("_")[2]
    if value.get("mergedAt"):
        items.append({
            "__typename": "MergedEvent", "id": f"ME_{identity}", "createdAt": value["mergedAt"],
            "actor": value["mergedBy"], "pullRequest": value, "repository": value["repository"],
            "_merge": value["_merge"], "mergeRefName": value["baseRefName"],
        })  # fmt: skip
    if value.get("closedAt"):
        items.append({
            "__typename": "ClosedEvent", "id": f"CE_{identity}", "createdAt": value["closedAt"],
            "actor": value.get("mergedBy"), "stateReason": value.get("stateReason"),
        })  # fmt: skip
    wanted = arguments.get("itemTypes")
    if wanted is not None:
        names = {_ITEM_TYPES.get(one) for one in wanted}
        items = [one for one in items if one["__typename"] in names]
    items.sort(key=lambda one: one["createdAt"] or "")
    return connection(items, arguments, updatedAt=value["updatedAt"])


def _deployment_statuses(value: Node, arguments: dict[str, Any], _: Context) -> Node:
    return connection(value["_statuses"][::-1], arguments)  # GitHub: the newest first


def _latest_status(value: Node, _: dict[str, Any], __: Context) -> Node | None:
    return value["_statuses"][-1] if value["_statuses"] else None


def _check_runs(value: Node, arguments: dict[str, Any], _: Context) -> Node:
    return connection(wanted(value["_checks"], arguments.get("filterBy") or {}), arguments)


def _deployment_ref(value: Node, _: dict[str, Any], __: Context) -> Node | None:
    view = view_of(value)
    return next((one for one in (*view.heads, *view.tags) if one["name"] == value["_ref"]), None)


RESOLVERS: dict[tuple[str, str], Resolver] = {
    ("Connection", "pageInfo"): _page_info,
    ("Connection", "edges"): _edges,
    ("Query", "organization"): _organization,
    ("Query", "user"): _user,
    ("Query", "viewer"): lambda _, __, context: context.catalog.viewer,
    ("Query", "repositoryOwner"): _repository_owner,
    ("Query", "repository"): _repository,
    ("Query", "node"): _node,
    ("Query", "nodes"): _nodes,
    ("Query", "rateLimit"): lambda _, __, context: context.rate_limit,
    ("Organization", "repositories"): _repositories,
    ("User", "repositories"): _repositories,
    ("Organization", "repository"): _repository,
    ("User", "repository"): _repository,
    ("Organization", "teams"): _teams,
    ("Organization", "team"): _team,
    ("Organization", "membersWithRole"): _organization_members,
    ("Team", "members"): _members,
    ("Team", "repositories"): _team_repositories,
    ("Team", "childTeams"): _child_teams,
    ("Repository", "defaultBranchRef"): _default_branch,
    ("Repository", "repositoryTopics"): _topics,
    ("Repository", "object"): _object,
    ("Repository", "ref"): _ref,
    ("Repository", "refs"): _refs,
    ("Repository", "issue"): _numbered("Issue"),
    ("Repository", "pullRequest"): _numbered("PullRequest"),
    ("Repository", "issues"): _listed("issues"),
    ("Repository", "pullRequests"): _listed("pulls"),
    ("Repository", "label"): _label,
    ("Repository", "labels"): _listed("labels", "NAME"),
    ("Repository", "release"): _release,
    ("Repository", "releases"): _listed("releases"),
    ("Repository", "latestRelease"): _latest_release,
    ("Repository", "deployments"): _listed("deployments"),
    ("Ref", "compare"): _compare,
    ("Ref", "associatedPullRequests"): lambda value, arguments, _: connection(
        [one for one in view_of(value).pulls if one["headRefName"] == value["name"]], arguments
    ),
    ("Comparison", "commits"): _list("_commits"),
    ("Commit", "history"): _history,
    ("Commit", "parents"): _parents,
    ("Commit", "associatedPullRequests"): _associated,
    ("Commit", "authors"): _authors,
    ("MergedEvent", "commit"): _linked_commit("_merge"),
    ("PullRequest", "mergeCommit"): _linked_commit("_merge"),
    ("PullRequest", "labels"): _list("_labels"),
    ("PullRequest", "assignees"): _list("_assignees"),
    ("PullRequest", "commits"): _pull_commits,
    ("PullRequest", "comments"): _list("_comments"),
    ("PullRequest", "reviews"): _reviews,
    ("PullRequest", "closingIssuesReferences"): _closing_issues,
    ("PullRequest", "timelineItems"): _timeline,
    ("PullRequest", "totalCommentsCount"): lambda value, _, __: (
        len(value["_comments"]) + sum(len(review["_comments"]) for review in value["_reviews"])
    ),
    ("PullRequestReview", "comments"): _list("_comments"),
    ("PullRequestReview", "commit"): _linked_commit("_sha"),
    ("PullRequestReviewComment", "commit"): _linked_commit("_sha"),
    ("Issue", "labels"): _list("_labels"),
    ("Issue", "assignees"): _list("_assignees"),
    ("Issue", "comments"): _list("_comments"),
    ("Issue", "timelineItems"): _timeline,
    ("Deployment", "statuses"): _deployment_statuses,
    ("Deployment", "latestStatus"): _latest_status,
    ("Deployment", "ref"): _deployment_ref,
    ("CheckSuite", "checkRuns"): _check_runs,
    ("CheckSuite", "commit"): _linked_commit("_sha"),
    ("Deployment", "commit"): lambda value, _, __: view_of(value).commit(value["commitOid"]),
}
