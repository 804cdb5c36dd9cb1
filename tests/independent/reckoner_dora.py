"""Second, independent computation: the values of metrics.dora, a filter per period."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from fractions import Fraction
from zoneinfo import ZoneInfo

from tests.independent.reckoner_facts import Facts, Row
from tests.independent.reckoner_periods import Period, local_date, periods
from tests.independent.reckoner_shipping import Places

UNITS = {"deployment_frequency": "per day", "change_fail_rate": "ratio",
         "deployment_rework_rate": "ratio"}  # fmt: skip
NOTHING: Row = dict.fromkeys(
    ("value", "mean", "p75", "p90", "p95", "numerator", "denominator", "open_count",
     "deployment_days", "typical_gap_hours", "band", "band_year")
)  # fmt: skip


@dataclass
class Entity:
    """What a row of metrics.dora is about: it has the rows of these services and repositories."""

    type: str
    id: str
    by_service: set[str]
    by_repository: set[str]
    # Those whose sources are its.
    services: set[str]


@dataclass
class Sample:
    """The rows of a metric of an entity and environment, each with its day, in order."""

    days: list[date] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    has_source: bool = True

    def of(self, period: Period) -> list[Row]:
        """The rows of one period."""
        return self.rows[bisect_left(self.days, period.start) : bisect_left(self.days, period.end)]


def entities(facts: Facts) -> list[Entity]:
    """Everything that has rows."""
    tables = facts.tables
    services = {s["service_id"]: s for s in tables["dim_services"]}
    repositories = {r["repository_id"] for r in tables["dim_repositories"]}
    found = []
    for one in tables["dim_organizations"]:
        every = set(services)
        found.append(Entity("organization", one["organization_id"], every, repositories, every))
    parents = {t["team_id"]: t["parent_team_id"] for t in tables["dim_teams"]}
    for team in parents:
        own = set()
        for name, service in services.items():
            above = service["team_id"]
            while above is not None and above != team:
                above = parents.get(above)
            if above == team:
                own.add(name)
        found.append(Entity("team", team, own, set(), own))
    for name in services:
        found.append(Entity("service", name, {name}, set(), {name}))
    for name in repositories:
        own = {
            b["service_id"]
            for b in tables["bridge_service_repositories"]
            if b["repository_id"] == name
        }
        found.append(Entity("repository", name, set(), {name}, own))
    return found


class Owned:
    """Rows, found by their service or repository."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self.rows = list(rows)
        self.places: dict[tuple[str, str | None], list[int]] = defaultdict(list)
        for place, row in enumerate(self.rows):
            for column in ("service_id", "repository_id"):
                self.places[column, row[column]].append(place)

    def of(self, entity: Entity) -> list[Row]:
        """Those of the entity, each once."""
        places: set[int] = set()
        for service in entity.by_service:
            places.update(self.places.get(("service_id", service), ()))
        for repository in entity.by_repository:
            places.update(self.places.get(("repository_id", repository), ()))
        return [self.rows[place] for place in sorted(places)]


def percentile(spans: Sequence[float], part: Fraction) -> float | None:
    """The smallest span that at least this part of them does not exceed (percentile_disc)."""
    ordered = sorted(spans)
    return ordered[max(math.ceil(part * len(ordered)), 1) - 1] if ordered else None


def _once(rows: list[Row], what: Callable[[Row], object], when: str) -> list[Row]:
    # An entity counts a thing once, at its first time.
    first: dict[object, Row] = {}
    for row in sorted(rows, key=lambda r: r[when]):
        first.setdefault(what(row), row)
    return list(first.values())


def _with_gaps(done: list[Row]) -> list[Row]:
    ordered = sorted(done, key=lambda d: d["finished_at"])
    before = [None, *(d["finished_at"] for d in ordered)]
    return [
        {**d, "gap": None if last is None else _hours(last, d["finished_at"])}
        for d, last in zip(ordered, before, strict=False)
    ]


