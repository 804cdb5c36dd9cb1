"""Smoke run: prints what the credentials of sei.toml see; with --load, loads it as well.

python -m ingestion.gitlab [--load] [CONNECTION …]
"""

from __future__ import annotations

import argparse
import os
import sys

from ingestion.gitlab.check import CheckReport, check
from ingestion.gitlab.load import LoadError, Progress, load
from ingestion.settings import Settings, SettingsError, load_settings


def main(arguments: list[str] | None = None) -> int:
    """The exit status: 0 done, 1 a load failed, 2 wrong settings or credentials."""
    parser = argparse.ArgumentParser(prog="python -m ingestion.gitlab", description=__doc__)
    parser.add_argument("connections", nargs="*", help="names of connections (default: all)")
    parser.add_argument("--load", action="store_true", help="load into SEI_WAREHOUSE_URL")
    parser.add_argument("--full", action="store_true", help="with --load: read everything again")
    options = parser.parse_args(arguments)
    try:
        settings = load_settings()
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    wanted = [
        c for c in settings.gitlab if not options.connections or c.name in options.connections
    ]
    if not wanted:
        print(f"no connection is called {', '.join(options.connections)}", file=sys.stderr)
        return 2
    reports = [check(connection) for connection in wanted]
    for report in reports:
        _show(report)
    if not all(report.is_ok for report in reports):
        return 2
    return _load(settings, [c.name for c in wanted], options.full) if options.load else 0


def _show(report: CheckReport) -> None:
    print(f"{report.connection}: {report.api_url}")
    for token in report.tokens:
        scopes = "no scopes" if token.scopes is None else ", ".join(token.scopes) or "none"
        print(f"  {token.label}: {token.login or 'unknown'} ({scopes})")
        for resource, left in token.remaining.items():
            print(f"    {resource}: {left} left")
        for owner in token.owners:
            print(f"    {owner.login}: {owner.error or f'{owner.repositories} projects'}")
    for line in report.warnings():
        print(f"  warning: {line}")
    for line in report.errors():
        print(f"  error: {line}", file=sys.stderr)


def _load(settings: Settings, names: list[str], full: bool) -> int:
    url = os.environ.get("SEI_WAREHOUSE_URL")
    if not url:
        print("set SEI_WAREHOUSE_URL to the database to load into", file=sys.stderr)
        return 2
    for connection in settings.gitlab:
        if connection.name not in names:
            continue
        try:
            result = load(connection, settings, url, full=full, progress=_tell)
        except (LoadError, SettingsError) as error:
            print(f"\n{error}", file=sys.stderr)
            return 1
        print(f"\n{connection.name}: {result.requests} requests, {result.seconds:.0f} s")
        for table, count in result.row_counts.items():
            print(f"  {table:32} {count:>9,}")
        for failure in result.failures:
            print(f"  failed: {failure.repository}: {failure.reason}", file=sys.stderr)
    return 0


def _tell(progress: Progress) -> None:
    print(
        f"\r{progress.repositories_done}/{progress.repositories_total} projects, "
        f"{progress.rows:,} rows, {progress.requests:,} requests",
        end="",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
