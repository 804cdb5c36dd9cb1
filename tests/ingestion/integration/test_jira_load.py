"""The load as a whole: a Jira over HTTP on one side, Postgres on the other."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tests.fixtures.jira_site import FLAG, POINTS, SPRINT, FakeJira, custom, person

pytestmark = pytest.mark.integration


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type]


@pytest.fixture
def pay(jira: FakeJira) -> dict[str, Any]:
    """A project with a board, a sprint and an issue that has one of everything."""
    pay = jira.project("PAY", "10000", lead=person("Lea"))
    jira.status("1", "打开", "new")
    jira.status("3", "已完成", "done")
    jira.board(8, pay)
    jira.sprint(34, 8)
    jira.issue(
        "500",
        pay,
        1,
        "2026-01-09T10:30:00.250+0800",
        status=jira.statuses[1],
        description={
            "type": "doc",
            "content": [
                {"type": "paragraph", "content": [{"type": "text", "text": "Broken by 1a2b3c4d"}]}
            ],
        },
        issuetype={"id": "10001", "name": "故事", "subtask": False},
        labels=["incident"],
        components=[{"id": "1", "name": "Checkout"}],
        fixVersions=[{"id": "1", "name": "v1"}],
        creator=person("Ann"),
        reporter=person("Bo"),
        assignee=person("Cy"),
        parent={"id": "400", "key": "PAY-9"},
        resolution={"id": "1", "name": "完成"},
        resolutiondate="2026-01-09T10:00:00.000+0800",
        duedate="2026-02-01",
        timeoriginalestimate=7200,
        timespent=3600,
        issuelinks=[
            {"id": "70", "type": {"name": "Blocks"}, "outwardIssue": {"id": "501", "key": "X-1"}},
            {"id": "71", "type": {"name": "Blocks"}, "inwardIssue": {"id": "502", "key": "X-2"}},
        ],
        **{
            SPRINT: [{"id": 34, "name": "Sprint 34", "state": "active", "boardId": 8}],
            POINTS: 5.0,
            FLAG: [{"id": "10019", "value": "Impediment"}],
        },
    )
    jira.change(
        "500",
        900,
        "2026-01-09T10:00:00.000+0800",
        {"field": "status", "fieldtype": "jira", "fieldId": "status",
         "from": "1", "fromString": "打开", "to": "3", "toString": "已完成"},
        {"field": "summary", "fieldtype": "jira", "fieldId": "summary",
         "from": None, "fromString": "Old", "to": None, "toString": "New"},
    )  # fmt: skip
    jira.change(
        "500",
        901,
        "2026-01-09T10:05:00.000+0800",
        {"field": "RemoteIssueLink", "fieldtype": "jira", "from": None, "fromString": None,
         "to": "17", "toString": "This issue links to \"Commit\""},
        author=person("Dee"),
    )  # fmt: skip
    jira.worklogs["500"] = [
        {
            "id": "60",
            "author": person("Eve"),
            "timeSpentSeconds": 3600,
            "started": "2026-01-08T09:00:00.000+0800",
            "created": "2026-01-08T10:00:00.000+0800",
            "updated": "2026-01-08T10:00:00.000+0800",
        }
    ]
    jira.comments["500"] = [
        {"id": "1", "author": person("Fay"), "body": "see https://git.acme.test/a/b/pull/7?x=1"}
    ]
    jira.remote_links["500"] = [
        {"id": 17, "application": {"type": "com.acme"},
         "object": {"url": "https://git.acme.test/a/b/pull/7", "title": "Retry"}}
    ]  # fmt: skip
    return pay


def test_a_load_brings_everything_of_an_issue(jira, jira_world, pay) -> None:
    result = jira_world.load()

    assert result.failures == []
    assert result.repositories == 1
    (issue,) = jira_world.rows("select * from raw_jira.issues")
    expected = {
        "id": "500",
        "key": "PAY-1",
        "project_id": "10000",
        "project_key": "PAY",
        "type_name": "故事",
        "is_subtask": False,
        "title": "Issue 1",
        "body": None,
        "status_id": "3",
        "status_name": "已完成",
        "priority": "Medium",
        "resolution": "完成",
        "labels": ["incident"],
        "components": ["Checkout"],
        "fix_versions": ["v1"],
        "creator_id": "acc-ann",
        "reporter_id": "acc-bo",
        "assignee_id": "acc-cy",
        "parent_id": "400",
        "parent_key": "PAY-9",
        "sprint_ids": [34],
        "story_points": 5.0,
        "original_estimate_seconds": 7200,
        "time_spent_seconds": 3600,
        "is_flagged": True,
        "mentioned": {
            "shas": ["1a2b3c4d"],
            "urls": ["https://git.acme.test/a/b/pull/7"],
        },
        "created_at": utc(2026, 1, 1),
        "updated_at": utc(2026, 1, 9, 2, 30) + timedelta(milliseconds=250),
        "resolved_at": utc(2026, 1, 9, 2),
        "due_on": date(2026, 2, 1),
        "deleted_at": None,
    }
    assert {name: issue[name] for name in expected} == expected
    assert jira_world.rows(
        "select change_id, position, field_id, from_value, to_value, from_text, to_text,"
        " created_at, author_id from raw_jira.issue_changes order by change_id, position"
    ) == [
        {
            "change_id": "900", "position": 1, "field_id": "status", "from_value": "1",
            "to_value": "3", "from_text": "打开", "to_text": "已完成",
            "created_at": utc(2026, 1, 9, 2), "author_id": "acc-ann",
        },
        {
            "change_id": "900", "position": 2, "field_id": "summary", "from_value": None,
            "to_value": None, "from_text": None, "to_text": None,
            "created_at": utc(2026, 1, 9, 2), "author_id": "acc-ann",
        },
        {
            "change_id": "901", "position": 1, "field_id": None, "from_value": None,
            "to_value": "17", "from_text": None, "to_text": 'This issue links to "Commit"',
            "created_at": utc(2026, 1, 9, 2, 5), "author_id": "acc-dee",
        },
    ]  # fmt: skip
    assert jira_world.rows(
        "select id, source_issue_id, target_issue_id, seen_from_issue_id"
        " from raw_jira.issue_links order by id"
    ) == [
        {"id": "70", "source_issue_id": "500", "target_issue_id": "501",
         "seen_from_issue_id": "500"},
        {"id": "71", "source_issue_id": "502", "target_issue_id": "500",
         "seen_from_issue_id": "500"},
    ]  # fmt: skip
    (link,) = jira_world.rows("select * from raw_jira.remote_links")
    assert (link["url"], link["application"]) == ("https://git.acme.test/a/b/pull/7", "com.acme")
    (worklog,) = jira_world.rows("select * from raw_jira.worklogs")
    assert (worklog["seconds_spent"], worklog["started_at"]) == (3600, utc(2026, 1, 8, 1))
    (sprint,) = jira_world.rows("select * from raw_jira.sprints")
    assert (sprint["id"], sprint["state"], sprint["origin_board_id"]) == (34, "active", 8)
    assert jira_world.rows("select board_id, sprint_id from raw_jira.board_sprints") == [
        {"board_id": 8, "sprint_id": 34}
    ]
    # All who stand anywhere in it.
    assert set(jira_world.values("select id from raw_jira.users")) == {
        "acc-ann", "acc-bo", "acc-cy", "acc-dee", "acc-eve", "acc-fay", "acc-lea",
    }  # fmt: skip
    assert jira_world.rows(
        "select id, used_as, preference from raw_jira.fields where used_as is not null order by id"
    ) == [
        {"id": POINTS, "used_as": "story_points", "preference": 1},
        {"id": SPRINT, "used_as": "sprint", "preference": 1},
        {"id": FLAG, "used_as": "flagged", "preference": 1},
    ]
    assert jira_world.rows("select id, category from raw_jira.statuses order by id") == [
        {"id": "1", "category": "new"},
        {"id": "3", "category": "done"},
    ]


def test_texts_of_people_are_stored_only_if_wanted(jira, jira_world, pay) -> None:
    jira_world.load({"privacy": {"store_bodies": True}})

    assert jira_world.values("select body from raw_jira.issues") == ["Broken by 1a2b3c4d"]
    assert jira_world.values(
        "select to_text from raw_jira.issue_changes where field = 'summary'"
    ) == ["New"]


def test_a_second_load_asks_for_the_lists_and_what_changed_only(jira, jira_world, pay) -> None:
    other = jira.project("WEB", "10001")
    jira.issue("600", other, 1, "2026-01-09T12:00:00.000+0800")
    jira_world.load()
    before = jira_world.contents()

    result = jira_world.load()

    # serverInfo, myself, projects, fields, statuses, boards, sprints, one look for changes, one
    # scan of ids.
    assert result.requests == len(jira.requests) == 9
    assert result.skipped == 2
    assert result.row_counts["issues"] == 0
    assert jira_world.contents() == before

    jira.issues["500"]["fields"]["updated"] = "2026-01-10T21:00:00.000+0800"
    jira.issues["500"]["fields"]["summary"] = "Renamed"
    result = jira_world.load()

    # And its history, its remote links: changed within the overlap.
    assert result.requests - 9 in (1, 2)
    assert result.row_counts["issues"] == 1
    assert jira_world.values("select title from raw_jira.issues order by id") == [
        "Renamed",
        "Issue 1",
    ]


def test_lists_are_read_to_their_ends(jira, jira_world) -> None:
    """Changelogs over pages, more than 20 worklogs and comments, sprints and boards over 50."""
    pay = jira.project("PAY", "10000")
    for number in range(120):
        jira.project(f"P{number}", str(20000 + number))
    for number in range(60):
        jira.board(100 + number, pay)
    for number in range(70):
        jira.sprint(number + 1, 100, "closed")
    jira.issue("500", pay, 1, "2026-01-09T10:30:00.000+0800")
    jira.issue("501", pay, 2, "2026-01-09T10:31:00.000+0800")
    for number in range(250):
        jira.change("500", number + 1, "2026-01-09T10:00:00.000+0800",
                    {"field": "status", "fieldId": "status", "from": "1", "to": "1"})  # fmt: skip
    jira.change("501", 900, "2026-01-09T10:00:00.000+0800", {"field": "labels", "to": None})
    jira.bulk_page = 100
    jira.worklogs["500"] = [
        {"id": str(n), "timeSpentSeconds": 60, "created": "2026-01-09T10:00:00.000+0800"}
        for n in range(45)
    ]
    jira.comments["500"] = [{"id": str(n), "body": "words"} for n in range(29)]
    jira.comments["500"].append({"id": "30", "body": "deadbeef1"})

    jira_world.load()

    assert jira_world.rows(
        "select issue_id, count(*) as n from raw_jira.issue_changes group by 1 order by 1"
    ) == [{"issue_id": "500", "n": 250}, {"issue_id": "501", "n": 1}]
    assert jira_world.values("select count(*) from raw_jira.worklogs") == [45]
    assert jira_world.values("select count(*) from raw_jira.projects") == [121]
    assert jira_world.values("select count(*) from raw_jira.boards") == [60]
    assert jira_world.values("select count(*) from raw_jira.sprints") == [70]
    assert jira_world.values("select mentioned from raw_jira.issues where id = '500'") == [
        {"shas": ["deadbeef1"]}
    ]


def test_without_bulk_changelogs_they_are_read_one_by_one(jira, jira_world, pay) -> None:
    jira.has_bulk = False
    for number in range(150):
        jira.change("500", number + 1000, "2026-01-09T10:00:00.000+0800",
                    {"field": "labels", "fieldId": "labels", "to": "x"})  # fmt: skip
    jira.issue("501", pay, 2, "2026-01-09T11:00:00.000+0800")

    jira_world.load()

    assert jira_world.values("select count(*) from raw_jira.issue_changes") == [153]
    assert len(jira.asked("changelog/bulkfetch")) == 1
    assert len(jira.asked("/changelog")) == 1 + 2 + 1


def test_the_first_load_takes_what_changed_since_and_all_that_is_open(jira, jira_world) -> None:
    pay = jira.project("PAY", "10000")
    jira.status("1", "打开", "new")
    done = jira.status("3", "已完成", "done")
    jira.issue("500", pay, 1, "2025-06-01T10:00:00.000+0800", status=done)
    jira.issue("501", pay, 2, "2025-06-01T10:00:00.000+0800")
    jira.issue("502", pay, 3, "2026-01-02T10:00:00.000+0800", status=done)

    jira_world.load()

    assert jira_world.values("select key from raw_jira.issues order by key") == ["PAY-2", "PAY-3"]

    jira_world.load({"history": {"since": "2025-01-01"}})

    assert jira_world.values("select count(*) from raw_jira.issues") == [3]


def test_a_full_load_reads_everything_again(jira, jira_world, pay) -> None:
    jira_world.load()
    # No change of `updated` tells of it.
    jira.issues["500"]["fields"]["summary"] = "Silently changed"

    jira_world.load(full=True)

    assert jira_world.values("select title from raw_jira.issues") == ["Silently changed"]


def test_two_fields_called_story_points(jira, jira_world, pay) -> None:
    """The boards tell which of the twins is meant; its value comes first, the other's counts."""
    twin = "customfield_10099"
    jira.fields.append(custom(twin, "Story Points", "float"))
    jira.estimations = {8: twin}
    jira.issues["500"]["fields"][twin] = 8.0
    jira.issue("501", pay, 2, "2026-01-09T10:31:00.000+0800", **{POINTS: 3.0})

    jira_world.load()

    assert jira_world.rows("select id, story_points from raw_jira.issues order by id") == [
        {"id": "500", "story_points": 8.0},
        {"id": "501", "story_points": 3.0},
    ]
    assert jira_world.rows(
        "select id, preference from raw_jira.fields where used_as = 'story_points' order by 2"
    ) == [{"id": twin, "preference": 1}, {"id": POINTS, "preference": 2}]


def test_more_issues_than_a_page_and_rounds_that_end_early(jira, jira_world) -> None:
    pay = jira.project("PAY", "10000")
    for number in range(1, 251):
        # A bulk change: all at one moment.
        jira.issue(str(number), pay, number, "2026-01-09T10:30:00.000+0800")
        jira.change(str(number), number, "2026-01-09T10:00:00.000+0800",
                    {"field": "labels", "fieldId": "labels", "to": "x"})  # fmt: skip

    jira_world.load(longest_round=0.0)

    assert jira_world.values("select count(*) from raw_jira.issues") == [250]
    assert jira_world.values("select count(*) from raw_jira.issue_changes") == [250]
    # Three pages, and the scan of ids at the end.
    assert len(jira.asked("search/jql")) == 4
    assert jira_world.rows(
        "select status, row_count from raw_jira.project_syncs where scope = 'PAY'"
    ) == [{"status": "succeeded", "row_count": 500}]


def test_progress_is_told(jira, jira_world, pay) -> None:
    told: list[Any] = []

    jira_world.load(progress=told.append)

    assert (told[-1].repositories_done, told[-1].repositories_total) == (1, 1)
    assert told[-1].rows > 5
