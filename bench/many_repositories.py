"""A first sync of very many small repositories from a server that takes its time.

GitHub's server here answers every request after a fixed latency, with the replies of one repository
of the demo company, cloned: what is measured is how well the loader overlaps requests and loading,
and how much memory it takes. The bound is requests x latency / concurrency.

    python bench/many_repositories.py --repositories 1000 --concurrency 8 16
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import re
import resource
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import psycopg
from demo_server import TOKEN, serving
from homes import fresh_home, warehouse_url
from measure import ROOT, machine, table

from ingestion.github.documents import document

PULL_REQUESTS = 20
LOAD = """
import os, sys
from pathlib import Path
from ingestion.github.load import load
from ingestion.settings import load_settings
settings = load_settings(Path(os.environ["SEI_CONFIG"]), os.environ)
result = load(settings.github[0], settings, sys.argv[1], pipelines_dir=Path(sys.argv[2]))
sys.exit("\\n".join(f.reason for f in result.failures[:3]) or None)
"""
# By load: the first, and two in which nothing is new.
_LEDGER = """(
    select *, dense_rank() over (order by synced_at) as n from raw_github.request_ledger
) as ledger where true"""
_ROWS = """
    select sum(row_count) from (
        select *, dense_rank() over (order by synced_at) as n from raw_github.repository_syncs
    ) as syncs where n = 1"""
# Ids and hashes: what makes a cloned repository another one.
_OWN = re.compile(r'"(?:id|node_id|oid|commitOid|head_sha)": ?"[^"]*"|"(?:databaseId|id)": ?\d+')


class Clone:
    """A reply with a place for the number of the repository at each id, hash and name."""

    def __init__(self, reply: Any, name: str) -> None:
        """`name` of the repository that was the model."""
        text = json.dumps(reply, separators=(",", ":"))
        self._parts: list[str] = []
        self._marks: list[str] = []
        end = 0
        for found in re.finditer(f"{_OWN.pattern}|{re.escape(name)}", text):
            self._parts.append(text[end : found.start()])
            self._marks.append(found.group())
            end = found.end()
        self._last = text[end:]
        self._name = name

    def of(self, number: int) -> bytes:
        """The reply of a repository."""
        pieces = []
        for part, mark in zip(self._parts, self._marks, strict=True):
            pieces += [part, self._renamed(mark, number)]
        return "".join([*pieces, self._last]).encode()

    def _renamed(self, mark: str, number: int) -> str:
        if mark == self._name:
            return f"{mark}-{number}"
        if not mark.endswith('"'):
            key, _, value = mark.partition(":")
            return f"{key}:{int(value) + number * 10**9}"
        if "oid" in mark.lower() or "sha" in mark:
            return f'{mark[:-9]}{number:08x}"'
        return f'{mark[:-1]}~{number}"'


def _model(address: str) -> tuple[dict[str, Any], dict[str, Any], list[dict[str, Any]]]:
    """The repository that is cloned: its node of the list, first pages and workflow runs."""
    headers = {"Authorization": f"Bearer {TOKEN}"}

    def asked(name: str, variables: Mapping[str, Any]) -> Any:
        body = {"query": document(name), "variables": variables}
        reply = httpx.post(f"{address}/graphql", json=body, headers=headers, timeout=120).json()
        return reply["data"]

    listed = asked("repositories", {"login": "acme", "first": 50, "after": None, "lists": True})
    owner = listed["repositoryOwner"]
    nodes = owner["repositories"]["nodes"]
    node = max(nodes, key=lambda n: n["pullRequests"]["totalCount"])
    flags = ("pullRequests", "issues", "commits", "deployments", "releases", "tags", "labels")
    sizes = {"pulls": PULL_REQUESTS, "inner": 50, "conversations": 30, "history": 100}
    pages = asked(
        "first_pages",
        {
            "repository": node["id"],
            "oid": node["defaultBranchRef"]["target"]["oid"],
            "since": "2020-01-01T00:00:00Z",
            "bodies": False,
            "deployed": 30,
            **sizes,
            **dict.fromkeys(flags, True),
        },
    )
    _cut(node, pages["node"])
    runs = httpx.get(
        f"{address}/repos/{node['nameWithOwner']}/actions/runs?per_page=50",
        headers=headers,
        timeout=120,
    ).json()
    runs["workflow_runs"] = runs["workflow_runs"][:PULL_REQUESTS]
    runs["total_count"] = len(runs["workflow_runs"])
    return {**owner, "repositories": node}, pages, runs


def _cut(node: dict[str, Any], whole: dict[str, Any]) -> None:
    """Leaves the first pages only, and of what was deployed what is among their commits: what
    stands beside the default branch would be compared with it."""
    commits = {commit["oid"] for commit in whole["object"]["history"]["nodes"]}
    whole["deployments"]["nodes"] = [
        one for one in whole["deployments"]["nodes"] if one["commitOid"] in commits
    ]
    whole["releases"]["nodes"], whole["refs"]["nodes"] = [], []
    whole["object"]["history"]["pageInfo"] = {"hasNextPage": False, "endCursor": None}
    for name in ("pullRequests", "issues", "deployments", "releases", "refs"):
        whole[name]["pageInfo"] = {"hasNextPage": False, "endCursor": None}
        node[name]["totalCount"] = len(whole[name]["nodes"])


class Server:
    """HTTP/1.1 over asyncio: a framework's own time would be measured too."""

    def __init__(self, model: tuple[Any, Any, Any], repositories: int, latency: float) -> None:
        self._owner, pages, runs = model
        self._name = self._owner["repositories"]["nameWithOwner"].partition("/")[2]
        self._node = Clone(self._owner["repositories"], self._name)
        self._pages = Clone({"data": {"rateLimit": {"cost": 1}, **pages}}, self._name)
        self._runs = Clone(runs, self._name)
        self._number, self._latency = repositories, latency

    async def run(self, told: Any) -> None:
        """Serves until it is killed; tells the port."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=256)
        told.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := (await reader.readuntil(b"\r\n\r\n")).decode():
                length = re.search(r"(?i)content-length: *(\d+)", head)
                body = await reader.readexactly(int(length.group(1))) if length else b""
                ready = time.monotonic() + self._latency
                reply = self._reply(head.split(" ")[1], body)
                await asyncio.sleep(max(ready - time.monotonic(), 0))
                writer.write(
                    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                    b"X-RateLimit-Limit: 1000000\r\nX-RateLimit-Remaining: 900000\r\n"
                    b"X-RateLimit-Reset: %d\r\nContent-Length: %d\r\n\r\n"
                    % (int(time.time()) + 3600, len(reply))
                )
                writer.write(reply)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def _reply(self, path: str, body: bytes) -> bytes:
        if "/actions/runs" in path:
            number = int(path.partition("?")[0].split("/")[-3].rpartition("-")[2])
            return self._runs.of(number)
        if not path.endswith("/graphql"):
            raise ValueError(f"{path} is not cloned")
        asked = json.loads(body)
        name, variables = asked["operationName"], asked["variables"]
        if name == "FirstPages":
            return self._pages.of(int(variables["repository"].rpartition("~")[2]))
        if name == "Repositories":
            return self._list(int(variables.get("after") or 0), int(variables["first"]))
        if name == "Teams":
            empty = {"totalCount": 0, "nodes": [], "pageInfo": {"hasNextPage": False}}
            found = {"organization": {"id": self._owner["id"], "teams": empty}}
            return json.dumps({"data": found}).encode()
        raise ValueError(f"{name} is not cloned")

    def _list(self, start: int, size: int) -> bytes:
        end = min(start + size, self._number)
        info = {"hasNextPage": end < self._number, "endCursor": str(end)}
        owner = {**self._owner, "repositories": "@"}
        nodes = b",".join(self._node.of(number) for number in range(start, end))
        found = b'{"totalCount":%d,"pageInfo":%s,"nodes":[%s]}' % (
            self._number,
            json.dumps(info).encode(),
            nodes,
        )
        reply = {"data": {"rateLimit": {"cost": 1}, "repositoryOwner": owner}}
        return json.dumps(reply).encode().replace(b'"@"', found)


def _serve(told: Any, model: tuple[Any, Any, Any], repositories: int, latency: float) -> None:
    asyncio.run(Server(model, repositories, latency).run(told))


@contextmanager
def _clones(model: tuple[Any, Any, Any], repositories: int, latency: float) -> Any:
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.Process(
        target=_serve, args=(theirs, model, repositories, latency), daemon=True
    )
    process.start()
    try:
        yield f"http://127.0.0.1:{ours.recv()}"
    finally:
        process.terminate()
        process.join()


def main() -> None:
    """Prints a line for each number of requests at once."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repositories", type=int, default=1000)
    parser.add_argument("--concurrency", type=int, nargs="+", default=[4, 8, 16])
    parser.add_argument("--latency", type=float, default=0.1, help="seconds")
    arguments = parser.parse_args()
    before, lines = machine(), []
    end = datetime.now(UTC).replace(microsecond=0)
    period = ["--repositories", "2", "--until", end.isoformat()]
    period += ["--start", (end - timedelta(days=40)).date().isoformat()]
    with serving(period, end) as address:
        model = _model(address)
    with _clones(model, arguments.repositories, arguments.latency) as address:
        for concurrency in arguments.concurrency:
            lines.append(_line(address, concurrency, arguments.latency))
    print(f"{before}; {arguments.repositories:,} repositories, {PULL_REQUESTS} pull requests each")
    heads = ["at once", "requests", "bound, s", "seconds", "times the bound", "rows", "rows/s"]
    print(table([*heads, "loader's CPU s", "loader's peak MiB", "requests, nothing new"], lines))


