"""The whole job against a real PostgreSQL: here, and on a cluster of a master and two workers."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pyspark
import pytest

from bench.transform_marts import END, company, write_marts
from tests.fixtures.facts import UNEQUAL
from transform.java import find_java
from transform.schemas import COVERAGE_REASONS, OUTPUTS

pytestmark = pytest.mark.integration

AS_OF = END.isoformat()
SPARK_HOME = Path(pyspark.__file__).parent


@pytest.fixture
def marts(warehouse: Any) -> Any:
    """The warehouse with the marts of a little company."""
    with psycopg.connect(warehouse.url("modeller")) as connection:
        write_marts(connection, company(3, 25, 25))
    return warehouse


def compute(url: str, master: str = "local[2]", **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "transform.jobs.compute_metrics", "--as-of", AS_OF],
        env={
            **os.environ,
            "SEI_METRICS_URL": url,
            "SEI_SPARK_MASTER": master,
            **environment,
        },
        capture_output=True,
        text=True,
        timeout=540,
        check=False,
    )


def tables(warehouse: Any) -> dict[str, list[tuple[Any, ...]]]:
    with psycopg.connect(warehouse.url("reader")) as connection:
        return {
            name: connection.execute(
                "select "
                + ", ".join(c for c in table.column_names() if c != "computed_at")
                + f" from metrics.{name} order by "
                + ", ".join(table.key)
            ).fetchall()
            for name, table in OUTPUTS.items()
        }


def told(marts: Any, message: str) -> subprocess.CompletedProcess:
    """A job that was started ahead, and what it is told then."""
    return subprocess.run(
        [sys.executable, "-m", "transform.jobs.compute_metrics", "--when-told"],
        env={**os.environ, "SEI_METRICS_URL": marts.url("metrician")},
        input=message,
        capture_output=True,
        text=True,
        timeout=540,
        check=False,
    )


def test_a_job_started_ahead_computes_what_one_started_in_time_does(marts):
    assert compute(marts.url("metrician")).returncode == 0
    expected = tables(marts)
    with psycopg.connect(marts.url("metrician"), autocommit=True) as connection:
        connection.execute("delete from metrics.dora")
    message = {"arguments": ["--as-of", AS_OF], "environment": {}}

    ahead = told(marts, json.dumps(message) + "\n")

    assert ahead.returncode == 0, ahead.stderr
    assert tables(marts) == expected


def test_a_job_started_ahead_that_nobody_needs_ends_and_writes_nothing(warehouse):
    ended = told(warehouse, "")

    assert (ended.returncode, ended.stdout) == (0, "")
    with psycopg.connect(warehouse.url("metrician")) as connection:
        assert connection.execute("select to_regclass('metrics.dora')").fetchone() == (None,)


def test_a_job_started_ahead_tells_what_is_wrong_like_any_other(warehouse):
    message = {"arguments": ["--as-of", "yesterday"], "environment": {}}
    ended = told(warehouse, json.dumps(message) + "\n")

    assert ended.returncode == 2
    assert "'yesterday' is no time" in ended.stderr.strip().splitlines()[-1]


def test_the_job_writes_all_tables_and_repeats_itself(marts):
    first = compute(marts.url("metrician"))
    assert first.returncode == 0, first.stdout + first.stderr
    assert "done: deployment_changes" in first.stdout
    computed = tables(marts)
    assert {name: bool(rows) for name, rows in computed.items()} == dict.fromkeys(OUTPUTS, True)
    assert {row[1] for row in computed["linkage_coverage"]} <= set(COVERAGE_REASONS)
    # By hand: 25 pull requests and 25 deployments in each of 3 repositories; the first deployment
    # is the baseline, which ships none but the pull request of its own commit.
    changes = computed["deployment_changes"]
    assert len(computed["deployment_outcomes"]) == 75
    assert len(computed["pull_request_cycle"]) == 75
    assert {row[4] for row in changes} == {"pull_request"}
    assert len({row[5] for row in changes}) == len(changes)
    assert compute(marts.url("metrician")).returncode == 0
    assert tables(marts) == computed
    with psycopg.connect(marts.url("reader")) as connection:
        assert connection.execute(UNEQUAL.encode()).fetchall() == []


def test_a_refused_right_is_one_line_without_the_password(marts):
    with psycopg.connect(marts.url("modeller"), autocommit=True) as connection:
        connection.execute("revoke select on marts.fct_commits from metrician")
    done = compute(marts.url("metrician"))
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "may not read marts.fct_commits" in done.stderr


def test_no_java_is_one_line(marts, tmp_path):
    program = (
        "import sys, transform.java as java\n"
        "java._candidates = lambda environ: []\n"
        "java._fetch = lambda home, refused: (_ for _ in ()).throw("
        "java.TransformError(java._missing(refused)))\n"
        "from transform.jobs.compute_metrics import main\n"
        "sys.exit(main([]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "SEI_METRICS_URL": marts.url("metrician"), "PYTHONPATH": os.getcwd()},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1
    assert "No Java 17 or newer" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[str]:
    """spark:// of a standalone master with two workers, each a process of its own, ended after."""
    port, page = _free_port(), _free_port()
    environment = {
        **{k: v for k, v in os.environ.items() if k != "PYTHONPATH"},
        "JAVA_HOME": str(find_java()),
        "SPARK_HOME": str(SPARK_HOME),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_DAEMON_MEMORY": "256m",
        "SPARK_WORKER_DIR": str(tmp_path / "work"),
    }
    url = f"spark://127.0.0.1:{port}"
    processes: list[subprocess.Popen[bytes]] = []

    def start(name: str, *arguments: str) -> Path:
        log = tmp_path / f"{name}.log"
        with log.open("wb") as output:
            processes.append(
                subprocess.Popen(
                    [str(SPARK_HOME / "bin" / "spark-class"), *arguments],
                    env=environment,
                    # Not the project's folder: executors must get our code from the driver.
                    cwd=tmp_path,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            )
        return log

    try:
        base = "org.apache.spark.deploy"
        start(
            "master", f"{base}.master.Master", "--host", "127.0.0.1",
            "--port", str(port), "--webui-port", str(page),
        )  # fmt: skip
        _wait_for_port(port)
        logs = [
            start(
                f"worker{n}", f"{base}.worker.Worker", "--host", "127.0.0.1", "--cores", "1",
                "--memory", "1g", "--webui-port", str(_free_port()), url,
            )
            for n in (1, 2)
        ]  # fmt: skip
        _wait_for_text(logs, b"Successfully registered with master")
        yield url
    finally:
        for process in processes:
            # Its own group: a worker's executors go with it.
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(timeout=30)


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _wait_for_port(port: int, seconds: float = 120) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.5)
    raise TimeoutError(f"nothing listens on {port}")


def _wait_for_text(logs: list[Path], text: bytes, seconds: float = 120) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if all(text in log.read_bytes() for log in logs):
            return
        time.sleep(0.5)
    raise TimeoutError("\n".join(log.read_text(errors="replace")[-2000:] for log in logs))


def test_a_cluster_of_two_workers_computes_the_same(marts, cluster, tmp_path):
    here = compute(marts.url("metrician"))
    assert here.returncode == 0, here.stderr
    expected = tables(marts)
    with psycopg.connect(marts.url("metrician"), autocommit=True) as connection:
        for name in OUTPUTS:
            connection.execute(f"delete from metrics.{name}".encode())
    # Everything is read on the executors, as large tables are.
    there = compute(marts.url("metrician"), cluster, SEI_SPARK_SMALL_PAGES="-1")
    assert there.returncode == 0, there.stderr
    assert tables(marts) == expected
    executors = list((tmp_path / "work").glob("app-*/*"))
    assert {path.name for path in executors} >= {"0", "1"}
