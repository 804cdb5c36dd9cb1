"""What transform costs: the walk over a million commits, a million rows there and back.

`python -m bench.transform --url postgresql://…` (a scratch database; tables bench_* in schema
public are replaced); without --url only the walk. `--company` fills marts and times the whole job.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pyarrow as pa

from bench.transform_marts import END, company, write_marts
from transform.commit_graph import CommitGraph, Deployment, walk
from transform.schemas import Column, Table
from transform.session import open_session
from transform.warehouse import Warehouse

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def timed(name: str, work: Callable[[], Any]) -> Any:
    """The result of the work; prints its seconds and this process's peak memory."""
    started = time.perf_counter()
    result = work()
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{name}: {seconds:.1f} s (peak {peak} MB)", flush=True)
    return result


def history(size: int) -> tuple[pa.Array, pa.Array]:
    """Hashes and parents: a line with a merge of three commits back at every fifth."""
    shas = [f"{number:040x}" for number in range(size)]
    parents = [
        []
        if number == 0
        else [shas[number - 1], shas[number - 3]]
        if number % 5 == 3
        else [shas[number - 1]]
        for number in range(size)
    ]
    return pa.array(shas), pa.array(parents, pa.list_(pa.string()))


def deployments(shas: pa.Array, count: int) -> list[Deployment]:
    """Deployments at even distances, every tenth followed by a rollback by one."""
    step = len(shas) // count
    found = []
    for number in range(count):
        at = BEGIN + timedelta(hours=number)
        found.append(Deployment(f"d{number}", shas[(number + 1) * step - 1].as_py(), at))
        if number % 10 == 9:
            back = shas[number * step - 1].as_py()
            found.append(Deployment(f"r{number}", back, at + timedelta(minutes=30)))
    return found


def bench_walk(commits: int, deployed: int) -> None:
    """The walk over one repository, pure."""
    shas, parents = history(commits)
    its = deployments(shas, deployed)
    graph = timed(f"graph of {commits:,} commits", lambda: CommitGraph(shas, parents))
    walked = timed(f"walk of {len(its):,} deployments", lambda: walk(graph, its))
    print(f"rollbacks found: {sum(step.is_rollback for step in walked.steps):,}")


def bench_rows(url: str, rows: int) -> None:
    """A table of the size from PostgreSQL into Spark, and back."""
    columns = tuple(
        Column(name, kind)
        for name, kind in (
            ("id", "text"), ("number", "bigint"), ("amount", "double precision"),
            ("is_so", "boolean"), ("at", "timestamptz"), ("list", "text[]"),
        )
    )  # fmt: skip
    source, target = (
        Table("public", "bench_source", columns),
        Table("public", "bench_target", columns),
    )
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("drop table if exists public.bench_source, public.bench_target")
        connection.execute(
            "create table public.bench_source as select md5(n::text) as id, n::bigint as number,"
            " n / 7.0::float8 as amount, n % 2 = 0 as is_so, now() as at,"
            " array[md5(n::text)] as list from generate_series(1, %s) as n".replace("%s", str(rows))
        )
    warehouse = Warehouse(url)
    spark = timed("session", open_session)
    frame = warehouse.read(spark, [source])["bench_source"]
    timed("first rows", lambda: frame.limit(1).collect())
    timed(
        f"read {rows:,} rows",
        lambda: frame.write.format("noop").mode("overwrite").save(),
    )
    timed(
        f"read, stage and replace {rows:,} rows",
        lambda: warehouse.replace({"bench_target": frame}, {"bench_target": target}),
    )
    spark.stop()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("drop table public.bench_source, public.bench_target")


def bench_job(url: str) -> None:
    """The whole job on marts as large as the demo company's: 12 repositories, six months."""
    with psycopg.connect(url) as connection:
        write_marts(connection, company(12, 167, 167))
    command = [sys.executable, "-m", "transform.jobs.compute_metrics", "--as-of", END.isoformat()]
    timed(
        "whole job, demo company's size",
        lambda: subprocess.run(command, env={**os.environ, "SEI_METRICS_URL": url}, check=True),
    )


def main() -> None:
    """Run what the arguments ask for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url")
    parser.add_argument("--company", action="store_true")
    parser.add_argument("--commits", type=int, default=1_000_000)
    parser.add_argument("--deployments", type=int, default=5_000)
    parser.add_argument("--rows", type=int, default=1_000_000)
    options = parser.parse_args()
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    bench_walk(options.commits, options.deployments)
    if options.url:
        bench_rows(options.url, options.rows)
        if options.company:
            bench_job(options.url)


if __name__ == "__main__":
    main()
