"""What the warehouse knows of one number: its row, the rows behind it, what was left out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString
from zoneinfo import ZoneInfo

import psycopg
from psycopg.rows import dict_row

from ingestion.stored import is_stored
from orchestration.commands import UsageProblem
from orchestration.explanation.coverage import counted
from orchestration.explanation.names import Entity, Metric
from orchestration.explanation.periods import Wanted
from orchestration.warehouse import one_line_errors

Row = dict[str, Any]
Connection = psycopg.Connection[Row]

_ENTITIES: LiteralString = """
    select 'organization' as entity_type, organization_id as entity_id, name
    from marts.dim_organizations
    union all
    select 'team', team_id, name from marts.dim_teams
    union all
    select 'service', service_id, name from marts.dim_services
    union all
    select 'repository', repository_id, full_name from marts.dim_repositories
"""
_NUMBER: LiteralString = """
    select *
    from metrics.dora
    where entity_type = %(entity_type)s and entity_id = %(entity_id)s and metric = %(metric)s
        and environment = %(environment)s and grain = %(grain)s
        and period_start = %(period_start)s and period_end = %(period_end)s
"""
_PERIODS: LiteralString = """
    select count(*) as row_count, min(period_start) as first_start, max(period_start) as last_start,
        min(period_end) as first_end, max(period_end) as last_end
    from metrics.dora
    where entity_type = %(entity_type)s and entity_id = %(entity_id)s and metric = %(metric)s
        and environment = %(environment)s and grain = %(grain)s
"""
_ENVIRONMENTS: LiteralString = """
    select distinct environment
    from metrics.dora
    where entity_type = %(entity_type)s and entity_id = %(entity_id)s and metric = %(metric)s
    order by environment
"""
_ITS: LiteralString = """
    metric = %(metric)s and entity_type = %(entity_type)s and entity_id = %(entity_id)s
    and environment = %(environment)s
    and local_date >= %(period_start)s and local_date < %(period_end)s
"""
_FACTS: LiteralString = f"""
    select * from metrics.dora_facts_described
    where {_ITS}
    order by happened_at, fact_id
"""
# Rows of the entity in the period that the metric does not count, before it is asked why.
_MEMBER: LiteralString = """
    exists (
        select from metrics.entity_members as m
        where m.entity_type = %(entity_type)s and m.entity_id = %(entity_id)s
            and (
                (m.via = 'service' and m.member_id = f.service_id)
                or (m.via = 'repository' and m.member_id = f.repository_id)
            )
    )
"""
_DAY: LiteralString = """
    between %(period_start)s and (%(period_end)s::date - 1)
"""
_BOT_CHANGES: LiteralString = f"""
    select count(distinct f.change_id) as row_count
    from metrics.deployment_changes as f, metrics.computation as c
    where f.is_bot and (%(only_pull_requests)s is false or f.change_kind = 'pull_request')
        and (f.deployed_at at time zone c.timezone)::date {_DAY}
        and {_MEMBER}
        and (%(environment)s = 'production' or %(environment)s = 'production:' || f.environment)
"""
_BOT_PULL_REQUESTS: LiteralString = f"""
    select count(*) as row_count
    from metrics.pull_request_cycle as f, metrics.computation as c
    where f.is_bot and (f.merged_at at time zone c.timezone)::date {_DAY} and {_MEMBER}
"""
_UNJUDGED: LiteralString = f"""
    select count(*) as row_count, array_agg(distinct coalesce(s.name, f.service_id)) as names
    from metrics.deployment_outcomes as f
    cross join metrics.computation as c
    left join marts.dim_services as s on f.service_id = s.service_id
    where (f.finished_at at time zone c.timezone)::date {_DAY} and {_MEMBER}
        and (%(environment)s = 'production' or %(environment)s = 'production:' || f.environment)
        and not exists (
            select from metrics.entity_members as j
            where j.via = 'service' and j.member_id = f.service_id and j.has_incident_source
        )
"""
_OPEN_INCIDENTS: LiteralString = f"""
    select count(*) as row_count
    from metrics.incident_outcomes as f, metrics.computation as c
    where f.resolved_at is null
        and (f.opened_at at time zone c.timezone)::date < %(period_end)s and {_MEMBER}
