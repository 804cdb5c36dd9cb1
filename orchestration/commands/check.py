"""`sei check`: what a load would meet, found out before it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from importlib import import_module
from typing import Any

import psycopg

from ingestion.contracts import SOURCES
from orchestration.api_costs import LastSync, last_syncs
from orchestration.commands import UsageProblem
from orchestration.homes import Home, own_home
from orchestration.warehouse import WarehouseError


@dataclass
class Finding:
    """One thing that was looked at: fine or not, and what there is to say."""

    what: str
    ok: bool
    details: str
    warnings: list[str] = field(default_factory=list)


def check(as_json: bool) -> None:
    """Prints what was found; raises UsageProblem when something has to be mended."""
    from ingestion.settings import load_settings

    home = own_home()
    settings = load_settings(home.config, home.environ)
    warehouse = _warehouse(home)
    findings = [Finding("settings", True, str(home.config)), warehouse, _java(home)]
    last: dict[str, LastSync] = _last_syncs(home) if warehouse.ok else {}
    reports = [
        # What has been loaded once needs no estimate.
        (source, _connection(source, one, home, None if one.name in last else settings))
        for source in SOURCES
        for one in getattr(settings, source)
    ]
    if as_json:
        document = {
            "ok": all(f.ok for f in findings) and all(r.is_ok for _, r in reports),
            "findings": [asdict(finding) for finding in findings],
            "connections": [
                {
                    "source": source,
                    **asdict(report),
                    "last_sync": _as_json(last.get(report.connection)),
                    "ok": report.is_ok,
                }
                for source, report in reports
            ],
        }
        print(json.dumps(document, indent=1, ensure_ascii=False))
    else:
        _show(findings, reports, last)
    wrong = [f"{f.what}: {f.details}" for f in findings if not f.ok]
    wrong += [error for _, report in reports for error in report.errors()]
    if wrong:
        more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        raise UsageProblem(f"{wrong[0]}{more}")


def _connection(source: str, connection: Any, home: Home, settings: Any) -> Any:
    checked = import_module(f"ingestion.{source}.check").check
    return checked(connection, environ=home.environ, settings=settings)


def _last_syncs(home: Home) -> dict[str, LastSync]:
    """What the last sync of each connection cost; none where the ledger can't be read."""
    try:
        return last_syncs(home.open_warehouse().url("inspector"))
    except (WarehouseError, psycopg.Error):
        return {}


def _as_json(last: LastSync | None) -> dict[str, Any] | None:
    return None if last is None else {**asdict(last), "synced_at": last.synced_at.isoformat()}


def _warehouse(home: Home) -> Finding:
    try:
        warehouse = home.open_warehouse()
        # A password changed by hand would be met in the middle of a run only.
        warehouse.prepare(force=True)
        warehouse.dagster_url()
    except WarehouseError as error:
        return Finding("warehouse", False, str(error))
    kind = "embedded, " if warehouse.is_embedded else ""
    return Finding("warehouse", True, kind + warehouse.describe().removeprefix("warehouse "))


def _java(home: Home) -> Finding:
    from transform.errors import TransformError
    from transform.java import find_java

    try:
        return Finding("Java", True, str(find_java(home.environ, may_fetch=False)))
    except TransformError as error:
        return Finding("Java", True, "none yet", [f"{error}; the first run fetches one"])


_OWNER = {"github": "owner", "gitlab": "group", "jira": "project"}


def _show(
    findings: list[Finding], reports: list[tuple[str, Any]], last: dict[str, LastSync]
) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=True)
    for finding in findings:
        mark = Text("✓", "green") if finding.ok else Text("✗", "red")
        console.print(mark, Text(f"{finding.what}: {finding.details}"))
        for warning in finding.warnings:
            console.print(Text("  !", "yellow"), Text(warning))
    for source, report in reports:
        mark = Text("✓", "green") if report.is_ok else Text("✗", "red")
        console.print(mark, Text(f'[[{source}]] "{report.connection}": {report.api_url}'))
        if report.tokens:
            table = Table(box=box.SIMPLE_HEAD)
            for heading in ("token", "account", "scopes", _OWNER[source], "seen", "limit left"):
                table.add_column(heading)
            for row in token_rows(report.tokens):
                table.add_row(*(Text(text) for text in row))
            console.print(table)
        for fact in report.facts():
            console.print(Text(f"  {fact}"))
        if report.connection in last:
            console.print(Text(f"  {last[report.connection].line()}"))
        for warning in report.warnings():
            console.print(Text("  !", "yellow"), Text(warning))
        for error in report.errors():
            console.print(Text("  ✗", "red"), Text(error))


def token_rows(tokens: list[Any]) -> list[tuple[str, ...]]:
    """The table's rows: one a token and owner, what belongs to the token in its first only."""
    rows: list[tuple[str, ...]] = []
    for token in tokens:
        scopes = "of its kind" if token.scopes is None else ", ".join(token.scopes) or "none"
        left = ", ".join(f"{name} {limit}" for name, limit in token.remaining.items())
        owners = token.owners or [None]
        for position, owner in enumerate(owners):
            first = position == 0
            rows.append(
                (
                    token.label.rpartition(", the ")[2] if first else "",
                    (token.login or "–") if first else "",
                    ("–" if token.error else scopes) if first else "",
                    "–" if owner is None else owner.login,
                    "–" if owner is None or owner.repositories is None else str(owner.repositories),
                    (left or "no limit told") if first else "",
                )
            )
    return rows
