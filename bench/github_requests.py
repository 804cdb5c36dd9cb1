"""What reading GitHub costs: requests, rate-limit points and seconds, against the demo server.

Three syncs of each company: everything, a week later, and again at once with nothing new.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import psycopg
from homes import fresh_home, warehouse_url
from measure import ROOT, machine, table

from ingestion.github.client import GithubClient
from ingestion.github.load import load
from ingestion.settings import GithubConnection, Settings, load_settings

_TOKEN = "ghp_benchmark"
_NUMBER = re.compile(r"/\d+")


class Counting(httpx.HTTPTransport):
    """Counts what is asked, by GraphQL document or REST path, and GraphQL's points."""

    def __init__(self, used: dict[str, int]) -> None:
        """`used` is what the token had used of each resource; it is kept up to date."""
        super().__init__()
        self.asked: Counter[str] = Counter()
        self.points: Counter[str] = Counter()
        self._used = used
        self._lock = threading.Lock()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The reply, counted."""
        response = super().handle_request(request)
        used = int(response.headers.get("x-ratelimit-used", 0))
        resource = response.headers.get("x-ratelimit-resource", "core")
        with self._lock:
            self.asked[_what(request)] += 1
            # Parallel replies overtake each other: only the highest number counts.
            before = self._used.get(resource, 0)
            self.points[resource] += max(used - before, 0)
            self._used[resource] = max(used, before)
        return response


def _what(request: httpx.Request) -> str:
    if request.url.path.endswith("/graphql"):
        return f"GraphQL {json.loads(request.content).get('operationName')}"
    parts = request.url.path.strip("/").split("/")
    if parts[0] == "repos":
        parts[1:3] = ["…"]
    path = _NUMBER.sub("/N", "/".join(parts))
    return f"REST {re.sub('compare/.*', 'compare', path)}"


@dataclass
class Sync:
    """What one sync took."""

    name: str
    pull_requests: int
    rows: int
    seconds: float
    asked: Counter[str]
    points: Counter[str]

    def line(self, repositories: int) -> list[object]:
        """Its line of the table."""
        graphql = sum(n for what, n in self.asked.items() if what.startswith("GraphQL"))
        per_thousand = 1000 / self.pull_requests if self.pull_requests else 0
        requests = self.asked.total()
        return [
            repositories,
            self.name,
            self.pull_requests,
            self.rows,
            graphql,
            requests - graphql,
            self.points["graphql"],
            f"{requests * per_thousand:.0f}" if per_thousand else "–",
            f"{self.points['graphql'] * per_thousand:.0f}" if per_thousand else "–",
            f"{self.seconds:.1f}",
        ]


def main() -> None:
    """Prints two tables: the syncs, and what the first sync of the last company asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repositories", type=int, nargs="+", default=[6, 12, 24])
    parser.add_argument("--months", type=int, default=6)
    arguments = parser.parse_args()
    before, lines = machine(), []
    first: Sync | None = None
    for repositories in arguments.repositories:
        syncs = _syncs(repositories, arguments.months)
        lines += [sync.line(repositories) for sync in syncs]
        first = syncs[0]
    print(f"{before}; {arguments.months} months of history")
    heads = ["repositories", "sync", "pull requests", "rows", "GraphQL", "REST", "points"]
    heads += ["requests / 1,000", "points / 1,000", "seconds"]
    print(table(heads, lines))
    if first is not None:
        print(f"\nThe first sync of {arguments.repositories[-1]} repositories:\n")
        print(table(["asked for", "requests"], first.asked.most_common()))


def _syncs(repositories: int, months: int) -> list[Sync]:
    end = datetime.now(UTC).replace(microsecond=0)
    week_ago = end - timedelta(days=7)
    with (
        fresh_home() as environ,
        _serving(repositories, months, end, week_ago) as address,
    ):
        url = warehouse_url(environ, "loader")
        config = Path(environ["SEI_HOME"]) / "sei.toml"
        config.write_text(_settings(repositories, months, end, address))
        settings = load_settings(config, {**environ, "SEI_DEMO_TOKEN": _TOKEN})
        found: list[Sync] = []
        used: dict[str, int] = {}
        for name, clock in (("everything", None), ("a week later", end), ("nothing new", None)):
            if clock is not None:
                httpx.post(f"{address}/demo/clock", json={"now": clock.isoformat()})
            found.append(_sync(name, settings, url, Path(environ["SEI_HOME"]), used))
        return found


def _sync(name: str, settings: Settings, url: str, home: Path, used: dict[str, int]) -> Sync:
    connection: GithubConnection = settings.github[0]
    counting = Counting(used)
    client = GithubClient(connection, environ={"SEI_DEMO_TOKEN": _TOKEN}, transport=counting)
    began = time.monotonic()
    result = load(connection, settings, url, pipelines_dir=home / "dlt", client=client)
    seconds = time.monotonic() - began
    client.close()
    with psycopg.connect(url) as warehouse:
        row = warehouse.execute(
            "select count(*) from raw_github.pull_requests where synced_at = %s",
            [result.synced_at],
        ).fetchone()
    pull_requests = int(row[0]) if row else 0
    rows = sum(result.row_counts.values())
    return Sync(name, pull_requests, rows, seconds, counting.asked, counting.points)


@contextlib.contextmanager
def _serving(repositories: int, months: int, end: datetime, clock: datetime) -> Iterator[str]:
    command = [sys.executable, "-m", "demo", "serve", "--port", "0", "--token", _TOKEN]
    command += ["--repositories", str(repositories), "--months", str(months)]
    command += ["--until", end.isoformat(), "--clock", clock.isoformat()]
    # Far more than a real token has: points are to be counted, not waited for.
    command += ["--rate-limit", "1000000"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait()


def _settings(repositories: int, months: int, end: datetime, address: str) -> str:
    command = [sys.executable, "-m", "demo", "sei-toml", "--api-url", address]
    command += ["--repositories", str(repositories), "--months", str(months)]
    command += ["--until", end.isoformat()]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


if __name__ == "__main__":
    main()
