"""The served Jira has Jira Cloud's manners, as its public documentation describes them.

The site is a small one, told by hand below; what the tests expect of it was read off this page.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from demo.jira import DEFAULT_EMAIL, DEFAULT_TOKEN, EXPIRED_TOKEN, application
from demo.planning_model import (
    ESTIMATE_FIELD,
    FLAGGED_FIELD,
    POINTS_FIELD,
    SECOND_POINTS_FIELD,
    SPRINT_FIELD,
    IssueState,
    JiraBoard,
    JiraChange,
    JiraComment,
    JiraField,
    JiraIssue,
    JiraIssueLink,
    JiraIssueType,
    JiraItem,
    JiraLinkType,
    JiraNamed,
    JiraProject,
    JiraRemoteLink,
    JiraSite,
    JiraSprint,
    JiraStatus,
    JiraUser,
    JiraWorklog,
)
from demo.server import running

pytestmark = pytest.mark.integration

AUTH = (DEFAULT_EMAIL, DEFAULT_TOKEN)
API, AGILE = "/rest/api/3", "/rest/agile/1.0"
FLOAT = "com.atlassian.jira.plugin.system.customfieldtypes:float"


def at(text: str) -> datetime:
    """A moment of March 2026, given as day and time in UTC: "3 08:00"."""
    day, _, time = text.partition(" ")
    return datetime.fromisoformat(f"2026-03-{int(day):02}T{time}:00+00:00")


NOW = at("30 12:00")

ACCOUNT = JiraUser("acc-0", "loader", "Lou Loader", "demo@acme.test")
ANA = JiraUser("acc-1", "ana", "Ana Öztürk", None)  # hides her e-mail
BO = JiraUser("acc-2", "bo", "Bo Berg", "bo@acme.test", deactivated_at=at("20 09:00"))
CY = JiraUser("acc-3", "cy", "Cy Cohen", "cy@acme.test", anonymised_at=at("25 09:00"))
BOT = JiraUser("acc-4", "bot", "Automation", None, kind="app", time_zone=None)

FIELDS = (
    JiraField("summary", "Zusammenfassung", "string", system="summary"),
    JiraField("status", "Status", "status", system="status"),
    JiraField("labels", "Stichwörter", "array", items="string", system="labels"),
    JiraField(SPRINT_FIELD, "Sprint", "array", "com.pyxis.greenhopper.jira:gh-sprint", "json"),
    JiraField(
        FLAGGED_FIELD, "Flagged", "array",
        "com.atlassian.jira.plugin.system.customfieldtypes:multicheckboxes", "option",
    ),
    JiraField(
        ESTIMATE_FIELD, "Story point estimate", "number",
        "com.pyxis.greenhopper.jira:jsw-story-points",
    ),
    JiraField(POINTS_FIELD, "Story Points", "number", FLOAT),
    JiraField(SECOND_POINTS_FIELD, "Story Points", "number", FLOAT),
)  # fmt: skip
STATUSES = (
    JiraStatus("1", "Offen", "new"),
    JiraStatus("3", "In Arbeit", "indeterminate", renames=((at("15 09:00"), "In Bearbeitung"),)),
    JiraStatus("5", "Fertig", "done"),
    JiraStatus("7", "Prüfung", "indeterminate", deleted_at=at("16 09:00")),
    JiraStatus("10100", "Idee", "new", project_id="10001"),
)
TYPES = (
    JiraIssueType("10001", "Story", "Story"),
    JiraIssueType("10003", "Unteraufgabe", "Sub-task", is_subtask=True, hierarchy_level=-1),
    JiraIssueType("10009", "Vorfall", "Incident"),
)
PAY = JiraProject(
    "10000", "PAY", "Zahlungen", ANA, at("1 00:00"),
    components=(JiraNamed("501", "Kasse"),), status_ids=("1", "3", "5", "7"),
)  # fmt: skip
WEB = JiraProject(
    "10001", "WEB", "Website", ANA, at("1 00:00"), is_simplified=True,
    points_field=ESTIMATE_FIELD, status_ids=("10100",),
)  # fmt: skip
SEC = JiraProject("10002", "SEC", "Geheim", ANA, at("1 00:00"), is_permitted=False)
BOARDS = (
    JiraBoard(1, "PAY board", "scrum", "10000", at("1 00:00")),
    JiraBoard(2, "WEB board", "kanban", "10001", at("1 00:00")),
    JiraBoard(3, "SEC board", "scrum", "10002", at("1 00:00")),
)
SPRINTS = (
    JiraSprint(
        11, 1, "Sprint 1", at("1 08:00"), at("2 08:00"), at("13 17:00"), at("2 08:30"),
        at("13 17:30"), renames=((at("14 08:00"), "Sprint Eins"),),
    ),
    JiraSprint(12, 1, "Sprint 2", at("9 08:00"), at("16 08:00"), at("27 17:00"), at("16 08:30")),
    JiraSprint(13, 1, "Sprint 3", at("16 08:00"), None, None),
    JiraSprint(14, 1, "Verworfen", at("3 08:00"), None, None, deleted_at=at("10 08:00")),
)  # fmt: skip


def item(field: str, field_id: str | None, *values: str | None) -> JiraItem:
    """from value, from text, to value, to text."""
    return JiraItem(field, field_id, *values)


def change(identity: int, moment: str, *items: JiraItem, author: JiraUser | None = ANA) -> Any:
    return JiraChange(str(identity), author, at(moment), items)


def moved(before: str, after: str) -> JiraItem:
    texts = {"1": "Offen", "3": "In Arbeit", "5": "Fertig", "7": "Prüfung"}
    return item("status", "status", before, texts[before], after, texts[after])


def sprints(before: str, after: str) -> JiraItem:
    return item("Sprint", SPRINT_FIELD, before, f"was {before}", after, f"is {after}")


def state(key: str, project: JiraProject = PAY, **more: Any) -> IssueState:
    status = "10100" if project is WEB else "1"
    return IssueState(key, project.id, more.pop("type_id", "10001"), status, f"Thing {key}", **more)


LABELS = [item("labels", "labels", None, "", None, f"l{turn}") for turn in range(150)]
ISSUES = (
    JiraIssue(
        "20001", at("2 08:00"), ANA, BO, state("PAY-1", description="First line\nsecond"),
        changes=(
            change(1, "2 09:00", moved("1", "3"), author=BO),
            change(2, "3 09:00", moved("3", "7"), item("Workflow", None, "1", "a", "2", "b")),
            change(3, "4 09:00", moved("7", "3")),
            *(
                JiraChange(str(100 + turn), CY, at("5 09:00") + timedelta(minutes=turn), (label,))
                for turn, label in enumerate(LABELS)
            ),
            change(400, "29 06:00", moved("3", "5"),
                   item("resolution", "resolution", None, None, "10", "Erledigt")),
        ),
        comments=(JiraComment("901", CY, at("6 09:00"), "See abc1234"),),
        worklogs=(
            JiraWorklog("801", BO, 5400, at("2 09:00"), at("2 10:30")),
            JiraWorklog("802", ANA, 600, at("30 11:00"), at("30 11:59")),
        ),
        remote_links=(
            JiraRemoteLink("701", "https://git.test/acme/pay/pull/7", "#7", at("7 09:00"),
                           "com.github.integration"),
        ),
    ),
    JiraIssue(
        "20002", at("2 08:10"), ANA, ANA,
        state("PAY-2", labels=("backend",), component_ids=("501",), story_points=3.0,
              sprint_ids=(11,)),
        changes=(
            change(410, "4 10:00", item("Story Points", POINTS_FIELD, None, "3", None, "5")),
            change(411, "5 10:00", sprints("11", "11, 14")),
            change(412, "10 08:00", sprints("11, 14", "11"), author=None),
            change(413, "13 17:30", sprints("11", "11, 12")),
            change(414, "17 10:00",
                   item("Flagged", FLAGGED_FIELD, None, None, "[10019]", "Impediment")),
            change(415, "18 10:00", item("assignee", "assignee", None, None, "acc-3", "Cy Cohen")),
        ),
    ),
    JiraIssue(
        "20003", at("3 08:00"), CY, CY, state("PAY-3"),
        changes=(
            change(420, "12 10:00", item("Key", None, None, "PAY-3", None, "WEB-1"),
                   item("project", "project", "10000", "Zahlungen", "10001", "Website"),
                   item("status", "status", "1", "Offen", "10100", "Idee")),
        ),
    ),
    JiraIssue("20004", at("3 09:00"), ANA, ANA, state("PAY-4"), deleted_at=at("21 09:00")),
    JiraIssue(
        "20005", at("3 10:00"), ANA, ANA, state("PAY-5", type_id="10003", parent_id="20001")
    ),
    JiraIssue("20006", at("3 11:00"), ANA, ANA, state("SEC-1", SEC)),
    JiraIssue("20007", at("28 11:00"), ANA, ANA,
              state("WEB-2", WEB, type_id="10009", story_points=2.0)),
)  # fmt: skip
LINKS = (JiraIssueLink("601", "1", "20002", "20001", at("4 08:00")),)
SITE = JiraSite(
    users=(ACCOUNT, ANA, BO, CY, BOT), projects=(PAY, WEB, SEC), boards=BOARDS, sprints=SPRINTS,
    statuses=STATUSES, types=TYPES, fields=FIELDS,
    priorities=(JiraNamed("2", "Hoch"), JiraNamed("3", "Mittel")),
    resolutions=(JiraNamed("10", "Erledigt"),),
    link_types=(JiraLinkType("1", "Blocks", "is blocked by", "blocks"),),
    issues=ISSUES, links=LINKS,
)  # fmt: skip


def serving(**options: Any) -> Any:
    return running(application(SITE, now=NOW, **options))


@pytest.fixture(scope="module")
def shared() -> Iterator[httpx.Client]:
    """For tests that only read."""
    with serving() as url, httpx.Client(base_url=url, auth=AUTH) as http:
        yield http


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with serving() as url, httpx.Client(base_url=url, auth=AUTH) as http:
        yield http


def get(client: httpx.Client, path: str, **query: Any) -> Any:
    reply = client.get(path, params=query)
    assert reply.status_code == 200, reply.text
    return reply.json()


def search(client: httpx.Client, jql: str, **body: Any) -> Any:
    reply = client.post(f"{API}/search/jql", json={"jql": jql, **body})
    assert reply.status_code == 200, reply.text
    return reply.json()


def keys(client: httpx.Client, jql: str) -> list[str]:
    return [one["key"] for one in search(client, jql, fields=["key"])["issues"]]


def refused(client: httpx.Client, jql: str) -> str:
    reply = client.post(f"{API}/search/jql", json={"jql": jql})
    assert reply.status_code == 400, reply.text
    messages = reply.json()["errorMessages"]
    assert len(messages) == 1
    return str(messages[0])


def move(client: httpx.Client, moment: str) -> None:
    reply = client.post("/demo/clock", json={"now": at(moment).isoformat()})
    assert reply.status_code == 200, reply.text


# Login


def test_wrong_credentials_are_refused_with_a_bare_text(shared: httpx.Client) -> None:
    for auth in ((DEFAULT_EMAIL, "wrong"), ("somebody@else.test", DEFAULT_TOKEN)):
        reply = shared.get(f"{API}/project/search", auth=auth)
        assert reply.status_code == 401
        assert reply.text == "Client must be authenticated to access this resource."
        assert reply.headers["content-type"].startswith("text/plain")


def test_nobody_sees_empty_lists_but_not_himself(shared: httpx.Client) -> None:
    with httpx.Client(base_url=shared.base_url) as nobody:
        assert nobody.get(f"{API}/project/search").json()["values"] == []
        assert nobody.get(f"{AGILE}/board").json()["values"] == []
        assert nobody.get(f"{API}/serverInfo").status_code == 200
        assert nobody.get(f"{API}/issue/PAY-1").status_code == 404
        assert search(nobody, "updated >= 0") == {"issues": [], "isLast": True}
        assert "'PAY' does not exist" in refused(nobody, "project = PAY")
        for path in ("myself", "users/search", "user?accountId=acc-0", "worklog/updated"):
            assert nobody.get(f"{API}/{path}").status_code == 401


def test_an_expired_token_counts_as_nobody_and_only_a_header_tells(shared: httpx.Client) -> None:
    reply = shared.get(f"{API}/project/search", auth=(DEFAULT_EMAIL, EXPIRED_TOKEN))
    assert (reply.status_code, reply.json()["total"]) == (200, 0)
    assert reply.headers["x-seraph-loginreason"] == "AUTHENTICATED_FAILED"
    assert shared.get(f"{API}/myself", auth=(DEFAULT_EMAIL, EXPIRED_TOKEN)).status_code == 401


def test_a_bearer_is_no_login(shared: httpx.Client) -> None:
    with httpx.Client(base_url=shared.base_url) as nobody:
        reply = nobody.get(f"{API}/myself", headers={"Authorization": f"Bearer {DEFAULT_TOKEN}"})
    assert (reply.status_code, list(reply.json())) == (403, ["error"])


def test_the_account_tells_its_time_zone(shared: httpx.Client) -> None:
    me = get(shared, f"{API}/myself")
    assert (me["accountId"], me["timeZone"]) == ("acc-0", "Europe/Berlin")
    assert get(shared, f"{API}/serverInfo")["deploymentType"] == "Cloud"


# Limits and faults


def test_too_many_requests_are_told_when_to_come_back() -> None:
    with (
        serving(rate_limit=5, rate_seconds=1.5) as url,
        httpx.Client(base_url=url, auth=AUTH) as client,
    ):
        replies = [client.get(f"{API}/myself") for _ in range(6)]
        assert [one.status_code for one in replies] == [200] * 5 + [429]
        assert replies[0].headers["x-ratelimit-remaining"] == "4"
        assert replies[4].headers["x-ratelimit-nearlimit"] == "true"
        last = replies[5].headers
        assert (last["x-ratelimit-limit"], last["x-ratelimit-remaining"]) == ("5", "0")
        assert last["ratelimit-reason"] == "jira-burst-based"
        assert 1 <= int(last["retry-after"]) <= 2
        reset = datetime.fromisoformat(last["x-ratelimit-reset"])
        assert abs((reset - datetime.now(UTC)).total_seconds()) < 4


def test_faults_spoil_replies_as_told(client: httpx.Client) -> None:
    rules = [
        {"path": "/myself", "action": "limit"},
        {"path": "/myself", "status": 500},
        {"path": "/myself", "action": "secondary"},
        {"path": "/myself", "action": "garbage"},
        {"path": "/search/jql", "method": "POST", "query": "fields", "action": "close"},
        {"path": "/field", "action": "cut"},
    ]
    assert client.post("/demo/faults", json=rules).status_code == 200
    replies = [client.get(f"{API}/myself") for _ in range(5)]
    assert [one.status_code for one in replies] == [429, 500, 503, 200, 200]
    assert replies[0].headers["retry-after"] == replies[2].headers["retry-after"] == "1"
    assert replies[3].text.startswith("<html>")
    with pytest.raises(httpx.RemoteProtocolError):
        search(client, "project = PAY", fields=["key"])
    with pytest.raises(httpx.RemoteProtocolError):
        client.get(f"{API}/field")
    assert len(search(client, "project = PAY", fields=["key"])["issues"]) == 3
    stats = client.get("/demo/stats").json()
    assert stats["requests"]["faults"] == 6
    assert client.post("/demo/faults", json=[{"unknown": 1}]).status_code == 400


# Site lists


def test_projects_that_may_not_be_seen_are_not_there(shared: httpx.Client) -> None:
    found = get(shared, f"{API}/project/search")
    assert [one["key"] for one in found["values"]] == ["PAY", "WEB"]
    assert (found["total"], found["isLast"], found["maxResults"]) == (2, True, 50)
    assert [one["simplified"] for one in found["values"]] == [False, True]
    reply = shared.get(f"{API}/project/SEC")
    assert reply.status_code == 404
    assert reply.json() == {
        "errorMessages": ["No project could be found with key 'SEC'."], "errors": {}
    }  # fmt: skip
    assert get(shared, f"{API}/project/PAY")["id"] == get(shared, f"{API}/project/10000")["id"]
    assert get(shared, f"{API}/project/PAY")["lead"]["accountId"] == "acc-1"


def test_smaller_lists(shared: httpx.Client) -> None:
    assert [one["id"] for one in get(shared, f"{API}/resolution")] == ["10"]
    kinds = get(shared, f"{API}/issueLinkType")["issueLinkTypes"]
    assert [(one["inward"], one["outward"]) for one in kinds] == [("is blocked by", "blocks")]
    assert [one["name"] for one in get(shared, f"{API}/project/PAY/components")] == ["Kasse"]
    asked = get(shared, f"{API}/mypermissions", permissions="BROWSE_PROJECTS,ADMINISTER")
    assert [one["havePermission"] for one in asked["permissions"].values()] == [True, False]


def test_lists_are_paged_by_start(shared: httpx.Client) -> None:
    first = get(shared, f"{API}/project/search", maxResults=1)
    assert (first["isLast"], first["startAt"], len(first["values"])) == (False, 0, 1)
    second = shared.get(first["nextPage"]).json()
    assert (second["isLast"], second["values"][0]["key"]) == (True, "WEB")
    assert "nextPage" not in second
    reply = shared.get(f"{API}/project/search", params={"maxResults": "many"})
    assert (reply.status_code, reply.json()["title"]) == (400, "Bad Request")


def test_two_fields_are_called_story_points(shared: httpx.Client) -> None:
    fields = {one["id"]: one for one in get(shared, f"{API}/field")}
    called = [one["id"] for one in fields.values() if one["name"] == "Story Points"]
    assert called == [POINTS_FIELD, SECOND_POINTS_FIELD]
    assert fields[SPRINT_FIELD]["schema"] == {
        "type": "array", "items": "json", "customId": 10020,
        "custom": "com.pyxis.greenhopper.jira:gh-sprint",
    }  # fmt: skip
    assert fields["status"]["schema"] == {"type": "status", "system": "status"}
    custom = get(shared, f"{API}/field/search", type="custom", maxResults=2)
    assert (custom["total"], len(custom["values"]), custom["isLast"]) == (5, 2, False)


def test_statuses_have_categories_and_deleted_ones_are_gone(shared: httpx.Client) -> None:
    found = {one["id"]: one for one in get(shared, f"{API}/status")}
    assert {key: one["name"] for key, one in found.items()} == {
        "1": "Offen", "3": "In Bearbeitung", "5": "Fertig", "10100": "Idee",
    }  # fmt: skip
    assert found["3"]["statusCategory"]["key"] == "indeterminate"
    assert found["10100"]["scope"]["project"] == {"id": "10001"}
    by_search = get(shared, f"{API}/statuses/search")
    assert {one["id"]: one["statusCategory"] for one in by_search["values"]} == {
        "1": "TODO", "3": "IN_PROGRESS", "5": "DONE", "10100": "TODO",
    }  # fmt: skip
    categories = get(shared, f"{API}/statuscategory")
    assert {one["key"] for one in categories} == {"undefined", "new", "indeterminate", "done"}
    kinds = {one["name"]: one for one in get(shared, f"{API}/issuetype")}
    assert kinds["Unteraufgabe"]["subtask"]
    assert kinds["Vorfall"]["untranslatedName"] == "Incident"
    assert [one["name"] for one in get(shared, f"{API}/priority")] == ["Hoch", "Mittel"]


# Users


def test_users_show_what_they_want_to(shared: httpx.Client) -> None:
    users = {one["accountId"]: one for one in get(shared, f"{API}/users/search")}
    assert set(users) == {"acc-0", "acc-1", "acc-2", "acc-4"}  # not the anonymised one
    assert "emailAddress" not in users["acc-1"]
    assert users["acc-2"]["emailAddress"] == "bo@acme.test"
    assert [users[one]["active"] for one in ("acc-1", "acc-2")] == [True, False]
    assert users["acc-4"]["accountType"] == "app"
    assert len(get(shared, f"{API}/users/search", startAt=1, maxResults=2)) == 2
    former = get(shared, f"{API}/user", accountId="acc-3")
    assert (former["displayName"], former["active"]) == ("Former user", False)
    assert former["accountType"] == "unknown"
    assert not {"emailAddress", "timeZone"} & set(former)
    assert shared.get(f"{API}/user", params={"accountId": "acc-9"}).status_code == 404


def test_users_in_bulk_leave_out_unknown_ones(shared: httpx.Client) -> None:
    found = get(shared, f"{API}/user/bulk", accountId=["acc-1", "acc-9", "acc-3"])
    assert [one["accountId"] for one in found["values"]] == ["acc-1", "acc-3"]
    assert (found["maxResults"], found["isLast"]) == (10, True)
    assert shared.get(f"{API}/user/bulk").status_code == 400


def test_listing_users_needs_a_permission() -> None:
    with serving(browse_users=False) as url, httpx.Client(base_url=url, auth=AUTH) as client:
        reply = client.get(f"{API}/users/search")
        assert (reply.status_code, list(reply.json())) == (403, ["errorMessages", "errors"])
        assert client.get(f"{API}/myself").status_code == 200


# Search


def test_the_old_search_is_gone(shared: httpx.Client) -> None:
    for reply in (
        shared.get(f"{API}/search", params={"jql": "project = PAY"}),
        shared.post(f"{API}/search", json={"jql": "project = PAY"}),
    ):
        assert reply.status_code == 410
        assert "migrate to the /rest/api/3/search/jql API" in reply.json()["errorMessages"][0]


def test_search_gives_ids_only_unless_fields_are_asked(shared: httpx.Client) -> None:
    found = search(shared, "project = PAY order by created")
    assert found == {"issues": [{"id": "20001"}, {"id": "20002"}, {"id": "20005"}], "isLast": True}
    by_get = get(
        shared, f"{API}/search/jql", jql="project = PAY order by created", fields="summary,labels"
    )
    assert by_get["issues"][1]["fields"] == {"summary": "Thing PAY-2", "labels": ["backend"]}
    assert by_get["issues"][1]["key"] == "PAY-2"


def test_pages_follow_each_other_by_token(shared: httpx.Client) -> None:
    jql, found, token = "project in (PAY, WEB) order by updated desc", [], None
    for _ in range(10):
        page = search(shared, jql, maxResults=2, **({"nextPageToken": token} if token else {}))
        found += [one["id"] for one in page["issues"]]
        token = page.get("nextPageToken")
        assert page["isLast"] == (token is None)
        if token is None:
            break
    whole = search(shared, jql, maxResults=5)  # all of them, and nothing behind
    assert (len(whole["issues"]), whole["isLast"], "nextPageToken" in whole) == (5, True, False)
    # By their last change: 30 11:59, 28 11:00, 18 10:00, 12 10:00, 3 10:00.
    assert found == ["20001", "20007", "20002", "20003", "20005"]


def test_a_token_is_of_its_query_only(shared: httpx.Client) -> None:
    token = search(shared, "project = PAY", maxResults=1)["nextPageToken"]
    for jql, given in (("project = WEB", token), ("project = PAY", "nonsense")):
        reply = shared.post(f"{API}/search/jql", json={"jql": jql, "nextPageToken": given})
        assert (reply.status_code, len(reply.json()["errorMessages"])) == (400, 1)


def test_a_token_expires() -> None:
    with serving(token_lifetime=0.0) as url, httpx.Client(base_url=url, auth=AUTH) as client:
        token = search(client, "project = PAY", maxResults=1)["nextPageToken"]
        body = {"jql": "project = PAY", "nextPageToken": token}
        assert client.post(f"{API}/search/jql", json=body).status_code == 400


def test_unbounded_and_wrong_queries_are_refused(shared: httpx.Client) -> None:
    assert "Unbounded" in refused(shared, "")
    assert "Unbounded" in refused(shared, "order by updated")
    assert refused(shared, "project = NOPE") == (
        "The value 'NOPE' does not exist for the field 'project'."
    )
    assert "'SEC' does not exist" in refused(shared, "project in (PAY, SEC)")
    assert "Field 'nonsense' does not exist" in refused(shared, "nonsense = 1")
    assert "Expecting operator" in refused(shared, "project PAY")
    assert "line 1" in refused(shared, "project = PAY updated > 1")
    assert "is invalid" in refused(shared, 'updated >= "2026-03-01 10:00:30"')
    assert "at most 7" in refused(
        shared, "project = PAY order by key, id, created, updated, summary, status, type, rank"
    )
    assert "'Epic' does not exist" in refused(shared, "issuetype = Epic")
    assert "'PAY-9' does not exist" in refused(shared, "key = PAY-9")


def test_a_body_with_something_unknown_is_refused(shared: httpx.Client) -> None:
    for body in (
        {"jql": "project = PAY", "startAt": 0},
        {"jql": "project = PAY", "fields": "summary"},
        {"jql": "project = PAY", "expand": ["changelog"]},
    ):
        reply = shared.post(f"{API}/search/jql", json=body)
        assert (reply.status_code, list(reply.json())) == (400, ["errorMessages"])
    reply = shared.post(f"{API}/search/jql", content="jql")
    assert reply.status_code == 415


def test_times_in_queries_are_milliseconds_or_minutes_of_the_account_zone(
    shared: httpx.Client,
) -> None:
    created = int(at("3 10:00").timestamp() * 1000)
    assert keys(shared, f"created >= {created} order by key") == ["PAY-5", "WEB-2"]
    assert keys(shared, f"created > {created} order by key") == ["WEB-2"]
    # 10:00 in UTC is 11:00 in Berlin before the 29th, 12:00 after it.
    assert keys(shared, 'created >= "2026-03-03 11:00" order by key') == ["PAY-5", "WEB-2"]
    assert keys(shared, 'created >= "2026-03-03 11:01" order by key') == ["WEB-2"]
    assert keys(shared, 'updated >= "2026-03-30 13:59"') == ["PAY-1"]
    assert keys(shared, 'updated >= "2026-03-30 14:00"') == []
    assert keys(shared, "updated >= -3d order by key") == ["PAY-1", "WEB-2"]


@pytest.mark.parametrize(
    ("jql", "expected"),
    [
        ("key in (PAY-1, PAY-3)", ["PAY-1", "WEB-1"]),
        ("id in (20002, 20007)", ["PAY-2", "WEB-2"]),
        ("project = pay and id > 20001", ["PAY-2", "PAY-5"]),
        ('project = "Website"', ["WEB-1", "WEB-2"]),
        ("labels = backend", ["PAY-2"]),
        ("project = PAY and labels is empty", ["PAY-5"]),
        ("project = PAY and labels not in (l149)", ["PAY-2"]),
        ("issuetype in (Vorfall)", ["WEB-2"]),
        ("type = 10003 or component = Kasse", ["PAY-2", "PAY-5"]),
        ("project = PAY and not (labels = backend)", ["PAY-1", "PAY-5"]),
        ("statusCategory = Done", ["PAY-1"]),
        ("resolved >= '2026-03-29 08:00'", ["PAY-1"]),
        ("assignee = acc-3", ["PAY-2"]),
        ("parent = PAY-1", ["PAY-5"]),
        ("sprint in openSprints()", ["PAY-2"]),
        ("summary ~ web", ["WEB-2"]),
    ],
)
def test_conditions(shared: httpx.Client, jql: str, expected: list[str]) -> None:
    assert keys(shared, f"{jql} order by key") == expected


def test_counts_are_given_for_bounded_queries(shared: httpx.Client) -> None:
    reply = shared.post(f"{API}/search/approximate-count", json={"jql": "project = PAY"})
    assert reply.json() == {"count": 3}
    reply = shared.post(f"{API}/search/approximate-count", json={"jql": ""})
    assert reply.status_code == 400


def test_the_search_lags_behind_unless_issues_are_named() -> None:
    with (
        serving(search_lag=timedelta(minutes=5)) as url,
        httpx.Client(base_url=url, auth=AUTH) as client,
    ):
        move(client, "28 11:02")  # WEB-2 is two minutes old
        assert keys(client, "project = WEB") == ["WEB-1"]
        assert get(client, f"{API}/issue/WEB-2")["id"] == "20007"
        found = search(client, "project = WEB", reconcileIssues=[20007])
        assert len(found["issues"]) == 2
        move(client, "28 11:05")
        assert len(keys(client, "project = WEB")) == 2


# Issues


def test_an_issue_has_fields_as_jira_shows_them(shared: httpx.Client) -> None:
    found = get(shared, f"{API}/issue/PAY-2")
    fields = found["fields"]
    assert (found["id"], fields["created"]) == ("20002", "2026-03-02T09:10:00.000+0100")
    assert (fields[POINTS_FIELD], fields[SECOND_POINTS_FIELD], fields[ESTIMATE_FIELD]) == (
        5.0, None, None,
    )  # fmt: skip
    assert [(one["id"], one["name"], one["state"]) for one in fields[SPRINT_FIELD]] == [
        (11, "Sprint Eins", "closed"), (12, "Sprint 2", "active"),
    ]  # fmt: skip
    assert fields[SPRINT_FIELD][0]["startDate"] == "2026-03-02T08:30:00.000Z"
    assert [one["value"] for one in fields[FLAGGED_FIELD]] == ["Impediment"]
    assert fields["assignee"]["displayName"] == "Former user"
    assert [one["name"] for one in fields["components"]] == ["Kasse"]
    assert "parent" not in fields
    (link,) = fields["issuelinks"]
    assert (link["type"]["outward"], link["outwardIssue"]["key"]) == ("blocks", "PAY-1")
    other = get(shared, f"{API}/issue/PAY-1")["fields"]
    assert other["issuelinks"][0]["inwardIssue"]["key"] == "PAY-2"
    assert [one["key"] for one in other["subtasks"]] == ["PAY-5"]
    assert other["resolutiondate"] == "2026-03-29T08:00:00.000+0200"  # summer time began
    lines = [part["content"][0]["text"] for part in other["description"]["content"]]
    assert lines == ["First line", "second"]
    assert get(shared, f"{API}/issue/PAY-5")["fields"]["parent"]["key"] == "PAY-1"
    assert get(shared, f"{API}/issue/WEB-2")["fields"][ESTIMATE_FIELD] == 2.0


def test_fields_are_chosen_by_name(shared: httpx.Client) -> None:
    def chosen(fields: str) -> set[str]:
        return set(get(shared, f"{API}/issue/PAY-1", fields=fields)["fields"])

    assert chosen("summary,status") == {"summary", "status"}
    assert {"comment", "worklog", "summary"} <= chosen("*all")
    assert chosen("*navigable") >= {"summary"}
    assert not {"comment", "worklog"} & chosen("*navigable")
    assert "summary" not in chosen("*all,-summary")
    assert chosen("worklog") == {"worklog"}


def test_a_moved_issue_is_found_by_its_old_key(shared: httpx.Client) -> None:
    found = get(shared, f"{API}/issue/PAY-3", expand="changelog", fields="project")
    assert (found["id"], found["key"]) == ("20003", "WEB-1")
    assert found["fields"]["project"]["key"] == "WEB"
    items = found["changelog"]["histories"][0]["items"]
    assert items[0] == {
        "field": "Key", "fieldtype": "jira",
        "from": None, "fromString": "PAY-3", "to": None, "toString": "WEB-1",
    }  # fmt: skip
    assert (items[1]["fieldId"], items[1]["from"], items[1]["to"]) == ("project", "10000", "10001")


@pytest.mark.parametrize("name", ["PAY-4", "20004", "SEC-1", "20006", "NOPE-1"])
def test_deleted_and_secret_issues_are_not_there(shared: httpx.Client, name: str) -> None:
    for path in ("", "/changelog", "/worklog", "/comment", "/remotelink"):
        reply = shared.get(f"{API}/issue/{name}{path}")
        assert reply.status_code == 404
        assert reply.json() == {
            "errorMessages": ["Issue does not exist or you do not have permission to see it."],
            "errors": {},
        }


def test_issues_in_bulk_name_what_is_missing(shared: httpx.Client) -> None:
    body = {"issueIdsOrKeys": ["PAY-2", "20001", "PAY-3", "PAY-4"], "fields": ["summary"]}
    found = shared.post(f"{API}/issue/bulkfetch", json=body).json()
    assert [one["key"] for one in found["issues"]] == ["PAY-1", "PAY-2", "WEB-1"]
    assert [one["issueIdOrKey"] for one in found["issueErrors"]] == ["PAY-4"]
    body["issueIdsOrKeys"] = [str(one) for one in range(101)]
    assert shared.post(f"{API}/issue/bulkfetch", json=body).status_code == 400


# Changelogs


def test_an_expanded_changelog_is_cut(shared: httpx.Client) -> None:
    log = get(shared, f"{API}/issue/PAY-1", expand="changelog")["changelog"]
    assert (log["total"], log["maxResults"], len(log["histories"])) == (154, 100, 100)
    assert log["histories"][0]["id"] == "400"  # the latest first
    page = search(shared, "key = PAY-1", fields=["summary"], expand="changelog")
    assert page["issues"][0]["changelog"]["total"] == 154


def test_a_changelog_is_paged_oldest_first(shared: httpx.Client) -> None:
    first = get(shared, f"{API}/issue/PAY-1/changelog", maxResults=1000)
    assert (first["maxResults"], first["total"], first["isLast"]) == (100, 154, False)
    rest = shared.get(first["nextPage"]).json()
    found = [one["id"] for one in first["values"] + rest["values"]]
    assert (found[0], found[-1], len(set(found))) == ("1", "400", 154)
    assert rest["isLast"]
    assert first["values"][0]["created"] == "2026-03-02T10:00:00.000+0100"
    # The texts stay what they were: renamed and deleted statuses keep their old names.
    statuses = [
        (item["from"], item["fromString"], item["to"], item["toString"])
        for entry in first["values"]
        for item in entry["items"]
        if item["field"] == "status"
    ]
    assert statuses[:2] == [("1", "Offen", "3", "In Arbeit"), ("3", "In Arbeit", "7", "Prüfung")]
    assert "fieldId" not in first["values"][1]["items"][1]  # Workflow
    by_jira = get(shared, f"{API}/issue/PAY-2/changelog")["values"][2]
    assert "author" not in by_jira


def bulk(client: httpx.Client, **body: Any) -> Any:
    reply = client.post(f"{API}/changelog/bulkfetch", json=body)
    assert reply.status_code == 200, reply.text
    return reply.json()


def test_changelogs_in_bulk_are_complete(shared: httpx.Client) -> None:
    wanted = ["PAY-1", "20002", "PAY-3", "PAY-5", "PAY-4", "SEC-1"]
    found: dict[str, list[Any]] = {}
    token: dict[str, str] = {}
    times: list[int] = []
    for _ in range(10):
        page = bulk(shared, issueIdsOrKeys=wanted, maxResults=60, **token)
        for log in page["issueChangeLogs"]:
            found.setdefault(log["issueId"], []).extend(log["changeHistories"])
        times.append(min(one["created"] for log in page["issueChangeLogs"]
                         for one in log["changeHistories"]))  # fmt: skip
        if "nextPageToken" not in page:
            break
        token = {"nextPageToken": page["nextPageToken"]}
    # Nothing of PAY-5, which never changed, of PAY-4, deleted, nor of SEC-1, which is not shown.
    assert {key: len(rows) for key, rows in found.items()} == {
        "20001": 154, "20002": 6, "20003": 1
    }  # fmt: skip
    assert len(times) == 3
    assert times == sorted(times)
    assert found["20001"][0]["created"] == int(at("2 09:00").timestamp() * 1000)
    only = bulk(shared, issueIdsOrKeys=["PAY-1"], fieldIds=["status"])
    entries = only["issueChangeLogs"][0]["changeHistories"]
    assert [one["id"] for one in entries] == ["1", "2", "3", "400"]
    assert all(len(one["items"]) == 1 for one in entries)


def test_bulk_has_limits(shared: httpx.Client) -> None:
    for body in (
        {"issueIdsOrKeys": [str(one) for one in range(1001)]},
        {"issueIdsOrKeys": []},
        {"issueIdsOrKeys": ["PAY-1"], "fieldIds": [str(one) for one in range(11)]},
        {"issueIdsOrKeys": ["PAY-1"], "maxResults": 10_001},
        {"issueIdsOrKeys": ["PAY-1"], "nextPageToken": "nonsense"},
    ):
        reply = shared.post(f"{API}/changelog/bulkfetch", json=body)
        assert (reply.status_code, len(reply.json()["errorMessages"])) == (400, 1)


# Worklogs, comments, links


def test_worklogs_of_an_issue_and_of_the_site(shared: httpx.Client) -> None:
    own = get(shared, f"{API}/issue/PAY-1/worklog")
    assert (own["total"], own["worklogs"][0]["timeSpent"]) == (2, "1h 30m")
    assert own["worklogs"][0]["started"] == "2026-03-02T10:00:00.000+0100"
    after = int(at("2 10:00").timestamp() * 1000)
    assert len(get(shared, f"{API}/issue/PAY-1/worklog", startedAfter=after)["worklogs"]) == 1
    # Logged at 11:59, asked at 12:00: the minute is just over.
    updated = get(shared, f"{API}/worklog/updated", since=0)
    assert [one["worklogId"] for one in updated["values"]] == [801, 802]
    assert updated["lastPage"] is True
    later = get(shared, f"{API}/worklog/updated", since=updated["values"][0]["updatedTime"])
    assert [one["worklogId"] for one in later["values"]] == [802]
    reply = shared.post(f"{API}/worklog/list", json={"ids": [802, 9]})
    assert [(one["id"], one["issueId"]) for one in reply.json()] == [("802", "20001")]
    assert get(shared, f"{API}/worklog/deleted", since=0)["values"] == []
    too_many = shared.post(f"{API}/worklog/list", json={"ids": list(range(1001))})
    assert too_many.status_code == 400


def test_worklogs_of_the_last_minute_are_not_told(client: httpx.Client) -> None:
    client.post("/demo/clock", json={"now": (at("30 11:59") + timedelta(seconds=30)).isoformat()})
    assert len(get(client, f"{API}/worklog/updated")["values"]) == 1
    assert len(get(client, f"{API}/issue/PAY-1/worklog")["worklogs"]) == 2


def test_comments_and_remote_links(shared: httpx.Client) -> None:
    comments = get(shared, f"{API}/issue/PAY-1/comment")
    (comment,) = comments["comments"]
    assert comment["author"]["displayName"] == "Former user"
    assert comment["body"]["content"][0]["content"][0]["text"] == "See abc1234"
    (link,) = get(shared, f"{API}/issue/PAY-1/remotelink")
    assert link["object"]["url"] == "https://git.test/acme/pay/pull/7"
    assert link["application"]["type"] == "com.github.integration"


# The agile API


def test_boards_of_what_may_be_seen(shared: httpx.Client) -> None:
    found = get(shared, f"{AGILE}/board", maxResults=1)
    assert (found["isLast"], found["values"][0]["type"]) == (False, "scrum")
    assert found["values"][0]["location"]["projectKey"] == "PAY"
    assert get(shared, f"{AGILE}/board", startAt=1)["values"][0]["type"] == "kanban"
    only = get(shared, f"{AGILE}/board", projectKeyOrId="WEB")
    assert [one["id"] for one in only["values"]] == [2]
    assert shared.get(f"{AGILE}/board/3").status_code == 404
    projects = get(shared, f"{AGILE}/board/1/project")
    assert [one["key"] for one in projects["values"]] == ["PAY"]


def test_a_board_says_what_it_estimates_in(shared: httpx.Client) -> None:
    found = get(shared, f"{AGILE}/board/1/configuration")
    assert found["estimation"] == {
        "type": "field", "field": {"fieldId": POINTS_FIELD, "displayName": "Story Points"}
    }  # fmt: skip
    columns = {
        one["name"]: [status["id"] for status in one["statuses"]]
        for one in found["columnConfig"]["columns"]
    }
    assert columns == {"To Do": ["1"], "In Progress": ["3"], "Done": ["5"]}
    assert "estimation" not in get(shared, f"{AGILE}/board/2/configuration")


def test_sprints_of_a_board_by_state(shared: httpx.Client) -> None:
    found = get(shared, f"{AGILE}/board/1/sprint")
    assert [(one["id"], one["state"]) for one in found["values"]] == [
        (11, "closed"), (12, "active"), (13, "future"),
    ]  # fmt: skip
    assert found["isLast"] is True
    closed = found["values"][0]
    assert (closed["name"], closed["completeDate"]) == ("Sprint Eins", "2026-03-13T17:30:00.000Z")
    assert "completeDate" not in found["values"][1]
    assert "startDate" not in found["values"][2]
    active = get(shared, f"{AGILE}/board/1/sprint", state="active,future", maxResults=1)
    assert ([one["id"] for one in active["values"]], active["isLast"]) == ([12], False)
    assert shared.get(f"{AGILE}/board/1/sprint", params={"state": "odd"}).status_code == 400
    assert get(shared, f"{AGILE}/sprint/12")["originBoardId"] == 1
    assert shared.get(f"{AGILE}/sprint/14").status_code == 404


def test_a_kanban_board_has_no_sprints(shared: httpx.Client) -> None:
    reply = shared.get(f"{AGILE}/board/2/sprint")
    assert reply.status_code == 400
    assert reply.json()["errorMessages"] == ["The board does not support sprints"]


def test_issues_by_board_and_sprint(shared: httpx.Client) -> None:
    found = get(shared, f"{AGILE}/board/1/issue", maxResults=2, fields="summary")
    assert (found["total"], [one["key"] for one in found["issues"]]) == (3, ["PAY-1", "PAY-2"])
    sprint = get(shared, f"{AGILE}/sprint/11/issue")
    (issue,) = sprint["issues"]
    fields = issue["fields"]
    assert [one["id"] for one in fields["closedSprints"]] == [11]
    assert (fields["sprint"]["id"], fields["flagged"]) == (12, True)
    first = get(shared, f"{AGILE}/issue/PAY-1")["fields"]
    assert first["description"] == "First line\nsecond"
    assert len(get(shared, f"{AGILE}/board/1/issue", jql="labels = backend")["issues"]) == 1


@pytest.mark.parametrize("status", [403, 404])
def test_a_site_may_have_no_agile_api(status: int) -> None:
    with serving(without_agile=status) as url, httpx.Client(base_url=url, auth=AUTH) as client:
        assert client.get(f"{AGILE}/board").status_code == status
        assert client.get(f"{API}/project/search").status_code == 200


# The clock


def test_a_moved_clock_shows_more(client: httpx.Client) -> None:
    move(client, "4 12:00")
    assert keys(client, "project in (PAY, WEB) order by key") == [
        "PAY-1", "PAY-2", "PAY-3", "PAY-4", "PAY-5",
    ]  # fmt: skip
    early = get(client, f"{API}/issue/PAY-1", expand="changelog")
    assert early["fields"]["status"]["name"] == "In Arbeit"
    assert early["changelog"]["total"] == 3
    assert early["fields"]["updated"] == "2026-03-04T10:00:00.000+0100"
    assert get(client, f"{API}/user", accountId="acc-3")["displayName"] == "Cy Cohen"
    assert [one["id"] for one in get(client, f"{AGILE}/board/1/sprint")["values"]] == [11, 14]
    assert "Prüfung" in [one["name"] for one in get(client, f"{API}/status")]
    move(client, "12 10:00")
    assert keys(client, "project = WEB") == ["WEB-1"]
    assert get(client, f"{AGILE}/sprint/11")["state"] == "active"
    move(client, "22 09:00")
    assert client.get(f"{API}/issue/PAY-4").status_code == 404
    assert client.get("/demo/clock").json() == {"now": "2026-03-22T09:00:00+00:00"}
    assert client.post("/demo/clock", json={"now": "2026-03-22T09:00:00"}).status_code == 400


def test_pages_go_on_where_they_stopped_when_issues_move_meanwhile(client: httpx.Client) -> None:
    move(client, "28 10:00")
    jql = "project in (PAY, WEB) order by updated asc"
    first = search(client, jql, maxResults=2)
    move(client, "30 12:00")  # WEB-2 was made, PAY-1 edited once more
    rest = search(client, jql, maxResults=10, nextPageToken=first["nextPageToken"])
    assert [one["id"] for one in first["issues"]] == ["20005", "20001"]
    assert [one["id"] for one in rest["issues"]] == ["20003", "20002", "20007", "20001"]
