"""Jira Cloud's HTTP manners: basic authentication, 429s, Jira's refusals, and our own paths.

A plain ASGI application, so that faults can cut a reply in the middle or close the connection.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import secrets
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, runtime_checkable

from starlette.requests import Request
from starlette.types import Receive, Scope, Send

import demo.jira_agile
import demo.jira_issues
import demo.jira_platform  # noqa: F401 - they register their endpoints
from demo.faults import Fault, FaultError, first_match
from demo.jira_answers import Asked, Refusal, Site, answer, unauthorized
from demo.jira_catalog import JiraCatalog
from demo.jira_served import site_source
from demo.planning_model import JiraSite

DEFAULT_EMAIL, DEFAULT_TOKEN = "demo@acme.test", "demo-token"
EXPIRED_TOKEN = "expired-token"
_JSON = {"Content-Type": "application/json;charset=UTF-8"}
_LIMIT_TEXT = "Rate limit exceeded."


@dataclass
class Reply:
    """What goes back."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Burst:
    """So many requests in so many seconds; Jira does not say how many."""

    limit: int
    seconds: float
    ends: float = 0.0
    used: int = 0

    def take(self) -> float:
        """Count a request; the seconds to wait if there are too many."""
        now = time.monotonic()
        if now >= self.ends:
            self.ends, self.used = now + self.seconds, 0
        self.used += 1
        return 0.0 if self.used <= self.limit else max(self.ends - now, 0.001)

    def headers(self) -> dict[str, str]:
        """X-RateLimit-*: of every reply; NearLimit only with less than a fifth left."""
        left = max(self.limit - self.used, 0)
        found = {"X-RateLimit-Limit": str(self.limit), "X-RateLimit-Remaining": str(left)}
        if left * 5 < self.limit:
            found["X-RateLimit-NearLimit"] = "true"
        return found


