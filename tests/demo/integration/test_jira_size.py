"""A large Jira: long lists in pages that miss nothing, from indexes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from demo.jira import DEFAULT_EMAIL, DEFAULT_TOKEN, application
from demo.jira_catalog import JiraCatalog, Node, PayloadIssue, platform_time
from demo.server import running

pytestmark = pytest.mark.integration
AUTH = (DEFAULT_EMAIL, DEFAULT_TOKEN)
API = "/rest/api/3"
UTC_ZONE = ZoneInfo("UTC")
NOW = datetime(2026, 3, 30, 12, tzinfo=UTC)
BEGIN = 1_700_000_000_000  # milliseconds; 2023
ISSUES, WORKLOGS = 20_000, 2_300


def worklog(number: int) -> Node:
    # Numbers 990 to 1009 were written in the same millisecond, around the end of the first page.
    place = 1000 if 990 <= number < 1010 else number
    moment = platform_time(BEGIN + place * 60_000, UTC_ZONE)
    return {"id": str(number), "started": moment, "created": moment, "updated": moment}


def site(now: datetime) -> JiraCatalog:
    catalog = JiraCatalog(now, UTC_ZONE)
    catalog.viewer = {"accountId": "me"}
    catalog.projects = [{"id": "1", "key": "BIG", "name": "Big"}]
    for number in range(1, ISSUES + 1):
        moment = platform_time(BEGIN + number // 7 * 1000, UTC_ZONE)
        fields = {"project": {"id": "1"}, "created": moment, "updated": moment, "summary": "x"}
        logs = [worklog(one) for one in range(WORKLOGS)] if number == 1 else []
        catalog.issues.append(PayloadIssue(number, f"BIG-{number}", fields, worklogs=logs))
    catalog.deleted_worklogs = [(BEGIN + one, 9000 + one) for one in range(3)]
    return catalog.index()


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with (
        running(application(site, now=NOW)) as url,
        httpx.Client(base_url=url, auth=AUTH, timeout=60) as http,
    ):
        yield http


def pages(client: httpx.Client, **body: Any) -> list[list[str]]:
    found = []
    while True:
        page = client.post(f"{API}/search/jql", json=body).json()
        found.append([one["id"] for one in page["issues"]])
        if page["isLast"]:
            return found
        body["nextPageToken"] = page["nextPageToken"]


def test_ids_come_by_thousands_and_fields_by_the_hundred(client: httpx.Client) -> None:
    ids = pages(client, jql="project = BIG order by updated", maxResults=9999)
    assert [len(one) for one in ids] == [5000] * 4
    assert len({one for page in ids for one in page}) == ISSUES
    rows = pages(client, jql="project = BIG and id <= 1050 order by updated desc",
                 maxResults=9999, fields=["summary"])  # fmt: skip
    assert [len(one) for one in rows] == [100] * 10 + [50]


def test_paging_costs_little(client: httpx.Client) -> None:
    before = client.get("/demo/stats").json()["cpu_seconds"]
    found = pages(client, jql="project = BIG and updated >= 0 order by updated", fields=["summary"],
                  maxResults=100)  # fmt: skip
    assert len(found) == 200
    # 200 pages took 0.4 s of the processor; a search anew for each of them takes over 10 s.
    assert client.get("/demo/stats").json()["cpu_seconds"] - before < 4


def test_worklogs_of_one_millisecond_are_not_torn_apart(client: httpx.Client) -> None:
    url, found, sizes = f"{API}/worklog/updated?since=0", [], []
    for _ in range(5):
        page = client.get(url).json()
        found += [one["worklogId"] for one in page["values"]]
        sizes.append(len(page["values"]))
        if page["lastPage"]:
            break
        url = page["nextPage"]
    assert sizes == [1010, 1000, 290]
    assert sorted(found) == list(range(WORKLOGS))


def test_deleted_worklogs_are_told_with_their_times(client: httpx.Client) -> None:
    page = client.get(f"{API}/worklog/deleted", params={"since": BEGIN}).json()
    assert [(one["worklogId"], one["updatedTime"]) for one in page["values"]] == [
        (9001, BEGIN + 1), (9002, BEGIN + 2),
    ]  # fmt: skip
