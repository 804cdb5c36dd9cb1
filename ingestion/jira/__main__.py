"""Smoke run: prints what the credential of sei.toml sees; with --load, loads it as well.

python -m ingestion.jira [--load] [CONNECTION …]
"""

from __future__ import annotations

import argparse
import os
import sys

from ingestion.jira.check import JiraReport, check
from ingestion.jira.load import LoadError, load
from ingestion.loading import Progress
from ingestion.settings import Settings, SettingsError, load_settings


def main(arguments: list[str] | None = None) -> int:
    """The exit status: 0 done, 1 a load failed, 2 wrong settings or credentials."""
    parser = argparse.ArgumentParser(prog="python -m ingestion.jira", description=__doc__)
    parser.add_argument("connections", nargs="*", help="names of connections (default: all)")
    parser.add_argument("--load", action="store_true", help="load into SEI_WAREHOUSE_URL")
    parser.add_argument("--full", action="store_true", help="with --load: read everything again")
    options = parser.parse_args(arguments)
    try:
        settings = load_settings()
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    wanted = [c for c in settings.jira if not options.connections or c.name in options.connections]
    if not wanted:
        called = ", ".join(options.connections)
        missing = f"no connection is called {called}" if called else "sei.toml has no [[jira]]"
        print(missing, file=sys.stderr)
        return 2
    reports = [check(connection) for connection in wanted]
    for report in reports:
        _show(report)
    if not all(report.is_ok for report in reports):
        return 2
    return _load(settings, [c.name for c in wanted], options.full) if options.load else 0


def _show(report: JiraReport) -> None:
    print(f"{report.connection}: {report.api_url}")
    for token in report.tokens:
        print(f"  {report.site or 'site'}: {token.login or 'unknown'}")
        print(f"  projects: {', '.join(owner.login for owner in token.owners) or 'none'}")
        print(f"  story points: {', '.join(report.story_points) or 'none'}")
        print(f"  sprint: {', '.join(report.sprint) or 'none'}")
    for line in report.warnings():
        print(f"  warning: {line}")
    for line in report.errors():
        print(f"  error: {line}", file=sys.stderr)


def _load(settings: Settings, names: list[str], full: bool) -> int:
    url = os.environ.get("SEI_WAREHOUSE_URL")
    if not url:
        print("set SEI_WAREHOUSE_URL to the database to load into", file=sys.stderr)
        return 2
    for connection in settings.jira:
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