def _line(address: str, concurrency: int, latency: float) -> list[object]:
    with fresh_home() as environ:
        url = warehouse_url(environ, "loader")
        config = Path(environ["SEI_HOME"]) / "sei.toml"
        config.write_text(
            '[organization]\nname = "Acme"\ntimezone = "UTC"\n[history]\nsince = 2020-01-01\n'
            f'[[github]]\nname = "github"\napi_url = "{address}"\ntoken = "env:SEI_TOKEN"\n'
            f'owners = ["acme"]\nconcurrency = {concurrency}\n'
        )
        environ |= {"SEI_CONFIG": str(config), "SEI_TOKEN": TOKEN}
        command = [sys.executable, "-c", LOAD, url, str(Path(environ["SEI_HOME"]) / "dlt")]
        began = time.monotonic()
        process = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=sys.stderr)
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.monotonic() - began
        if status:
            raise SystemExit(f"the load ended with status {status}")
        # The first one after looks at what the load may have missed.
        for _ in range(2):
            subprocess.run(command, cwd=ROOT, env=environ, stdout=sys.stderr, check=True)
        with psycopg.connect(url) as warehouse:
            requests, waited = _one(
                warehouse, f"select sum(requests), sum(wait_seconds) from {_LEDGER} and n = 1"
            )
            (quiet,) = _one(warehouse, f"select sum(counted_requests) from {_LEDGER} and n = 3")
            (rows,) = _one(warehouse, _ROWS)
            by_endpoint = (
                f"select endpoint, sum(requests) from {_LEDGER} and n = 1 group by endpoint"
            )
            for endpoint, count in warehouse.execute(by_endpoint.encode()):
                print(f"{count:7,}  {endpoint}", file=sys.stderr)
            (pulls,) = _one(warehouse, "select count(*) from raw_github.pull_requests")
    print(f"{pulls:,} pull requests; waited {waited} s for limits", file=sys.stderr)
    bound = float(requests) * latency / concurrency
    return [
        concurrency,
        f"{requests:,}",
        f"{bound:.1f}",
        f"{seconds:.1f}",
        f"{seconds / bound:.2f}",
        f"{rows:,}",
        f"{float(rows) / seconds:,.0f}",
        f"{used.ru_utime + used.ru_stime:.0f}",
        f"{_mib(used):,.0f}",
        quiet,
    ]


def _one(connection: psycopg.Connection[Any], query: str) -> Any:
    return connection.execute(query.encode()).fetchone()


def _mib(used: resource.struct_rusage) -> float:
    return used.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


if __name__ == "__main__":
    main()
