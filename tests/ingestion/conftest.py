"""A small GitHub on this machine: its real schema over a dict of nodes, with faults on demand."""

from __future__ import annotations

import json
import re
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from graphql import (
    GraphQLError,
    GraphQLNonNull,
    GraphQLResolveInfo,
    GraphQLSchema,
    build_schema,
    execute_sync,
    get_named_type,
    parse,
)

from ingestion.contracts import GITHUB
from ingestion.github.client import GithubClient
from ingestion.github.reader import Reader
from ingestion.settings import GithubConnection, Settings

SCHEMA = Path(__file__).parent / "fixtures" / "github_schema.graphql"
_DEFAULTS: dict[str, Any] = {
    "Int": 0,
    "Boolean": False,
    "String": "",
    "DateTime": "2026-01-01T00:00:00Z",
}
# As api.github.com says it.
_EMAIL_REFUSED = {
    "type": "INSUFFICIENT_SCOPES",
    "locations": [{"line": 1, "column": 1615}],
    "message": "Your token has not been granted the required scopes to execute this query. The "
    "'email' field requires one of the following scopes: ['user:email', 'read:user'], but your "
    "token has only been granted the: ['read:org', 'repo'] scopes. Please modify your token's "
    "scopes at: https://github.com/settings/tokens.",
}
_GHOST = {"__typename": "User", "id": "U_ghost", "login": "ghost"}
_ORDER = {"UPDATED_AT": "updatedAt", "CREATED_AT": "createdAt", "NAME": "name"}

Answer = Callable[["_Handler"], None]


@pytest.fixture(scope="session")
def schema() -> GraphQLSchema:
    """The part of GitHub's schema that the documents touch."""
    return build_schema(SCHEMA.read_text())


class Waits:
    """A clock on which waiting takes no time; `slept` has the lengths."""

    def __init__(self, start: float | None = None) -> None:
        self.time = time.time() if start is None else start
        self.slept: list[float] = []
        self._lock = threading.Lock()

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.slept.append(seconds)
            self.time += max(seconds, 0)


