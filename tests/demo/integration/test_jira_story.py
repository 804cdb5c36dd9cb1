"""The company's Jira over HTTP: histories lead to what is shown, and nothing is told too early."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import httpx
import pytest

from demo.company import Company
from demo.jira import DEFAULT_EMAIL, DEFAULT_TOKEN, application
from demo.server import running

pytestmark = pytest.mark.integration
AUTH = (DEFAULT_EMAIL, DEFAULT_TOKEN)
API, AGILE = "/rest/api/3", "/rest/agile/1.0"
SPRINT, FLAGGED = "customfield_10020", "customfield_10021"
POINTS = ("customfield_10016", "customfield_10026", "customfield_10041")
_TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(Z|[+-]\d{4})$")


@pytest.fixture(scope="module")
def client(company: Company) -> Iterator[httpx.Client]:
    app = application(company, now=company.until)
    with running(app) as url, httpx.Client(base_url=url, auth=AUTH, timeout=60) as http:
        yield http


def get(client: httpx.Client, path: str, **query: Any) -> Any:
    reply = client.get(path, params=query)
    assert reply.status_code == 200, reply.text
    return reply.json()


def move(client: httpx.Client, now: datetime) -> None:
    reply = client.post("/demo/clock", json={"now": now.isoformat()})
    assert reply.status_code == 200, reply.text


def issues(client: httpx.Client) -> dict[str, Any]:
    """All issues with all fields, by id."""
    found: dict[str, Any] = {}
    body: dict[str, Any] = {"jql": "created >= 0 order by id", "fields": ["*all"]}
    while True:
        page = client.post(f"{API}/search/jql", json={**body, "maxResults": 100}).json()
        found |= {one["id"]: one for one in page["issues"]}
        if page["isLast"]:
            return found
        body["nextPageToken"] = page["nextPageToken"]


def changelogs(client: httpx.Client, identities: list[str]) -> dict[str, list[Any]]:
    """All changes, oldest first, by issue id."""
    found: dict[str, list[Any]] = {one: [] for one in identities}
    for begin in range(0, len(identities), 1000):
        body: dict[str, Any] = {"issueIdsOrKeys": identities[begin : begin + 1000]}
        while True:
            page = client.post(f"{API}/changelog/bulkfetch", json=body).json()
            for log in page["issueChangeLogs"]:
                found[log["issueId"]] += log["changeHistories"]
            if "nextPageToken" not in page:
                break
            body["nextPageToken"] = page["nextPageToken"]
    return found


def items(log: list[Any], field: str) -> list[tuple[int, Any]]:
    return [
        (entry["created"], item)
        for entry in log
        for item in entry["items"]
        if item["field"] == field
    ]


def sprints(company: Company, client: httpx.Client) -> list[Any]:
    found = []
    for board in get(client, f"{AGILE}/board")["values"]:
        reply = client.get(f"{AGILE}/board/{board['id']}/sprint")
        assert (reply.status_code == 400) == (board["type"] == "kanban")
        if reply.status_code == 200:
            assert reply.json()["isLast"]
            found += reply.json()["values"]
    return found


def test_histories_lead_to_what_is_shown(company: Company, client: httpx.Client) -> None:
    move(client, company.until)
    shown = issues(client)
    logs = changelogs(client, list(shown))
    assert len(shown) > 100
    assert any(len(log) > 100 for log in logs.values())
    counted = 0
    for identity, issue in shown.items():
        fields, log = issue["fields"], logs[identity]
        now = {
            "status": (fields["status"]["id"], fields["status"]["name"]),
            "assignee": (fields["assignee"]["accountId"],) if fields["assignee"] else (None,),
            "Sprint": (", ".join(str(one["id"]) for one in fields[SPRINT] or ()),),
            "project": (fields["project"]["id"],),
            "resolution": (fields["resolution"]["id"],) if fields["resolution"] else (None,),
            "issuetype": (fields["issuetype"]["id"],),
        }
        for field, value in now.items():
            turns = items(log, field)
            for (_, before), (_, after) in pairwise(turns):
                assert (before["to"] or None) == (after["from"] or None), (issue["key"], field)
            if turns:
                counted += 1
                assert (turns[-1][1]["to"] or None) == (value[0] or None), (issue["key"], field)
        for field_id in POINTS:
            points = [
                item for entry in log for item in entry["items"] if item.get("fieldId") == field_id
            ]
            if points:
                text = points[-1]["toString"]
                assert fields[field_id] == (float(text) if text else None), issue["key"]
        assert sum(fields[one] is not None for one in POINTS) <= 1
        flags = items(log, "Flagged")
        assert bool(fields[FLAGGED]) == bool(flags and flags[-1][1]["toString"])
        for _, item in items(log, "Key"):
            assert get(client, f"{API}/issue/{item['fromString']}", fields="key")["id"] == identity
        ended = items(log, "resolution")
        if ended and ended[-1][1]["to"]:
            at = datetime.fromisoformat(fields["resolutiondate"]).timestamp() * 1000
            assert at == ended[-1][0]
        else:
            assert fields["resolutiondate"] is None
        updated = datetime.fromisoformat(fields["updated"]).timestamp() * 1000
        assert updated >= max([entry["created"] for entry in log], default=0)
    assert counted > len(shown)


def test_an_earlier_clock_shows_less_of_the_same(company: Company, client: httpx.Client) -> None:
    move(client, company.until)
    late = changelogs(client, list(issues(client)))
    early_now = company.until - timedelta(days=40)
    move(client, early_now)
    shown = issues(client)
    early = changelogs(client, list(shown))
    there = set(shown) & set(late)
    assert len(late) - len(there) > 20
    assert 0 <= len(set(shown) - there) < 10  # deleted since
    grown = 0
    for identity in there:
        ids = [entry["id"] for entry in early[identity]]
        assert ids == [entry["id"] for entry in late[identity]][: len(ids)]
        grown += len(late[identity]) > len(ids)
    assert grown > 3
    assert all(
        entry["created"] <= early_now.timestamp() * 1000 for log in early.values() for entry in log
    )


def test_nothing_shown_lies_in_the_future(company: Company, client: httpx.Client) -> None:
    now = company.until - timedelta(days=33, hours=5)
    move(client, now)

    def times(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], datetime]]:
        if isinstance(value, dict):
            for key, one in value.items():
                yield from times(one, (*path, key))
        elif isinstance(value, list):
            for one in value:
                yield from times(one, path)
        elif isinstance(value, str) and _TIME.match(value):
            yield path, datetime.fromisoformat(value)

    seen = 0
    for issue in issues(client).values():
        for path, moment in times(issue, ()):
            seen += 1
            if path[-1] not in ("endDate", "startDate"):
                assert moment <= now, (issue["key"], path)
    assert seen > 500
    for sprint in sprints(company, client):
        begun = sprint["state"] != "future"
        assert ("completeDate" in sprint) == (sprint["state"] == "closed")
        if begun:
            assert datetime.fromisoformat(sprint["startDate"]) <= now
        assert datetime.fromisoformat(sprint.get("completeDate", sprint["createdDate"])) <= now


def test_a_sprint_lists_the_issues_that_have_it(company: Company, client: httpx.Client) -> None:
    move(client, company.until)
    shown = issues(client)
    found = sprints(company, client)
    states = {one["state"] for one in found}
    assert {"closed", "active"} <= states
    members = 0
    for sprint in found:
        listed = get(client, f"{AGILE}/sprint/{sprint['id']}/issue", maxResults=5000, fields="key")
        expected = {
            identity for identity, issue in shown.items()
            if sprint["id"] in [one["id"] for one in issue["fields"][SPRINT] or ()]
        }  # fmt: skip
        assert {one["id"] for one in listed["issues"]} == expected
        members += len(expected)
    assert members > 50


def test_what_may_not_be_seen_is_nowhere(company: Company, client: httpx.Client) -> None:
    move(client, company.until)
    secret = [one for one in company.jira.projects if not one.is_permitted]
    assert secret
    visible = {one["key"] for one in get(client, f"{API}/project/search")["values"]}
    for project in secret:
        assert project.key not in visible
        assert client.get(f"{API}/project/{project.key}").status_code == 404
        reply = client.post(f"{API}/search/jql", json={"jql": f"project = {project.key}"})
        assert reply.status_code == 400
    ids = {one.id for one in secret}
    shown = issues(client)
    hidden = [one for one in company.jira.issues if one.initial.project_id in ids]
    assert all(one["fields"]["project"]["id"] not in ids for one in shown.values())
    for one in hidden[:3]:
        assert client.get(f"{API}/issue/{one.id}").status_code == 404
    gone = [
        one for one in company.jira.issues if one.deleted_at and one.deleted_at <= company.until
    ]
    assert gone
    assert not {one.id for one in gone} & set(shown)


def test_the_clock_does_not_go_beyond_the_story(company: Company, client: httpx.Client) -> None:
    later = company.until + timedelta(days=1)
    reply = client.post("/demo/clock", json={"now": later.isoformat()})
    assert reply.status_code == 400
    assert "told until" in reply.json()["message"]
