"""APIs that change between two syncs: reported in schema_drift, loud where a row can't be made."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import psycopg
import pytest

from ingestion.accepting import accept_drift
from ingestion.github.load import load as load_github
from ingestion.loading import drift
from quality.checkpoint import run
from tests.fixtures.jira_site import person

pytestmark = pytest.mark.integration


@pytest.fixture(autouse=True)
def _quick_learner(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two entries teach what a thousand do."""
    for name in ("_ENOUGH", "_PLENTY", "_ALL_OF"):
        monkeypatch.setattr(drift, name, 2)


def told(url: str, schema: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(
            "select endpoint, field, change, expected, found, is_needed"
            f" from {schema}.schema_drift order by 1, 2, 3".encode()
        ).fetchall()


@pytest.fixture
def shop(gitlab_warehouse: Any) -> Any:
    """A GitLab project with three merge requests, read twice."""
    world = gitlab_warehouse
    world.gitlab.project(10, "shop")
    for number in (1, 2, 3):
        world.gitlab.merge_request(
            10, number, number, f"2026-01-1{number}T09:00:00.000Z",
            merged_at="2026-01-11T08:00:00.000Z", description="x" * number,
        )  # fmt: skip
    world.load()
    change(world, "2026-03-01T12:00:00.000Z")
    world.load()
    assert told(world.url, "raw_gitlab") == []
    return world


def change(world: Any, at: str, **more: Any) -> None:
    """All merge requests change, and so does the project."""
    for request in world.gitlab.data[10, "merge_requests"]:
        request.update(updated_at=at, **more)
    for project in world.gitlab.projects.values():
        project["last_activity_at"] = at


def test_a_new_field_of_gitlab_is_a_warning_until_it_is_accepted(shop: Any, warehouse: Any) -> None:
    change(shop, "2026-03-01T15:00:00.000Z", imported=True)
    assert shop.load().failures == []
    ((endpoint, *row),) = told(shop.url, "raw_gitlab")
    assert endpoint.startswith("GET /groups/{id}/merge_requests")
    assert row == ["[].imported", "new_field", None, "boolean", False]
    failed = failed_checks(warehouse)
    assert "raw_gitlab.replies_have_the_fields_known" in failed
    assert "raw_gitlab.no_needed_field_vanished_or_changed_its_type" not in failed
    assert accept_drift(shop.url) == 1
    assert not [name for name in failed_checks(warehouse) if "field" in name]
    change(shop, "2026-03-01T17:00:00.000Z")
    shop.load()
    assert accept_drift(shop.url) == 0


def failed_checks(warehouse: Any) -> list[str]:
    warehouse.show_raw()
    outcomes = run("raw", warehouse.url("inspector"), "a run")
    return [f"{o.table.partition('.')[0]}.{o.check}" for o in outcomes if not o.passed]


def test_a_field_that_metrics_need_and_gitlab_drops_stops_what_is_downstream(
    shop: Any, warehouse: Any
) -> None:
    change(shop, "2026-03-01T15:00:00.000Z")
    for request in shop.gitlab.data[10, "merge_requests"]:
        del request["merged_at"]
    assert shop.load().failures == []
    ((_, *row),) = told(shop.url, "raw_gitlab")
    assert row == ["[].merged_at", "missing_field", "time", None, True]
    assert "raw_gitlab.no_needed_field_vanished_or_changed_its_type" in failed_checks(warehouse)


def test_a_number_of_gitlab_that_becomes_a_text_fails_its_list_alone_and_moves_no_cursor(
    shop: Any,
) -> None:
    shop.gitlab.pipeline(10, 90, "2026-03-01T15:00:00.000Z")
    change(shop, "2026-03-01T15:00:00.000Z", iid="one-secret", title="after the change")
    (failure,) = shop.load().failures
    assert "merge_requests" in failure.resource
    assert "iid: bigint expected, str found" in failure.reason
    assert "secret" not in failure.reason
    rows = {tuple(row[1:]) for row in told(shop.url, "raw_gitlab")}
    assert ("[].iid", "type_changed", "number", "text", True) in rows
    assert shop.values("select id from raw_gitlab.pipelines") == [90]
    for number, request in enumerate(shop.gitlab.data[10, "merge_requests"], 1):
        request["iid"] = number
    assert shop.load().failures == []
    titles = shop.values("select distinct title from raw_gitlab.merge_requests")
    assert titles == ["after the change"]


def test_a_time_of_jira_in_another_format_and_a_new_field_are_told(jira_world: Any) -> None:
    jira = jira_world.jira
    pay = jira.project("PAY", "10000", lead=person("Lea"))
    for number in (1, 2, 3):
        jira.issue(str(500 + number), pay, number, "2026-01-09T10:30:00.250+0800",
                   resolutiondate="2026-01-09T10:00:00.000+0800")  # fmt: skip
    jira_world.load()
    assert told(jira_world.url, "raw_jira") == []
    for issue in jira.issues.values():
        issue["fields"].update(updated="2026-01-10T21:30:00.250+0800", resolutiondate="9.1.2026")
        issue["isArchived"] = False
    jira_world.load()
    rows = {tuple(row[1:]) for row in told(jira_world.url, "raw_jira")}
    assert (
        "issues[].fields.resolutiondate", "type_changed", "time", "text", True
    ) in rows  # fmt: skip


def test_a_field_that_githubs_graphql_no_longer_has_fails_with_document_and_field(
    github: Any, warehouse: Any, make_settings: Any, make_client: Any, answers: Any,
    tmp_path: Any, noon: Any,
) -> None:  # fmt: skip
    github.owner()
    github.repository()
    github.repository("other")
    made = make_settings()

    def load(hours: int) -> Any:
        return load_github(
            made.github[0], made, warehouse.url("loader"), synced_at=noon + timedelta(hours=hours),
            pipelines_dir=tmp_path, client=make_client(made.github[0], attempts=2),
        )  # fmt: skip

    refused = {
        "errors": [
            {
                "path": ["query Releases", "node", "releases", "nodes", "tagCommit"],
                "extensions": {"code": "undefinedField", "fieldName": "tagCommit"},
                "message": "Field 'tagCommit' doesn't exist on type 'Release'",
            }
        ]
    }
    github.add(github.nodes["R_shop"], "releases", "Release", tagName="v1",
               createdAt="2026-01-10T09:00:00Z")  # fmt: skip
    github.faults.append(("Releases", answers.data(refused)))
    (failure,) = load(1).failures
    assert "Releases" in failure.reason
    assert "Field 'tagCommit' doesn't exist on type 'Release'" in failure.reason
    assert load(2).failures == []


def test_a_status_of_githubs_workflow_runs_that_becomes_an_object_is_told(
    github: Any, warehouse: Any, make_settings: Any, make_client: Any, tmp_path: Any, noon: Any
) -> None:
    github.owner()
    github.repository()
    github.repository("other")
    made = make_settings()

    def load(hours: int) -> Any:
        return load_github(
            made.github[0], made, warehouse.url("loader"), synced_at=noon + timedelta(hours=hours),
            pipelines_dir=tmp_path, client=make_client(made.github[0]), full=True,
        )  # fmt: skip

    github.runs["acme/shop"] = [
        {"id": number, "node_id": f"WFR_{number}", "name": "ci", "status": "completed",
         "conclusion": "success", "head_sha": "a" * 40, "run_attempt": 1,
         "created_at": f"2026-02-1{number}T09:00:00Z", "updated_at": f"2026-02-1{number}T09:05:00Z"}
        for number in (1, 2, 3)
    ]  # fmt: skip
    assert load(1).failures == []
    for one in github.runs["acme/shop"]:
        one["status"] = {"name": "completed"}
    (failure,) = load(2).failures
    assert "status: text expected, dict found" in failure.reason
    rows = {tuple(row[1:]) for row in told(warehouse.url("loader"), "raw_github")}
    assert ("workflow_runs[].status", "type_changed", "text", "object", True) in rows
