"""Who gets values: the organization, teams, services, repositories, and what rows they pool.

A row belongs to the team that owns its service, and to every team above that one; so a parent
team has values of its own, from the pooled rows of all below it. Values are never means of means.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Entity:
    """An entity and whether anything could tell of its deployments and incidents.

    `has_both`: of one and the same service, as it takes to tell which deployments failed.
    """

    entity_type: str
    entity_id: str
    has_deployment_source: bool
    has_incident_source: bool
    has_both: bool


@dataclass(frozen=True)
class Membership:
    """Rows whose service (`via` service) or repository has the id `key` belong to the entity."""

    via: str
    key: str
    entity_type: str
    entity_id: str


def ancestors(team_id: str, parents: Mapping[str, str | None]) -> list[str]:
    """The team and all above it, nearest first; a cycle is walked once."""
    found: list[str] = []
    current: str | None = team_id
    while current is not None and current in parents and current not in found:
        found.append(current)
        current = parents[current]
    return found


def directory(
    organizations: Rows, teams: Rows, services: Rows, repositories: Rows, bridge: Rows
) -> tuple[list[Entity], list[Membership]]:
    """All entities and memberships, from the rows of the dimension tables.

    The organization pools by service and by repository, so that a row whose service can't be
    told (a pull request in a repository of several) is not lost to it.
    """
    parents = {t["team_id"]: t["parent_team_id"] for t in teams}
    memberships: set[Membership] = set()
    sources: dict[tuple[str, str], tuple[bool, bool, bool]] = {}

    def known(entity_type: str, entity_id: str, deployments: bool, incidents: bool) -> None:
        before = sources.get((entity_type, entity_id), (False, False, False))
        sources[entity_type, entity_id] = (
            before[0] or deployments,
            before[1] or incidents,
            before[2] or (deployments and incidents),
        )

    for organization in organizations:
        known("organization", organization["organization_id"], False, False)
    for team in teams:
        known("team", team["team_id"], False, False)
    for repository in repositories:
        repository_id = repository["repository_id"]
        known("repository", repository_id, False, False)
        for pair in (
            ("repository", repository_id),
            ("organization", repository["organization_id"]),
        ):
            if pair[1] is not None:
                memberships.add(Membership("repository", repository_id, *pair))
    of_service: dict[str, list[str]] = {}
    for row in bridge:
        of_service.setdefault(row["service_id"], []).append(row["repository_id"])
    known_repositories = {r["repository_id"] for r in repositories}
    for service in services:
        service_id = service["service_id"]
        has = (bool(service["has_deployment_source"]), bool(service["has_incident_source"]))
        pairs = [("service", service_id)]
        if service["organization_id"] is not None:
            pairs.append(("organization", service["organization_id"]))
        if service["team_id"] is not None:
            pairs += [("team", team_id) for team_id in ancestors(service["team_id"], parents)]
        for pair in pairs:
            known(*pair, *has)
            memberships.add(Membership("service", service_id, *pair))
        for repository_id in of_service.get(service_id, []):
            if repository_id in known_repositories:
                known("repository", repository_id, *has)
    entities = [Entity(*pair, *has) for pair, has in sorted(sources.items())]
    return entities, sorted(memberships, key=lambda m: (m.via, m.key, m.entity_type, m.entity_id))


def member_frame(
    spark: SparkSession, memberships: Sequence[Membership], services: Rows
) -> DataFrame:
    """(via, member_id, entity_type, entity_id, has_incident_source), the last of services only."""
    judged = {row["service_id"]: bool(row["has_incident_source"]) for row in services}
    return spark.createDataFrame(
        pa.table(
            {
                "via": _strings(m.via for m in memberships),
                "member_id": _strings(m.key for m in memberships),
                "entity_type": _strings(m.entity_type for m in memberships),
                "entity_id": _strings(m.entity_id for m in memberships),
                "has_incident_source": pa.array(
                    [judged[m.key] if m.via == "service" else None for m in memberships],
                    pa.bool_(),
                ),
            }
        )
    )


def _strings(values: Iterable[str]) -> pa.Array:
    return pa.array(list(values), pa.string())
