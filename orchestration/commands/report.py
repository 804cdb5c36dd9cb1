"""`sei report`: the five DORA metrics per team and service."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import asdict, dataclass
from datetime import date

from ingestion.stored import is_stored
from orchestration.commands import UsageProblem
from orchestration.explanation.coverage import advice, described, gap_count, gaps
from orchestration.homes import shown_home
from orchestration.warehouse import one_line_errors

METRICS = {
    "deployment_frequency": "deployments",
    "change_lead_time": "lead time",
    "change_fail_rate": "fail rate",
    "failed_deployment_recovery_time": "recovery",
    "deployment_rework_rate": "rework",
}
GRAINS = ("rolling_90d", "rolling_30d", "day", "week", "month", "quarter")
_QUERY = """
    with latest as (
        select max(period_start) as period_start from metrics.dora
        where grain = %(grain)s and not is_partial
    ),
    names as (
        select 'organization' as entity_type, organization_id as entity_id, name
        from marts.dim_organizations
        union all
        select 'team', team_id, name from marts.dim_teams
        union all
        select 'service', service_id, name from marts.dim_services
    )
    select d.entity_type, d.entity_id, coalesce(n.name, d.entity_id), d.metric, d.period_start,
        d.period_end, d.value, d.unit, d.numerator, d.denominator, d.sample_size, d.status, d.band,
        d.open_count
    from metrics.dora d
    join latest using (period_start)
    left join names n using (entity_type, entity_id)
    where d.grain = %(grain)s
        and d.environment = 'production'
        and d.entity_type in ('organization', 'team', 'service')
        and d.metric = any(%(metrics)s)
        and strpos(lower(coalesce(n.name, d.entity_id)), lower(coalesce(%(entity)s, ''))) > 0
    order by array_position(array['organization', 'team', 'service'], d.entity_type), 3, 2
"""

_COVERAGE = """
    select c.service_id, coalesce(s.name, c.service_id), c.reason, c.row_count
    from metrics.linkage_coverage c
    left join marts.dim_services s using (service_id)
    where strpos(lower(coalesce(s.name, c.service_id)), lower(coalesce(%(entity)s, ''))) > 0
    order by 2, 1, 3
