"""GitHub's HTTP manners: tokens, rate limits, ETags, paging, GraphQL's envelope, and our own paths.

A plain ASGI application, so that faults can cut a reply in the middle or close the connection.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import secrets
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from graphql import GraphQLSchema, build_schema
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from demo.catalog import Catalog
from demo.cost import NODE_LIMIT, price
from demo.executor import Executor, RequestError, described
from demo.faults import Fault, FaultError, first_match
from demo.limits import SCOPES, Limits
from demo.resolvers import RESOLVERS, Context
from demo.rest import Asked, Listed, RestError, answer

SCHEMA = Path(__file__).with_name("github.graphql")
_DOCS = "https://docs.github.com"
_LIMIT_TEXT = "API rate limit exceeded for user ID 50000."
_SECONDARY_TEXT = (
    "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
)


@cache
def _schema() -> GraphQLSchema:
    return build_schema(SCHEMA.read_text(), assume_valid=True)


@dataclass
class Reply:
    """What goes back."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


def _dump(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


class GitHub:
    """The application; `source` gives the catalog of a moment."""

    def __init__(self, source: Any, now: datetime, limits: Limits) -> None:
        self.source, self.limits = source, limits
        self.catalog: Catalog = source(now)
        self.faults: list[Fault] = []
        self.requests: Counter[str] = Counter()
        self.seconds = 0.0
        self.executor = Executor(_schema(), RESOLVERS)
        self.installations: dict[str, float] = {}  # tokens of Apps and when they end
        # The company's other servers go by this one's clock, and are found by its list.
        self.on_clock: list[Callable[[datetime], None]] = []
        self.addresses: dict[str, str] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] == "lifespan":
            while True:
                message = await receive()
                await send({"type": message["type"] + ".complete"})
                if message["type"] == "lifespan.shutdown":
                    return
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        body = (await request.body()).decode("utf-8", "replace")
        path = request.url.path
        if path.startswith("/demo/"):
            await self._send(send, self._own(request, path, body))
            return
        target = path + (f"?{request.url.query}" if request.url.query else "")
        fault = first_match(self.faults, request.method, target, body)
        if fault is not None:
            self.requests["faults"] += 1
            if fault.delay:
                await asyncio.sleep(fault.delay)
            if fault.action == "close":
                _hang_up(send)
                return
        begun = time.process_time()
        reply = self._spoiled(fault, request, path, body)
        self.seconds += time.process_time() - begun
        await self._send(send, reply, cut=fault is not None and fault.action == "cut")

    def _own(self, request: Request, path: str, body: str) -> Reply:
        """/demo/clock, /demo/faults, /demo/stats and /demo/addresses; they need no token."""
        try:
            if path == "/demo/addresses":
                return self._json(self.addresses)
            if path == "/demo/stats":
                return self._json(
                    {"requests": dict(self.requests), "cpu_seconds": round(self.seconds, 3)}
                )
            if path == "/demo/clock":
                if request.method == "POST":
                    now = datetime.fromisoformat(str(json.loads(body)["now"]))
                    if now.tzinfo is None:
                        raise ValueError("give a time zone")
                    self.catalog = self.source(now.astimezone(UTC))
                    for follow in self.on_clock:
                        follow(now.astimezone(UTC))
                return self._json({"now": self.catalog.now.isoformat()})
            if path == "/demo/faults":
                if request.method == "POST":
                    rules = json.loads(body)
                    if not isinstance(rules, list):
                        raise FaultError("send a list")
                    self.faults = [Fault.parse(rule) for rule in rules]
                return self._json([{"hits": one.hits, "times": one.times} for one in self.faults])
        except (ValueError, KeyError, TypeError) as error:
            return self._json({"message": f"{type(error).__name__}: {error}"}, 400)
        return self._json({"message": "Not Found"}, 404)

    def _spoiled(self, fault: Fault | None, request: Request, path: str, body: str) -> Reply:
        if fault is None:
            return self._reply(request, path, body)
        if fault.action == "secondary":
            headers = {"Retry-After": "1", **fault.headers}
            return self._json(
                {"message": _SECONDARY_TEXT, "documentation_url": f"{_DOCS}/rest"},
                fault.status or 403,
                headers,
            )
        if fault.action == "limit":
            reset = int(self.limits.now()) + 2
            headers = {
                "X-RateLimit-Limit": "5000", "X-RateLimit-Remaining": "0",
                "X-RateLimit-Used": "5000", "X-RateLimit-Reset": str(reset),
                "X-RateLimit-Resource": "graphql" if path == "/graphql" else "core",
                **fault.headers,
            }  # fmt: skip
            if path == "/graphql" and fault.status is None:
                error = {"type": "RATE_LIMIT", "message": _LIMIT_TEXT}
                return self._json({"errors": [error]}, 200, headers)
            return self._json({"message": _LIMIT_TEXT}, fault.status or 403, headers)
        if fault.action == "garbage":
            page = b"<html><body><h1>Whoa there!</h1></body></html>"
            return Reply(fault.status or 200, page, {"Content-Type": "text/html", **fault.headers})
        if fault.status is not None or fault.body is not None:
            text = fault.body if fault.body is not None else '{"message":"Server Error"}'
            headers = {"Content-Type": "application/json; charset=utf-8", **fault.headers}
            return Reply(fault.status or 200, text.encode(), headers)
        reply = self._reply(request, path, body)
        if fault.replace is not None:
            pattern, replacement = fault.replace
            reply.body = pattern.sub(replacement, reply.body.decode()).encode()
            reply.headers.pop("ETag", None)
        reply.headers.update(fault.headers)
        return reply

    def _reply(self, request: Request, path: str, body: str) -> Reply:
        for prefix in ("/api/v3", "/api"):  # as an Enterprise Server
            if path.startswith(prefix + "/"):
                path = path[len(prefix) :]
                break
        if path.startswith("/app/") and request.method == "POST":
            return self._installation(request, path)
        token = _token(request.headers.get("authorization", ""))
        if token is None:
            text = (
                "This endpoint requires you to be authenticated."
                if path == "/graphql"
                else "Requires authentication"
            )
            return self._refused(401, text)
        if token not in self.limits.tokens and self.installations.get(token, 0) < time.time():
            return self._refused(401, "Bad credentials")
        if path == "/graphql":
            self.requests["graphql"] += 1
            if request.method != "POST":
                return self._refused(404, "Not Found")
            return self._graphql(token, body)
        return self._rest(request, path, token)

    def _rest(self, request: Request, path: str, token: str) -> Reply:
        kind = _kind(path)
        self.requests[f"rest {kind}"] += 1
        if path == "/rate_limit":  # free of charge
            core, graphql = (
                {
                    "limit": window.limit, "used": window.used, "remaining": window.remaining,
                    "reset": window.reset,
                }
                for window in (self.limits.get(token, "core"), self.limits.get(token, "graphql"))
            )  # fmt: skip
            shown = {"resources": {"core": core, "graphql": graphql}, "rate": core}
            return self._json(shown, 200, self._manners(token, "core"))
        window = self.limits.get(token, "core")
        if window.remaining <= 0:
            return self._refused(403, _LIMIT_TEXT, self._manners(token, "core"))
        if request.method not in ("GET", "HEAD"):
            window.used += 1
            return self._refused(404, "Not Found", self._manners(token, "core"))
        base = str(request.base_url).rstrip("/")
        headers: dict[str, str] = {}
        try:
            asked = Asked(self.catalog, request.query_params, base)
            found = answer(asked, path)
            if isinstance(found, Listed):
                found = _page(found, request, headers)
        except RestError as error:
            window.used += 1
            return self._refused(error.status, str(error), self._manners(token, "core"))
        except RequestError as error:  # a time that is none
            window.used += 1
            return self._refused(422, str(error), self._manners(token, "core"))
        content = _dump(found)
        etag = f'W/"{hashlib.sha256(content).hexdigest()}"'
        headers |= {"ETag": etag, "Cache-Control": "private, max-age=60, s-maxage=60"}
        known = request.headers.get("if-none-match", "")
        if etag in [one.strip() for one in known.split(",")]:
            self.requests["not modified"] += 1
            return Reply(304, b"", {**headers, **self._manners(token, "core")})
        window.used += 1
        return Reply(200, content, {**_JSON, **headers, **self._manners(token, "core")})

    def _graphql(self, token: str, body: str) -> Reply:
        window = self.limits.get(token, "graphql")
        if window.remaining <= 0:
            error = {"type": "RATE_LIMIT", "message": _LIMIT_TEXT}
            return self._json({"errors": [error]}, 200, self._manners(token, "graphql"))
        try:
            asked = json.loads(body)
            text, variables = asked["query"], asked.get("variables") or {}
            name = asked.get("operationName")
        except (ValueError, KeyError, TypeError):
            return self._refused(400, "Problems parsing JSON", self._manners(token, "graphql"))
        answered = self._executed(token, text, variables, name)
        return self._json(answered, 200, self._manners(token, "graphql"))

    def _executed(
        self, token: str, text: str, variables: dict[str, Any], name: str | None
    ) -> dict[str, Any]:
        window = self.limits.get(token, "graphql")
        document = self.executor.document(text)
        if document.errors:
            window.used += 1
            return {"errors": [described(error) for error in document.errors]}
        operations = document.operations
        if name is None and len(operations) == 1:
            operation = next(iter(operations.values()))
        elif name in operations:
            operation = operations[name]
        else:
            return {"errors": [{"message": f"No operation named {json.dumps(name)}"}]}
        if operation.name:
            self.requests[f"graphql {operation.name.value}"] += 1
        points, nodes = price(document, operation, variables)
        if nodes > NODE_LIMIT:
            message = (
                f"This query requests up to {nodes:,} possible nodes which exceeds the maximum "
                f"limit of {NODE_LIMIT:,}."
            )
            return {"errors": [{"type": "MAX_NODE_LIMIT_EXCEEDED", "message": message}]}
        window.used += points
        reset = datetime.fromtimestamp(window.reset, UTC).isoformat()[:19] + "Z"
        limit = {
            "__typename": "RateLimit", "cost": points, "limit": window.limit, "nodeCount": nodes,
            "remaining": window.remaining, "used": window.used, "resetAt": reset,
        }  # fmt: skip
        answered = self.executor.execute(
            document, operation, variables, Context(self.catalog, limit)
        )
        notes = limit.get("_notes")
        if notes:
            answered["errors"] = [*answered.get("errors", []), *notes]  # type: ignore[misc]
        return answered

    def _installation(self, request: Request, path: str) -> Reply:
        """A GitHub App's token for an hour, for anybody who brings something like a JWT."""
        parts = path.split("/")
        token = _token(request.headers.get("authorization", ""))
        if token is None or token.count(".") != 2:
            return self._refused(401, "A JSON web token could not be decoded")
        if len(parts) != 5 or parts[2] != "installations" or parts[4] != "access_tokens":
            return self._refused(404, "Not Found")
        made = "ghs_" + secrets.token_hex(18)
        self.installations[made] = time.time() + 3600
        ends = datetime.fromtimestamp(time.time() + 3600, UTC).isoformat()[:19] + "Z"
        shown = {"token": made, "expires_at": ends, "repository_selection": "all"}
        return self._json(shown, 201)

    def _manners(self, token: str, resource: str) -> dict[str, str]:
        headers = self.limits.headers(token, resource)
        if not token.startswith("ghs_"):
            headers |= {"X-OAuth-Scopes": SCOPES, "X-Accepted-OAuth-Scopes": "repo"}
        return headers

    def _json(self, value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Reply:
        return Reply(status, _dump(value), {**_JSON, **(headers or {})})

    def _refused(self, status: int, text: str, headers: dict[str, str] | None = None) -> Reply:
        shown = {"message": text, "documentation_url": f"{_DOCS}/rest", "status": str(status)}
        return self._json(shown, status, headers)

    async def _send(self, send: Send, reply: Reply, cut: bool = False) -> None:
        headers = {
            "X-GitHub-Request-Id": secrets.token_hex(12).upper(),
            "X-GitHub-Media-Type": "github.v3; format=json",
            "Server": "github.com",
            "Content-Length": str(len(reply.body)),
            **reply.headers,
        }
        await send({
            "type": "http.response.start",
            "status": reply.status,
            "headers": [
                (key.lower().encode("latin-1"), value.encode("latin-1"))
                for key, value in headers.items()
            ],
        })  # fmt: skip
        if cut:
            half = reply.body[: len(reply.body) // 2]
            await send({"type": "http.response.body", "body": half, "more_body": True})
            await asyncio.sleep(0.05)  # let the half go out before the line is cut
            _hang_up(send)
            return
        await send({"type": "http.response.body", "body": reply.body})


_JSON = {"Content-Type": "application/json; charset=utf-8"}


def _hang_up(send: Send) -> None:
    """Close the connection without another word; uvicorn's `send` is a method of the cycle."""
    cycle = getattr(send, "__self__", None)
    transport = getattr(cycle, "transport", None)
    if transport is None:
        raise ConnectionResetError("the demo closes the connection on purpose")
    transport.abort()


def _token(header: str) -> str | None:
    scheme, _, token = header.partition(" ")
    return token.strip() if scheme.lower() in ("bearer", "token") and token.strip() else None


def _kind(path: str) -> str:
    """The path with names and numbers taken out, for counting."""
    parts = path.strip("/").split("/")
    if parts[0] == "repos" and len(parts) > 2:
        parts[1:3] = ["*", "*"]
    return "/" + "/".join("*" if part.isdigit() or "..." in part else part for part in parts)


def _page(listed: Listed, request: Request, headers: dict[str, str]) -> Any:
    """The page asked for; neighbours go into the Link header."""
    query = dict(request.query_params)
    size = _whole(query.get("per_page"), listed.default_page, 1, max(100, listed.default_page))
    if "per_page" in query:
        size = min(size, 100)
    number = _whole(query.get("page"), 1, 1, None)
    rows = listed.rows[: listed.most] if listed.most is not None else listed.rows
    last = max((len(rows) + size - 1) // size, 1)
    base = str(request.url.replace(query=""))

    def link(page: int, relation: str) -> str:
        return f'<{base}?{urlencode({**query, "page": page})}>; rel="{relation}"'

    links = []
    if number > 1:
        links.append(link(min(number - 1, last), "prev"))
    if number < last:
        links += [link(number + 1, "next"), link(last, "last")]
    if number > 1:
        links.append(link(1, "first"))
    if links:
        headers["Link"] = ", ".join(links)
    return listed.wrap([listed.show(row) for row in rows[(number - 1) * size : number * size]])


def _whole(text: str | None, default: int, least: int, most: int | None) -> int:
    try:
        number = int(text) if text else default
    except ValueError:
        return default
    number = max(number, least)
    return number if most is None else min(number, most)
