"""The parts that Jira's endpoints share: routes, refusals, pages, and how an issue is shown."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import QueryParams

from demo.jira_catalog import JiraCatalog, JiraIssue, Node, document_text, shown

INLINE_HISTORY = 100  # entries of an expanded changelog, the latest; the rest has to be fetched
INLINE_WORKLOGS = 20
EXPAND = "operations,versionedRepresentations,editmeta,changelog,renderedFields"


class Refusal(Exception):
    """An answer other than 200: its body is JSON, a text for `errorMessages`, or bytes as is."""

    def __init__(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        super().__init__(str(body))
        self.status, self.headers = status, headers or {}
        self.body = {"errorMessages": [body], "errors": {}} if isinstance(body, str) else body


@dataclass
class Site:
    """What is set for the whole site, whatever the moment."""

    without_agile: int | None = None  # the status the agile API answers with in place of serving
    browse_users: bool = True  # the global permission "Browse users and groups"
    token_lifetime: float = 7 * 86400.0


@dataclass
class Asked:
    """A request, as far as an endpoint sees it."""

    site: Site
    catalog: JiraCatalog
    index: JiraCatalog  # what searches see: it may lag behind
    query: QueryParams
    base: str  # address of the site without a slash at the end
    path: str
    is_anonymous: bool = False
    body: Any = field(default_factory=dict)  # of a POST

    def number(self, name: str, default: int, most: int, least: int = 0) -> int:
        """A number of the query; Jira takes what is too large or small for the nearest."""
        text = self.query.get(name)
        if text is None or text == "":
            return default
        return min(max(whole(name, text, self.path), least), most)

    def listed(self, name: str) -> list[str]:
        """A list in the query: repeated, with commas, or both."""
        return [
            part.strip()
            for text in self.query.getlist(name)
            for part in text.split(",")
            if part.strip()
        ]

    @property
    def me(self) -> Node:
        """The account that asks."""
        return self.catalog.viewer


Endpoint = Callable[..., Any]
_ROUTES: list[tuple[str, re.Pattern[str], Endpoint, bool]] = []


def route(method: str, path: str, *, anonymous: bool = True) -> Callable[[Endpoint], Endpoint]:
    """Register an endpoint; `{name}` is a part of the path. Not anonymous: 401 without login."""
    pattern = re.compile("^" + re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path) + "$")

    def register(endpoint: Endpoint) -> Endpoint:
        _ROUTES.append((method, pattern, endpoint, anonymous))
        return endpoint

    return register


def answer(asked: Asked, method: str) -> Any:
    """What the endpoint of the path gives; Refusal if it refuses or there is none."""
    allowed = []
    for its_method, pattern, endpoint, anonymous in _ROUTES:
        match = pattern.match(asked.path)
        if match is None:
            continue
        if its_method != method:
            allowed.append(its_method)
            continue
        if asked.is_anonymous and not anonymous:
            raise unauthorized()
        return endpoint(asked, **match.groupdict())
    if allowed:
        raise Refusal(405, b"", {"Allow": ",".join(sorted(set(allowed)))})
    raise Refusal(404, {"message": f"null for uri: {asked.base}{asked.path}", "status-code": 404})


def unauthorized() -> Refusal:
    """401; its body is a bare text."""
    return Refusal(
        401,
        b"Client must be authenticated to access this resource.",
        {
            "Content-Type": "text/plain;charset=UTF-8",
            "WWW-Authenticate": 'OAuth realm="https%3A%2F%2Fdemo.atlassian.net"',
        },
    )


def whole(name: str, text: str, path: str) -> int:
    """A whole number; the RFC 7807 refusal that Jira gives for anything else."""
    try:
        return int(text)
    except ValueError:
        raise Refusal(400, {
            "type": "about:blank", "title": "Bad Request", "status": 400,
            "detail": f"Failed to convert '{name}' with value: '{text}'", "instance": path,
        }) from None  # fmt: skip


def page(
    asked: Asked,
    rows: Sequence[Any],
    show: Callable[[Any], Any],
    *,
    default: int = 50,
    most: int = 100,
    with_links: bool = True,
) -> Node:
    """A page by startAt: maxResults, startAt, total, isLast and the values."""
    start = asked.number("startAt", 0, 2**31)
    size = asked.number("maxResults", default, most)
    end = start + size
    is_last = end >= len(rows)
    found: Node = {}
    if with_links:
        here = f"{asked.base}{asked.path}"
        found["self"] = f"{here}?maxResults={size}&startAt={start}"
        if not is_last:
            found["nextPage"] = f"{here}?maxResults={size}&startAt={end}"
    found |= {
        "maxResults": size, "startAt": start, "total": len(rows), "isLast": is_last,
        "values": [show(one) for one in rows[start:end]],
    }  # fmt: skip
    return found


def the_issue(asked: Asked, text: str) -> JiraIssue:
    """An issue by id or key, also one it had before; 404."""
    issue = None if asked.is_anonymous else asked.catalog.issue(text)
    if issue is None:
        raise Refusal(404, "Issue does not exist or you do not have permission to see it.")
    return issue


_NOT_NAVIGABLE = {"comment", "worklog", "attachment"}


def selected(
    asked: Asked, issue: JiraIssue, wanted: Iterable[str], *, is_agile: bool = False
) -> Node:
    """The fields of the issue that the names stand for: ids, *all, *navigable, -id."""
    names = list(wanted)
    values = issue.fields()
    everything = "*all" in names
    if everything or "*navigable" in names or all(one.startswith("-") for one in names):
        found = dict(values)
        if everything:
            names += ["comment", "worklog"]
    else:
        found = {name: values[name] for name in names if name in values}
    removed = {name[1:] for name in names if name.startswith("-")}
    if not everything and "*navigable" in names:
        removed |= _NOT_NAVIGABLE
    if "comment" in names:
        found["comment"] = _inline_comments(asked, issue)
    if "worklog" in names:
        found["worklog"] = _inline_worklogs(issue)
    found = {name: value for name, value in found.items() if name not in removed}
    if is_agile and "description" in found:
        found["description"] = document_text(found["description"])
    return found


def _inline_comments(asked: Asked, issue: JiraIssue) -> Node:
    comments = [shown(one) for one in issue.comments()]
    return {
        "comments": comments, "maxResults": len(comments), "total": len(comments), "startAt": 0,
        "self": f"{asked.base}/rest/api/3/issue/{issue.id}/comment",
    }  # fmt: skip


def _inline_worklogs(issue: JiraIssue) -> Node:
    rows = issue.worklogs()
    return {
        "startAt": 0, "maxResults": INLINE_WORKLOGS, "total": len(rows),
        "worklogs": [shown(one) for one in rows[:INLINE_WORKLOGS]],
    }  # fmt: skip


def show_issue(
    asked: Asked,
    issue: JiraIssue,
    wanted: Sequence[str],
    expand: Iterable[str] = (),
    *,
    is_agile: bool = False,
) -> Node:
    """An issue: only its id if nothing but that is wanted, else with the fields asked for."""
    if list(wanted) == ["id"] and not expand:
        return {"id": str(issue.id)}
    api = "agile/1.0" if is_agile else "api/3"
    found: Node = {
        "expand": EXPAND, "id": str(issue.id), "key": issue.key,
        "self": f"{asked.base}/rest/{api}/issue/{issue.id}",
    }  # fmt: skip
    if set(wanted) - {"id", "key"}:
        found["fields"] = selected(asked, issue, wanted, is_agile=is_agile)
    if "changelog" in set(expand):
        entries = issue.changelog()
        latest = list(reversed(entries))[:INLINE_HISTORY]
        found["changelog"] = {
            "startAt": 0, "maxResults": len(latest), "total": len(entries),
            "histories": [shown(one) for one in latest],
        }  # fmt: skip
    return found
