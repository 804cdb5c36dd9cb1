"""What a sync costs in requests, and that nothing is missed for the sake of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.fixtures.jira_site import SPRINT, FakeJira, status

pytestmark = pytest.mark.integration

NEW = "2026-01-10T20:30:00.000+0800"


@pytest.fixture
def company(jira: FakeJira) -> list[dict[str, Any]]:
    """50 projects with an issue each; six scrum boards, each with an open and a closed sprint."""
    jira.status("1", "打开", "new")
    projects = [jira.project(f"P{number}", str(10000 + number)) for number in range(50)]
    for number, project in enumerate(projects):
        at = f"2026-01-09T10:{number:02}:00.000+0800"
        jira.issue(str(500 + number), project, 1, at)
        if number < 6:
            jira.board(number + 1, project)
            jira.sprint(100 + number, number + 1)
            jira.sprint(200 + number, number + 1, "closed")
            jira.issues[str(500 + number)]["fields"][SPRINT] = [{"id": 100 + number}]
    return projects


def asked(jira: FakeJira) -> list[str]:
    return [f"{method} {path}" for method, path, _ in jira.requests]


def sprints(world: Any) -> dict[int, str]:
    rows = world.rows("select id, state from raw_jira.sprints where deleted_at is null")
    return {row["id"]: row["state"] for row in rows}


def test_fifty_unchanged_projects_cost_ten_requests_at_most(jira, jira_world, company) -> None:
    jira_world.load()

    second = jira_world.load()

    assert sorted(asked(jira)) == [
        "GET /rest/agile/1.0/board",
        "GET /rest/api/3/field",
        "GET /rest/api/3/myself",
        "GET /rest/api/3/project/search",
        "GET /rest/api/3/serverInfo",
        "GET /rest/api/3/status",
        "POST /rest/api/3/search/jql",  # what changed
        "POST /rest/api/3/search/jql",  # open sprints
        "POST /rest/api/3/search/jql",  # all ids
    ]
    assert (second.repositories, second.skipped) == (50, 50)
    assert len(sprints(jira_world)) == 12


def test_changes_in_many_projects_cost_one_request_more(jira, jira_world, company) -> None:
    jira_world.load()
    for number in range(0, 50, 5):
        jira.issues[str(500 + number)]["fields"] |= {"summary": "New", "updated": NEW}
        jira.change(str(500 + number), number, NEW, {"field": "labels", "to": "x"})

    result = jira_world.load()

    assert len(jira.requests) == 10
    (fetched,) = jira.asked("bulkfetch")
    assert len(fetched[2]["issueIdsOrKeys"]) == 10
    assert result.row_counts["issues"] == result.row_counts["issue_changes"] == 10
    titles = "select count(*) from raw_jira.issues where title = 'New'"
    assert jira_world.values(titles) == [10]
    jira_world.load()
    assert jira.asked("bulkfetch") == []


def test_more_changes_than_fit_into_a_page_are_read_project_by_project(
    jira, jira_world, company
) -> None:
    jira_world.load()
    for number in range(150):
        jira.issue(str(1000 + number), company[number % 3], 10 + number, NEW)

    jira_world.load()

    assert jira_world.values("select count(*) from raw_jira.issues") == [200]
    queries = [body["jql"] for _, _, body in jira.asked("search/jql")]
    assert len([query for query in queries if query.startswith("project = ")]) == 3


def test_a_sprint_that_starts_or_ends_is_found_though_no_issue_changed(
    jira, jira_world, company
) -> None:
    jira.sprint(300, 2, "future")
    jira.issues["507"]["fields"][SPRINT] = [{"id": 300}]
    jira_world.load()
    jira.sprints[100] |= {"state": "closed", "completeDate": "2026-01-10T10:00:00.000Z"}
    jira.sprints[300]["state"] = "active"

    jira_world.load()

    assert {id_: sprints(jira_world)[id_] for id_ in (100, 300)} == {100: "closed", 300: "active"}
    # Only the two boards, and the sprint that is in no list any more.
    assert sorted(path for path in asked(jira) if "sprint" in path) == [
        "GET /rest/agile/1.0/board/1/sprint",
        "GET /rest/agile/1.0/board/2/sprint",
        "GET /rest/agile/1.0/sprint/100",
    ]
    jira_world.load()
    assert len(jira.requests) <= 10


def test_an_active_sprint_without_issues_is_asked_for_at_its_board(
    jira, jira_world, company
) -> None:
    jira.sprint(300, 2)
    jira_world.load()
    jira.sprints[300] |= {"state": "closed", "name": "Ended"}
    jira.sprint(301, 2, "future")

    jira_world.load()

    assert (sprints(jira_world)[300], sprints(jira_world)[301]) == ("closed", "future")
    assert len(jira.requests) <= 11


def test_a_search_that_shows_old_states_of_sprints_is_seen_through(
    jira, jira_world, company
) -> None:
    """That an issue is in an active sprint goes by the sprints, its value may be older."""
    jira.sprint(300, 2, "future")
    jira.issues["507"]["fields"][SPRINT] = [{"id": 300}]
    jira_world.load()
    jira.stale[300] = dict(jira.sprints[300])
    jira.sprints[300]["state"] = "active"

    jira_world.load()

    assert sprints(jira_world)[300] == "active"


def test_a_deleted_sprint_is_marked_and_a_reopened_one_found(jira, jira_world, company) -> None:
    jira_world.load()
    del jira.sprints[103]
    jira.lists[4].remove(103)
    jira.sprints[200]["state"] = "active"
    jira.issues["500"]["fields"][SPRINT] = [{"id": 100}, {"id": 200}]

    jira_world.load()

    assert 103 not in sprints(jira_world)
    assert sprints(jira_world)[200] == "active"
    assert sprints(jira_world)[203] == "closed"


def test_closed_sprints_and_what_else_hardly_changes_are_read_daily(
    jira, jira_world, company
) -> None:
    jira_world.load()
    jira.sprints[200]["name"] = "Renamed"
    jira.types.append({"id": "10002", "name": "Spike", "subtask": False, "hierarchyLevel": 0})
    named = "select name from raw_jira.sprints where id = 200"
    jira_world.load()
    assert jira_world.values(named) == ["Sprint 200"]

    jira_world.load(after=timedelta(days=1))

    assert jira_world.values(named) == ["Renamed"]
    assert "Spike" in jira_world.values("select name from raw_jira.issue_types")


def test_an_issue_type_that_is_new_comes_with_its_first_issue(jira, jira_world, company) -> None:
    jira_world.load()
    jira.types.append({"id": "10002", "name": "Spike", "subtask": False, "hierarchyLevel": 0})
    jira.issues["500"]["fields"] |= {"issuetype": {"id": "10002", "name": "Spike"}, "updated": NEW}

    jira_world.load()

    assert "Spike" in jira_world.values("select name from raw_jira.issue_types")


def test_a_site_that_knows_no_open_sprints_is_asked_board_by_board(
    jira, jira_world, company
) -> None:
    jira_world.load()
    jira.sprints[100]["state"] = "closed"

    def refuse(what: str) -> None:
        if "openSprints" in str(jira.requests[-1][2]):
            jira.fail("search/jql", status(400, "Unable to find JQL function 'openSprints()'."))

    jira.on_request = refuse
    jira_world.load()

    assert sprints(jira_world)[100] == "closed"
    assert len(jira.asked("/sprint")) == 7


def test_rivals_for_story_points_are_told_apart_once_a_day(jira, jira_world, company) -> None:
    from tests.fixtures.jira_site import custom

    jira.fields.append(custom("customfield_10050", "Story Points", "float"))
    jira.estimations[1] = "customfield_10050"
    jira_world.load()
    used = "select id from raw_jira.fields where used_as = 'story_points' and preference = 1"
    assert jira_world.values(used) == ["customfield_10050"]

    jira_world.load()

    assert jira.asked("configuration") == []
    assert jira_world.values(used) == ["customfield_10050"]