class FakeGithub:
    """Serves `nodes` (by id) and `owners` (by login); dicts named as in GraphQL, lists as lists."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self.schema = schema
        self.nodes: dict[str, dict[str, Any]] = {}
        self.owners: dict[str, dict[str, Any]] = {}
        self.runs: dict[str, list[dict[str, Any]]] = {}
        self.jobs: dict[int, list[dict[str, Any]]] = {}
        self.requests: list[tuple[str, dict[str, str], Any]] = []
        self.faults: list[tuple[str, Answer]] = []
        self.tokens = {"secret-one", "secret-two"}
        self.limits = {"limit": 5000, "remaining": 4999, "reset": int(time.time()) + 3600}
        self.on_request: Callable[[str, Any], None] | None = None
        self.refuses_emails = False
        """As for a classic token without user:email: documents with User.email are refused."""
        self.files_a_page = 300
        self.unreadable: dict[tuple[str, str], str] = {}
        """Fields (id, name) that answer with an error of that type."""
        self._lock = threading.Lock()
        handler = type("Handler", (_Handler,), {"github": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    # what there is

    def owner(self, login: str = "acme", kind: str = "Organization", **more: Any) -> dict[str, Any]:
        node = {
            "__typename": kind,
            "id": f"O_{login}",
            "login": login,
            "repositories": [],
            "teams": [],
            **more,
        }
        self.owners[login] = self.nodes[node["id"]] = node
        return node

    def repository(self, name: str = "shop", owner: str = "acme", **more: Any) -> dict[str, Any]:
        node = {
            "__typename": "Repository",
            "id": f"R_{name}",
            "name": name,
            "nameWithOwner": f"{owner}/{name}",
            "createdAt": "2025-01-01T00:00:00Z",
            "pullRequests": [],
            "issues": [],
            "releases": [],
            "refs": [],
            "deployments": [],
            "labels": [],
            "commits": {},
            **more,
        }
        self.nodes[node["id"]] = node
        self.owners[owner]["repositories"].append(node)
        return node

    def add(self, holder: dict[str, Any], field: str, kind: str, **more: Any) -> dict[str, Any]:
        """A node in a list of another; gets an id if it has none."""
        node = {"__typename": kind, "id": f"{kind}_{len(self.nodes)}", **more}
        self.nodes[node["id"]] = node
        holder.setdefault(field, []).append(node)
        return node

    def commit(
        self, repository: dict[str, Any], oid: str, *parents: str, date: str, **more: Any
    ) -> dict[str, Any]:
        """A commit; makes it the head of the default branch unless told `head=False`."""
        is_head = more.pop("head", True)
        node = {
            "__typename": "Commit",
            "id": f"C_{oid}",
            "oid": oid,
            "authoredDate": date,
            "committedDate": date,
            "message": f"commit {oid[:7]}",
            "author": {"name": "Ann", "email": "ann@acme.test", "user": None},
            "parents": [{"oid": parent} for parent in parents],
            **more,
        }
        self.nodes[node["id"]] = repository["commits"][oid] = node
        if is_head:
            repository["defaultBranchRef"] = {"name": "main", "target": node}
        return node

    # faults and what was asked

    def fail(self, match: str, *answers: Answer) -> None:
        """The next requests whose path or operation contains `match` are answered like this."""
        with self._lock:
            self.faults += [(match, answer) for answer in answers]

    def asked(self, match: str) -> list[tuple[str, dict[str, str], Any]]:
        return [request for request in self.requests if match in request[0]]

    def take_fault(self, what: str) -> Answer | None:
        with self._lock:
            for position, (match, answer) in enumerate(self.faults):
                if match in what:
                    del self.faults[position]
                    return answer
        return None

    # GraphQL

    def execute(self, body: dict[str, Any]) -> dict[str, Any]:
        if self.refuses_emails and "fragment PublicEmail" in body["query"]:
            return {"errors": [_EMAIL_REFUSED]}
        result = execute_sync(
            self.schema,
            parse(body["query"]),
            variable_values=body["variables"],
            field_resolver=self._resolve,
            type_resolver=lambda value, *_: value["__typename"],
            operation_name=body["operationName"],
        )
        reply: dict[str, Any] = {"data": result.data}
        if result.errors:
            reply["errors"] = [
                {"message": e.message, "path": e.path, "type": (e.extensions or {}).get("type")}
                for e in result.errors
            ]
        return reply

    def _resolve(self, source: Any, info: GraphQLResolveInfo, **args: Any) -> Any:
        name = info.field_name
        if source is None:
            return self._root(name, args)
        if kind := self.unreadable.get((source.get("id", ""), name)):
            raise GraphQLError(f"no access to {name}", extensions={"type": kind})
        if name == "object":
            return source["commits"].get(args["oid"])
        value = source.get(name)
        named = get_named_type(info.return_type).name
        if name == "history":
            value = self._history(source, args.get("since"), args.get("until"))
        if named.endswith("Connection") and not isinstance(value, dict):
            return _connection(value or [], args)
        if name == "owner":
            return self.owners[source["nameWithOwner"].partition("/")[0]]
        if value is None and isinstance(info.return_type, GraphQLNonNull):
            return _GHOST if named == "Actor" else _DEFAULTS.get(named, "")
        return value

    def _root(self, name: str, args: dict[str, Any]) -> Any:
        if name in ("repositoryOwner", "organization"):
            owner = self.owners.get(args["login"].lower())
            if owner is None or (name == "organization" and owner["__typename"] == "User"):
                if name == "organization":
                    raise GraphQLError("no such organization", extensions={"type": "NOT_FOUND"})
                return None
            return owner
        if name == "node":
            return self._node(args["id"])
        if name == "nodes":
            return [self.nodes.get(id_) or self._suite(id_) for id_ in args["ids"]]
        return {"__typename": "User", "id": "U_me", "login": "me"}

    def _node(self, id_: str) -> dict[str, Any]:
        if (suite := self._suite(id_)) is not None:
            return suite
        if id_ not in self.nodes:
            raise GraphQLError(f"no node {id_}", extensions={"type": "NOT_FOUND"})
        return self.nodes[id_]

    def _suite(self, id_: str) -> dict[str, Any] | None:
        """The check suite of the run that names it, with the run's jobs as check runs."""
        runs = (run for runs in self.runs.values() for run in runs)
        run = next((run for run in runs if run.get("check_suite_node_id") == id_), None)
        if run is None:
            return None
        checks = [
            {
                "__typename": "CheckRun",
                "id": job["node_id"],
                "name": job["name"],
                "status": job.get("status", "completed").upper(),
                "conclusion": (job.get("conclusion") or "").upper() or None,
                "startedAt": job.get("started_at", run["created_at"]),
                "completedAt": job.get("completed_at"),
                "detailsUrl": f"https://github.com/acme/shop/actions/runs/{run['id']}/job/{job['id']}",
                "externalId": str(uuid.UUID(int=job["id"])),
                **job.get("check", {}),
            }
            for job in self.jobs.get(run["id"], [])
        ]
        return {"__typename": "CheckSuite", "id": id_, "checkRuns": checks}

    def _history(
        self, commit: dict[str, Any], since: str | None, until: str | None
    ) -> list[dict[str, Any]]:
        repository = next(r for r in self.nodes.values() if commit["oid"] in r.get("commits", {}))
        found = [repository["commits"][oid] for oid in self.reachable(repository, commit["oid"])]
        found.sort(key=lambda c: c["committedDate"], reverse=True)
        return [c for c in found if (since or "") <= c["committedDate"] <= (until or "9")]

    def reachable(self, repository: dict[str, Any], oid: str) -> dict[str, None]:
        seen: dict[str, None] = {}
        todo = [oid]
        while todo:
            sha = todo.pop()
            if sha not in seen and sha in repository["commits"]:
                seen[sha] = None
                todo += [parent["oid"] for parent in repository["commits"][sha]["parents"]]
        return seen

    # REST

    def rest(self, path: str, query: dict[str, str]) -> tuple[int, Any, str | None]:
        """Status, body, and the address of the next page."""
        if path == "/rate_limit":
            return 200, {"resources": {name: self.limits for name in ("core", "graphql")}}, None
        if path == "/user":
            return 200, {"login": "me"}, None
        found = re.match(r"/repos/([^/]+/[^/]+)/(.*)", path)
        repository = next(
            (r for r in self.nodes.values() if found and r.get("nameWithOwner") == found[1]), None
        )
        if found is None or repository is None:
            return 404, {"message": "Not Found"}, None
        rest = found[2]
        if compare := re.match(r"compare/(\w+)\.\.\.(\w+)", rest):
            return self._compare(repository, compare[1], compare[2], path, query)
        if commit := re.match(r"commits/(\w+)$", rest):
            return self._commit(repository, commit[1], path, query)
        if rest == "actions/runs":
            runs = sorted(self.runs.get(found[1], []), key=lambda r: r["created_at"], reverse=True)
            return self._page(runs, "workflow_runs", path, query)
        if run := re.match(r"actions/runs/(\d+)(/jobs)?$", rest):
            if run[2]:
                return self._page(self.jobs.get(int(run[1]), []), "jobs", path, query)
            one = [r for r in self.runs.get(found[1], []) if r["id"] == int(run[1])]
            return (200, one[0], None) if one else (404, {"message": "Not Found"}, None)
        return 404, {"message": "Not Found"}, None

    def _commit(
        self, repository: dict[str, Any], sha: str, path: str, query: dict[str, str]
    ) -> tuple[int, Any, str | None]:
        """One commit with its files, at most `files_a_page` at a time."""
        if sha not in repository["commits"]:
            return 422, {"message": f"No commit found for SHA: {sha}"}, None
        files = repository["commits"][sha].get("files", [])
        page, size = int(query.get("page", 1)), self.files_a_page
        more = f"{self.url}{path}?page={page + 1}" if len(files) > page * size else None
        return 200, {"sha": sha, "files": files[(page - 1) * size : page * size]}, more

    def _page(
        self, items: list[Any], name: str, path: str, query: dict[str, str]
    ) -> tuple[int, Any, str | None]:
        size, page = int(query.get("per_page", 30)), int(query.get("page", 1))
        rest = "&".join(f"{key}={value}" for key, value in query.items() if key != "page")
        more = f"{self.url}{path}?{rest}&page={page + 1}" if len(items) > page * size else None
        part = items[(page - 1) * size : page * size]
        return 200, {"total_count": len(items), name: part}, more

    def _compare(
        self, repository: dict[str, Any], base: str, head: str, path: str, query: dict[str, str]
    ) -> tuple[int, Any, str | None]:
        if base not in repository["commits"] or head not in repository["commits"]:
            return 404, {"message": "Not Found"}, None
        mine, other = self.reachable(repository, head), self.reachable(repository, base)
        if not mine.keys() & other.keys():
            return 404, {"message": "No common ancestor"}, None
        ahead = [repository["commits"][sha] for sha in mine if sha not in other]
        commits = [
            {
                "sha": c["oid"],
                "node_id": c["id"],
                "commit": {
                    "message": c["message"],
                    "author": {"date": c["authoredDate"]},
                    "committer": {"date": c["committedDate"]},
                },
                "parents": [{"sha": p["oid"]} for p in c["parents"]],
            }
            for c in sorted(ahead, key=lambda c: c["committedDate"])
        ]
        status, body, more = self._page(commits, "commits", path, query)
        body |= {
            "behind_by": len([sha for sha in other if sha not in mine]),
            "ahead_by": len(ahead),
        }
        return status, body, more


