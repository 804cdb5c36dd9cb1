"""Which rows an entity pools."""

from __future__ import annotations

from transform.dora.entities import Membership, ancestors, directory


def team(name: str, parent: str | None = None) -> dict[str, str | None]:
    return {"team_id": name, "parent_team_id": parent}


def service(name: str, team_id: str | None = None, deploys: bool = True, incidents: bool = True):
    return {
        "service_id": name,
        "organization_id": "o",
        "team_id": team_id,
        "has_deployment_source": deploys,
        "has_incident_source": incidents,
    }


def repository(name: str) -> dict[str, str]:
    return {"repository_id": name, "organization_id": "o"}


def bridge(*pairs: tuple[str, str]) -> list[dict[str, str]]:
    return [{"service_id": s, "repository_id": r} for s, r in pairs]


ORGANIZATION = [{"organization_id": "o"}]


def test_a_row_belongs_to_its_services_team_and_all_teams_above():
    teams = [team("top"), team("middle", "top"), team("leaf", "middle"), team("other", "top")]
    _, memberships = directory(ORGANIZATION, teams, [service("s", "leaf")], [], [])
    assert {m.entity_id for m in memberships if m.entity_type == "team"} == {
        "leaf", "middle", "top",
    }  # fmt: skip


def test_teams_in_a_circle_are_walked_once():
    assert ancestors("a", {"a": "b", "b": "a"}) == ["a", "b"]


def test_a_parent_that_is_not_known_ends_the_way_up():
    assert ancestors("a", {"a": "gone"}) == ["a"]


def test_an_entity_has_a_source_if_any_of_its_services_has_one():
    entities, _ = directory(
        ORGANIZATION,
        [team("t"), team("idle")],
        [service("s1", "t", deploys=False), service("s2", "t", incidents=False)],
        [repository("r1"), repository("r2"), repository("r3")],
        bridge(("s1", "r1"), ("s2", "r1"), ("s2", "r2")),
    )
    # Deployments of the one and incidents of the other don't tell which deployment failed.
    assert {
        e.entity_id: (e.has_deployment_source, e.has_incident_source, e.has_both) for e in entities
    } == {
        "o": (True, True, False),
        "t": (True, True, False),
        "idle": (False, False, False),
        "s1": (False, True, False),
        "s2": (True, False, False),
        "r1": (True, True, False),
        "r2": (True, False, False),
        "r3": (False, False, False),
    }


def test_failures_are_told_where_one_service_has_deployments_and_incidents():
    entities, _ = directory(
        ORGANIZATION,
        [team("t")],
        [service("s1", "t"), service("s2", "t", incidents=False)],
        [],
        [],
    )
    assert {e.entity_id: e.has_both for e in entities} == {
        "o": True, "t": True, "s1": True, "s2": False,
    }  # fmt: skip


def test_the_organization_pools_by_service_and_by_repository():
    _, memberships = directory(ORGANIZATION, [], [service("s")], [repository("r")], [])
    assert Membership("service", "s", "organization", "o") in memberships
    assert Membership("repository", "r", "organization", "o") in memberships