class Reckoning:
    """All samples of one world, and the values made of them."""

    def __init__(
        self, facts: Facts, places: Places, changes: list[Row], cycle: list[Row], done: list[Row]
    ) -> None:
        self.facts, self.places = facts, places
        self.changes, self.done = Owned(changes), Owned(done)
        self.zone = ZoneInfo(facts.settings["timezone"])
        tables = facts.tables
        self.deployable = {
            s["service_id"] for s in tables["dim_services"] if s["has_deployment_source"]
        }
        self.watched = {s["service_id"] for s in tables["dim_services"] if s["has_incident_source"]}
        people = [row for row in cycle if not row["is_bot"]]
        self.people = {row["pull_request_id"] for row in people}
        self.merged = Owned(people)
        self.restored = Owned(
            {**i, "span": _hours(i["opened_at"], i["resolved_at"])}
            for i in facts.incidents
            if i["resolved_at"] is not None
        )

    def rows(self) -> list[Row]:
        """Rows of metrics.dora."""
        found = []
        for entity in entities(self.facts):
            names = {d["environment"] for d in self.done.of(entity)}
            scopes: list[str | None] = [None]
            if len(names) > 1:
                scopes += sorted(names)
            samples = {scope: self._samples(entity, scope) for scope in scopes}
            days = [day for its in samples[None].values() for day in its.days]
            since = local_date(self.facts.settings["history_since"], self.zone)
            first = max(min(days), since) if days else None
            for period in periods(
                first, self.facts.as_of, self.zone, self.facts.settings["week_starts_on"]
            ):
                for scope in scopes:
                    for metric, sample in samples[scope].items():
                        found.append(self._row(entity, scope, period, metric, sample))
        return found

    def _sample(self, rows: list[Row], when: str, has_source: bool) -> Sample:
        # By day first: clocks set back at midnight bring yesterday back.
        dated = [(local_date(row[when], self.zone), row[when], i) for i, row in enumerate(rows)]
        dated.sort()
        return Sample([day for day, _, _ in dated], [rows[i] for _, _, i in dated], has_source)

    def _samples(self, entity: Entity, scope: str | None) -> dict[str, Sample]:
        facts = self.facts
        deployable = bool(entity.services & self.deployable)
        watched = entity.services & self.watched
        done = [d for d in self.done.of(entity) if scope in (None, d["environment"])]
        changes = [c for c in self.changes.of(entity) if scope in (None, c["environment"])]
        pulls = [
            {**c, "span": _hours(c["merged_at"], c["deployed_at"])}
            for c in changes
            if c["pull_request_id"] in self.people
        ]
        if facts.settings["exclude_bots"]:
            changes = [c for c in changes if not c["is_bot"]]
        changes = _once(changes, lambda c: (c["repository_id"], c["change_id"]), "deployed_at")
        pulls = _once(pulls, lambda c: c["pull_request_id"], "deployed_at")
        judged = [d for d in done if d["service_id"] in self.watched]
        failed = [{**d, "span": d["recovery_hours"]} for d in judged if d["is_failed"]]
        is_judged = bool(watched & self.deployable)
        samples = {
            "deployment_frequency": self._sample(_with_gaps(done), "finished_at", deployable),
            "change_lead_time": self._sample(
                [{**c, "span": c["lead_time_hours"]} for c in changes], "deployed_at", deployable
            ),
            "change_fail_rate": self._sample(
                [{**d, "counts": d["is_failed"]} for d in judged], "finished_at", is_judged
            ),
            "failed_deployment_recovery_time": self._sample(failed, "finished_at", is_judged),
            "deployment_rework_rate": self._sample(
                [{**d, "counts": d["is_rework"]} for d in done], "finished_at", deployable
            ),
            "deploy_time": self._sample(pulls, "deployed_at", deployable),
        }
        if scope is None:
            samples["time_to_restore_service"] = self._sample(
                self.restored.of(entity), "resolved_at", bool(watched)
            )
            own = self.merged.of(entity)
            for phase in ("coding", "pickup", "review"):
                samples[f"{phase}_time"] = self._sample(
                    [{**c, "span": c[f"{phase}_hours"]} for c in own], "merged_at", True
                )
        return samples

    def _row(
        self, entity: Entity, scope: str | None, period: Period, metric: str, sample: Sample
    ) -> Row:
        row: Row = {
            "entity_type": entity.type,
            "entity_id": entity.id,
            "environment": "production" if scope is None else f"production:{scope}",
            "grain": period.grain,
            "period_start": period.start,
            "period_end": period.end,
            "is_partial": period.is_partial,
            "metric": metric,
            "unit": UNITS.get(metric, "hours"),
            "sample_size": 0,
            **NOTHING,
        }
        rows = sample.of(period)
        # Rows win over what is said of the source.
        if not sample.has_source and not rows:
            row["status"] = "no_source"
            return row
        if metric == "deployment_frequency":
            times = [r["finished_at"] for r in rows]
            # To the one before it, in the period or not.
            gaps = [r["gap"] for r in rows if r["gap"] is not None]
            row["numerator"], row["denominator"] = float(len(rows)), float(period.days)
            row["sample_size"] = len(rows)
            row["value"] = len(rows) / period.days if rows else None
            row["deployment_days"] = len({local_date(t, self.zone) for t in times})
            row["typical_gap_hours"] = percentile(gaps, _part(50))
        elif "counts" in (rows[0] if rows else {}) or row["unit"] == "ratio":
            count = sum(r["counts"] for r in rows)
            row["numerator"], row["denominator"] = float(count), float(len(rows))
            row["sample_size"] = len(rows)
            row["value"] = count / len(rows) if rows else None
        else:
            spans = [r["span"] for r in rows if r["span"] is not None]
            row["numerator"], row["denominator"] = float(len(spans)), float(len(rows))
            row["sample_size"] = len(spans)
            row["value"] = percentile(spans, _part(50))
            for name in (75, 90, 95):
                row[f"p{name}"] = percentile(spans, _part(name))
            if spans:
                # Of whole seconds, rounded once.
                seconds = sum(round(span * 3600) for span in spans)
                row["mean"] = float(Fraction(seconds, 3600 * len(spans)))
            if metric == "failed_deployment_recovery_time":
                row["open_count"] = sum(r["recovered_at"] is None for r in rows)
        settings = self.facts.settings
        if row["value"] is None:
            row["status"] = "no_data"
        elif row["sample_size"] < settings["minimum_sample"]:
            row["status"] = "insufficient_data"
        else:
            row["status"] = "ok"
            row["band"] = self._band(metric, row["value"])
            row["band_year"] = None if row["band"] is None else settings["bands_year"]
        return row

    def _band(self, metric: str, value: float) -> str | None:
        for band in self.facts.tables["dora_bands"]:
            if band["year"] != self.facts.settings["bands_year"] or band["metric"] != metric:
                continue
            low, high = band["from_value"], band["to_value"]
            above = low is None or value > low or (value == low and band["from_inclusive"])
            below = high is None or value < high or (value == high and band["to_inclusive"])
            if above and below:
                return str(band["band"])
        return None


def _part(percent: int) -> Fraction:
    return Fraction(percent, 100)


def _hours(start: datetime, end: datetime) -> float | None:
    return None if end < start else (end - start).total_seconds() / 3600
