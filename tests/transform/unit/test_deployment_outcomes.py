"""Which deployments failed, why, how that ended; which were unplanned."""

from __future__ import annotations

import dataclasses

import pytest

from transform import deployment_outcomes as outcomes
from transform.coverage_reasons import BY_NAME, REASONS
from transform.incident_outcomes import incident_outcomes
from transform.linkage_coverage import linkage_coverage
from transform.schemas import DEPLOYMENT_CHANGES, INPUTS
from transform.service_places import ServicePlaces

DEPLOYMENTS = (
    "repository_id string, service_id string, environment string, deployment_id string, "
    "commit_sha string, finished_at timestamp, position int, previous_deployment_id string, "
    "is_commit_known boolean, is_baseline boolean, is_rollback boolean, "
    "rolls_back_previous boolean, began_at timestamp"
)
WALK = (
    "repository_id string, service_id string, environment string, deployment_id string, "
    "sha string, is_baseline boolean, is_own_commit boolean, is_step boolean, "
    "released_before timestamp"
)
CHANGES = DEPLOYMENT_CHANGES.spark_schema()


def schema(name):
    return INPUTS[name].spark_schema()


def line(at, *hours, service="S", environment="production", **more):
    """Deployments D1, D2, … of one service at these hours."""
    return [
        {
            "repository_id": "R",
            "service_id": service,
            "environment": environment,
            "deployment_id": f"D{number}" if service == "S" else f"{service}{number}",
            "commit_sha": f"c{number}",
            "finished_at": at(hour),
            "began_at": at(hour - 0.1),
            "position": number,
            "previous_deployment_id": f"D{number - 1}" if number > 1 else None,
            "is_commit_known": True,
            "is_baseline": number == 1,
            "is_rollback": False,
            "rolls_back_previous": False,
            **more,
        }
        for number, hour in enumerate(hours, 1)
    ]


def change(at, deployment, hour, change_id, kind="pull_request", service="S"):
    return {
        "deployment_id": deployment,
        "service_id": service,
        "environment": "production",
        "repository_id": "R",
        "change_kind": kind,
        "change_id": change_id,
        "pull_request_id": change_id if kind == "pull_request" else None,
        "commit_sha": f"merge-{change_id}" if kind == "pull_request" else change_id,
        "deployed_at": at(hour),
    }


def incident(at, name, opened, resolved=None, service="S"):
    return {
        "incident_id": name,
        "service_id": service,
        "repository_id": "R",
        "opened_at": at(opened),
        "resolved_at": None if resolved is None else at(resolved),
        "issue_id": name,
    }


class Company:
    """The frames that an outcome depends on, empty but for what a test gives."""

    def __init__(self, frame, settings):
        self.frame, self.settings = frame, settings
        self.deployments, self.changes, self.incidents = [], [], []
        self.references, self.branch_commits, self.reached = [], [], []
        self.pull_request_reverts, self.commit_reverts = [], []
        self.pull_requests, self.issues, self.commits = [], [], []

    def links_frame(self):
        return outcomes.incident_links(
            self.frame(schema("fct_incidents"), *self.incidents),
            self.frame(schema("bridge_incident_references"), *self.references),
            self.frame(schema("bridge_pull_request_commits"), *self.branch_commits),
            self.frame(schema("fct_commits"), *self.commits),
            self.frame(WALK, *self.reached),
            self.frame(DEPLOYMENTS, *self.deployments),
            self.frame(CHANGES, *self.changes),
            ServicePlaces(self.frame("repository_id string, service_id string")),
            self.settings,
        )

    def links(self):
        return {
            (r["incident_id"], r["deployment_id"]): r["link_method"]
            for r in self.links_frame().collect()
        }

    def outcomes(self):
        deployments = self.frame(DEPLOYMENTS, *self.deployments)
        changes = self.frame(CHANGES, *self.changes)
        incidents = self.frame(schema("fct_incidents"), *self.incidents)
        commit_reverts = self.frame(schema("bridge_commit_reverts"), *self.commit_reverts)
        rows = outcomes.deployment_outcomes(
            deployments,
            self.links_frame(),
            incidents,
            outcomes.reverting_deployments(
                changes,
                self.frame(schema("bridge_pull_request_reverts"), *self.pull_request_reverts),
                commit_reverts,
                deployments,
                self.settings,
            ),
            outcomes.rework_reasons(
                changes,
                self.frame(schema("fct_pull_requests"), *self.pull_requests),
                commit_reverts,
                self.frame(schema("bridge_pull_request_issues"), *self.issues),
                incidents,
            ),
        ).collect()
        return {r["deployment_id"]: r for r in rows}


