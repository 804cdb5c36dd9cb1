"""Recorded GitLab payloads through the models: the facts were read from the payloads with jq."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ingestion.gitlab import rows, rows_ci

pytestmark = pytest.mark.integration

RECORDING = Path("../shared/recordings/gitlab")
SPEND, CI = 12345678, 2
PATH = "gitlab-data/snowflake_spend"


def recorded(name: str) -> Any:
    return json.loads((RECORDING / f"{name}.json").read_text())


def load(project: Any) -> None:
    """The recordings as raw rows, by the loader's own functions."""
    project.insert(
        "raw_settings.organization", {"slug": "m", "timezone": "UTC", "week_starts_on": "monday"}
    )
    project.insert(
        "raw_settings.environment_tiers",
        {"position": 1, "tier": "production", "pattern": "^production$"},
        {"position": 2, "tier": "staging", "pattern": "^staging$"},
    )
    project.insert("raw_settings.metrics", {"definition": "current", "bands_year": 2024})
    project.insert("raw_settings.incident_rules", {"position": 1, "issue_types": ["incident"]})
    project.insert(
        "raw_gitlab.projects",
        {"id": SPEND, "path_with_namespace": PATH, "default_branch": "master"},
        {"id": CI, "path_with_namespace": "acme/ci", "default_branch": "master"},
    )
    requests = recorded("snowflake_spend/merge_requests")
    commits = recorded("snowflake_spend/merge_request_commits")
    notes = recorded("snowflake_spend/merge_request_notes")
    # Some were recorded without their merge requests (!2, !7, …); nothing of them may appear.
    found_by_number = {str(request["iid"]): request for request in requests}

    def of(number: str) -> dict[str, Any]:
        return found_by_number.get(number, {"id": int(number), "project_id": SPEND})

    for request in requests:
        project.insert("raw_gitlab.merge_requests", rows.merge_request(request, PATH, bodies=False))
    for iid, found in commits.items():
        project.insert(
            "raw_gitlab.merge_request_commits", *rows.merge_request_commits(found, of(iid))
        )
    for iid, found in notes.items():
        project.insert(
            "raw_gitlab.merge_request_notes",
            *rows.merge_request_notes(found, of(iid), bodies=False),
        )
    people = [*rows.users(requests), *rows.users(list(notes.values()))]
    project.insert("raw_gitlab.users", *{person["id"]: person for person in people}.values())
    project.insert(
        "raw_gitlab.issues",
        *(rows.issue(one, PATH, bodies=False) for one in recorded("snowflake_spend/issues")),
    )
    project.insert(
        "raw_gitlab.deployments",
        *(rows_ci.deployment(one, CI) for one in recorded("ci/deployments")),
    )
    project.insert(
        "raw_gitlab.pipelines",
        *(rows_ci.pipeline(one, CI) for one in recorded("ci/pipeline_details")),
    )


@pytest.fixture(scope="module")
def built(new_project: Callable[[], Any]) -> Any:
    if not RECORDING.is_dir():
        pytest.skip(f"no recordings: {RECORDING} is not there")
    project = new_project()
    load(project)
    project.build("--exclude-resource-type", "unit_test")
    return project


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_every_merge_request_has_the_state_that_gitlab_gives_it(built: Any) -> None:
    found: dict[str, list[int]] = {}
    for number, state in built.rows(
        "select number, state from marts.fct_pull_requests order by number"
    ):
        found.setdefault(state, []).append(number)
    assert found == {
        "merged": [1, 3, 4, 5, 6, 8, 10, 12, 14, 16],
        "closed": [13, 17, 20],
        "open": [9, 11, 18, 19, 21],
    }


def test_a_squashed_one_is_where_its_merge_commit_is(built: Any) -> None:
    assert built.rows(
        "select merge_commit_sha, head_sha from marts.fct_pull_requests where number = 14"
    ) == [("21840a7eadb58babe8aeae2960da851a3ed00ddc", "7f928f936c58b2e001f86d07b1f7b9411413e439")]


def test_drafts_are_not_ready(built: Any) -> None:
    assert built.rows(
        "select number from marts.fct_pull_requests where ready_at is null order by 1"
    ) == [(20,), (21,)]


def test_only_another_persons_words_are_a_response(built: Any) -> None:
    # !1 has a comment by its author only; !3 one by another person before that of its author;
    # a third after the merge.
    assert built.rows(
        "select number, first_commit_at, first_review_at, first_approved_at "
        "from marts.fct_pull_requests where number in (1, 3) order by 1"
    ) == [
        (1, moment("2019-06-28T05:40:36"), None, None),
        (3, moment("2019-08-15T19:32:19"), moment("2019-08-26T12:14:39.003"), None),
    ]


def test_the_oldest_commit_is_the_first(built: Any) -> None:
    assert built.rows(
        "select number, commit_count from marts.fct_pull_requests "
        "where commit_count is not null order by 1"
    ) == [(1, 5), (3, 1), (4, 1), (5, 18), (6, 1)]
    assert built.rows("select count(*) from marts.bridge_pull_request_commits") == [(26,)]
    assert built.rows(
        "select authored_at from marts.bridge_pull_request_commits "
        "where pull_request_id = (select pull_request_id from marts.fct_pull_requests "
        "where number = 5) and position = 1"
    ) == [(moment("2020-03-24T12:52:28"),)]


def test_deployments_end_with_their_jobs(built: Any) -> None:
    # "completed" and "undeployed" are no words of GitLab's documentation: nobody knows how they
    # ended.
    assert built.rows(
        "select deployment_id, environment_tier, status, finished_at from marts.fct_deployments "
        "where finished_at is not null order by 1"
    ) == [
        ("gitlab:13426753", "staging", "success", moment("2019-03-13T14:17:47.640")),
        # its job was skipped: it ended with its last change
        ("gitlab:13432768", "staging", "failure", moment("2019-03-13T15:02:23.332")),
        ("gitlab:13436532", "production", "canceled", moment("2019-03-13T15:21:27.825")),
    ]
    assert built.rows("select count(*) from marts.fct_deployments") == [(8,)]


def test_pipelines_are_runs(built: Any) -> None:
    assert built.rows(
        "select status, count(*) from marts.fct_pipeline_runs group by 1 order by 1"
    ) == [("failure", 5), ("success", 11)]


def test_issues_of_type_issue_are_no_incidents(built: Any) -> None:
    assert built.rows(
        "select status_category, count(*) from marts.fct_issues group by 1 order by 1"
    ) == [("done", 12), ("to_do", 4)]
    assert built.rows("select count(*) from marts.fct_incidents") == [(0,)]
