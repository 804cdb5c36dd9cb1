"""Which deployment ships which change: baseline, squash and merge, stand-ins, release points."""

from __future__ import annotations

import dataclasses

import pytest
from pyspark.testing import assertDataFrameEqual

from transform.commit_graph import walk_deployments
from transform.deployment_changes import deployment_changes, direct_pushes, link_pull_requests
from transform.pull_request_cycle import pull_request_cycle
from transform.schemas import INPUTS
from transform.service_places import ServicePlaces

COMMITS = INPUTS["fct_commits"].spark_schema()
PULL_REQUESTS = INPUTS["fct_pull_requests"].spark_schema()
DEPLOYMENTS = (
    "deployment_id string, repository_id string, service_id string, environment string, "
    "commit_sha string, finished_at timestamp"
)


def commit(at, sha, hour, parents=(), pull_request_id=None, headline="Change", author="human"):
    return {
        "repository_id": "R",
        "sha": sha,
        "author_id": author,
        "authored_at": at(hour),
        "committed_at": at(hour),
        "parent_shas": list(parents),
        "message_headline": headline,
        "is_on_default_branch": True,
        "pull_request_id": pull_request_id,
    }


def pull_request(at, number, merged, first=None, **more):
    return {
        "pull_request_id": f"P{number}",
        "repository_id": "R",
        "number": number,
        "is_bot": False,
        "first_commit_at": None if first is None else at(first),
        "merged_at": at(merged),
        "merged_to_default_branch": True,
        **more,
    }


def deployment(at, name, sha, hour, environment="production", service="S"):
    return {
        "deployment_id": name,
        "repository_id": "R",
        "service_id": service,
        "environment": environment,
        "commit_sha": sha,
        "finished_at": at(hour),
    }


@pytest.fixture
def shipped(spark, frame, settings):
    """shipped(commits, pull requests, deployments): the rows of deployment_changes."""

    def build(commits, pull_requests, deployments, settings=settings):
        graph = frame(COMMITS, *commits)
        nothing_split = ServicePlaces(frame("repository_id string, service_id string"))
        bots = frame(INPUTS["dim_developers"].spark_schema(), {"developer_id": "b", "is_bot": True})
        return deployment_changes(
            walk_deployments(spark, graph, frame(DEPLOYMENTS, *deployments), here=True),
            link_pull_requests(frame(PULL_REQUESTS, *pull_requests), graph),
            direct_pushes(graph, bots),
            nothing_split,
            settings,
        )

    return build


def test_changes_ship_with_the_first_deployment_that_contains_them(shipped, at, frame):
    changes = shipped(
        [
            commit(at, "root", 0),
            commit(at, "squash", 5, ["root"], "P1"),
            commit(at, "push", 6, ["squash"], author="b"),
        ],
        [pull_request(at, 1, merged=5, first=2, merge_commit_sha="squash")],
        [deployment(at, "D1", "root", 1), deployment(at, "D2", "push", 10),
         deployment(at, "D3", "push", 20)],
    )  # fmt: skip
    expected = frame(
        "deployment_id string, change_kind string, change_id string, commit_sha string, "
        "lead_time_hours double, link_method string, is_bot boolean, is_baseline boolean",
        {"deployment_id": "D2", "change_kind": "pull_request", "change_id": "P1",
         "commit_sha": "squash", "lead_time_hours": 8.0, "link_method": "merge_commit",
         "is_bot": False, "is_baseline": False},
        {"deployment_id": "D2", "change_kind": "commit", "change_id": "push",
         "commit_sha": "push", "lead_time_hours": 4.0, "link_method": "commit",
         "is_bot": True, "is_baseline": False},
    )  # fmt: skip
    assertDataFrameEqual(changes.select(*expected.columns), expected)


def test_the_baseline_ships_only_what_is_exactly_its_commit_or_in_the_window(shipped, at, settings):
    commits = [
        commit(at, "a", 0, pull_request_id="P1"),
        commit(at, "b", 4, ["a"], "P2"),
        commit(at, "push", 5, ["b"]),
        commit(at, "c", 6, ["push"], "P3"),
    ]
    pull_requests = [
        pull_request(at, 1, merged=0, merge_commit_sha="a"),
        pull_request(at, 2, merged=4, merge_commit_sha="b"),
        pull_request(at, 3, merged=6, merge_commit_sha="c"),
    ]
    deployments = [deployment(at, "D1", "c", 7)]

    def ids(frame):
        return {(r["change_id"], r["is_baseline"]) for r in frame.collect()}

    assert ids(shipped(commits, pull_requests, deployments)) == {("P3", True)}
    wide = dataclasses.replace(settings, baseline_window_hours=3.0)
    assert ids(shipped(commits, pull_requests, deployments, wide)) == {("P2", True), ("P3", True)}


