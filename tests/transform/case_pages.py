"""The hand-worked pages of tests/transform/cases: rows of the marts and what metrics they give.

A page is Markdown. A table under a heading `### Name` is input or expectation, by its name. A
heading, a column or a word that is not known is an error, so that no page says what nobody checks.
How a page is written: cases/README.md.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.transform.case_company import Company, Row
from tests.transform.case_words import (
    NOTHING,
    PageError,
    day,
    hours,
    moment,
    number,
    period,
    truth,
    words,
)
from transform.metric_settings import MetricSettings
from transform.schemas import COVERAGE_REASONS, OUTPUTS

CASES = Path(__file__).parent / "cases"

# What every page may take for granted.
AS_OF = datetime(2026, 3, 20, 12, tzinfo=UTC)
DEFAULTS = MetricSettings(
    organization_id="organization:cases",
    timezone="UTC",
    week_starts_on="monday",
    history_since=datetime(2025, 10, 1, tzinfo=UTC),
    incident_link_window_hours=168.0,
    baseline_window_hours=0.0,
    revert_counts_as_failure=True,
    minimum_sample=3,
    exclude_bots=False,
    bands_year=2024,
)

# Table → the columns that it must have, and those that it may have.
TABLES: dict[str, tuple[str, str]] = {
    "Settings": ("setting, value", ""),
    "Teams": ("team", "parent"),
    "Services": ("service, repositories", "team, deployment source, incident source"),
    "Commits": (
        "commit, parents",
        "authored, committed, pull request, main, title, bot, repository, services",
    ),
    "Pull requests": (
        "pull request, merged",
        "merge commit, head commit, branch commits, first commit, opened, ready, first response, "
        "approved, main, bot, hotfix, revert, commits after response, repository",
    ),
    "Deployments": (
        "deployment, commit, finished",
        "started, environment, tier, status, service, repository",
    ),
    "Incidents": ("incident, opened", "resolved, service, repository"),
    "References": ("incident, names", ""),
    "Reverts": ("revert, of", ""),
    "Fixes": ("pull request, incident", "work"),
}

# Column of a page → column of a metrics table, where they differ.
ALIASES = {
    "deployment": "deployment_id",
    "service": "service_id",
    "repository": "repository_id",
    "change": "change_id",
    "pull request": "pull_request_id",
    "commit": "commit_sha",
    "previous": "previous_deployment_id",
    "recovered by": "recovered_by_deployment_id",
    "incidents": "incident_ids",
}


@dataclass(frozen=True)
class Expected:
    """Rows of one metrics table: `columns` of it, and the values in that order."""

    table: str
    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]


@dataclass
class Page:
    """One case: its settings, its rows of the marts, what is expected of the metrics."""

    name: str
    title: str
    settings: MetricSettings
    marts: dict[str, list[Row]]
    expected: list[Expected]


def read_pages(folder: Path = CASES) -> list[Page]:
    """All pages of the folder, by name; the index is none."""
    paths = sorted(path for path in folder.glob("*.md") if path.stem != "README")
    return [read_page(path.stem, path.read_text("utf-8")) for path in paths]


def read_page(name: str, text: str) -> Page:
    """The page; PageError says what in it is wrong."""
    try:
        first = text.splitlines()[0]
        if not first.startswith("# ") or "```text" not in text:
            raise PageError("needs a title and a drawing")
        tables = dict(_tables(text))
        title = first.removeprefix("# ")
        settings = _settings(tables.pop("Settings", []))
        outputs = {name: tables.pop(name) for name in [*tables] if name in OUTPUTS}
        company = Company(name, title, tables)
        expected = [_expected(company, table, rows) for table, rows in outputs.items()]
        if not expected:
            raise PageError("expects nothing")
    except PageError as error:
        raise PageError(f"{name}: {error}") from None
    return Page(name, title, settings, company.marts, expected)


def _tables(text: str) -> Iterator[tuple[str, list[Row]]]:
    """(heading, rows) of each table; every row has every column."""
    heading: str | None = None
    columns: list[str] = []
    rows: list[Row] = []
    seen: set[str] = set()
    for line in [*text.splitlines(), ""]:
        if line.startswith("### "):
            heading = line.removeprefix("### ").strip()
            if heading not in TABLES and heading not in OUTPUTS:
                raise PageError(f"no table is called {heading}")
            if heading in seen:
                raise PageError(f"{heading} is there twice")
            seen.add(heading)
        elif line.startswith("|"):
            cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
            if heading is None:
                raise PageError(f"a table without a heading of its own: {line}")
            if not columns:
                columns = cells
                _check_columns(heading, columns)
            elif not set("".join(cells)) <= set("-:"):
                if len(cells) != len(columns) or "" in cells:
                    raise PageError(f"{heading} has {len(columns)} columns, not so {line}")
                rows.append(dict(zip(columns, cells, strict=True)))
        elif columns and heading is not None:
            yield heading, rows
            heading, columns, rows = None, [], []


def _check_columns(table: str, columns: Sequence[str]) -> None:
    if len(set(columns)) != len(columns):
        raise PageError(f"{table} has a column twice")
    if table in OUTPUTS:
        needed: set[str] = set()
        known = {*ALIASES, *OUTPUTS[table].column_names()}
        if table == "dora":
            needed, known = {"period", "metric"}, known | {"entity", "period"}
    else:
        needed, optional = (set(filter(None, part.split(", "))) for part in TABLES[table])
        known = needed | optional
    if unknown := set(columns) - known:
        raise PageError(f"{table} has no column {sorted(unknown)[0]}")
    if missing := needed - set(columns):
        raise PageError(f"{table} needs the column {sorted(missing)[0]}")


def _settings(rows: list[Row]) -> MetricSettings:
    known = {
        "timezone": lambda text: {"timezone": text},
        "week_starts_on": lambda text: {"week_starts_on": text},
        "incident_link_window": lambda text: {
            "incident_link_window_hours": None if text == "unlimited" else hours(text)
        },
        "baseline_window": lambda text: {"baseline_window_hours": hours(text)},
        "revert_counts_as_failure": lambda text: {"revert_counts_as_failure": truth(text)},
        "minimum_sample": lambda text: {"minimum_sample": int(text)},
        "exclude_bots": lambda text: {"exclude_bots": truth(text)},
        "bands_year": lambda text: {"bands_year": int(text)},
    }
    changed: Row = {}
    for row in rows:
        if row["setting"] not in known:
            raise PageError(f"no setting is called {row['setting']}")
        changed |= known[row["setting"]](row["value"])
    return dataclasses.replace(DEFAULTS, **changed)


def _expected(company: Company, table: str, rows: list[Row]) -> Expected:
    types = {column.name: column.type for column in OUTPUTS[table].columns}
    parsed = []
    for row in rows:
        values: Row = {}
        if table == "dora":
            entity, _, name = row.pop("entity", "").partition(" ")
            if not entity:
                services = company.marts["dim_services"]
                if len(services) > 1:
                    raise PageError(f"dora: whose? {row}")
                entity, name = "service", services[0]["name"]
            values["entity_type"] = entity
            values["entity_id"] = company.id(name) if name else company.page
            values["grain"], values["period_start"] = period(row.pop("period"))
            values["environment"] = row.pop("environment", "production")
        for column, text in row.items():
            name = ALIASES.get(column, column)
            values[name] = _value(company, types[name], name, text)
        parsed.append(values)
    if not parsed:
        # A table of no rows: nothing is there.
        return Expected(table, (), [])
    columns = tuple(parsed[0])
    return Expected(table, columns, [tuple(row[column] for column in columns) for row in parsed])


def _value(company: Company, kind: str, column: str, text: str) -> Any:
    """The value of a cell in a column of a metrics table."""
    if kind == "text[]":
        named = words(text)
        return [company.id(name) for name in named] if column == "incident_ids" else named
    if text == NOTHING:
        return None
    if kind == "timestamptz":
        return moment(text)
    if kind == "double precision":
        return number(text)
    if kind == "bigint":
        return int(text)
    if kind == "boolean":
        return truth(text)
    if kind == "date":
        return day(text)
    if column == "reason" and text not in COVERAGE_REASONS:
        raise PageError(f"no reason is called {text}")
    is_name = column in ALIASES.values() and text != "unknown"
    return company.id(text) if is_name else text