"""
# A service is what is deployed on its own; rows that belong to none are counted under this name.
_NOBODY = "unknown"


@dataclass(frozen=True)
class Value:
    """One metric of one entity in one period, as metrics.dora has it."""

    entity_type: str
    entity_id: str
    name: str
    metric: str
    period_start: date
    period_end: date
    value: float | None
    unit: str
    numerator: float | None
    denominator: float | None
    sample_size: int | None
    status: str
    band: str | None
    open_count: int | None


@dataclass(frozen=True)
class Linked:
    """What could or could not be linked of one service, as metrics.linkage_coverage has it."""

    service_id: str
    name: str
    reason: str
    row_count: int


def report(entity: str | None, grain: str, coverage: bool, as_json: bool, demo: bool) -> None:
    """Prints the latest complete period; or, for `coverage`, what could not be linked, and why."""
    if grain not in GRAINS:
        raise UsageProblem(f'no grain is called "{grain}"; there are: {", ".join(GRAINS)}')
    home = shown_home(demo=demo)
    url = home.open_warehouse().url("reader")
    if coverage:
        show_coverage(read_coverage(url, entity), entity, as_json)
        return
    values = read(url, grain, entity)
    if as_json:
        rows = [asdict(value) for value in values]
        print(json.dumps(rows, indent=1, default=str, ensure_ascii=False))
        return
    if not values:
        what = f' for "{entity}"' if entity else ""
        raise UsageProblem(f"there are no metrics yet{what}: sei run (or sei demo) computes them")
    show(values)
    if lines := gaps(_summed(read_coverage(url, entity))):
        print(f"could not be linked: {'; '.join(lines)} – sei report --coverage says what to do")


def read(url: str, grain: str, entity: str | None) -> list[Value]:
    """The values of the latest complete period, organization first."""
    import psycopg

    parameters = {"grain": grain, "entity": entity, "metrics": list(METRICS)}
    with one_line_errors(url), psycopg.connect(url) as connection:
        if not is_stored(connection, "metrics.dora"):
            return []
        return [Value(*row) for row in connection.execute(_QUERY, parameters)]


def read_coverage(url: str, entity: str | None) -> list[Linked]:
    """The rows of the services whose names contain it (None: all), by name."""
    import psycopg

    with one_line_errors(url), psycopg.connect(url) as connection:
        if not is_stored(connection, "metrics.linkage_coverage"):
            return []
        return [Linked(*row) for row in connection.execute(_COVERAGE, {"entity": entity})]


def _summed(rows: list[Linked]) -> dict[str, int]:
    found: dict[str, int] = defaultdict(int)
    for row in rows:
        found[row.reason] += row.row_count
    return dict(found)


def show_coverage(rows: list[Linked], entity: str | None, as_json: bool) -> None:
    """Prints the gaps of each service, those with the most first, and what to do about them."""
    if as_json:
        print(json.dumps([_told(row) for row in rows], indent=1, ensure_ascii=False))
        return
    if not rows:
        what = f' for "{entity}"' if entity else ""
        raise UsageProblem(f"there are no metrics yet{what}: sei run (or sei demo) computes them")
    services: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    for row in rows:
        services[row.name, row.service_id][row.reason] = row.row_count
    order = sorted(services.items(), key=lambda one: (-gap_count(one[1]), one[0]))
    complete = [name for (name, _), coverage in order if not gap_count(coverage)]
    for (name, service_id), coverage in order:
        if lines := gaps(coverage):
            print("of no known service" if service_id == _NOBODY else name)
            print("".join(f"  {line}\n" for line in lines), end="")
    if complete:
        print(f"everything is linked in {', '.join(sorted(complete))}")
    if todo := advice(_summed(rows)):
        print("\nwhat to do")
        print("".join(f"  {what}\n    {how}\n" for what, how in todo), end="")


def _told(row: Linked) -> dict[str, object]:
    reason = described(row.reason)
    return {
        **asdict(row),
        "is_gap": bool(reason and reason.is_gap),
        "meaning": reason.meaning if reason else None,
        "advice": reason.advice or None if reason else None,
    }


def show(values: list[Value]) -> None:
    """Prints the table."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    first = values[0]
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 140
    table = Table(
        box=box.SIMPLE_HEAD,
        title=f"DORA metrics, {first.period_start} to {first.period_end} (end excluded)",
        title_justify="left",
        title_style="bold",
    )
    table.add_column("")
    for heading in METRICS.values():
        table.add_column(heading, justify="left")
    entities: dict[tuple[str, str, str], dict[str, Value]] = defaultdict(dict)
    for value in values:
        entities[value.entity_type, value.entity_id, value.name][value.metric] = value
    before = ""
    for (kind, _, name), metrics in entities.items():
        if before and kind != before:
            table.add_section()
        before = kind
        cells = [cell(metrics.get(metric)) for metric in METRICS]
        table.add_row(Text(f"{name}\n{kind}"), *(Text(text, style=style) for text, style in cells))
    console.print(table)
    console.print(
        "[dim]n: sample size. Lead time and recovery are medians. No band below the smallest "
        "sample; – means no data or nothing connected that could tell.[/dim]"
    )


_STYLES = {"elite": "green", "high": "cyan", "medium": "yellow", "low": "red"}


def cell(value: Value | None) -> tuple[str, str]:
    """A table cell's text of two lines, and its color."""
    if value is None:
        return "–", "dim"
    if value.value is None:
        still = f", {value.open_count} open" if value.open_count else ""
        return f"–\n{value.status.replace('_', ' ')}{still}", "dim"
    notes = [value.band or value.status.replace("_", " ").replace("ok", "")]
    if value.sample_size is not None:
        notes.append(f"n {value.sample_size}")
    if value.open_count:
        notes.append(f"{value.open_count} open")
    second = ", ".join(note for note in notes if note)
    return f"{human(value.value, value.unit)}\n{second}", _STYLES.get(value.band or "", "")


def human(value: float, unit: str) -> str:
    """A value as people say it: 2.5 per day, 1.4 days, 12 %."""
    if unit == "ratio":
        return f"{value * 100:.0f} %" if value >= 0.0995 or value == 0 else f"{value * 100:.1f} %"
    if unit == "hours":
        return hours(value)
    if unit == "per day":
        if value >= 1:
            return f"{value:.1f} per day"
        if value * 7 >= 1:
            return f"{value * 7:.1f} per week"
        return f"{value * 30:.1f} per month"
    return f"{value:g} {unit}".strip()


def hours(value: float) -> str:
    """A duration in the largest unit of which it has at least one and a half."""
    if value < 1.5:
        return f"{value * 60:.0f} min"
    if value < 36:
        return f"{value:.1f} h"
    if value < 24 * 10.5:
        return f"{value / 24:.1f} days"
    return f"{value / 24 / 7:.1f} weeks"