def test_after_a_deployment_of_an_unknown_commit_only_later_merges_ship(shipped, at):
    changes = shipped(
        [commit(at, "a", 0, pull_request_id="P1"), commit(at, "b", 4, ["a"], "P2")],
        [
            pull_request(at, 1, merged=0, merge_commit_sha="a"),
            pull_request(at, 2, merged=4, merge_commit_sha="b"),
        ],
        [deployment(at, "D0", "gone", 2), deployment(at, "D1", "b", 5)],
    )
    assert [(r["deployment_id"], r["change_id"]) for r in changes.collect()] == [("D1", "P2")]


def test_a_change_ships_once_for_each_environment_and_service(shipped, at):
    changes = shipped(
        [commit(at, "a", 0), commit(at, "b", 1, ["a"], "P1")],
        [pull_request(at, 1, merged=1, merge_commit_sha="b")],
        [
            deployment(at, f"D-{environment}-{sha}", sha, 10 + hour, environment)
            for environment in ("eu", "us")
            for hour, sha in enumerate("abab")
            if not (environment == "us" and hour > 1)
        ],
    )
    assert {(r["environment"], r["deployment_id"]) for r in changes.collect()} == {
        ("eu", "D-eu-b"), ("us", "D-us-b"),
    }  # fmt: skip


def test_without_a_merge_commit_the_head_or_the_title_stands_in(shipped, at):
    changes = shipped(
        [
            commit(at, "root", 0),
            commit(at, "head", 1, ["root"], "P1"),
            commit(at, "squash", 2, ["head"], "P12", headline="Fix it (#12)"),
            commit(at, "revert", 3, ["squash"], "P13", headline='Revert "Fix it (#12)" (#13)'),
        ],
        [
            pull_request(at, 1, merged=1, head_sha="head"),
            pull_request(at, 12, merged=2, head_sha="squashed away"),
            pull_request(at, 13, merged=3),
            pull_request(at, 14, merged=3, head_sha="nowhere"),
        ],
        [deployment(at, "D1", "root", 1), deployment(at, "D2", "revert", 10)],
    )
    assert {(r["change_id"], r["commit_sha"], r["link_method"]) for r in changes.collect()} == {
        ("P1", "head", "head_commit"),
        ("P12", "squash", "title"),
        ("P13", "revert", "title"),
    }


def test_a_commit_authored_after_its_deployment_has_no_lead_time(shipped, at):
    changes = shipped(
        [commit(at, "a", 0), commit(at, "b", 50, ["a"])],
        [],
        [deployment(at, "D1", "a", 1), deployment(at, "D2", "b", 10)],
    )
    assert [r["lead_time_hours"] for r in changes.collect()] == [None]


def test_phases_are_null_where_they_can_not_be_told(frame, at):
    pull_requests = frame(
        PULL_REQUESTS,
        pull_request(at, 1, merged=10, first=0, ready_at=at(2), first_review_at=at(5),
                     first_approved_at=at(9), commits_after_first_review_count=2),
        # Reviewed as a draft, so before it was opened; never deployed.
        pull_request(at, 2, merged=10, first=4, ready_at=at(3), first_review_at=at(1)),
        # The first response came after the merge.
        pull_request(at, 3, merged=10, ready_at=at(3), first_review_at=at(11)),
    )  # fmt: skip
    changes = frame(
        "change_kind string, pull_request_id string, deployment_id string, service_id string, "
        "deployed_at timestamp",
        {"change_kind": "pull_request", "pull_request_id": "P1", "deployment_id": "us",
         "service_id": "S", "deployed_at": at(14)},
        {"change_kind": "pull_request", "pull_request_id": "P1", "deployment_id": "eu",
         "service_id": "S", "deployed_at": at(12)},
    )  # fmt: skip
    services = frame("repository_id string, service_id string",
                     {"repository_id": "R", "service_id": "only"})  # fmt: skip
    rows = {
        r["pull_request_id"]: r
        for r in pull_request_cycle(pull_requests, changes, ServicePlaces(services)).collect()
    }
    spans = ("coding_hours", "pickup_hours", "review_hours", "deploy_hours", "cycle_hours")
    assert [rows["P1"][s] for s in spans] == [2, 3, 5, 2, 12]
    assert rows["P1"]["deployment_id"] == "eu"
    assert rows["P1"]["approval_hours"] == 7
    assert rows["P1"]["rework_commit_count"] == 2
    assert [rows["P2"][s] for s in spans] == [None, None, 9, None, None]
    assert rows["P2"]["service_id"] == "only"
    assert [rows["P3"][s] for s in spans] == [None, None, None, None, None]