@pytest.fixture
def company(frame, settings):
    return Company(frame, settings)


def test_an_incident_is_linked_to_the_latest_deployment_before_it(company, at):
    company.deployments = [*line(at, 1, 5, 9), *line(at, 6, service="T")]
    company.incidents = [
        incident(at, "between", 8),
        incident(at, "at the finish", 5),
        incident(at, "before all", 0.5),
        incident(at, "long after", 9 + 168.5),
        incident(at, "just in time", 9 + 168),
        incident(at, "of no service", 8, service=None),
    ]
    assert company.links() == {
        ("between", "D2"): "window",
        ("at the finish", "D1"): "window",
        ("just in time", "D3"): "window",
    }


def test_an_unlimited_window_links_across_any_time(company, at):
    company.settings = dataclasses.replace(company.settings, incident_link_window_hours=None)
    company.deployments = line(at, 1)
    company.incidents = [incident(at, "I", 9000)]
    assert company.links() == {("I", "D1"): "window"}


def test_what_an_incident_names_comes_before_the_window(company, at):
    company.deployments = line(at, 1, 5, 9)
    company.changes = [change(at, "D1", 1, "P1"), change(at, "D2", 5, "P2")]
    company.reached = [
        {"repository_id": "R", "service_id": "S", "deployment_id": "D2", "sha": "push",
         "is_baseline": False, "is_own_commit": False, "is_step": False},
        {"repository_id": "R", "service_id": "S", "deployment_id": "D1", "sha": "old",
         "is_baseline": True, "is_own_commit": False, "is_step": False},
    ]  # fmt: skip
    company.branch_commits = [
        {"pull_request_id": "P1", "repository_id": "R", "sha": "squashed away"}
    ]
    for name in ("deployment", "commit", "branch commit", "pull request", "baseline", "nothing"):
        company.incidents.append(incident(at, name, 12))
    company.references = [
        {"incident_id": "deployment", "kind": "deployment", "deployment_id": "D1"},
        {"incident_id": "commit", "kind": "commit", "repository_id": "R", "commit_sha": "push"},
        {"incident_id": "branch commit", "kind": "commit", "commit_sha": "squashed away"},
        {"incident_id": "pull request", "kind": "pull_request", "pull_request_id": "P1"},
        {"incident_id": "baseline", "kind": "commit", "commit_sha": "old"},
        {"incident_id": "nothing", "kind": "pull_request", "pull_request_id": "undeployed"},
    ]
    assert company.links() == {
        ("deployment", "D1"): "explicit_deployment",
        ("commit", "D2"): "explicit_commit",
        ("branch commit", "D1"): "explicit_commit",
        ("pull request", "D1"): "explicit_pull_request",
        ("baseline", "D3"): "window",
        ("nothing", "D3"): "window",
    }


def test_a_commit_from_before_the_release_point_was_not_shipped_after_it(company, at):
    company.deployments = line(at, 1, 5, 9)
    for sha, hour in (("before", 0.5), ("after", 2)):
        company.commits.append({"repository_id": "R", "sha": sha, "committed_at": at(hour)})
        company.reached.append(
            {"repository_id": "R", "service_id": "S", "deployment_id": "D2", "sha": sha,
             "is_baseline": False, "is_own_commit": False, "is_step": False,
             "released_before": at(1)}
        )  # fmt: skip
        company.incidents.append(incident(at, f"names {sha}", 12))
        company.references.append(
            {"incident_id": f"names {sha}", "kind": "commit", "commit_sha": sha}
        )
    assert company.links() == {
        ("names before", "D3"): "window",
        ("names after", "D2"): "explicit_commit",
    }