class Jira:
    """The application; `source` gives the catalog of a moment."""

    def __init__(
        self,
        source: Callable[[datetime], JiraCatalog],
        now: datetime,
        *,
        logins: Iterable[tuple[str, str]],
        site: Site,
        burst: Burst,
        search_lag: timedelta,
    ) -> None:
        self.source, self.site, self.burst, self.search_lag = source, site, burst, search_lag
        self.logins = set(logins)
        self.faults: list[Fault] = []
        self.requests: Counter[str] = Counter()
        self.seconds = 0.0
        self.move(now)

    def move(self, now: datetime) -> None:
        """Show the site as of another moment; ValueError if the source does not go there."""
        moment = now.astimezone(UTC)
        catalog = self.source(moment)
        lag = self.search_lag
        self.search_index = self.source(moment - lag) if lag else catalog
        self.catalog, self.now = catalog, moment

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
            await _send(send, self._own(request, path, body))
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
        await _send(send, reply, cut=fault is not None and fault.action == "cut")

    def _own(self, request: Request, path: str, body: str) -> Reply:
        """/demo/clock, /demo/faults and /demo/stats; they need no login."""
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
                    self.move(now)
                return _json({"now": self.now.isoformat()})
            if path == "/demo/faults":
                if request.method == "POST":
                    rules = json.loads(body)
                    if not isinstance(rules, list):
                        raise FaultError("send a list")
                    self.faults = [Fault.parse(rule) for rule in rules]
                return _json([{"hits": one.hits, "times": one.times} for one in self.faults])
        except (ValueError, KeyError, TypeError) as error:
            return _json({"message": f"{type(error).__name__}: {error}"}, 400)
        return _json({"message": "Not Found"}, 404)

    def _spoiled(self, fault: Fault | None, request: Request, path: str, body: str) -> Reply:
        if fault is None:
            return self._reply(request, path, body)
        if fault.action == "limit":
            return self._limited(1.0, fault.headers)
        if fault.action == "secondary":  # a passing overload, with Retry-After as for 429
            shown = {"errorMessages": ["Service Unavailable"], "errors": {}}
            return _json(shown, fault.status or 503, {"Retry-After": "1", **fault.headers})
        if fault.action == "garbage":
            page = b"<html><body><h1>Oops, something went wrong</h1></body></html>"
            headers = {"Content-Type": "text/html;charset=UTF-8", **fault.headers}
            return Reply(fault.status or 200, page, headers)
        if fault.status is not None or fault.body is not None:
            text = fault.body
            if text is None:
                text = '{"errorMessages":["Internal server error"],"errors":{}}'
            return Reply(fault.status or 200, text.encode(), {**_JSON, **fault.headers})
        reply = self._reply(request, path, body)
        if fault.replace is not None:
            pattern, replacement = fault.replace
            reply.body = pattern.sub(replacement, reply.body.decode()).encode()
        reply.headers.update(fault.headers)
        return reply

    def _limited(self, wait: float, more: dict[str, str]) -> Reply:
        """429; Retry-After in whole seconds, the reset as a time."""
        seconds = int(wait) + (wait % 1 > 0)
        reset = datetime.now(UTC) + timedelta(seconds=seconds)
        headers = {
            **self.burst.headers(), "X-RateLimit-Remaining": "0", "Retry-After": str(seconds),
            "X-RateLimit-Reset": f"{reset:%Y-%m-%dT%H:%M:%S}Z",
            "RateLimit-Reason": "jira-burst-based", **more,
        }  # fmt: skip
        return _json({"errorMessages": [_LIMIT_TEXT], "errors": {}}, 429, headers)

    def _reply(self, request: Request, path: str, body: str) -> Reply:
        self.requests[f"{request.method} {_kind(path)}"] += 1
        try:
            is_anonymous, headers = self._login(request.headers.get("authorization"))
        except Refusal as refusal:
            return _refused(refusal)
        wait = self.burst.take()
        if wait:
            self.requests["limited"] += 1
            return self._limited(wait, headers)
        headers |= self.burst.headers()
        try:
            if path.startswith("/rest/agile/") and self.site.without_agile:
                text = "The user does not have a valid license for Jira Software."
                raise Refusal(self.site.without_agile, text)
            sent: Any = {}
            if request.method == "POST":
                sent = _body(request, path, body)
            asked = Asked(
                self.site, self.catalog, self.search_index, request.query_params,
                str(request.base_url).rstrip("/"), path, is_anonymous, sent,
            )  # fmt: skip
            return _json(answer(asked, request.method), 200, headers)
        except Refusal as refusal:
            return _refused(refusal, headers)

    def _login(self, header: str | None) -> tuple[bool, dict[str, str]]:
        """Whether nobody is logged in, and the headers that say so; Refusal if that is no login.

        A token that has expired is no error: Jira answers as if nobody had logged in, with 200
        where that is allowed, and only a header tells.
        """
        if not header:
            return True, {}
        scheme, _, rest = header.partition(" ")
        if scheme.lower() == "bearer":
            raise Refusal(403, {"error": "Failed to parse Connect Session Auth Token"})
        try:
            email, _, token = base64.b64decode(rest, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            raise unauthorized() from None
        if scheme.lower() == "basic" and (email, token) in self.logins:
            return False, {}
        if token == EXPIRED_TOKEN:
            return True, {"X-Seraph-LoginReason": "AUTHENTICATED_FAILED"}
        refusal = unauthorized()
        refusal.headers["X-Seraph-LoginReason"] = "AUTHENTICATED_FAILED"
        raise refusal


def _body(request: Request, path: str, text: str) -> Any:
    kind = request.headers.get("content-type", "")
    if not kind.startswith("application/json"):
        raise Refusal(415, {
            "type": "about:blank", "title": "Unsupported Media Type", "status": 415,
            "detail": f"Content-Type '{kind or 'null'}' is not supported.", "instance": path,
        })  # fmt: skip
    if not text:
        message = "No content to map to Object due to end of input"
        raise Refusal(400, {"errorMessages": [message]})
    try:
        return json.loads(text)
    except ValueError:
        message = "There was an error parsing JSON. Check that your request body is valid."
        raise Refusal(400, {"errorMessages": [message]}) from None


def _refused(refusal: Refusal, headers: dict[str, str] | None = None) -> Reply:
    if isinstance(refusal.body, bytes):
        return Reply(refusal.status, refusal.body, {**(headers or {}), **refusal.headers})
    return _json(refusal.body, refusal.status, {**(headers or {}), **refusal.headers})


def _json(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Reply:
    content = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    return Reply(status, content, {**_JSON, **(headers or {})})


def _kind(path: str) -> str:
    """The path with ids and keys taken out, for counting."""
    parts = path.strip("/").split("/")
    named = ("issue", "project", "status")
    return "/" + "/".join(
        "*" if part.isdecimal() or (before in named and part != "search") else part
        for before, part in zip(["", *parts], parts, strict=False)
    )


async def _send(send: Send, reply: Reply, cut: bool = False) -> None:
    headers = {
        "X-ARequestId": secrets.token_hex(16), "Atl-TraceId": secrets.token_hex(16),
        "Server": "AtlassianEdge", "Cache-Control": "no-cache, no-store, no-transform",
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
        await send({
            "type": "http.response.body", "body": reply.body[: len(reply.body) // 2],
            "more_body": True,
        })  # fmt: skip
        _hang_up(send)
    else:
        await send({"type": "http.response.body", "body": reply.body})


def _hang_up(send: Send) -> None:
    """Close the connection without another word; uvicorn's `send` is a method of the cycle."""
    cycle = getattr(send, "__self__", None)
    transport = getattr(cycle, "transport", None)
    if transport is None:
        raise ConnectionResetError("the demo closes the connection on purpose")
    transport.abort()


@runtime_checkable
class Story(Protocol):
    """A company with a Jira site."""

    until: datetime

    @property
    def jira(self) -> JiraSite:
        """The site with its whole story."""
        ...


Source = Story | JiraSite | Callable[[datetime], JiraCatalog]


def _source(source: Source) -> Callable[[datetime], JiraCatalog]:
    if isinstance(source, JiraSite):
        return site_source(source)
    if not isinstance(source, Story):
        return source
    company, at = source, site_source(source.jira)

    def make(moment: datetime) -> JiraCatalog:
        if moment > company.until:
            raise ValueError(f"the story is told until {company.until.isoformat()} only")
        return at(moment)

    return make


def application(
    source: Source,
    *,
    now: datetime,
    email: str = DEFAULT_EMAIL,
    token: str = DEFAULT_TOKEN,
    without_agile: int | None = None,
    browse_users: bool = True,
    rate_limit: int = 100_000,
    rate_seconds: float = 1.0,
    search_lag: timedelta = timedelta(0),
    token_lifetime: float = 7 * 86400.0,
) -> Jira:
    """The ASGI application that shows a company's Jira, or any catalogs, as of a moment.

    `source`: a `Company`, its `JiraSite`, or a function from a moment to its `JiraCatalog`.
    `without_agile`: the status that the agile API answers with in place of serving (403, 404).
    `browse_users`: whether the account may list users (else 403). `rate_limit`: so many requests
    in `rate_seconds`. `search_lag`: searches find what was so long ago, all else shows what is
    now. `token_lifetime`: seconds until a nextPageToken expires.
    """
    return Jira(
        _source(source), now, logins=[(email, token)],
        site=Site(without_agile, browse_users, token_lifetime),
        burst=Burst(rate_limit, rate_seconds), search_lag=search_lag,
    )  # fmt: skip
