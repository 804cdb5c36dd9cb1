"""GitLab's HTTP manners: tokens, rate limits, pages, refusals, and our own paths.

A plain ASGI application, so that faults can cut a reply in the middle or close the connection.
Sources: docs.gitlab.com (REST API; user and IP rate limits) and the public source of GitLab.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qsl, unquote
from uuid import uuid4

from starlette.requests import Request
from starlette.types import Receive, Scope, Send

# The endpoints register themselves when their modules are imported.
from demo import gitlab_code, gitlab_graphql, gitlab_people, gitlab_work
from demo.faults import Fault, FaultError, first_match
from demo.gitlab_catalog import Catalog
from demo.gitlab_paging import Bounds, page
from demo.gitlab_rest import Asked, Listed, RestError, answer, kind_of
from demo.gitlab_served import Story, company_source
from demo.limits import Limits

__all__ = ["GitLab", "application", "gitlab_code", "gitlab_people", "gitlab_work"]

Source = Callable[[datetime], Catalog]
PREFIX = "/api/v4/"
GRAPHQL = "/api/graphql"
_JSON = {"Content-Type": "application/json"}
_RESET_SOON = 2  # seconds until a limit set by a fault is over


@dataclass
class Reply:
    """What goes back."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


def application(
    source: Story | Source,
    *,
    now: datetime,
    tokens: Iterable[str] = ("demo-token",),
    rate_limit: int = 2_000,
    bounds: Bounds | None = None,
) -> GitLab:
    """The ASGI application that shows a company's GitLab, or any catalog, as of a moment.

    `rate_limit` is requests per token and minute, as gitlab.com counts them.
    """
    shown = company_source(source) if isinstance(source, Story) else source
    limits = Limits(set(tokens), rate_limit, window=60)
    return GitLab(shown, now, limits, bounds or Bounds())


