"""A repository that two services split: worked out by hand from the drawing below.

    root ─ a ─ b ─ c ─ d ─ d2 ─────── m ─ u     default branch of M
                        │    ╲       ╱
                        e1 ── e2 ───╯           branch of P3; e2 is d2 merged into it

    a  P1, squashed        cart               m   P3's merge       cart
    b  P2, squashed        cart and search    e1  P3               cart
    c  push                neither            e2  P3, back-merge   search (d2's files)
    d, d2  pushes          search             u   push, unknown    cart and search

Cart is deployed from root, b and m, search from root and m. Repository N belongs to no stated
service, but a rule deploys cart from it.
"""

from __future__ import annotations

import pytest

from transform import deployment_outcomes as outcomes
from transform.commit_graph import walk_deployments
from transform.deployment_changes import deployment_changes, direct_pushes, link_pull_requests
from transform.linkage_coverage import linkage_coverage
from transform.pull_request_cycle import pull_request_cycle
from transform.schemas import INCIDENT_OUTCOMES, INPUTS
from transform.service_places import service_places

DEPLOYMENTS = (
    "deployment_id string, repository_id string, service_id string, environment string, "
    "commit_sha string, finished_at timestamp"
)
TOUCHES = {
    "root": "cart search", "a": "cart", "b": "cart search", "c": "M", "d": "search",
    "d2": "search", "e1": "cart", "e2": "search", "m": "cart", "u": "cart search", "p4": "search",
}  # fmt: skip


class Monorepo:
    """The frames of the drawing, and what comes of them."""

    def __init__(self, frame, at, settings):
        def schema(name):
            return INPUTS[name].spark_schema()

        def commit(sha, hour, parents="", pull_request_id=None, repository="M"):
            return {
                "repository_id": repository, "sha": sha, "author_id": "ann",
                "authored_at": at(hour), "committed_at": at(hour), "parent_shas": parents.split(),
                "message_headline": sha, "is_on_default_branch": sha != "p4",
                "pull_request_id": pull_request_id,
            }  # fmt: skip

        def pull_request(name, sha, merged, repository="M"):
            return {
                "pull_request_id": name, "repository_id": repository, "number": 1, "is_bot": False,
                "merge_commit_sha": sha, "merged_at": at(merged), "ready_at": at(merged),
                "merged_to_default_branch": True,
            }  # fmt: skip

        def deployment(name, service, sha, hour, repository="M"):
            return {
                "deployment_id": name, "repository_id": repository, "service_id": service,
                "environment": "production", "commit_sha": sha, "finished_at": at(hour),
            }  # fmt: skip

        self.frame, self.schema, self.at, self.settings = frame, schema, at, settings
        self.commits = frame(
            schema("fct_commits"),
            commit("root", 0),
            commit("a", 1, "root", "P1"),
            commit("b", 2, "a", "P2"),
            commit("c", 3, "b"),
            commit("d", 4, "c"),
            commit("e1", 5, "d", "P3"),
            commit("d2", 5, "d"),
            commit("e2", 6, "e1 d2", "P3"),
            commit("m", 7, "d2 e2", "P3"),
            commit("u", 10, "m"),
            commit("p4", 11, "u", "P4"),
            commit("n1", 0, repository="N"),
            commit("n2", 1, "n1", repository="N"),
        )
        pull_requests = frame(
            schema("fct_pull_requests"),
            pull_request("P1", "a", 1),
            pull_request("P2", "b", 2),
            pull_request("P3", "m", 7),
            pull_request("P4", "p4", 11),
            pull_request("P5", "gone", 11),
            pull_request("P6", "gone", 11, repository="N"),
        )
        self.production = frame(
            DEPLOYMENTS,
            deployment("C1", "cart", "root", 0.5),
            deployment("C2", "cart", "b", 2.5),
            deployment("C3", "cart", "m", 8),
            deployment("S1", "search", "root", 0.5),
            deployment("S2", "search", "m", 9),
            deployment("N1", "cart", "n1", 0.5, "N"),
            deployment("N2", "cart", "n2", 1.5, "N"),
        )
        commit_services = frame(
            schema("bridge_commit_services"),
            *(
                {"repository_id": "M", "sha": sha, "service_id": service}
                for sha, services in TOUCHES.items()
                for service in services.split()
            ),
        )
        services = frame(
            schema("bridge_service_repositories"),
            {"service_id": "M", "repository_id": "M", "path_prefix": ""},
            {"service_id": "cart", "repository_id": "M", "path_prefix": "services/cart/"},
            {"service_id": "cart", "repository_id": "M", "path_prefix": "libs/cart/"},
            {"service_id": "search", "repository_id": "M", "path_prefix": "services/search/"},
            {"service_id": "N", "repository_id": "N", "path_prefix": ""},
        )
        developers = frame(schema("dim_developers"))
        self.walk = walk_deployments(
            self.commits.sparkSession, self.commits, self.production, here=True
        )
        self.linked = link_pull_requests(pull_requests, self.commits)
        self.pushes = direct_pushes(self.commits, developers)
        self.places = service_places(
            services, self.production, self.commits, commit_services, self.linked, self.pushes,
            is_split=True,
        )  # fmt: skip
        self.changes = deployment_changes(
            self.walk, self.linked, self.pushes, self.places, settings
        )
        self.cycle = pull_request_cycle(pull_requests, self.changes, self.places)
        steps = self.walk.filter("is_step").withColumnRenamed("sha", "commit_sha")
        self.deployments = steps.withColumn("began_at", steps["finished_at"])

    def links(self, incidents, references):
        return outcomes.incident_links(
            self.frame(self.schema("fct_incidents"), *incidents),
            self.frame(self.schema("bridge_incident_references"), *references),
            self.frame(self.schema("bridge_pull_request_commits")),
            self.commits,
            self.walk,
            self.deployments,
            self.changes,
            self.places,
            self.settings,
        )


