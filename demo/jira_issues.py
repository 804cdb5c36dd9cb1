"""REST v3 of issues: search, changelogs, worklogs, comments and links to things outside.

Source: Atlassian's reference of the Jira Cloud platform REST API v3, by endpoint; limits that it
leaves open are those that users measured.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from typing import Any

from demo.jira_answers import Asked, Refusal, page, route, show_issue, the_issue
from demo.jira_catalog import JiraCatalog, JiraIssue, Node, milliseconds, shown, since
from demo.jira_jql import JqlError
from demo.jira_search import page as search_page
from demo.jira_search import results
from demo.jira_tokens import BAD_TOKEN, TokenError, made, place_in

_API = "/rest/api/3"
_REMOVED = (
    "The requested API has been removed. Please migrate to the /rest/api/3/search/jql API. "
    "A full migration guideline is available at "
    "https://developer.atlassian.com/changelog/#CHANGE-2046"
)
_BAD_PAYLOAD = "Invalid request payload. Refer to the REST API documentation and try again."
MOST_IDS, MOST_WITH_FIELDS = 5000, 100
MOST_CHANGELOG_ISSUES, MOST_CHANGELOG_FIELDS, MOST_CHANGES = 1000, 10, 10_000
MOST_WORKLOGS, WORKLOG_PAGE, UNTOLD_SECONDS = 1000, 5000, 60


# Search


@route("GET", f"{_API}/search")
@route("POST", f"{_API}/search")
def _removed(asked: Asked) -> Any:
    raise Refusal(410, _REMOVED)


@route("GET", f"{_API}/search/jql")
def _search(asked: Asked) -> Any:
    size = asked.number("maxResults", 50, MOST_IDS, 1)
    return _searched(
        asked, asked.query.get("jql", ""), size, asked.listed("fields"), asked.listed("expand"),
        asked.query.get("nextPageToken"), asked.listed("reconcileIssues"),
    )  # fmt: skip


_SEARCH_BODY = {
    "jql", "maxResults", "fields", "expand", "nextPageToken", "properties", "fieldsByKeys",
    "failFast", "reconcileIssues",
}  # fmt: skip


@route("POST", f"{_API}/search/jql")
def _search_by_post(asked: Asked) -> Any:
    body = _checked(asked, _SEARCH_BODY)
    fields, size, expand = body.get("fields"), body.get("maxResults"), body.get("expand")
    is_sound = (
        isinstance(fields, list | None)
        and isinstance(size, int | None)
        and isinstance(expand, str | None)  # not a list, as elsewhere
    )
    if not is_sound:
        raise Refusal(400, {"errorMessages": [_BAD_PAYLOAD]})
    size = 50 if size is None else min(max(size, 1), MOST_IDS)
    return _searched(
        asked, str(body.get("jql") or ""), size, [str(one) for one in fields or ()],
        [one.strip() for one in (expand or "").split(",") if one.strip()],
        body.get("nextPageToken"), [str(one) for one in body.get("reconcileIssues") or ()],
    )  # fmt: skip


def _checked(asked: Asked, known: set[str]) -> Node:
    """The body, if it is an object with nothing unknown in it."""
    if not isinstance(asked.body, dict) or set(asked.body) - known:
        raise Refusal(400, {"errorMessages": [_BAD_PAYLOAD]})
    return asked.body


def _refused(error: JqlError) -> Refusal:
    return Refusal(400, {"errorMessages": [str(error)], "warningMessages": []})


def _searched(
    asked: Asked,
    jql: str,
    size: int,
    fields: list[str],
    expand: list[str],
    token: str | None,
    reconciled: list[str],
) -> Node:
    fields = fields or ["id"]
    if set(fields) - {"id", "key"} or expand:
        size = min(size, MOST_WITH_FIELDS)
    # What is searched may be older than what is shown: Jira's index is "eventually consistent".
    # Named issues are looked up as they are now.
    catalog = asked.catalog if reconciled else asked.index
    if asked.is_anonymous:
        catalog = _nothing(asked)
    try:
        issues, following = search_page(jql, catalog, size, token, asked.site.token_lifetime)
    except JqlError as error:
        raise _refused(error) from None
    except TokenError:
        raise Refusal(400, BAD_TOKEN) from None
    current = [asked.catalog.by_id.get(one.id) for one in issues]
    rows = [show_issue(asked, one, fields, expand) for one in current if one is not None]
    found: Node = {"issues": rows}
    if following is not None:
        found["nextPageToken"] = following
    found["isLast"] = following is None
    if "names" in expand:
        found["names"] = {one["id"]: one["name"] for one in asked.catalog.fields}
    if "schema" in expand:
        found["schema"] = {
            one["id"]: one["schema"] for one in asked.catalog.fields if "schema" in one
        }
    return found


def _nothing(asked: Asked) -> JiraCatalog:
    """The site as somebody sees it who has not logged in."""
    empty = JiraCatalog(asked.catalog.now, asked.catalog.zone)
    empty.viewer = {"accountId": "anonymous"}
    return empty.index()


@route("POST", f"{_API}/search/approximate-count")
def _count(asked: Asked) -> Any:
    body = _checked(asked, {"jql"})
    catalog = _nothing(asked) if asked.is_anonymous else asked.index
    try:
        return {"count": len(results(str(body.get("jql") or ""), catalog).issues)}
    except JqlError as error:
        raise _refused(error) from None


_BULK_BODY = {"issueIdsOrKeys", "fields", "expand", "fieldsByKeys", "properties"}


@route("POST", f"{_API}/issue/bulkfetch")
def _bulk_issues(asked: Asked) -> Any:
    """Issues by id or key, by id; those that are not there are named."""
    body = _checked(asked, _BULK_BODY)
    names = [str(one) for one in body.get("issueIdsOrKeys") or ()]
    if not names:
        raise Refusal(400, "issueIdsOrKeys: must not be empty")
    if len(names) > MOST_WITH_FIELDS:
        raise Refusal(400, f"You may only load a maximum of {MOST_WITH_FIELDS} issues at a time.")
    catalog = _nothing(asked) if asked.is_anonymous else asked.catalog
    found = {name: catalog.issue(name) for name in names}
    issues = {one.id: one for one in found.values() if one is not None}
    fields = [str(one) for one in body.get("fields") or ["*navigable"]]
    expand = [str(one) for one in body.get("expand") or ()]
    text = "Issue does not exist or you do not have permission to see it."
    missing = [name for name, one in found.items() if one is None]
    return {
        "expand": "names,schema",
        "issues": [show_issue(asked, issues[one], fields, expand) for one in sorted(issues)],
        "issueErrors": [{"issueIdOrKey": name, "errorMessage": text} for name in missing],
    }


# One issue


@route("GET", f"{_API}/issue/{{name}}")
def _issue(asked: Asked, name: str) -> Any:
    issue = the_issue(asked, name)
    return show_issue(asked, issue, asked.listed("fields") or ["*all"], asked.listed("expand"))


@route("GET", f"{_API}/issue/{{name}}/changelog")
def _changelog(asked: Asked, name: str) -> Any:
    return page(asked, the_issue(asked, name).changelog(), shown, default=100)


@route("GET", f"{_API}/issue/{{name}}/worklog")
def _worklogs(asked: Asked, name: str) -> Any:
    rows = list(the_issue(asked, name).worklogs())
    least = asked.number("startedAfter", -(2**62), 2**62, -(2**62))
    most = asked.number("startedBefore", 2**62, 2**62, -(2**62))
    rows = [one for one in rows if least <= one["_started"] <= most]
    start = asked.number("startAt", 0, 2**31)
    size = asked.number("maxResults", WORKLOG_PAGE, WORKLOG_PAGE)
    return {
        "startAt": start, "maxResults": size, "total": len(rows),
        "worklogs": [shown(one) for one in rows[start : start + size]],
    }  # fmt: skip


@route("GET", f"{_API}/issue/{{name}}/comment")
def _comments(asked: Asked, name: str) -> Any:
    rows = list(the_issue(asked, name).comments())
    if asked.query.get("orderBy") == "-created":
        rows.reverse()
    start = asked.number("startAt", 0, 2**31)
    size = asked.number("maxResults", 100, 100)
    return {
        "startAt": start, "maxResults": size, "total": len(rows),
        "comments": [shown(one) for one in rows[start : start + size]],
    }  # fmt: skip


@route("GET", f"{_API}/issue/{{name}}/remotelink")
def _remote_links(asked: Asked, name: str) -> Any:
    return [shown(one) for one in the_issue(asked, name).remote_links()]


# Changelogs of many issues


@route("POST", f"{_API}/changelog/bulkfetch")
def _bulk_changelogs(asked: Asked) -> Any:
    """Changes by time, then issue; an issue may be on several pages, or have none and be on none.

    Unlike everywhere else `created` is a number: milliseconds since 1970.
    """
    body = _checked(asked, {"issueIdsOrKeys", "fieldIds", "maxResults", "nextPageToken"})
    names = body.get("issueIdsOrKeys")
    if not isinstance(names, list) or not names:
        raise Refusal(400, "issueIdsOrKeys: must not be empty")
    if len(names) > MOST_CHANGELOG_ISSUES:
        raise Refusal(
            400,
            "You may only load changelogs for a maximum of "
            f"{MOST_CHANGELOG_ISSUES:,} issues by ID or key at a time.",
        )
    fields = body.get("fieldIds") or []
    if len(fields) > MOST_CHANGELOG_FIELDS:
        raise Refusal(400, f"You may only filter by a maximum of {MOST_CHANGELOG_FIELDS} fields.")
    size = body.get("maxResults", 1000)
    if not isinstance(size, int) or not 1 <= size <= MOST_CHANGES:
        raise Refusal(400, f"maxResults: must be between 1 and {MOST_CHANGES}")
    asked_for = json.dumps([names, fields, asked.is_anonymous])
    rows: list[_Change] = asked.catalog.kept(
        asked_for,
        lambda: _changes(asked, [str(one) for one in names], {str(one) for one in fields}),
    )
    begin = 0
    if body.get("nextPageToken"):
        try:
            place = place_in(str(body["nextPageToken"]), asked_for, asked.site.token_lifetime)
        except TokenError:
            raise Refusal(400, BAD_TOKEN) from None
        begin = bisect_right(rows, tuple(place), key=_place)
    chosen = rows[begin : begin + size]
    by_issue: dict[int, list[Node]] = {}
    for at, identity, _, entry in chosen:
        by_issue.setdefault(identity, []).append({**shown(entry), "created": at})
    found: Node = {
        "issueChangeLogs": [
            {"issueId": str(identity), "changeHistories": entries}
            for identity, entries in by_issue.items()
        ]
    }
    if begin + size < len(rows):
        found["nextPageToken"] = made(asked_for, _place(chosen[-1]))
    return found


_Change = tuple[int, int, int, Node]  # milliseconds, issue id, entry id, entry


def _place(row: _Change) -> tuple[int, int, int]:
    return row[:3]


def _changes(asked: Asked, names: list[str], fields: set[str]) -> list[_Change]:
    issues: dict[int, JiraIssue] = {}
    for name in names:
        issue = None if asked.is_anonymous else asked.catalog.issue(name)
        if issue is not None:
            issues[issue.id] = issue
    rows: list[_Change] = []
    for issue in issues.values():
        for entry in issue.changelog():
            shown_entry = entry
            if fields:
                items = [one for one in entry["items"] if one.get("fieldId") in fields]
                if not items:
                    continue
                shown_entry = {**entry, "items": items}
            rows.append((entry["_at"], issue.id, int(entry["id"]), shown_entry))
    rows.sort(key=_place)
    return rows


# Worklogs of the whole site


def _listed_worklogs(asked: Asked, rows: list[tuple[Any, ...]]) -> Node:
    """Ids with their times after `since`, oldest first; the last minute is not told."""
    after = asked.number("since", 0, 2**62)
    until = milliseconds(asked.catalog.now) - UNTOLD_SECONDS * 1000
    begin, end = since(rows, after), since(rows, until)
    stop = min(begin + MOST_WORKLOGS, end)
    while begin < stop < end and rows[stop][0] == rows[stop - 1][0]:
        stop += 1  # the next page begins after a time: what shares it must not be torn apart
    here = f"{asked.base}{asked.path}"
    is_last = stop >= end
    latest = until if is_last else rows[stop - 1][0]
    found: Node = {
        "values": [
            {"worklogId": row[1], "updatedTime": row[0], "properties": []}
            for row in rows[begin:stop]
        ],
        "since": after, "until": max(latest, after), "self": f"{here}?since={after}",
        "lastPage": is_last,
    }  # fmt: skip
    if not is_last:
        found["nextPage"] = f"{here}?since={latest}"
    return found


@route("GET", f"{_API}/worklog/updated", anonymous=False)
def _updated_worklogs(asked: Asked) -> Any:
    return _listed_worklogs(asked, asked.catalog.worklogs())


@route("GET", f"{_API}/worklog/deleted", anonymous=False)
def _deleted_worklogs(asked: Asked) -> Any:
    return _listed_worklogs(asked, sorted(asked.catalog.deleted_worklogs))


@route("POST", f"{_API}/worklog/list", anonymous=False)
def _worklogs_by_id(asked: Asked) -> Any:
    """Worklogs by id; those that are not there are left out."""
    identities = _checked(asked, {"ids"}).get("ids")
    if not isinstance(identities, list):
        raise Refusal(400, {"errorMessages": [_BAD_PAYLOAD]})
    if len(identities) > MOST_WORKLOGS:
        raise Refusal(400, f"The number of worklog ids must not exceed {MOST_WORKLOGS}.")
    wanted = {int(one) for one in identities}
    return [shown(one) for _, identity, one in asked.catalog.worklogs() if identity in wanted]
