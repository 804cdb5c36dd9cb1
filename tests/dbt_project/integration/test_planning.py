"""A small Jira beside two code hosts, written by hand: the facts were worked out on paper."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

pytestmark = pytest.mark.integration


def at(day: int, hour: int = 12, minute: int = 0) -> datetime:
    """A moment of February 2026."""
    return datetime(2026, 2, day, hour, minute, tzinfo=UTC)


def settings(project: Any) -> None:
    project.insert(
        "raw_settings.organization",
        {"slug": "acme", "timezone": "UTC", "week_starts_on": "monday", "history_since": at(1)},
    )
    project.insert(
        "raw_settings.metrics",
        {"definition": "current", "hotfix_labels": [], "hotfix_branches": [], "bands_year": 2024},
    )
    project.insert(
        "raw_settings.connections",
        {"connection": "github", "source": "github", "url": "https://api.github.com"},
        {"connection": "gitlab", "source": "gitlab", "url": "https://git.acme.test"},
        {"connection": "jira", "source": "jira", "url": "https://acme.atlassian.net"},
    )
    project.insert(
        "raw_settings.incident_rules",
        {"position": 1, "connection": "jira", "issue_types": ["störung"], "projects": ["ops"]},
        {"position": 2, "connection": "jira", "labels": ["outage"], "priorities": ["Highest"]},
    )
    project.insert(
        "raw_settings.services", {"name": "Checkout"}, {"name": "Cart"}, {"name": "Docs"}
    )
    project.insert(
        "raw_settings.service_repositories",
        {"service": "Checkout", "repository": "acme/shop", "path_prefix": ""},
        {"service": "Cart", "repository": "gitlab:acme/team/cart", "path_prefix": ""},
        {"service": "Docs", "repository": "acme/docs", "path_prefix": ""},
    )
    project.insert(
        "raw_settings.service_jira",
        {"service": "Checkout", "kind": "project", "value": "jira:OPS"},
        {"service": "Cart", "kind": "component", "value": "Warenkorb"},
        {"service": "Docs", "kind": "project", "value": "github:OPS"},
    )
    project.insert(
        "raw_settings.jira_status_categories",
        {"connection": "jira", "status": "77", "category": "indeterminate"},
    )


def code(project: Any) -> None:
    project.insert(
        "raw_github.repositories",
        {"id": "shop", "full_name": "acme/shop", "name": "shop", "default_branch": "main"},
    )
    project.insert(
        "raw_gitlab.projects",
        {
            "id": 5,
            "path_with_namespace": "acme/team/cart",
            "name": "cart",
            "default_branch": "main",
        },
    )

    def pull(number: int, day: int | None, **columns: Any) -> None:
        project.insert(
            "raw_github.pull_requests",
            {
                "id": f"P{number}",
                "repository_id": "shop",
                "number": number,
                "title": f"Change {number}",
                "state": "MERGED" if day else "OPEN",
                "base_ref_name": "main",
                "head_ref_name": f"change-{number}",
                "merge_commit_sha": f"{number}" * 40,
                "created_at": at(1),
                "merged_at": at(day) if day else None,
                "closed_at": at(day) if day else None,
                **columns,
            },
        )
        if day:
            project.insert(
                "raw_github.commits",
                {
                    "repository_id": "shop",
                    "sha": f"{number}" * 40,
                    "authored_at": at(day),
                    "committed_at": at(day),
                    "is_on_default_branch": True,
                    "issue_keys": ["WEB-9"] if number == 4 else [],
                },
            )

    pull(1, 3)  # merged before OPS-7 was opened, which links to it: its cause
    pull(2, 9, head_ref_name="fix/ops-7", issue_keys=["OPS-7"])
    pull(3, 9, title="[OLD-1] Move", issue_keys=["OLD-1", "UTF-8"])
    pull(4, 3)  # its squash commit names WEB-9; OPS-7 names the commit
    pull(5, None, title="x", issue_keys=["WEB-9"])
    project.insert(
        "raw_gitlab.merge_requests",
        {
            "id": 50,
            "project_id": 5,
            "iid": 2,
            "state": "merged",
            "title": "Cart",
            "target_branch": "main",
            "source_branch": "cart",
            "closing_issues": ["acme/team/cart#1"],
            "created_at": at(1),
            "merged_at": at(4),
        },
    )
    project.insert(
        "raw_gitlab.issues",
        {"id": 60, "project_id": 5, "iid": 1, "state": "closed", "type": "issue"}
        | {"created_at": at(2), "updated_at": at(4), "closed_at": at(4)},
    )


def site(project: Any) -> None:
    project.insert("raw_jira.projects", {"id": "1", "key": "OPS"}, {"id": "2", "key": "WEB"})
    project.insert(
        "raw_jira.users",
        {"id": "ann", "name": "Ann", "type": "atlassian"},
        {"id": "bob", "name": "Bob", "type": "atlassian"},
    )
    project.insert("raw_jira.boards", {"id": 8, "name": "Brett", "type": "scrum"})
    project.insert(
        "raw_jira.sprints",
        {"id": 1, "name": "Eins", "state": "closed", "origin_board_id": 8, "started_at": at(2)}
        | {"completed_at": at(9)},
        {"id": 2, "name": "Zwei", "state": "active", "origin_board_id": 9, "started_at": at(9)},
        {"id": 3, "name": "Drei", "state": "future", "origin_board_id": 8, "deleted_at": at(20)},
    )
    project.insert(
        "raw_jira.board_sprints",
        *({"board_id": 8, "sprint_id": sprint_id} for sprint_id in (1, 2, 3)),
    )
    project.insert(
        "raw_jira.statuses",
        {"id": "10", "name": "Offen", "category": "new"},
        {"id": "11", "name": "In Arbeit", "category": "indeterminate"},
        {"id": "12", "name": "Erledigt", "category": "done"},
        {"id": "13", "name": "Freigegeben", "category": "done"},
    )
    project.insert(
        "raw_jira.fields",
        {"id": "customfield_1", "name": "Sprint", "used_as": "sprint"},
        {"id": "customfield_2", "name": "Story Points", "used_as": "story_points"},
        {"id": "customfield_3", "name": "Markiert", "untranslated_name": "Flagged"},
    )
    project.insert(
        "raw_jira.issue_types",
        {"id": "20", "name": "Störung", "untranslated_name": "Incident"},
        {"id": "21", "name": "Aufgabe", "untranslated_name": "Task"},
    )


def issues(project: Any) -> None:
    def issue(number: int, key: str, status: str, **columns: Any) -> None:
        project.insert(
            "raw_jira.issues",
            {
                "id": str(number),
                "key": key,
                "project_id": "1" if key.startswith("OPS") else "2",
                "project_key": key.split("-")[0],
                "type_id": "21",
                "type_name": "Aufgabe",
                "status_id": status,
                "labels": [],
                "components": [],
                "sprint_ids": [],
                "creator_id": "ann",
                "created_at": at(1),
                "updated_at": at(28),
                **columns,
            },
        )

    def change(number: int, entry: int, when: datetime, field: str, *values: str | None) -> None:
        """One item: from and to, then texts from and to where they are others."""
        ids = {
            "Sprint": "customfield_1",
            "Story Points": "customfield_2",
            "Flagged": "customfield_3",
        }
        before, after, before_text, after_text = (*values, None, None)[:4]
        project.insert(
            "raw_jira.issue_changes",
            {
                "issue_id": str(number),
                "change_id": str(entry),
                "position": 1,
                "created_at": when,
                "field": field,
                "field_id": ids.get(field, field),
                "from_value": before,
                "to_value": after,
                "from_text": before_text,
                "to_text": after_text,
            },
        )

    issue(1, "WEB-9", "12", sprint_ids=[1, 2], story_points=5.0, assignee_id="bob")
    change(1, 1, at(2), "status", "10", "11")
    change(1, 2, at(3), "status", "11", "12")
    change(1, 3, at(4), "status", "12", "77", None, "Prüfung")
    change(1, 4, at(5, 12, 30), "status", "77", "12")
    change(1, 5, at(6), "status", "12", "13")
    change(1, 6, at(28), "status", "13", "12")
    change(1, 7, at(2), "Sprint", "", "1")  # exactly when it was started
    change(1, 8, at(9), "Sprint", "1", "1, 2")
    change(1, 9, at(3), "Story Points", None, None, "", "3.0")
    change(1, 10, at(10), "Story Points", None, None, "3.0", "5")
    change(1, 11, at(3), "assignee", None, "ann")
    change(1, 12, at(4), "assignee", "ann", "bob")
    change(1, 13, at(4), "Flagged", "", "[9]", "", "Impediment")
    change(1, 14, at(5), "Flagged", "[9]", "", "Impediment", "")
    # moved, taken out of the sprint it was created in, and flagged still
    issue(2, "WEB-10", "10", sprint_ids=[], is_flagged=True, components=["warenkorb", "x"])
    change(2, 1, at(3), "Key", None, None, "OLD-1", "WEB-10")
    change(2, 2, at(5), "Sprint", "1", "")
    # never changed; its sprint was deleted
    issue(3, "WEB-11", "11", sprint_ids=[3], deleted_at=at(25), story_points=2.0)
    incident = {"type_id": "20", "type_name": "Störung", "priority": "Hoch", "created_at": at(5)}
    issue(7, "OPS-7", "12", **incident, mentioned={"shas": ["4" * 12], "urls": ["https://x.test/"]})
    change(7, 1, at(10), "status", "10", "12")
    issue(8, "OPS-8", "10", **incident, deleted_at=at(6))
    issue(9, "WEB-12", "10", **incident)
    issue(10, "WEB-13", "11", labels=["OUTAGE"], priority="highest", components=["Warenkorb"])
    project.insert(
        "raw_jira.remote_links",
        {"issue_id": "7", "id": "1", "url": "https://github.com/acme/shop/pull/1"},
        {
            "issue_id": "10",
            "id": "2",
            "url": "https://git.acme.test/Acme/team/cart/-/merge_requests/2",
        },
        {"issue_id": "10", "id": "3", "url": "https://github.com/acme/team/cart/pull/2"},
    )
    project.insert(
        "raw_jira.worklogs",
        {
            "id": "1",
            "issue_id": "1",
            "author_id": "ann",
            "seconds_spent": 5400,
            "started_at": at(3),
        },
        {
            "id": "2",
            "issue_id": "404",
            "author_id": "ann",
            "seconds_spent": 60,
            "started_at": at(3),
        },
    )
    link = {"type": "Blocks", "source_issue_id": "1", "target_issue_id": "2"}
    project.insert(
        "raw_jira.issue_links",
        link | {"id": "1", "seen_from_issue_id": "1"},
        link | {"id": "2", "seen_from_issue_id": "1", "synced_at": at(1)},
        link | {"id": "3", "seen_from_issue_id": "1", "target_issue_id": "404"},
    )


@pytest.fixture(scope="module")
def built(new_project: Callable[[], Any]) -> Any:
    project = new_project()
    for part in (settings, code, site, issues):
        part(project)
    project.build("--exclude-resource-type", "unit_test")
    return project


def test_repositories_and_issues_lead_to_their_pages(built: Any) -> None:
    assert built.rows("select source, url from marts.dim_repositories order by 1") == [
        ("github", "https://github.com/acme/shop"),
        ("gitlab", "https://git.acme.test/acme/team/cart"),
    ]
    assert built.rows(
        "select url from marts.fct_issues where key in ('acme/team/cart#1', 'WEB-13') order by 1"
    ) == [
        ("https://acme.atlassian.net/browse/WEB-13",),
        ("https://git.acme.test/acme/team/cart/-/issues/1",),
    ]


def test_issues_of_all_sources_stand_beside_each_other(built: Any) -> None:
    assert built.rows(
        "select key, source, type, status, status_category, started_at, resolved_at, is_incident, "
        "service_id from marts.fct_issues order by issue_id"
    ) == [
        (
            "acme/team/cart#1",
            "gitlab",
            "issue",
            "closed",
            "done",
            None,
            at(4),
            False,
            "service:cart",
        ),
        ("WEB-9", "jira", "Aufgabe", "Erledigt", "done", at(2), at(5, 12, 30), False, None),
        (
            "WEB-13",
            "jira",
            "Aufgabe",
            "In Arbeit",
            "in_progress",
            at(1),
            None,
            True,
            "service:cart",
        ),
        ("WEB-10", "jira", "Aufgabe", "Offen", "to_do", None, None, False, "service:cart"),
        ("WEB-11", "jira", "Aufgabe", "In Arbeit", "in_progress", at(1), None, False, None),
        ("OPS-7", "jira", "Störung", "Erledigt", "done", None, at(10), True, "service:checkout"),
        ("OPS-8", "jira", "Störung", "Offen", "to_do", None, None, False, "service:checkout"),
        ("WEB-12", "jira", "Störung", "Offen", "to_do", None, None, False, None),
    ]


def test_the_stays_in_statuses_follow_each_other(built: Any) -> None:
    assert built.rows(
        "select position, status, category, is_category_assumed, entered_at, left_at, hours "
        "from marts.fct_issue_status_changes where issue_id = 'jira:1' order by 1"
    ) == [
        (1, "Offen", "to_do", False, at(1), at(2), 24.0),
        (2, "In Arbeit", "in_progress", False, at(2), at(3), 24.0),
        (3, "Erledigt", "done", False, at(3), at(4), 24.0),
        (4, "Prüfung", "in_progress", True, at(4), at(5, 12, 30), 24.5),
        (5, "Erledigt", "done", False, at(5, 12, 30), at(6), 23.5),
        (6, "Freigegeben", "done", False, at(6), at(28), 528.0),
        (7, "Erledigt", "done", False, at(28), None, None),
    ]
    assert built.rows(
        "select position, status_id, category, entered_at, left_at "
        "from marts.fct_issue_status_changes where issue_id = 'gitlab:60' order by 1"
    ) == [
        (1, "gitlab:open", "to_do", at(2), at(4)),
        (2, "gitlab:closed", "done", at(4), None),
    ]


def test_the_scope_of_a_sprint_at_any_moment_is_a_plain_join(built: Any) -> None:
    assert built.rows("select * from marts.bridge_sprint_issues order by 2, 3") == [
        ("jira:1", "jira:1", at(2), None),
        ("jira:2", "jira:1", at(9), None),
        ("jira:1", "jira:2", at(1), at(5)),
        ("jira:3", "jira:3", at(1), at(20)),
    ]

    def scope(moment: str) -> list[Any]:
        """Issues in sprint 1 as of one of its borders, with the estimate they had then."""
        return built.rows(
            "select scope.issue_id, estimates.story_points from marts.dim_sprints as sprints "
            "join marts.bridge_sprint_issues as scope on scope.sprint_id = sprints.sprint_id "
            f"and scope.added_at <= sprints.{moment} "
            f"and (scope.removed_at is null or scope.removed_at > sprints.{moment}) "
            "left join marts.fct_issue_estimate_changes as estimates "
            f"on estimates.issue_id = scope.issue_id and estimates.valid_from <= sprints.{moment} "
            f"and (estimates.valid_to is null or estimates.valid_to > sprints.{moment}) "
            "where sprints.sprint_id = 'jira:1' order by 1"
        )

    assert scope("started_at") == [("jira:1", None), ("jira:2", None)]
    assert scope("completed_at") == [("jira:1", 3.0)]


def test_estimates_assignees_and_flags_have_histories(built: Any) -> None:
    assert built.rows("select * from marts.fct_issue_estimate_changes order by 1, 3") == [
        ("jira:1", 3.0, at(3), at(10)),
        ("jira:1", 5.0, at(10), None),
        ("jira:3", 2.0, at(1), at(25)),
    ]
    assert built.rows("select * from marts.fct_issue_assignee_changes order by 3") == [
        ("jira:1", "jira:ann", at(3), at(4)),
        ("jira:1", "jira:bob", at(4), None),
    ]
    assert built.rows("select * from marts.fct_issue_blocked_changes order by 1, 2") == [
        ("jira:1", at(4), at(5)),
        ("jira:2", at(1), None),
    ]


def test_boards_sprints_worklogs_and_links(built: Any) -> None:
    assert built.rows("select board_id, name from marts.dim_boards order by 1") == [
        ("jira:8", "Brett"),
        ("jira:9", None),
    ]
    assert built.rows("select * from marts.bridge_board_sprints order by 2") == [
        ("jira:8", f"jira:{sprint}") for sprint in (1, 2, 3)
    ]
    assert built.rows(
        "select worklog_id, issue_id, author_id, spent_hours from marts.fct_worklogs"
    ) == [("jira:1", "jira:1", "jira:ann", 1.5)]
    assert built.rows("select * from marts.bridge_issue_links") == [
        ("jira:1", "jira:1", "jira:2", "Blocks")
    ]


def test_incidents_of_jira_have_the_service_of_component_or_project(built: Any) -> None:
    assert built.rows(
        "select incident_id, service_id, repository_id, opened_at, resolved_at, severity "
        "from marts.fct_incidents order by 1"
    ) == [
        ("jira:10", "service:cart", None, at(1), None, "highest"),
        ("jira:7", "service:checkout", None, at(5), at(10), "hoch"),
    ]
    # a rule by label may be about the components of Cart; "github:OPS" is no project of Jira
    assert built.rows(
        "select service_id, has_incident_source from marts.dim_services order by 1"
    ) == [("service:cart", True), ("service:checkout", True), ("service:docs", False)]


def test_pull_requests_and_issues_find_each_other(built: Any) -> None:
    assert built.rows(
        "select pull_request_id, issue_id, method, is_work "
        "from marts.bridge_pull_request_issues order by 1, 2"
    ) == [
        ("github:P1", "jira:7", "remote_link", False),
        ("github:P2", "jira:7", "branch", True),
        ("github:P3", "jira:2", "title", True),
        ("github:P4", "jira:1", "commit", True),
        ("github:P5", "jira:1", "text", True),
        ("gitlab:50", "gitlab:60", "closing_reference", True),
        ("gitlab:50", "jira:10", "remote_link", True),
    ]


def test_an_incident_of_jira_names_its_causes_and_not_its_fix(built: Any) -> None:
    assert built.rows(
        "select incident_id, kind, repository_id, commit_sha, pull_request_id, method "
        "from marts.bridge_incident_references order by kind"
    ) == [
        ("jira:7", "commit", "github:shop", "4" * 40, None, "issue_text"),
        ("jira:7", "pull_request", "github:shop", None, "github:P1", "remote_link"),
    ]
