"""Which units have changed since their rows were written, told by PostgreSQL in one look each.

The rows of a unit that has not changed stay as they are: its facts, as known at the time of the
computation, are the same, and so are the settings and definitions. What hangs on the time itself
(the periods of metrics.dora) is told from the rows of all; kept_periods.py has what stays of it.
docs/decisions/0021 has the reasons.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg

from transform.schemas import (
    COMPUTED_UNITS,
    DEFINITION_VERSION,
    INPUTS,
    OUTPUTS,
    UNKNOWN_SERVICE,
    Table,
)
from transform.units import REPOSITORY, SERVICE, Node, Print, Unit, units_of

# A table's rows, by the node that they are facts of, as SQL over its alias t.
_BY_REPOSITORY = "'repository', t.repository_id"
_BY_SERVICE = f"'service', coalesce(t.service_id, '{UNKNOWN_SERVICE}')"
_PULL_REQUEST = (
    "inner join marts.fct_pull_requests as its on t.pull_request_id = its.pull_request_id"
)
_FACTS: dict[str, tuple[str, str]] = {
    "fct_commits": (_BY_REPOSITORY, ""),
    "fct_pull_requests": (_BY_REPOSITORY, ""),
    "fct_deployments": (_BY_REPOSITORY, ""),
    "bridge_pull_request_commits": (_BY_REPOSITORY, ""),
    "bridge_commit_reverts": (_BY_REPOSITORY, ""),
    "bridge_commit_services": (_BY_REPOSITORY, ""),
    "bridge_service_repositories": (_BY_REPOSITORY, ""),
    "bridge_pull_request_reverts": ("'repository', its.repository_id", _PULL_REQUEST),
    "bridge_pull_request_issues": ("'repository', its.repository_id", _PULL_REQUEST),
    "fct_incidents": (_BY_SERVICE, ""),
    "dim_services": (_BY_SERVICE, ""),
    "bridge_incident_references": (
        f"'service', coalesce(its.service_id, '{UNKNOWN_SERVICE}')",
        "inner join marts.fct_incidents as its on t.incident_id = its.incident_id",
    ),
}
# Of no unit, but every unit's rows hang on these rows. The others (teams, bands) matter to dora
# only, and people who are no bots to nothing.
_OF_ALL = {"dim_metric_settings": "true", "dim_developers": "is_bot"}

_INCIDENT = f"coalesce(i.service_id, '{UNKNOWN_SERVICE}')"
_TIES = f"""
select 'repository', repository_id, 'service', service_id
from marts.bridge_service_repositories
union
select 'repository', repository_id, 'service', coalesce(service_id, '{UNKNOWN_SERVICE}')
from marts.fct_deployments
union
select 'repository', repository_id, 'service', service_id
from marts.bridge_commit_services
union
select 'repository', i.repository_id, 'service', {_INCIDENT}
from marts.fct_incidents as i where i.repository_id is not null
union
select 'repository', d.repository_id, 'service', {_INCIDENT}
from marts.bridge_incident_references as r
inner join marts.fct_incidents as i on r.incident_id = i.incident_id
inner join marts.fct_deployments as d on r.deployment_id = d.deployment_id
union
select 'repository', p.repository_id, 'service', {_INCIDENT}
from marts.bridge_incident_references as r
inner join marts.fct_incidents as i on r.incident_id = i.incident_id
inner join marts.fct_pull_requests as p on r.pull_request_id = p.pull_request_id
union
select 'repository', c.repository_id, 'service', {_INCIDENT}
from marts.bridge_incident_references as r
inner join marts.fct_incidents as i on r.incident_id = i.incident_id
inner join marts.fct_commits as c on r.commit_sha = c.sha
union
select 'repository', d.repository_id, 'service', {_INCIDENT}
from marts.bridge_incident_references as r
inner join marts.fct_incidents as i on r.incident_id = i.incident_id
inner join marts.fct_deployments as d on r.commit_sha = d.commit_sha
union
select 'repository', p.repository_id, 'service', {_INCIDENT}
from marts.bridge_incident_references as r
inner join marts.fct_incidents as i on r.incident_id = i.incident_id
inner join marts.bridge_pull_request_commits as c on r.commit_sha = c.sha
inner join marts.fct_pull_requests as p on c.pull_request_id = p.pull_request_id
union
select 'repository', p.repository_id, 'service', {_INCIDENT}
from marts.bridge_pull_request_issues as b
inner join marts.fct_incidents as i on b.issue_id = i.issue_id
inner join marts.fct_pull_requests as p on b.pull_request_id = p.pull_request_id
union
select 'repository', p.repository_id, 'repository', o.repository_id
from marts.bridge_pull_request_reverts as b
inner join marts.fct_pull_requests as p on b.pull_request_id = p.pull_request_id
inner join marts.fct_pull_requests as o on b.reverted_pull_request_id = o.pull_request_id
union
select 'repository', b.repository_id, 'repository', o.repository_id
from marts.bridge_commit_reverts as b
inner join marts.fct_pull_requests as o on b.reverted_pull_request_id = o.pull_request_id
union
-- What is in a repository of no service is counted with the unknown.
select 'repository', r.repository_id, 'service', '{UNKNOWN_SERVICE}'
from (
    select repository_id from marts.fct_commits
    union
    select repository_id from marts.fct_pull_requests
) as r
where not exists (
    select 1 from marts.bridge_service_repositories as b where r.repository_id = b.repository_id
)
"""

# Tables whose rows are kept, and what of a row is the id of its repository or service.
KEPT: dict[str, tuple[str, str]] = {
    "deployment_changes": (REPOSITORY, "repository_id"),
    "deployment_outcomes": (REPOSITORY, "repository_id"),
    "pull_request_cycle": (REPOSITORY, "repository_id"),
    "incident_outcomes": (SERVICE, f"coalesce(service_id, '{UNKNOWN_SERVICE}')"),
    "linkage_coverage": (SERVICE, "service_id"),
}
# Of the facts, those that are read for what has changed only.
_READ: dict[str, tuple[str, str]] = {
    "fct_commits": (REPOSITORY, "repository_id"),
    "fct_pull_requests": (REPOSITORY, "repository_id"),
    "fct_deployments": (REPOSITORY, "repository_id"),
    "bridge_pull_request_commits": (REPOSITORY, "repository_id"),
    "bridge_commit_reverts": (REPOSITORY, "repository_id"),
    "bridge_commit_services": (REPOSITORY, "repository_id"),
    "fct_incidents": (SERVICE, f"coalesce(service_id, '{UNKNOWN_SERVICE}')"),
}


@dataclass(frozen=True)
class Changes:
    """The units as they are, which of them have their rows already, and what was stored of them.

    `written_at`: when the rows were written that are kept; None if none are. `stored`: the nodes
    of what was computed last, by fingerprint; `as_of`: as of when that was.
    """

    units: Sequence[Unit]
    kept: frozenset[str]
    written_at: datetime | None
    stored: Mapping[str, Sequence[str]]
    as_of: datetime | None

    @property
    def changed_nodes(self) -> set[Node]:
        """Repositories and services about which there is something new, or nothing any more."""
        nodes = {n for unit in self.units if unit.fingerprint not in self.kept for n in unit.nodes}
        for fingerprint, names in self.stored.items():
            if fingerprint not in self.kept:
                parts = (name.partition(":") for name in names)
                nodes |= {(kind, name) for kind, _, name in parts}
        return nodes

    @property
    def row_count(self) -> int:
        """How many facts have to be read."""
        return sum(unit.row_count for unit in self.units if unit.fingerprint not in self.kept)

    def ids(self, kind: str, *, kept: bool) -> list[str]:
        """Repositories or services whose rows are kept, or those whose are not."""
        its = (unit.ids(kind) for unit in self.units if (unit.fingerprint in self.kept) == kept)
        return sorted(set().union(*its))

    def kept_rows(self) -> dict[str, str]:
        """The tables of which rows are kept, with the condition in SQL that they meet."""
        return {
            name: _within(column, self.ids(kind, kept=True))
            for name, (kind, column) in KEPT.items()
        }

    def read_rows(self) -> dict[str, str]:
        """The condition in SQL for the facts to be read, of the tables that have one."""
        return {
            name: _within(column, self.ids(kind, kept=False))
            for name, (kind, column) in _READ.items()
        }

    def rows(self, computed_at: datetime) -> list[dict[str, Any]]:
        """The rows of metrics.computed_units."""
        return [
            {
                "fingerprint": unit.fingerprint,
                "nodes": [":".join(node) for node in sorted(unit.nodes)],
                "definition_version": DEFINITION_VERSION,
                "computed_at": computed_at,
            }
            for unit in self.units
        ]


def changes(connection: psycopg.Connection[Any], as_of: datetime) -> Changes:
    """What has to be computed, and what not."""
    with connection.transaction():
        # One look: a load may be writing.
        connection.execute("set transaction isolation level repeatable read, read only")
        units = units_of(_ties(connection), _prints(connection, as_of), _terms(connection))
        stored, written_at, before = _last(connection)
    kept = frozenset(unit.fingerprint for unit in units) & frozenset(stored)
    return Changes(units, kept, written_at if kept else None, stored, before)


def _last(
    connection: psycopg.Connection[Any],
) -> tuple[dict[str, Sequence[str]], datetime | None, datetime | None]:
    """Of the last computation: nodes by fingerprint, when it wrote, as of when it was."""
    for table in (COMPUTED_UNITS, OUTPUTS["computation"]):
        found = connection.execute("select to_regclass(%s)", (table.full_name,)).fetchone()
        if found is None or found[0] is None:
            return {}, None, None
    rows = connection.execute("select fingerprint, nodes, computed_at from metrics.computed_units")
    stored = {fingerprint: (nodes, at) for fingerprint, nodes, at in rows}
    told = connection.execute("select max(as_of) from metrics.computation").fetchone()
    return (
        {fingerprint: nodes for fingerprint, (nodes, _) in stored.items()},
        max((at for _, at in stored.values()), default=None),
        told[0] if told else None,
    )


def _ties(connection: psycopg.Connection[Any]) -> list[tuple[Node, Node]]:
    rows = connection.execute(_TIES.encode())
    return [((one, name), (other, its)) for one, name, other, its in rows if name and its]


def _prints(connection: psycopg.Connection[Any], as_of: datetime) -> Mapping[Node, list[Print]]:
    found: dict[Node, list[Print]] = {}
    for name, (node, join) in _FACTS.items():
        query = f"""
            select kind, name, count(*), sum(hash & 4294967295)::bigint, sum(hash >> 32)::bigint
            from (
                select {_named(node)}, {_hash(INPUTS[name])} as hash
                from marts.{name} as t {join}
            ) as hashed group by kind, name
        """
        for kind, its, *sums in connection.execute(query.encode(), {"as_of": as_of}):
            if its is None:
                continue
            found.setdefault((kind, its), []).append((name, *sums))
    return found


def _named(node: str) -> str:
    kind, name = node.split(", ", 1)
    return f"{kind} as kind, {name} as name"


def _hash(table: Table) -> str:
    """A row's hash: all that is read of it, and which of its times have come."""
    columns = [f't."{c.name}"::{c.type}' for c in table.columns]
    columns += [f't."{c.name}" <= %(as_of)s' for c in table.columns if c.type == "timestamptz"]
    return f"hash_record_extended(row({', '.join(columns)}), 0)"


def _terms(connection: psycopg.Connection[Any]) -> str:
    """What the rows of every unit hang on: definitions, columns, settings, who is a bot."""
    told: list[Any] = [DEFINITION_VERSION]
    told += [[name, [(c.name, c.type) for c in OUTPUTS[name].columns]] for name in sorted(KEPT)]
    for name, condition in _OF_ALL.items():
        columns = ", ".join(f't."{c.name}"::{c.type}' for c in INPUTS[name].columns)
        query = f"""
            select count(*), sum(hash & 4294967295)::bigint, sum(hash >> 32)::bigint
            from (
                select hash_record_extended(row({columns}), 0) as hash from marts.{name} as t
                where {condition}
            ) as hashed
        """
        told.append([name, connection.execute(query.encode()).fetchone()])
    return json.dumps(told, default=str)


def _within(column: str, ids: Sequence[str]) -> str:
    listed = ", ".join("'" + name.replace("'", "''") + "'" for name in ids)
    return f"{column} in ({listed})" if ids else "false"