def _connection(items: list[Any], args: dict[str, Any]) -> dict[str, Any]:
    order = args.get("orderBy") or {}
    if order.get("field") in _ORDER:
        key = _ORDER[order["field"]]
        items = sorted(items, key=lambda i: i.get(key) or "", reverse=order["direction"] == "DESC")
    start = int(args.get("after") or 0)
    size = args.get("first") or len(items)
    page = items[start : start + size]
    end = start + len(page)
    info = {"hasNextPage": end < len(items), "endCursor": str(end)}
    nodes = [item["node"] if isinstance(item, dict) and "node" in item else item for item in page]
    return {"totalCount": len(items), "nodes": nodes, "edges": page, "pageInfo": info}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    github: FakeGithub

    def log_message(self, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        self._answer(parts.path, query)

    def do_POST(self) -> None:
        self._answer(
            self.path, json.loads(self.rfile.read(int(self.headers["Content-Length"])) or b"null")
        )

    def _answer(self, path: str, body: Any) -> None:
        github = self.github
        what = f"{path} {body['operationName']}" if path == "/graphql" else path
        github.requests.append((what, {k.lower(): v for k, v in self.headers.items()}, body))
        if github.on_request:
            github.on_request(what, body)
        if (fault := github.take_fault(what)) is not None:
            return fault(self)
        if self.headers.get("Authorization", "").removeprefix("Bearer ") not in github.tokens:
            return self.send(401, {"message": "Bad credentials"})
        if path == "/graphql":
            return self.send(200, github.execute(body))
        status, data, more = github.rest(path, body)
        headers = {"Link": f'<{more}>; rel="next"'} if more else {}
        etag = f'"{hash(json.dumps(data, sort_keys=True))}"'
        if self.headers.get("If-None-Match") == etag:
            return self.send(304, None, {"ETag": etag})
        self.send(status, data, {**headers, "ETag": etag})

    def send(
        self,
        status: int,
        data: Any,
        headers: dict[str, str] | None = None,
        *,
        text: str | None = None,
        cut: int = 0,
    ) -> None:
        """Answers; `cut`: that many bytes of the body never arrive."""
        body = b"" if status == 304 else (json.dumps(data) if text is None else text).encode()
        limits = self.github.limits
        sent = {
            "x-ratelimit-limit": limits["limit"],
            "x-ratelimit-remaining": limits["remaining"],
            "x-ratelimit-reset": limits["reset"],
            "x-oauth-scopes": "repo, read:org",
            "Content-Type": "application/json",
            **(headers or {}),
            "Content-Length": len(body),
        }
        self.send_response(status)
        for name, value in sent.items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(body[: len(body) - cut])
        if cut:
            self.close_connection = True


def status(code: int, message: str = "no", /, **headers: Any) -> Answer:
    """An answer with that status; headers with _ for -."""
    named = {name.replace("_", "-"): str(value) for name, value in headers.items()}
    return lambda handler: handler.send(code, {"message": message}, named)


def data(value: Any, /, **headers: Any) -> Answer:
    """A good answer with this body."""
    named = {name.replace("_", "-"): str(v) for name, v in headers.items()}
    return lambda handler: handler.send(200, value, named)


def html() -> Answer:
    """A page for people where JSON should be."""
    return lambda handler: handler.send(200, None, text="<html>busy</html>")


def truncated() -> Answer:
    """A reply that ends in the middle."""
    return lambda handler: handler.send(200, {"data": "x" * 1000}, cut=500)


@pytest.fixture
def answers() -> Any:
    """The kinds of answers a fault can be."""

    class Answers:
        pass

    for kind in (status, data, html, truncated):
        setattr(Answers, kind.__name__, staticmethod(kind))
    return Answers


@pytest.fixture
def github(schema: GraphQLSchema) -> Iterator[FakeGithub]:
    """An empty GitHub."""
    server = FakeGithub(schema)
    yield server
    server.stop()


@pytest.fixture
def clock() -> Waits:
    """A clock on which waiting takes no time."""
    return Waits()


@pytest.fixture
def make_clock() -> type[Waits]:
    """To make such clocks."""
    return Waits


@pytest.fixture
def make_settings(github: FakeGithub) -> Callable[..., Settings]:
    """Settings for the fake GitHub; keywords change the connection, `settings` the rest."""

    def make(settings: dict[str, Any] | None = None, **connection: Any) -> Settings:
        values = {"api_url": github.url, "token": "env:TOKEN", "owners": ["acme"], **connection}
        return Settings.model_validate(
            {"history": {"since": "2026-01-01"}, **(settings or {}), "github": [values]}
        )

    return make


@pytest.fixture
def make_client(clock: Waits) -> Iterator[Callable[..., GithubClient]]:
    """Clients that need not wait; TOKEN is secret-one."""
    made: list[GithubClient] = []

    def make(connection: GithubConnection, **more: Any) -> GithubClient:
        environ = more.pop("environ", {"TOKEN": "secret-one"})
        made.append(GithubClient(connection, environ=environ, clock=clock, **more))
        return made[-1]

    yield make
    for client in made:
        client.close()


class Sync:
    """What one sync handed over."""

    def __init__(self, batches: list[dict[str, Any]], reader: Reader) -> None:
        self._batches = batches
        self.report = reader.report
        self.requests = reader.client.requests

    def rows(self, table: str) -> list[dict[str, Any]]:
        """The rows of a table; JSON is decoded."""
        json_columns = [c.name for c in GITHUB[table].columns if c.data_type == "json"]
        found = [row for b in self._batches if table in b for row in b[table].to_pylist()]
        for row in found:
            row.update({name: json.loads(row[name]) for name in json_columns if row[name]})
        return found

    def values(self, table: str, column: str) -> list[Any]:
        """A column of a table, sorted."""
        return sorted((row[column] for row in self.rows(table)), key=str)

    def status(self, name: str = "acme/shop") -> dict[str, Any]:
        """The row of repository_syncs."""
        return next(r for r in self.rows("repository_syncs") if r["repository_full_name"] == name)


@pytest.fixture
def read(
    make_settings: Callable[..., Settings], make_client: Callable[..., GithubClient], noon: datetime
) -> Callable[..., Sync]:
    """Reads the fake GitHub without a warehouse; calls share their state as syncs do."""
    state: dict[str, Any] = {}
    syncs = 0

    def go(settings: dict[str, Any] | None = None, *, full: bool = False, **more: Any) -> Sync:
        nonlocal syncs
        client_options = {key: more.pop(key) for key in ("attempts", "environ") if key in more}
        at = more.pop("at", noon + timedelta(hours=syncs))
        names = ("progress", "known", "history_seconds")
        reader_options = {key: more.pop(key) for key in names if key in more}
        made = make_settings(settings, **more)
        client = make_client(made.github[0], **client_options)
        reader = Reader(made.github[0], made, at, client=client, full=full, **reader_options)
        syncs += 1
        batches = list(reader.batches(state))
        # What goes into the warehouse must survive the way there and back.
        state.update(json.loads(json.dumps(state)))
        return Sync(batches, reader)

    go.state = state  # type: ignore[attr-defined]
    return go


@pytest.fixture
def noon() -> datetime:
    """The start of a sync."""
    return datetime(2026, 3, 1, 12, tzinfo=UTC)
