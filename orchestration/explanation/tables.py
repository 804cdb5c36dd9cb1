"""The rows behind a number as tables: for the terminal, JSON and CSV."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import date, datetime
from io import StringIO
from typing import Any

from orchestration.commands.report import hours
from orchestration.explanation.reading import (
    NEGATIVE,
    OPEN,
    UNKNOWN,
    Explained,
    Row,
    median_ranks,
    why_no_span,
)

Cell = Callable[[Row], str]


def document(explained: Explained) -> dict[str, Any]:
    """Everything that is known, for programs: number, rows, left_out, coverage."""
    return {
        "entity_type": explained.entity.entity_type,
        "entity_id": explained.entity.entity_id,
        "name": explained.entity.name,
        "metric": explained.metric.name,
        "timezone": explained.zone.key,
        "number": {name: _plain(value) for name, value in explained.number.items()},
        "rows": _rows(explained),
        "left_out": [asdict(one) for one in explained.left_out],
        "coverage": explained.coverage,
    }


def as_json(explained: Explained) -> str:
    """The document as text."""
    return json.dumps(document(explained), indent=1, ensure_ascii=False)


def as_csv(explained: Explained) -> str:
    """The rows, a line each, lists with spaces between; only a heading if there are none."""
    rows = _rows(explained)
    names = list(rows[0]) if rows else ["metric", "fact_id", "happened_at", "hours", "marks"]
    out = StringIO()
    writer = csv.DictWriter(out, names, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow(
            {n: " ".join(map(str, v)) if isinstance(v, list) else v for n, v in row.items()}
        )
    return out.getvalue()


def _rows(explained: Explained) -> list[Row]:
    marks = median_ranks(explained.facts) if explained.metric.kind == "median" else {}
    return [
        {**{name: _plain(value) for name, value in fact.items()}, "marks": marks.get(index, [])}
        for index, fact in enumerate(explained.facts)
    ]


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date | datetime) else value


def cells(explained: Explained, most: int) -> tuple[list[str], list[list[str]]]:
    """Headings, and a line per row: times in the organization's zone, links last.

    Of more than `most` rows the latest, and before them those that are median or percentile.
    """
    marks = median_ranks(explained.facts) if explained.metric.kind == "median" else {}
    columns = _columns(explained)
    lines = []
    first = len(explained.facts) - most
    for index, fact in enumerate(explained.facts):
        if index < first and index not in marks:
            continue
        line = [tell(fact) for _, tell in columns]
        if explained.metric.kind == "median":
            line.append(", ".join(marks.get(index, [])) or _no_span(explained, fact))
        lines.append([*line, fact["link"] or ""])
    headings = [heading for heading, _ in columns]
    if explained.metric.kind == "median":
        headings.append("")
    return [*headings, "link"], lines


def _columns(explained: Explained) -> list[tuple[str, Cell]]:
    def at(name: str) -> Cell:
        return lambda fact: _local(fact[name], explained)

    def span(name: str) -> Cell:
        return lambda fact: "–" if fact[name] is None else hours(fact[name])

    where: list[tuple[str, Cell]] = []
    facts = explained.facts
    if len({fact["service"] for fact in facts}) > 1:
        where.append(("service", lambda fact: fact["service"] or "–"))
    if len({fact["environment_name"] for fact in facts}) > 1:
        where.append(("environment", lambda fact: fact["environment_name"] or "–"))
    phases = [(name, span(f"{name}_hours")) for name in ("coding", "pickup", "review", "deploy")]
    name = explained.metric.name
    if explained.metric.counts == "changes":
        total = [("lead time", span("hours"))] if name == "change_lead_time" else []
        return [("deployed", at("deployed_at")), *where, ("change", _change), *phases, *total]
    if explained.metric.counts == "pull requests":
        return [("merged", at("merged_at")), *where, ("change", _change), *phases[:3]]
    if explained.metric.counts == "incidents":
        return [
            ("resolved", at("resolved_at")),
            *where,
            ("incident", lambda fact: fact["issue_key"] or fact["incident_id"]),
            ("opened", at("opened_at")),
            ("took", span("hours")),
            ("linked", _linked),
        ]
    deployment: list[tuple[str, Cell]] = [
        ("finished", at("deployed_at")),
        *where,
        ("commit", lambda fact: (fact["commit_sha"] or "–")[:8]),
        ("changes", lambda fact: str(fact["change_count"])),
    ]
    if name == "deployment_rework_rate":
        return [*deployment, ("unplanned", lambda fact: _reasons(fact, "rework_reasons"))]
    deployment.append(("failed", _failed))
    if name == "failed_deployment_recovery_time":
        return [
            *deployment,
            ("recovered", lambda f: "not yet" if f["is_open"] else at("recovered_at")(f)),
            ("took", span("hours")),
        ]
    return deployment


def _no_span(explained: Explained, fact: Row) -> str:
    why = why_no_span(explained.metric.name, fact)
    return {NEGATIVE: "negative", UNKNOWN: "unknown", OPEN: "open"}.get(why or "", "")


def _local(moment: datetime | None, explained: Explained) -> str:
    return "–" if moment is None else f"{moment.astimezone(explained.zone):%Y-%m-%d %H:%M}"


def _change(fact: Row) -> str:
    if fact["number"] is None:
        return f"{fact['repository'] or '?'} {(fact['commit_sha'] or '')[:8]}"
    return f"{fact['repository'] or '?'}#{fact['number']}"


def _reasons(fact: Row, name: str) -> str:
    return ", ".join(reason.replace("_", " ") for reason in fact[name] or []) or "no"


def _failed(fact: Row) -> str:
    reasons = _reasons(fact, "failure_reasons")
    if fact["link_method"]:
        incidents = ", ".join(fact["incident_ids"])
        return f"{reasons} ({incidents} by {fact['link_method'].replace('_', ' ')})"
    return reasons


def _linked(fact: Row) -> str:
    if not fact["link_method"]:
        return "to no deployment"
    return f"{', '.join(fact['deployment_ids'])} by {fact['link_method'].replace('_', ' ')}"
