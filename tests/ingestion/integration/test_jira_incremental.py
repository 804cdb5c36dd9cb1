"""One sync after the other: what changed, what moved, what is gone, and what came back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.fixtures.jira_site import SPRINT, FakeJira, person

pytestmark = pytest.mark.integration

NEW = "2026-01-10T20:30:00.000+0800"


@pytest.fixture
def pay(jira: FakeJira) -> dict[str, Any]:
    pay = jira.project("PAY", "10000")
    jira.status("1", "打开", "new")
    jira.status("3", "已完成", "done")
    jira.board(8, pay)
    jira.sprint(34, 8)
    for number in (1, 2, 3):
        jira.issue(str(500 + number), pay, number, f"2026-01-09T10:3{number}:00.000+0800")
    return pay


def deleted(world: Any, table: str = "issues", name: str = "key") -> list[str]:
    return world.values(
        f"select {name} from raw_jira.{table} where deleted_at is not null order by 1"
    )


def test_a_deleted_issue_is_marked_and_stays(jira, jira_world, pay) -> None:
    jira_world.load()
    del jira.issues["502"]

    jira_world.load()

    assert jira_world.rows("select key, deleted_at, synced_at from raw_jira.issues order by key")[
        1
    ] == {"key": "PAY-2", "deleted_at": jira_world.now, "synced_at": jira_world.now}
    assert deleted(jira_world) == ["PAY-2"]

    first = jira_world.now
    jira_world.load()

    assert jira_world.values("select deleted_at from raw_jira.issues where key = 'PAY-2'") == [
        first
    ]


def test_an_issue_that_comes_back_is_read_again(jira, jira_world, pay) -> None:
    jira_world.load()
    hidden = jira.issues.pop("502")
    jira_world.load()
    jira.issues["502"] = hidden  # its `updated` is as it was
    jira.changelogs["502"] = []
    jira.change("502", 1, "2026-01-02T10:00:00.000+0800", {"field": "labels", "to": "x"})

    jira_world.load()

    assert deleted(jira_world) == []
    assert jira_world.values("select count(*) from raw_jira.issue_changes") == [1]


def test_an_issue_that_moves_keeps_its_id_under_its_new_key(jira, jira_world, pay) -> None:
    web = jira.project("WEB", "10001")
    jira_world.load()
    moved = jira.issues["502"]
    moved["key"] = "WEB-1"
    moved["fields"]["project"] = {"id": web["id"], "key": "WEB"}
    moved["fields"]["updated"] = NEW

    jira_world.load()

    assert jira_world.rows(
        "select key, project_id, deleted_at from raw_jira.issues where id = '502'"
    ) == [{"key": "WEB-1", "project_id": "10001", "deleted_at": None}]
    assert jira_world.values("select count(*) from raw_jira.issues") == [3]


def test_an_issue_that_moves_where_nobody_looks_is_marked(jira, jira_world, pay) -> None:
    web = jira.project("WEB", "10001")
    jira_world.load(projects=["PAY"])
    moved = jira.issues["502"]
    moved["fields"] |= {"project": {"id": web["id"], "key": "WEB"}, "updated": NEW}

    jira_world.load(projects=["PAY"])

    assert deleted(jira_world) == ["PAY-2"]


def test_an_issue_that_the_index_misses_is_not_marked(jira, jira_world, pay) -> None:
    jira_world.load()
    jira.lagging.add("502")

    jira_world.load()

    assert deleted(jira_world) == []


def test_a_scan_that_fails_marks_nothing(jira, jira_world, pay) -> None:
    jira_world.load()
    del jira.issues["502"]

    def refuse_scans(what: str) -> None:
        if jira.requests[-1][2] and "ORDER BY id" in str(jira.requests[-1][2].get("jql")):
            from tests.fixtures.jira_site import status

            jira.fail("search/jql", status(500))

    jira.on_request = refuse_scans
    result = jira_world.load()

    assert deleted(jira_world) == []
    assert result.failures == []
    assert jira_world.values(
        "select status from raw_jira.project_syncs where scope = 'issue_ids'"
        " order by synced_at desc limit 1"
    ) == ["failed"]


def test_a_change_that_the_index_shows_late_is_still_found(jira, jira_world, pay) -> None:
    """A later change was seen before it: the next sync looks a quarter of an hour further back."""
    jira.issues["502"]["fields"]["updated"] = "2026-01-10T19:20:00.000+0800"
    jira.lagging.add("502")
    jira.issues["503"]["fields"]["updated"] = "2026-01-10T19:30:00.000+0800"
    jira_world.load()
    assert jira_world.values("select count(*) from raw_jira.issues") == [2]
    jira.lagging.clear()

    jira_world.load()

    assert jira_world.values("select count(*) from raw_jira.issues") == [3]


def test_a_sync_reads_only_the_projects_with_changes(jira, jira_world, pay) -> None:
    web = jira.project("WEB", "10001")
    jira.issue("600", web, 1, "2026-01-09T11:00:00.000+0800")
    jira_world.load()
    jira.issues["501"]["fields"] |= {"summary": "New", "updated": NEW}

    result = jira_world.load()

    queries = [body["jql"] for _, _, body in jira.asked("search/jql")]
    assert [query.split(" AND ")[0] for query in queries] == [
        "project in (10000, 10001)",
        "project in (10000, 10001) ORDER BY id ASC",
    ]
    # Only the history of what changed is asked for.
    assert [body["issueIdsOrKeys"] for _, _, body in jira.asked("bulkfetch")] == [["501"]]
    assert (result.repositories, result.skipped) == (2, 1)
    assert result.row_counts["issues"] == 1


def test_a_project_that_failed_is_caught_up(jira, jira_world, pay) -> None:
    from tests.fixtures.jira_site import status

    web = jira.project("WEB", "10001")
    jira.issue("600", web, 1, "2026-01-09T11:00:00.000+0800")
    jira_world.load()
    jira.issues["501"]["fields"]["updated"] = NEW
    jira.issues["600"]["fields"] |= {"summary": "Later", "updated": "2026-01-10T20:40:00.000+0800"}
    jira.fail("bulkfetch", *[status(500)] * 3)
    result = jira_world.load(concurrency=1)
    assert [failure.repository for failure in result.failures] == ["PAY"]
    # In the meantime others move on, far beyond the overlap.
    jira.issues["600"]["fields"]["updated"] = "2026-01-10T23:40:00.000+0800"
    jira.server_time = "2026-01-11T12:00:00.000+0000"

    jira_world.load()

    assert jira_world.values("select updated_at::text from raw_jira.issues where id = '501'")[
        0
    ].startswith("2026-01-10 12:30")


def test_a_project_that_was_left_out_for_a_while_is_caught_up(jira, jira_world, pay) -> None:
    web = jira.project("WEB", "10001")
    jira.issue("600", web, 1, "2026-01-09T11:00:00.000+0800")
    jira_world.load()
    jira.issues["501"]["fields"] |= {"summary": "Missed", "updated": NEW}
    jira_world.load(projects=["WEB"])
    jira.issues["600"]["fields"]["updated"] = "2026-01-10T23:40:00.000+0800"
    jira.server_time = "2026-01-11T12:00:00.000+0000"
    jira_world.load(projects=["WEB"])
    assert deleted(jira_world, "projects") == []

    jira_world.load()

    assert "Missed" in jira_world.values("select title from raw_jira.issues")


def test_sprints_are_read_again_whatever_their_issues_do(jira, jira_world, pay) -> None:
    jira_world.load()
    jira.sprints[34] |= {
        "state": "closed", "name": "Renamed", "completeDate": "2026-01-10T10:00:00.000Z",
    }  # fmt: skip
    jira.sprint(35, 8, "future")

    result = jira_world.load()

    assert result.row_counts["issues"] == 0
    assert jira_world.rows("select id, name, state from raw_jira.sprints order by id") == [
        {"id": 34, "name": "Renamed", "state": "closed"},
        {"id": 35, "name": "Sprint 35", "state": "future"},
    ]


def test_what_vanishes_from_a_complete_list_is_marked(jira, jira_world, pay) -> None:
    web = jira.project("WEB", "10001")
    jira.board(9, web)
    jira.sprint(35, 8)
    jira.status("77", "Old", "new")
    jira_world.load()
    jira.projects.remove(web)
    jira.boards.pop()
    jira.lists[8].remove(35)
    del jira.sprints[35]
    jira.statuses.pop()

    jira_world.load()

    assert deleted(jira_world, "projects") == ["WEB"]
    assert deleted(jira_world, "boards", "id") == [9]
    assert deleted(jira_world, "sprints", "id") == [35]
    assert deleted(jira_world, "statuses", "id") == ["77"]

    jira.status("77", "Old", "new")
    jira_world.load()
    assert deleted(jira_world, "statuses", "id") == []


def test_a_list_that_is_not_complete_marks_nothing(jira, jira_world, pay) -> None:
    from tests.fixtures.jira_site import status

    jira.board(9, pay)
    jira.sprint(35, 9)
    jira.unused_statuses = [
        {"id": "88", "name": "Unused", "statusCategory": "IN_PROGRESS", "scope": {"type": "GLOBAL"}}
    ]
    jira_world.load()
    assert jira_world.values("select category from raw_jira.statuses where id = '88'") == [
        "indeterminate"
    ]
    jira.unused_statuses = None  # the right to see them is gone, not they
    jira.lists[9].clear()
    del jira.sprints[35]
    jira.fail("board/8/sprint", *[status(500)] * 3)

    jira_world.load()

    assert deleted(jira_world, "statuses", "id") == []
    assert deleted(jira_world, "sprints", "id") == []
    assert jira_world.values(
        "select status from raw_jira.project_syncs where scope = 'sprints' order by synced_at"
    ) == ["succeeded", "failed"]


def test_sprints_of_others_come_in_only_if_our_issues_name_them(jira, jira_world, pay) -> None:
    web = jira.project("WEB", "10001")
    jira.board(9, web)
    jira.sprint(90, 9)
    jira.sprint(91, 9)
    jira.lists[8] += [90]  # shows on our board, as its issues match the filter
    jira.issues["501"]["fields"][SPRINT] = [{"id": 34}]
    jira.change("501", 1, "2026-01-02T10:00:00.000+0800",
                {"field": "Sprint", "fieldId": SPRINT, "from": "91", "to": "34"},
                {"field": "status", "fieldId": "status", "from": "501", "to": "1"})  # fmt: skip
    for id_, project in (("501", "10001"), ("502", "10001")):
        jira.status(id_, "Theirs", "new",
                    scope={"type": "PROJECT", "project": {"id": project}})  # fmt: skip

    jira_world.load(projects=["PAY"])

    assert jira_world.values("select id from raw_jira.sprints order by id") == [34, 91]
    assert jira_world.values("select id from raw_jira.boards order by id") == [8, 9]
    assert jira_world.rows("select board_id, sprint_id from raw_jira.board_sprints") == [
        {"board_id": 8, "sprint_id": 34}
    ]
    assert jira_world.values("select id from raw_jira.statuses order by id") == ["1", "3", "501"]

    jira.sprints[91]["state"] = "closed"
    jira_world.load(projects=["PAY"])
    assert jira_world.values("select state from raw_jira.sprints where id = 91") == ["closed"]
    jira_world.load(projects=["PAY"])
    assert jira.asked("/sprint/91") == []
    assert deleted(jira_world, "boards", "id") == []


def test_accounts_are_seen_to_once_a_day(jira, jira_world, pay) -> None:
    jira.issues["501"]["fields"]["assignee"] = person("Ann")
    jira_world.load()
    jira.users["acc-ann"] = person("Ann", active=False, displayName="Former user")

    jira_world.load()
    assert jira_world.values("select is_active from raw_jira.users") == [True]

    jira_world.load(after=timedelta(days=1))
    assert jira_world.rows("select name, is_active from raw_jira.users") == [
        {"name": "Former user", "is_active": False}
    ]


def test_an_address_that_an_issue_hides_is_asked_for(jira, jira_world, pay) -> None:
    hidden = person("Ann")
    del hidden["emailAddress"]
    jira.issues["501"]["fields"]["assignee"] = hidden
    jira.users["acc-ann"] = person("Ann")

    jira_world.load()

    assert jira_world.values("select email from raw_jira.users") == ["ann@acme.test"]