class GitLab:
    """The application; `source` gives the catalog of a moment."""

    def __init__(self, source: Source, now: datetime, limits: Limits, bounds: Bounds) -> None:
        self.source, self.limits, self.bounds = source, limits, bounds
        self.catalog = source(now)
        self.faults: list[Fault] = []
        self.requests: Counter[str] = Counter()
        self.seconds = 0.0
        self._lists: dict[tuple[Any, ...], Listed] = {}

    def prepare(self) -> None:
        """Have the stories told now, not at the first request (seconds for many projects)."""
        self.catalog.prepare()

    def set_clock(self, now: datetime) -> None:
        """Show another moment from now on; ValueError if the story is not told that far."""
        deleted = self.catalog.deleted
        self.catalog = self.source(now.astimezone(UTC))
        self.catalog.delete(deleted)
        self._lists.clear()

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
        if request.url.path.startswith("/demo/"):
            await self._send(send, self._own(request, body))
            return
        # %2F must stay what it is: it does not part the path.
        path = (scope.get("raw_path") or request.url.path.encode()).decode("ascii")
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

    def _own(self, request: Request, body: str) -> Reply:
        """/demo/clock, /demo/faults, /demo/stats and /demo/deleted; they need no token.

        POST {"projects": [ids]} to /demo/deleted: just these are gone from now on.
        """
        path = request.url.path
        try:
            if path == "/demo/stats":
                return _json(
                    {"requests": dict(self.requests), "cpu_seconds": round(self.seconds, 3)}
                )
            if path == "/demo/clock":
                if request.method == "POST":
                    now = datetime.fromisoformat(str(json.loads(body)["now"]))
                    if now.tzinfo is None:
                        raise ValueError("give a time zone")
                    self.set_clock(now)
                return _json({"now": self.catalog.now.isoformat()})
            if path == "/demo/deleted":
                if request.method == "POST":
                    self.catalog.delete(int(one) for one in json.loads(body)["projects"])
                    self._lists.clear()
                return _json({"projects": sorted(self.catalog.deleted)})
            if path == "/demo/faults":
                if request.method == "POST":
                    rules = json.loads(body)
                    if not isinstance(rules, list):
                        raise FaultError("send a list")
                    self.faults = [Fault.parse(rule) for rule in rules]
                return _json([{"hits": one.hits, "times": one.times} for one in self.faults])
        except (ValueError, KeyError, TypeError) as error:
            return _json({"message": f"{type(error).__name__}: {error}"}, 400)
        return _json({"message": "404 Not Found"}, 404)

    def _spoiled(self, fault: Fault | None, request: Request, path: str, body: str) -> Reply:
        if fault is None:
            return self._reply(request, path, body)
        if fault.action in ("secondary", "limit"):
            reset = int(self.limits.now()) + _RESET_SOON
            return _throttled(self._quota(_token(request) or "", reset), fault.headers)
        if fault.action == "garbage":
            html = b"<html><body><h1>502 Whoops, GitLab is taking too much time</h1></body></html>"
            return Reply(fault.status or 200, html, {"Content-Type": "text/html", **fault.headers})
        if fault.status is not None or fault.body is not None:
            status = fault.status or 200
            text = fault.body if fault.body is not None else _words(status)
            return Reply(status, text.encode(), {**_JSON, **fault.headers})
        reply = self._reply(request, path, body)
        if fault.replace is not None:
            pattern, replacement = fault.replace
            reply.body = pattern.sub(replacement, reply.body.decode()).encode()
        reply.headers.update(fault.headers)
        return reply

    def _reply(self, request: Request, path: str, body: str) -> Reply:
        is_graphql = path == GRAPHQL and request.method == "POST"
        if not path.startswith(PREFIX) and not is_graphql:
            return _json({"error": "404 Not Found"}, 404)
        parts = [unquote(part) for part in path[len(PREFIX) :].rstrip("/").split("/")]
        self.requests["graphql" if is_graphql else f"rest {kind_of(parts)}"] += 1
        token = _token(request)
        window = self.limits.get(token or "", "api")
        window.used += 1
        quota = self._quota(token or "", window.reset)
        if window.used > window.limit:
            return _throttled(quota, {})
        if token is not None and token not in self.limits.tokens:
            return _json({"message": "401 Unauthorized"}, 401, quota)
        if is_graphql:
            try:
                return _json(gitlab_graphql.answer(body, self._pipelines), 200, quota)
            except ValueError:
                return _json({"errors": [{"message": "Unexpected end of document"}]}, 400, quota)
        if request.method not in ("GET", "HEAD"):
            return _json({"error": "404 Not Found"}, 404, quota)
        try:
            found, headers = self._found(request, path, parts, token is not None)
        except RestError as error:
            return _json({error.key: str(error)}, error.status, quota)
        return _json(found, 200, {**quota, **headers})

    def _found(
        self, request: Request, path: str, parts: Sequence[str], has_user: bool
    ) -> tuple[Any, dict[str, str]]:
        pairs = parse_qsl(request.url.query, keep_blank_values=True)
        query = dict(pairs)
        query.pop("private_token", None)
        lists: dict[str, list[str]] = {}
        for key, value in pairs:
            if key.endswith("[]"):
                lists.setdefault(key[:-2], []).append(value)
        base = str(request.base_url).rstrip("/") + PREFIX.rstrip("/")
        place = ("page", "per_page", "cursor")
        asked_for = (*parts, "?", *(pair for pair in pairs if pair[0] not in place), has_user)
        found: Any = self._lists.get(asked_for)
        if found is None:
            found = answer(Asked(self.catalog, query, lists, base, has_user), parts)
            if isinstance(found, Listed):  # the next page is of the same rows
                if len(self._lists) > 200:
                    self._lists.clear()
                self._lists[asked_for] = found
        if not isinstance(found, Listed):
            return found, {}
        added = {"id": parts[1]} if parts[0] in ("projects", "groups") and len(parts) > 1 else {}
        url = base.removesuffix(PREFIX.rstrip("/")) + path
        one = page(found, query, url, added, self.bounds)
        return one.rows, one.headers

    def _pipelines(self, number: int) -> Sequence[Mapping[str, Any]] | None:
        view = self.catalog.project(number)
        if view is None or not self.catalog.is_there(view):
            return None
        return view.rows("pipelines")

    def _quota(self, token: str, reset: int) -> dict[str, str]:
        window = self.limits.get(token, "api")
        name = "throttle_authenticated_api" if token else "throttle_unauthenticated_api"
        return {
            "RateLimit-Limit": str(window.limit), "RateLimit-Name": name,
            "RateLimit-Observed": str(window.used), "RateLimit-Remaining": str(window.remaining),
            "RateLimit-Reset": str(reset),
        }  # fmt: skip

    async def _send(self, send: Send, reply: Reply, cut: bool = False) -> None:
        headers = {
            "Cache-Control": "max-age=0, private, must-revalidate", "Vary": "Origin",
            "X-Request-Id": uuid4().hex.upper()[:26], "X-Gitlab-Meta": '{"version":"1"}',
            "Content-Length": str(len(reply.body)), **reply.headers,
        }  # fmt: skip
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


def _json(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    return Reply(status, body, {**_JSON, **(headers or {})})


def _throttled(quota: Mapping[str, str], more: Mapping[str, str]) -> Reply:
    """429 as Rack::Attack answers: plain text, Retry-After in seconds."""
    reset = int(quota["RateLimit-Reset"])
    headers = {
        "Content-Type": "text/plain", **quota, "RateLimit-Remaining": "0",
        "RateLimit-ResetTime": format_datetime(datetime.fromtimestamp(reset, UTC), usegmt=True),
        "Retry-After": str(max(reset - int(time.time()), 1)), **more,
    }  # fmt: skip
    return Reply(429, b"Retry later\n", headers)


def _words(status: int) -> str:
    names = {
        401: "401 Unauthorized", 403: "403 Forbidden", 404: "404 Not Found",
        500: "500 Internal Server Error",
    }  # fmt: skip
    return json.dumps({"message": names.get(status, f"{status} Error")})


def _token(request: Request) -> str | None:
    """The token of a header or parameter; None if there is none."""
    header = request.headers.get("private-token")
    if header:
        return header
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return token.strip()
    return request.query_params.get("private_token") or request.query_params.get("access_token")


def _hang_up(send: Send) -> None:
    """Close the connection without another word; uvicorn's `send` is a method of the cycle."""
    cycle = getattr(send, "__self__", None)
    transport = getattr(cycle, "transport", None)
    if transport is None:
        raise ConnectionResetError("the demo closes the connection on purpose")
    transport.abort()