def test_a_mention_of_the_later_fix_is_not_the_cause(company, at):
    company.deployments = line(at, 1, 5)
    company.changes = [change(at, "D2", 5, "fix")]
    company.incidents = [incident(at, "I", 3, 6)]
    company.references = [{"incident_id": "I", "kind": "pull_request", "pull_request_id": "fix"}]
    assert company.links() == {("I", "D1"): "window"}


def test_a_commit_shipped_by_two_services_is_blamed_on_the_incidents_own(company, at):
    company.deployments = [*line(at, 1), *line(at, 1, service="T")]
    company.changes = [
        change(at, "D1", 1, "P1"), change(at, "T1", 1, "P1", service="T"),
    ]  # fmt: skip
    company.incidents = [incident(at, "own", 2), incident(at, "unknown", 2, service=None)]
    company.references = [
        {"incident_id": name, "kind": "pull_request", "pull_request_id": "P1"}
        for name in ("own", "unknown")
    ]
    assert set(company.links()) == {("own", "D1"), ("unknown", "D1"), ("unknown", "T1")}


def test_of_each_thing_that_an_incident_names_the_own_services_part_is_blamed(company, at):
    company.deployments = [*line(at, 1), *line(at, 1, 2, service="T")]
    company.changes = [
        change(at, "D1", 1, "P1"), change(at, "T1", 1, "P1", service="T"),
        change(at, "T2", 2, "P2", service="T"),
    ]  # fmt: skip
    company.incidents = [incident(at, "I", 3)]
    company.references = [
        {"incident_id": "I", "kind": "pull_request", "pull_request_id": name}
        for name in ("P1", "P2")
    ]
    # P2 was shipped by the other service alone, whatever else the incident names.
    assert set(company.links()) == {("I", "D1"), ("I", "T2")}


def test_a_failure_lasts_until_its_last_incident_is_resolved(company, at):
    company.deployments = line(at, 1, 20)
    company.incidents = [incident(at, "a", 2, 4), incident(at, "b", 3, 7), incident(at, "c", 21)]
    rows = company.outcomes()
    assert rows["D1"]["is_failed"]
    assert rows["D1"]["incident_ids"] == ["a", "b"]
    assert rows["D1"]["recovery_hours"] == 6
    assert rows["D2"]["is_failed"]
    assert rows["D2"]["recovered_at"] is None


def test_a_rollback_fails_the_deployment_before_and_is_unplanned(company, at):
    company.deployments = line(at, 1, 5, 8)
    company.deployments[2] |= {"is_rollback": True, "rolls_back_previous": True}
    rows = company.outcomes()
    assert rows["D2"]["failure_reasons"] == ["rollback"]
    assert rows["D2"]["recovery_hours"] == 3
    assert rows["D2"]["recovered_by_deployment_id"] == "D3"
    assert not rows["D3"]["is_failed"]
    assert rows["D3"]["rework_reasons"] == ["rollback"]
    assert not rows["D1"]["is_failed"]


