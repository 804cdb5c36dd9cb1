"""A real board's recorded payloads, served through the same endpoints.

The numbers were counted in the recorded files themselves, apart from the code that serves them.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from demo.jira import DEFAULT_EMAIL, DEFAULT_TOKEN, application
from demo.jira_recorded import RecordedError, recorded_source
from demo.server import running

pytestmark = pytest.mark.integration
FOLDER = Path(__file__).parents[4] / "shared" / "recordings" / "jira" / "board_8"
AUTH = (DEFAULT_EMAIL, DEFAULT_TOKEN)
API, AGILE = "/rest/api/3", "/rest/agile/1.0"


def serving(**options: Any) -> Any:
    if not FOLDER.is_dir():
        pytest.skip(f"no recordings: {FOLDER} is not there")
    return running(application(recorded_source(FOLDER, **options), now=datetime.now(UTC)))


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with serving() as url, httpx.Client(base_url=url, auth=AUTH) as http:
        yield http


def get(client: httpx.Client, path: str, **query: Any) -> Any:
    reply = client.get(path, params=query)
    assert reply.status_code == 200, reply.text
    return reply.json()


def issues(client: httpx.Client, jql: str, **more: Any) -> list[Any]:
    reply = client.post(f"{API}/search/jql", json={"jql": jql, "maxResults": 100, **more})
    assert reply.status_code == 200, reply.text
    assert reply.json()["isLast"]
    rows: list[Any] = reply.json()["issues"]
    return rows


def test_all_issues_are_found_with_their_odd_statuses(client: httpx.Client) -> None:
    found = issues(client, "project = EE order by id", fields=["status", "issuetype"])
    assert len(found) == 30
    assert (found[0]["key"], found[-1]["key"]) == ("EE-1", "EE-37")
    categories = Counter(one["fields"]["status"]["statusCategory"]["key"] for one in found)
    assert categories == {"done": 25, "new": 5}  # one status with two categories: as recorded
    kinds = Counter(one["fields"]["issuetype"]["name"] for one in found)
    assert kinds == {"子任务": 12, "故事": 8, "任务": 8, "缺陷": 1, "Test Execution": 1}
    assert len(issues(client, "issuetype = 子任务")) == 12


def test_an_issue_is_as_recorded_but_for_what_only_the_agile_api_has(client: httpx.Client) -> None:
    recorded = {one["key"]: one for one in json.loads((FOLDER / "issues.json").read_text())}
    fields = get(client, f"{API}/issue/EE-17")["fields"]
    assert fields["updated"] == "2021-03-28T16:05:54.426+0800"
    assert fields["customfield_10020"] == recorded["EE-17"]["fields"]["customfield_10020"]
    assert not {"sprint", "closedSprints", "epic", "flagged"} & set(fields)
    assert fields["worklog"]["total"] == fields["comment"]["total"] == 1
    agile = get(client, f"{AGILE}/issue/EE-17")["fields"]
    assert [one["id"] for one in agile["closedSprints"]] == [17]
    assert (agile["sprint"], agile["flagged"]) == (None, False)


def test_the_query_times_are_of_shanghai(client: httpx.Client) -> None:
    assert get(client, f"{API}/myself")["timeZone"] == "Asia/Shanghai"
    # EE-20 was updated last, on 2021-08-06 at 14:14:54 +0800.
    (late,) = issues(client, 'project = EE and updated >= "2021-08-06 14:14"', fields=["key"])
    assert late["key"] == "EE-20"
    assert issues(client, 'project = EE and updated >= "2021-08-06 14:15"') == []


def test_the_board_lists_its_sprints_and_issues(client: httpx.Client) -> None:
    (board,) = get(client, f"{AGILE}/board")["values"]
    assert (board["id"], board["location"]["projectKey"]) == (8, "EE")
    sprints = get(client, f"{AGILE}/board/8/sprint")
    assert (sprints["total"], sprints["isLast"]) == (30, True)
    assert {one["state"] for one in sprints["values"]} == {"closed"}
    others = [one["id"] for one in sprints["values"] if one["originBoardId"] != 8]
    assert others == [15]  # made on board 13, shown on this one
    assert get(client, f"{AGILE}/board/8/issue")["total"] == 30
    assert get(client, f"{AGILE}/sprint/7/issue")["total"] == 27
    assert get(client, f"{AGILE}/sprint/17/issue")["issues"][0]["key"] == "EE-17"


def test_changelogs_are_complete(client: httpx.Client) -> None:
    keys = [one["key"] for one in issues(client, "project = EE", fields=["key"])]
    body = {"issueIdsOrKeys": keys, "maxResults": 10_000}
    logs = client.post(f"{API}/changelog/bulkfetch", json=body).json()["issueChangeLogs"]
    assert len(logs) == 30
    entries = [entry for log in logs for entry in log["changeHistories"]]
    fields = Counter(item["field"] for entry in entries for item in entry["items"])
    assert (fields["status"], fields["Workflow"], fields["Sprint"]) == (165, 221, 21)
    one = get(client, f"{API}/issue/EE-17/changelog")
    assert one["total"] == 31


def test_lists_of_the_site(client: httpx.Client) -> None:
    assert get(client, f"{API}/project/search")["total"] == 12
    statuses = {one["id"]: one for one in get(client, f"{API}/status")}
    assert statuses["10068"]["name"] == "已完成"
    assert not {"5", "10075", "10091"} & set(statuses)  # in changelogs only
    kinds = {one["id"]: one["name"] for one in get(client, f"{API}/issuetype")}
    assert kinds["10001"] == "故事"
    assert len(get(client, f"{API}/users/search")) == 30
    fields = {one["id"]: one for one in get(client, f"{API}/field")}
    assert fields["customfield_10020"]["name"] == "Sprint"
    assert fields["customfield_10020"]["schema"]["custom"].endswith(":gh-sprint")
    updated = get(client, f"{API}/worklog/updated", since=0)
    # 6 worklogs are of issues 10076…10085, which are served; the others' issues are not.
    assert len(updated["values"]) == 6


def test_issues_known_by_their_histories_only_are_shown_on_demand() -> None:
    with serving(with_stubs=True) as url, httpx.Client(base_url=url, auth=AUTH) as client:
        assert get(client, f"{API}/issue/13954/changelog")["total"] == 100
        # 3 known by their histories, 9 by their worklogs.
        assert len(issues(client, "project = EE")) == 30 + 3 + 9
        status = get(client, f"{API}/issue/13954", fields="status")["fields"]["status"]
        assert status == {"id": "10068", "name": "已完成"}
        assert get(client, f"{AGILE}/board/8/issue")["total"] == 30


def test_a_folder_without_issues_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordedError, match=r"issues\.json"):
        recorded_source(tmp_path)
    (tmp_path / "issues.json").write_text("{")
    with pytest.raises(RecordedError, match=r"issues\.json"):
        recorded_source(tmp_path)
