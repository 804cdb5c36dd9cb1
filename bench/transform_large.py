"""The metrics of large companies: transform, plain SQL in PostgreSQL and in DuckDB, in one run.

`python -m bench.transform_large --url postgresql://… [--repositories 100 300 1000] [--one 1000000]`
(a scratch database: its schemas marts, metrics and sql_metrics are replaced). Each repository has
1,000 commits, 200 pull requests and 50 deployments in half a year; `--one` makes one repository of
so many commits. Prints a Markdown table.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

import psycopg

from bench.measure import Measurement, machine, measure, table
from bench.metrics_sql import Seconds, differences, in_duckdb, in_postgres, of_transform
from bench.transform_marts import END, large_company, write_large
from transform.schemas import DORA

_TOLD = [name for name in DORA.column_names() if name != "computed_at"]
# Facts of one repository in a hundred; each run of this moves them once more.
_CHANGE = """
update marts.fct_deployments set finished_at = finished_at - interval '3 hours'
where deployment_id like '%7' and right(repository_id, 2) in ('7', '07', '_7')
"""
# The rows are compared where they are: millions of them fit into no process.
_COPY = "create table sql_metrics.partial as select * from metrics.dora"
_DIFFERENT = f"""
select count(*) from metrics.dora as one
full join sql_metrics.partial as other
    on {" and ".join(f"one.{name} = other.{name}" for name in DORA.key)}
where row({", ".join(f"one.{name}" for name in _TOLD)})
    is distinct from row({", ".join(f"other.{name}" for name in _TOLD)})
"""
HEADS = ("commits in repositories", "what", "seconds", "CPU", "peak MiB", "of it by", "equal")


def computed(url: str, *arguments: str) -> Measurement:
    """The whole job in a process of its own. PostgreSQL's processor time is not in it."""
    command = [sys.executable, "-m", "transform.jobs.compute_metrics", "--as-of", END.isoformat()]
    return measure([*command, *arguments], {**os.environ, "SEI_METRICS_URL": url})


def measured(url: str, commits: int, repositories: int, sql_seconds: float) -> list[list[object]]:
    """The rows of the table for one company, whose marts are made first."""
    each = commits // repositories
    started = time.monotonic()
    parts = large_company(repositories, each // 5, each // 20, each // 5 - 1)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("drop schema if exists metrics cascade")
    write_large(url, parts)
    print(f"marts of {commits:,} commits made in {time.monotonic() - started:.0f} s", flush=True)
    name = f"{commits:,} in {repositories:,}"
    rows: list[list[object]] = []

    def add(what: str, found: Measurement, equal: str = "") -> None:
        by = ", ".join(f"{program} {mib:.0f}" for program, mib in sorted(found.by_program.items()))
        rows.append(
            [name, what, f"{found.seconds:.0f}", f"{found.cpu_seconds:.0f}",
             f"{found.peak_mib:.0f}", by, equal]
        )  # fmt: skip
        print(rows[-1], flush=True)

    add("transform, everything", computed(url))
    if sql_seconds > 0:
        beside(url, name, sql_seconds, rows)
    if repositories > 1:
        with psycopg.connect(url) as connection:
            connection.execute(_CHANGE.encode())
        add("transform, what has changed", computed(url))
        with psycopg.connect(url) as connection:
            connection.execute("drop schema if exists sql_metrics cascade")
            connection.execute("create schema sql_metrics")
            connection.execute(_COPY.encode())
        add("transform, everything again", computed(url, "--full"))
        with psycopg.connect(url) as connection:
            found = connection.execute(_DIFFERENT.encode()).fetchone()
            connection.execute("drop schema sql_metrics cascade")
        rows[-2][-1] = "yes" if found == (0,) else f"{found} rows differ"
    return rows


def beside(url: str, name: str, sql_seconds: float, rows: list[list[object]]) -> None:
    """Adds the rows of the other engines."""
    ours = of_transform(url)

    def compare(what: str, found: tuple[Seconds, list[tuple[object, ...]]]) -> None:
        seconds, theirs = found
        done = [s for s in seconds.values() if s is not None]
        total = f"{sum(done):.0f}" if len(done) == len(seconds) else f"over {sql_seconds:.0f}"
        phases = ", ".join(
            f"{phase} {'–' if s is None else f'{s:.1f}'}" for phase, s in seconds.items()
        )
        equal = str(differences(ours, theirs) or "yes") if theirs else ""
        rows.append([name, f"{what} ({phases})", total, "", "", "", equal])
        print(rows[-1], flush=True)

    with tempfile.TemporaryDirectory() as folder:
        compare("DuckDB", in_duckdb(url, END, sql_seconds, Path(folder)))
    compare("PostgreSQL", in_postgres(url, END, sql_seconds))


def main() -> None:
    """Run what the arguments ask for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", required=True)
    parser.add_argument("--repositories", type=int, nargs="*", default=[100, 300, 1000])
    parser.add_argument("--one", type=int, default=0, help="commits of a single repository")
    parser.add_argument(
        "--sql-seconds", type=float, default=600, help="limit of one statement; 0: without"
    )
    options = parser.parse_args()
    print(machine(), flush=True)
    rows: list[list[object]] = []
    for repositories in options.repositories:
        rows += measured(options.url, repositories * 1000, repositories, options.sql_seconds)
    if options.one:
        rows += measured(options.url, options.one, 1, options.sql_seconds)
    print(table(HEADS, rows))


if __name__ == "__main__":
    main()