def test_a_revert_fails_the_deployment_of_what_it_reverts(company, at):
    company.deployments = line(at, 1, 5, 8)
    company.changes = [
        change(at, "D1", 1, "P1"),
        change(at, "D2", 5, "push", kind="commit"),
        change(at, "D3", 8, "R1"),
        change(at, "D3", 8, "unpush", kind="commit"),
    ]
    company.pull_request_reverts = [{"pull_request_id": "R1", "reverted_pull_request_id": "P1"}]
    company.commit_reverts = [{"repository_id": "R", "sha": "unpush", "reverted_sha": "push"}]
    company.pull_requests = [{"pull_request_id": "R1", "is_revert": True}]
    rows = company.outcomes()
    assert rows["D1"]["failure_reasons"] == ["revert"]
    assert rows["D1"]["recovery_hours"] == 7
    assert rows["D2"]["failure_reasons"] == ["revert"]
    assert rows["D3"]["rework_reasons"] == ["revert"]
    assert rows["D3"]["change_count"] == 2

    company.settings = dataclasses.replace(company.settings, revert_counts_as_failure=False)
    assert not company.outcomes()["D1"]["is_failed"]
    company.settings = dataclasses.replace(
        company.settings, revert_counts_as_failure=True, incident_link_window_hours=5.0
    )
    rows = company.outcomes()
    assert not rows["D1"]["is_failed"]
    assert rows["D2"]["is_failed"]


def test_of_two_ways_back_in_the_same_second_the_first_in_line_ended_the_failure(company, at):
    company.deployments = line(at, 1, 5, 5)
    # By id the revert would come first.
    for one, name in zip(company.deployments, ("D1", "D9", "D8"), strict=True):
        one["deployment_id"] = name
    company.deployments[1] |= {"is_rollback": True, "rolls_back_previous": True}
    company.changes = [change(at, "D1", 1, "P1"), change(at, "D8", 5, "R1")]
    company.pull_request_reverts = [{"pull_request_id": "R1", "reverted_pull_request_id": "P1"}]
    rows = company.outcomes()
    assert rows["D1"]["failure_reasons"] == ["rollback", "revert"]
    assert rows["D1"]["recovered_by_deployment_id"] == "D9"


def test_a_revert_shipped_together_with_what_it_reverts_fails_nothing(company, at):
    company.deployments = line(at, 1)
    company.changes = [change(at, "D1", 1, "P1"), change(at, "D1", 1, "R1")]
    company.pull_request_reverts = [{"pull_request_id": "R1", "reverted_pull_request_id": "P1"}]
    assert not company.outcomes()["D1"]["is_failed"]


def test_incidents_decide_on_recovery_before_rollbacks_do(company, at):
    company.deployments = line(at, 1, 3)
    company.deployments[1] |= {"is_rollback": True, "rolls_back_previous": True}
    company.incidents = [incident(at, "I", 2)]
    row = company.outcomes()["D1"]
    assert row["failure_reasons"] == ["incident", "rollback"]
    assert row["recovered_at"] is None


def test_an_incident_resolved_before_the_finish_gives_no_negative_span(company, at):
    company.deployments = line(at, 5)
    company.incidents = [incident(at, "I", 4.95, 4.97)]
    company.references = [{"incident_id": "I", "kind": "deployment", "deployment_id": "D1"}]
    row = company.outcomes()["D1"]
    assert row["recovered_at"] is not None
    assert row["recovery_hours"] is None


def test_hotfixes_and_incident_fixes_are_unplanned(company, at):
    company.deployments = line(at, 1, 5)
    company.changes = [change(at, "D1", 1, "P1"), change(at, "D2", 5, "P2")]
    company.pull_requests = [{"pull_request_id": "P1", "is_hotfix": True}]
    company.issues = [
        {"pull_request_id": "P2", "issue_id": "I", "is_work": True},
        # its cause, linked by the incident: no answer to it
        {"pull_request_id": "P1", "issue_id": "I", "is_work": False},
    ]
    company.incidents = [incident(at, "I", 3, 6)]
    rows = company.outcomes()
    assert rows["D1"]["rework_reasons"] == ["hotfix"]
    assert rows["D2"]["rework_reasons"] == ["incident_fix"]


