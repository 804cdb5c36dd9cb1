"""What `python -m ingestion.<source>` does: tries the credentials, and loads if asked to."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

from ingestion.loading.checks import CheckReport
from ingestion.loading.results import LoadError, Progress
from ingestion.settings import Settings, SettingsError, load_settings


def main(
    source: str,
    counted: str,
    check: Callable[[Any], CheckReport],
    load: Callable[..., Any],
    arguments: list[str] | None = None,
) -> int:
    """The exit status: 0 done, 1 a load failed, 2 wrong settings or credentials.

    `counted`: what the source has many of, for the progress.
    """
    options = _parser(source).parse_args(arguments)
    try:
        settings = load_settings()
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    names = options.connections
    wanted = [c for c in getattr(settings, source) if not names or c.name in names]
    if not wanted:
        called = ", ".join(names)
        missing = f"no connection is called {called}" if called else f"sei.toml has no [[{source}]]"
        print(missing, file=sys.stderr)
        return 2
    reports = [check(connection) for connection in wanted]
    for report in reports:
        _show(report, counted)
    if not all(report.is_ok for report in reports):
        return 2
    return _load(settings, wanted, load, counted, options.full) if options.load else 0


def _parser(source: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f"python -m ingestion.{source}",
        description="Prints what the credentials of sei.toml see; with --load, loads it as well.",
    )
    parser.add_argument("connections", nargs="*", help="names of connections (default: all)")
    parser.add_argument("--load", action="store_true", help="load into SEI_WAREHOUSE_URL")
    parser.add_argument("--full", action="store_true", help="with --load: read everything again")
    return parser


def _show(report: CheckReport, counted: str) -> None:
    print(f"{report.connection}: {report.api_url}")
    for token in report.tokens:
        scopes = "no scopes" if token.scopes is None else ", ".join(token.scopes) or "none"
        print(f"  {token.label}: {token.login or 'unknown'} ({scopes})")
        for resource, left in token.remaining.items():
            print(f"    {resource}: {left} left")
        for owner in token.owners:
            seen = "seen" if owner.repositories is None else f"{owner.repositories} {counted}"
            print(f"    {owner.login}: {owner.error or seen}")
    for line in report.facts():
        print(f"  {line}")
    for line in report.warnings():
        print(f"  warning: {line}")
    for line in report.errors():
        print(f"  error: {line}", file=sys.stderr)


def _load(
    settings: Settings, wanted: Sequence[Any], load: Callable[..., Any], counted: str, full: bool
) -> int:
    url = os.environ.get("SEI_WAREHOUSE_URL")
    if not url:
        print("set SEI_WAREHOUSE_URL to the database to load into", file=sys.stderr)
        return 2

    def tell(progress: Progress) -> None:
        print(
            f"\r{progress.repositories_done}/{progress.repositories_total} {counted}, "
            f"{progress.rows:,} rows, {progress.requests:,} requests",
            end="",
            flush=True,
        )

    for connection in wanted:
        try:
            result = load(connection, settings, url, full=full, progress=tell)
        except (LoadError, SettingsError) as error:
            print(f"\n{error}", file=sys.stderr)
            return 1
        print(f"\n{connection.name}: {result.requests} requests, {result.seconds:.0f} s")
        for table, count in result.row_counts.items():
            print(f"  {table:32} {count:>9,}")
        for failure in result.failures:
            print(f"  failed: {failure.repository}: {failure.reason}", file=sys.stderr)
    return 0