@pytest.fixture
def monorepo(spark, frame, at, settings):
    return Monorepo(frame, at, settings)


def test_a_deployment_ships_only_the_changes_of_its_service(monorepo):
    shipped = {(r["deployment_id"], r["change_id"]) for r in monorepo.changes.collect()}

    assert shipped == {
        ("C2", "P1"), ("C2", "P2"), ("C3", "P3"),
        ("S2", "P2"), ("S2", "d"), ("S2", "d2"),
        ("N2", "n2"),
    }  # fmt: skip


def test_a_pull_request_that_waits_belongs_to_the_only_service_it_touches(monorepo):
    found = {r["pull_request_id"]: r["service_id"] for r in monorepo.cycle.collect()}

    # P2 went with cart first; nothing is known of P5; what leaves N is deployed as cart.
    assert found == {
        "P1": "cart", "P2": "cart", "P3": "cart", "P4": "search", "P5": None, "P6": "cart",
    }  # fmt: skip


def test_coverage_counts_a_change_for_each_of_its_services(monorepo, frame):
    counted = {
        (r["service_id"], r["reason"]): r["row_count"]
        for r in linkage_coverage(
            monorepo.linked,
            monorepo.pushes,
            monorepo.walk,
            monorepo.deployments,
            monorepo.changes,
            frame(INCIDENT_OUTCOMES.spark_schema()),
            frame(monorepo.schema("dim_services")),
            monorepo.places,
        ).collect()
    }

    assert counted == {
        ("cart", "pull_request_shipped"): 3,
        ("cart", "pull_request_merge_commit_unknown"): 2,  # P5, P6
        ("cart", "commit_baseline"): 2,  # root, n1
        ("cart", "commit_shipped"): 1,  # n2
        ("cart", "commit_not_deployed_yet"): 1,  # u
        ("search", "pull_request_shipped"): 1,
        ("search", "pull_request_not_deployed_yet"): 1,  # P4
        ("search", "pull_request_merge_commit_unknown"): 1,  # P5
        ("search", "commit_baseline"): 1,
        ("search", "commit_shipped"): 2,
        ("search", "commit_not_deployed_yet"): 1,
        ("M", "commit_without_deployments"): 1,  # c
    }


def test_a_commit_named_by_an_incident_is_blamed_on_the_services_it_touches(monorepo, at):
    def incident(name, service):
        return {
            "incident_id": name, "service_id": service, "opened_at": at(9.5), "issue_id": name,
        }  # fmt: skip

    def names(incident_id, sha):
        return {
            "incident_id": incident_id, "kind": "commit", "repository_id": "M", "commit_sha": sha,
        }  # fmt: skip

    links = monorepo.links(
        [incident("one", None), incident("both", None), incident("own", "search")],
        [names("one", "a"), names("both", "b"), names("own", "b")],
    )

    assert {(r["incident_id"], r["deployment_id"]) for r in links.collect()} == {
        ("one", "C2"), ("both", "C2"), ("both", "S2"), ("own", "S2"),
    }  # fmt: skip