def test_coverage_gives_every_change_and_incident_one_reason(company, frame, at):
    services = [
        {"repository_id": "R", "service_id": "S"},
        {"repository_id": "Q", "service_id": "T"},
    ]
    company.deployments = line(at, 1, 5)
    company.deployments[1] |= {"is_commit_known": False}
    company.changes = [
        {**change(at, "D2", 5, "P1"), "link_method": "merge_commit"},
        {**change(at, "D2", 5, "push", kind="commit"), "link_method": "commit"},
    ]
    company.deployments.append({"deployment_id": "L", "service_id": "unknown",
                                "finished_at": at(1), "is_commit_known": True})  # fmt: skip
    company.incidents = [
        incident(at, "window", 2, 3), incident(at, "late", 900), incident(at, "x", 2, service=None),
        incident(at, "early", 1), incident(at, "idle", 2, service="T"),
    ]  # fmt: skip
    company.reached = [
        {"repository_id": "R", "service_id": "S", "deployment_id": "D1", "sha": sha,
         "is_baseline": True, "is_step": False}
        for sha in ("merge-old", "old push")
    ]  # fmt: skip
    linked = frame(
        "pull_request_id string, repository_id string, link_sha string, is_link_known boolean, "
        "merged_to_default_branch boolean",
        *(
            {"pull_request_id": name, "repository_id": repository, "link_sha": f"merge-{name}",
             "is_link_known": known, "merged_to_default_branch": default}
            for name, repository, known, default in (
                ("P1", "R", True, True), ("old", "R", True, True), ("new", "R", True, True),
                ("gone", "R", False, True), ("side", "R", False, False), ("idle", "Q", True, True),
                ("lost", "Z", True, True),
            )
        ),
    )  # fmt: skip
    pushes = frame(
        "repository_id string, sha string",
        {"repository_id": "R", "sha": "push"},
        {"repository_id": "R", "sha": "old push"},
        {"repository_id": "R", "sha": "new push"},
        {"repository_id": "Q", "sha": "idle push"},
    )
    told = incident_outcomes(
        frame(schema("fct_incidents"), *company.incidents),
        company.links_frame(),
        frame(DEPLOYMENTS, *company.deployments),
    )
    window = told.filter("incident_id = 'window'").first()
    assert (window.link_method, window.deployment_ids, window.restore_hours) == (
        "window",
        ["D1"],
        1,
    )
    rows = linkage_coverage(
        linked,
        pushes,
        frame(WALK, *company.reached),
        frame(DEPLOYMENTS, *company.deployments),
        frame(CHANGES, *company.changes),
        told,
        frame(
            schema("dim_services"),
            {"service_id": "S", "has_deployment_source": False, "has_incident_source": True},
            {"service_id": "T", "has_deployment_source": False, "has_incident_source": False},
        ),
        ServicePlaces(frame("repository_id string, service_id string", *services)),
    ).collect()
    counted = {(r["service_id"], r["reason"]): r["row_count"] for r in rows}
    assert counted == {
        ("S", "pull_request_shipped"): 1,
        ("S", "pull_request_baseline"): 1,
        ("S", "pull_request_not_deployed_yet"): 1,
        ("S", "pull_request_merge_commit_unknown"): 1,
        ("S", "pull_request_not_in_default_branch"): 1,
        ("T", "pull_request_without_deployments"): 1,
        ("unknown", "pull_request_not_deployed_yet"): 1,
        ("S", "commit_shipped"): 1,
        ("S", "commit_baseline"): 1,
        ("S", "commit_not_deployed_yet"): 1,
        ("T", "commit_without_deployments"): 1,
        ("S", "deployment_commit_unknown"): 1,
        ("S", "incident_linked_by_window"): 1,
        ("S", "incident_unlinked"): 1,
        ("S", "incident_before_first_deployment"): 1,
        ("T", "incident_without_deployments"): 1,
        ("unknown", "incident_service_unknown"): 1,
        ("unknown", "deployment_service_unknown"): 1,
        ("T", "service_without_deployment_source"): 1,
        ("T", "service_without_incident_source"): 1,
    }
    assert {reason for _, reason in counted} < set(BY_NAME)


@pytest.mark.parametrize("reason", REASONS, ids=lambda reason: reason.name)
def test_every_gap_has_advice_and_nothing_else_has(reason):
    assert reason.name.startswith(reason.about)
    assert bool(reason.advice) == reason.is_gap
    assert "\n" not in reason.advice