"""
_COVERAGE: LiteralString = """
    select l.reason, sum(l.row_count)::bigint as row_count
    from metrics.linkage_coverage as l
    where %(entity_type)s = 'organization'
        or exists (
            select from metrics.entity_members as m
            where m.via = 'service' and m.member_id = l.service_id
                and m.entity_type = %(entity_type)s and m.entity_id = %(entity_id)s
        )
        or (%(entity_type)s = 'repository' and exists (
            select from marts.bridge_service_repositories as b
            where b.service_id = l.service_id and b.repository_id = %(entity_id)s
        ))
    group by l.reason
"""


@dataclass(frozen=True)
class LeftOut:
    """How many of what are not in a number, and why."""

    row_count: int
    what: str
    why: str

    @property
    def told(self) -> str:
        """In words."""
        return f"{counted(self.row_count, self.what)} {self.why}"


@dataclass(frozen=True)
class Explained:
    """One number: its row of metrics.dora, the rows behind it, and what is not in it.

    `facts`: rows of metrics.dora_facts_described, oldest first. `coverage`: reason → rows, over
    all times. `as_of`: when the numbers were computed last.
    """

    entity: Entity
    metric: Metric
    number: Row
    facts: list[Row]
    left_out: list[LeftOut]
    coverage: dict[str, int]
    zone: ZoneInfo
    as_of: datetime


@contextmanager
def reader(url: str) -> Iterator[Connection]:
    """A read-only connection, one snapshot for all questions; UsageProblem before the first run."""
    with (
        one_line_errors(url),
        psycopg.connect(url, row_factory=dict_row, connect_timeout=10) as connection,
    ):
        connection.execute("set transaction isolation level repeatable read read only")
        if not is_stored(connection, "metrics.dora"):
            raise UsageProblem("there are no metrics yet: sei run (or sei demo) computes them")
        if not is_stored(connection, "metrics.dora_facts_described"):
            raise UsageProblem(
                "an older version computed these metrics: sei run computes them anew"
            )
        yield connection


def entities(connection: Connection) -> list[Entity]:
    """Everybody who may have numbers, by their names in the marts."""
    rows = connection.execute(_ENTITIES).fetchall()
    return [Entity(r["entity_type"], r["entity_id"], r["name"]) for r in rows]


def computation(connection: Connection) -> tuple[datetime, ZoneInfo, str]:
    """As of when the numbers were computed, the time zone, the day that weeks start on."""
    row = connection.execute("select * from metrics.computation").fetchone()
    if row is None:
        raise UsageProblem("there are no metrics yet: sei run (or sei demo) computes them")
    return row["as_of"], ZoneInfo(row["timezone"]), row["week_starts_on"]


def read(
    connection: Connection, entity: Entity, metric: Metric, period: Wanted, environment: str
) -> Explained:
    """Everything about the number; UsageProblem if there is none, with those that there are."""
    asked = {
        "entity_type": entity.entity_type,
        "entity_id": entity.entity_id,
        "metric": metric.name,
        "environment": _environment(environment),
        "grain": period.grain,
        "period_start": period.start,
        "period_end": period.end,
        "only_pull_requests": metric.name == "deploy_time",
    }
    number = connection.execute(_NUMBER, asked).fetchone()
    if number is None:
        raise UsageProblem(_missing(connection, entity, metric, period, asked))
    facts = connection.execute(_FACTS, asked).fetchall()
    as_of, zone, _ = computation(connection)
    return Explained(
        entity,
        metric,
        number,
        facts,
        _left_out(connection, metric, facts, asked),
        coverage(connection, entity),
        zone,
        as_of,
    )


def coverage(connection: Connection, entity: Entity) -> dict[str, int]:
    """Reason → rows of the services of the entity; of the organization with those of none."""
    asked = {"entity_type": entity.entity_type, "entity_id": entity.entity_id}
    rows = connection.execute(_COVERAGE, asked).fetchall()
    return {row["reason"]: row["row_count"] for row in rows}


def _environment(name: str) -> str:
    return name if name == "production" or name.startswith("production:") else f"production:{name}"


def _missing(
    connection: Connection, entity: Entity, metric: Metric, period: Wanted, asked: Row
) -> str:
    there = [r["environment"] for r in connection.execute(_ENVIRONMENTS, asked).fetchall()]
    whose = f"{metric.title} of {entity.name}"
    if there and asked["environment"] not in there:
        return (
            f"{whose} is not told for {asked['environment']}; the environments are: "
            f"{', '.join(there)}"
        )
    found = connection.execute(_PERIODS, asked).fetchone()
    if not found or not found["row_count"]:
        return f"there is no {metric.title} of {entity.name} at all: sei run computes it"
    if period.grain.startswith("rolling"):
        return (
            f"no {(period.end - period.start).days} days of {whose} end before {period.end}; there "
            f"are {found['row_count']}, a week apart, that end before {found['first_end']} to "
            f"{found['last_end']}"
        )
    return (
        f"there is no {period.grain} from {period.start} of {whose}; the first is from "
        f"{found['first_start']}, the last from {found['last_start']}"
    )


def _left_out(
    connection: Connection, metric: Metric, facts: list[Row], asked: Row
) -> list[LeftOut]:
    def count(query: LiteralString) -> Row:
        return connection.execute(query, asked).fetchone() or {"row_count": 0}

    found: list[LeftOut] = []
    if metric.kind == "median":
        judged = [why_no_span(metric.name, fact) for fact in facts]
        for why in (OPEN, NEGATIVE, UNKNOWN):
            found.append(LeftOut(judged.count(why), metric.counts, why))
    by_bots = "by bots"
    if metric.name == "change_lead_time":
        row = connection.execute("select exclude_bots from metrics.computation").fetchone()
        if row and row["exclude_bots"]:
            by_bots += " (metrics.exclude_bots)"
            found.append(LeftOut(count(_BOT_CHANGES)["row_count"], "changes", by_bots))
    if metric.name == "deploy_time":
        found.append(LeftOut(count(_BOT_CHANGES)["row_count"], "pull requests", by_bots))
    if metric.counts == "pull requests":
        found.append(LeftOut(count(_BOT_PULL_REQUESTS)["row_count"], "pull requests", by_bots))
    if metric.name in ("change_fail_rate", "failed_deployment_recovery_time"):
        row = count(_UNJUDGED)
        names = ", ".join(row.get("names") or [])
        why = f"where no incident source could tell of a failure ({names})"
        found.append(LeftOut(row["row_count"], "deployments", why))
    if metric.name == "time_to_restore_service":
        found.append(LeftOut(count(_OPEN_INCIDENTS)["row_count"], "incidents", "still open"))
    return [one for one in found if one.row_count]


OPEN = "failed and not recovered yet"
NEGATIVE = "that would end before the begin: a negative span is none"
UNKNOWN = "of which the begin or the end is not known"
_SPANS = {
    "change_lead_time": ("first_commit_at", "deployed_at"),
    "failed_deployment_recovery_time": ("deployed_at", "recovered_at"),
    "time_to_restore_service": ("opened_at", "resolved_at"),
    "coding_time": ("first_commit_at", "opened_at"),
    "pickup_time": ("opened_at", "first_review_at"),
    "review_time": ("first_review_at", "merged_at"),
    "deploy_time": ("merged_at", "deployed_at"),
}


def why_no_span(metric: str, fact: Row) -> str | None:
    """Why the row of a median is not in its sample: OPEN, NEGATIVE, UNKNOWN; None if it is."""
    if fact["hours"] is not None:
        return None
    if fact["is_open"]:
        return OPEN
    return UNKNOWN if any(fact[name] is None for name in _SPANS[metric]) else NEGATIVE


def median_ranks(facts: list[Row]) -> dict[int, list[str]]:
    """Index of a fact → which of median, p75 and p90 it is (the lower percentile of the hours)."""
    ordered = sorted(
        (index for index, fact in enumerate(facts) if fact["hours"] is not None),
        key=lambda index: (facts[index]["hours"], facts[index]["happened_at"], index),
    )
    marks: dict[int, list[str]] = {}
    for name, percent in (("median", 50), ("p75", 75), ("p90", 90)):
        if ordered:
            rank = max(-(-len(ordered) * percent // 100), 1) - 1
            marks.setdefault(ordered[rank], []).append(name)
    return marks
