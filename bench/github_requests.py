"""What reading GitHub costs: requests, rate-limit points and seconds, against the demo server.

Syncs of each company: everything, a week later, the hours after that with nothing new, and one in
which one pull request changed. Many repositories with little in each:

    python bench/github_requests.py --repositories 1500 --days 20 --quiet

(two thirds of a company's repositories are on GitHub).
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import psycopg
from demo_server import TOKEN, serving
from homes import fresh_home, warehouse_url
from measure import ROOT, machine, table

from ingestion.github.client import GithubClient
from ingestion.github.load import load
from ingestion.settings import GithubConnection, Settings, load_settings

_NUMBER = re.compile(r"/\d+")


class Counting(httpx.HTTPTransport):
    """Counts what is asked, by GraphQL document or REST path, and GraphQL's points."""

    def __init__(self, used: dict[str, int]) -> None:
        """`used` is what the token had used of each resource; it is kept up to date."""
        super().__init__()
        self.asked: Counter[str] = Counter()
        self.points: Counter[str] = Counter()
        self.unchanged = 0
        self._used = used
        self._lock = threading.Lock()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The reply, counted."""
        response = super().handle_request(request)
        used = int(response.headers.get("x-ratelimit-used", 0))
        resource = response.headers.get("x-ratelimit-resource", "core")
        with self._lock:
            self.asked[_what(request)] += 1
            self.unchanged += response.status_code == 304
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


# What issue "A thousand repositories" allows a first sync: rows of a table a request.
_ALLOWED = {"pull_requests": 25, "commits": 100, "issues": 100, "deployments": 100, "releases": 100}


@dataclass
class Sync:
    """What one sync took."""

    name: str
    repositories: int
    row_counts: dict[str, int]
    seconds: float
    asked: Counter[str]
    points: Counter[str]
    unchanged: int
    """Answers 304, which do not count against the quota."""

    def line(self) -> list[object]:
        """Its line of the table."""
        graphql = sum(n for what, n in self.asked.items() if what.startswith("GraphQL"))
        requests = self.asked.total()
        allowed = sum(self.row_counts.get(name, 0) / size for name, size in _ALLOWED.items())
        return [
            self.repositories,
            self.name,
            self.row_counts.get("pull_requests", 0),
            f"{sum(self.row_counts.values()):,}",
            graphql,
            requests - graphql - self.unchanged,
            self.unchanged,
            requests - self.unchanged,
            f"{allowed:.0f}",
            self.points["graphql"],
            f"{self.seconds:.0f}",
        ]


def main() -> None:
    """Prints two tables: the syncs, and what the first and last of the last company asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repositories", type=int, nargs="+", default=[6, 12, 24])
    parser.add_argument("--days", type=int, default=180, help="of history")
    parser.add_argument("--quiet", action="store_true", help="everything and nothing new only")
    arguments = parser.parse_args()
    before, lines = machine(), []
    syncs: list[Sync] = []
    for repositories in arguments.repositories:
        syncs = _syncs(repositories, arguments.days, quiet=arguments.quiet)
        lines += [sync.line() for sync in syncs]
    print(f"{before}; {arguments.days} days of history")
    heads = ["repositories", "sync", "pull requests", "rows", "GraphQL", "REST", "304s"]
    heads += ["requests that count", "allowed at first", "points", "seconds"]
    print(table(heads, lines))
    for sync in {sync.name: sync for sync in (syncs[0], syncs[-1])}.values():
        print(f"\nAsked for, {sync.name}:\n")
        print(table(["asked for", "requests"], sync.asked.most_common()))


def _syncs(repositories: int, days: int, *, quiet: bool) -> list[Sync]:
    end = datetime.now(UTC).replace(microsecond=0)
    period = ["--repositories", str(repositories), "--until", end.isoformat()]
    period += ["--start", (end - timedelta(days=days)).date().isoformat()]
    with fresh_home() as environ, serving(period, end) as address:
        url = warehouse_url(environ, "loader")
        config = Path(environ["SEI_HOME"]) / "sei.toml"
        config.write_text(_settings(period, address))
        settings = load_settings(config, {**environ, "SEI_DEMO_TOKEN": TOKEN})
        last = end if quiet else _last_change(address)
        plan: list[tuple[str, datetime | None]] = [
            ("everything", end if quiet else end - timedelta(days=7))
        ]
        if not quiet:
            plan.append(("a week later", last - timedelta(seconds=1)))
        plan += [("nothing new, first", None), ("nothing new", None)]
        if not quiet:
            plan.append(("one pull request changed", last))
        found: list[Sync] = []
        used: dict[str, int] = {}
        for hours, (name, clock) in enumerate(plan):
            if clock is not None:
                httpx.post(f"{address}/demo/clock", json={"now": clock.isoformat()})
            at = end + timedelta(hours=hours)
            found.append(_sync(name, settings, url, Path(environ["SEI_HOME"]), used, at))
        return found


def _last_change(address: str) -> datetime:
    """When a pull request of the company changed last."""
    query = """{ repositoryOwner(login: "acme") { repositories(first: 100) { nodes {
      pullRequests(first: 1, orderBy: {field: UPDATED_AT, direction: DESC}) {
        nodes { updatedAt } } } } } }"""
    headers = {"Authorization": f"Bearer {TOKEN}"}
    reply = httpx.post(f"{address}/graphql", json={"query": query}, headers=headers, timeout=600)
    repositories = reply.json()["data"]["repositoryOwner"]["repositories"]["nodes"]
    times = [p["updatedAt"] for one in repositories for p in one["pullRequests"]["nodes"]]
    return datetime.fromisoformat(max(times))


def _sync(
    name: str, settings: Settings, url: str, home: Path, used: dict[str, int], at: datetime
) -> Sync:
    connection: GithubConnection = settings.github[0]
    counting = Counting(used)
    client = GithubClient(connection, environ={"SEI_DEMO_TOKEN": TOKEN}, transport=counting)
    began = time.monotonic()
    result = load(
        connection, settings, url, pipelines_dir=home / "dlt", client=client, synced_at=at
    )
    seconds = time.monotonic() - began
    client.close()
    with psycopg.connect(url) as warehouse:
        row = warehouse.execute("select count(*) from raw_github.repositories").fetchone()
    return Sync(
        name,
        int(row[0]) if row else 0,
        dict(result.row_counts),
        seconds,
        counting.asked,
        counting.points,
        counting.unchanged,
    )


def _settings(period: list[str], address: str) -> str:
    command = [sys.executable, "-m", "demo", "sei-toml", "--api-url", address, *period]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


if __name__ == "__main__":
    main()
