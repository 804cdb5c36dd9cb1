"""The demo company's GitHub as all collectors of bench/peers.py meet it: every answer takes the
same time, every request is counted here, and, if told to, some of them fail once.

    python bench/peer_server.py --repositories 12 --months 3 --latency 0.1

It prints its address. POST /bench/begin {"every": 20} forgets the counts and makes one of 20
requests fail (0: none); GET /bench/counts says what was asked since.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import re
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from rest_lists import completed
from starlette.types import ASGIApp, Receive, Scope, Send

from demo.company import Company, default_period
from demo.github import GitHub
from demo.server import HOST, application, serve

KINDS = ("502 twice", "503", "cut", "secondary", "close")
# A client that waits a minute for each would measure nothing else.
MOST_SECONDARY = 1
_COST = re.compile(rb'"rateLimit":\{[^{}]*"cost":(\d+)')
_SECONDARY = {
    "message": "You have exceeded a secondary rate limit. Please wait a few minutes before you "
    "try again.",
    "documentation_url": "https://docs.github.com/rest",
}
_JSON = (b"content-type", b"application/json; charset=utf-8")


@dataclass
class Answer:
    """What is sent, and what it costs: rate-limit points of GraphQL."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes
    points: int = 0


@dataclass
class Faults:
    """Which requests fail: of all different ones every n-th, once, or twice running; which ones and
    how follows from their content, so that it is the same for everybody who asks the same."""

    every: int = 0
    hits: Counter[str] = field(default_factory=Counter)
    _left: dict[str, int] = field(default_factory=dict)

    def take(self, request: str) -> str | None:
        """How this request fails now; None if it does not."""
        if not self.every:
            return None
        number = int.from_bytes(hashlib.sha256(request.encode()).digest()[:8])
        if number % self.every:
            return None
        kind = KINDS[number // self.every % len(KINDS)]
        if self._left.setdefault(request, 2 if "twice" in kind else 1) == 0:
            return None
        self._left[request] -= 1
        if kind == "secondary" and self.hits[kind] == MOST_SECONDARY:
            kind = "503"
        self.hits[kind] += 1
        return kind


class Front:
    """An ASGI application before GitHub's."""

    def __init__(self, app: GitHub, latency: float, token: str) -> None:
        """`token`: who sends none is taken for its owner."""
        self._app, self._latency, self._token = app, latency, token
        self._kept: dict[tuple[str, ...], Answer] = {}
        self._begin(0)

    def _begin(self, every: int) -> None:
        self.faults = Faults(every)
        self.counts: Counter[str] = Counter()
        self.late = 0.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        came = time.monotonic()
        body = await _body(receive)
        path = str(scope["path"])
        target = path + (f"?{scope['query_string'].decode()}" if scope["query_string"] else "")
        if path.startswith("/bench/"):
            await _send(send, self._own(path, body))
            return
        kind = self.faults.take(f"{scope['method']} {target} {body.decode()}")
        answer = _spoiled(kind)
        if answer is None:
            answer = await self._true(scope, target, body)
        self._count(path, answer)
        taken = time.monotonic() - came
        # The same time for all: what has to be made first is made within it.
        self.late += max(taken - self._latency, 0.0)
        await asyncio.sleep(max(self._latency - taken, 0.0))
        if kind == "close":
            _hang_up(send)
        else:
            await _send(send, answer, is_cut=kind == "cut")

    def _count(self, path: str, answer: Answer) -> None:
        self.counts["requests"] += 1
        self.counts["points"] += answer.points
        # GitHub counts neither what has not changed nor questions about the quota.
        is_counted = answer.status != 304 and not path.endswith(("/graphql", "/rate_limit"))
        self.counts["counted"] += is_counted

    def _own(self, path: str, body: bytes) -> Answer:
        if path == "/bench/begin":
            self._begin(int(json.loads(body)["every"]))
        told = {
            **{name: self.counts[name] for name in ("requests", "counted", "points")},
            "late_seconds": round(self.late, 1),
            "faults": dict(self.faults.hits),
        }
        return Answer(200, [_JSON], json.dumps(told).encode())

    async def _true(self, scope: Scope, target: str, body: bytes) -> Answer:
        headers = {name: value for name, value in scope["headers"] if name != b"accept-encoding"}
        headers.setdefault(b"authorization", f"token {self._token}".encode())
        known = headers.get(b"if-none-match", b"").decode()
        key = (scope["method"], target, body.decode(), known)
        if key not in self._kept:
            asked = {**scope, "headers": list(headers.items())}
            answer = await _asked(self._app, asked, body)
            cost = _COST.search(answer.body)
            answer.points = int(cost.group(1)) if cost else 0
            if answer.status == 200 and not target.endswith("/graphql"):
                path = re.sub(r"^/api(/v3)?", "", scope["path"])
                whole = completed(path, json.loads(answer.body), self._app.catalog)
                answer.body = json.dumps(whole, ensure_ascii=False).encode()
            # The company writes NUL into texts, at which target-postgres ends with an error.
            answer.body = answer.body.replace(b"\\u0000", b"")
            self._kept[key] = answer
        return self._kept[key]


def _spoiled(kind: str | None) -> Answer | None:
    """The answer in place of the true one, if there is one."""
    if kind is None or kind == "cut":
        return None
    # The usual headers are there: some take an answer without them for none of GitHub's.
    limits = {"limit": 5000, "used": 1000, "remaining": 4000, "reset": int(time.time()) + 3600}
    headers = [_JSON, *((f"x-ratelimit-{k}".encode(), str(v).encode()) for k, v in limits.items())]
    if kind == "secondary":
        return Answer(403, [*headers, (b"retry-after", b"1")], json.dumps(_SECONDARY).encode())
    return Answer(502 if "502" in kind else 503, headers, b'{"message":"Server Error"}')


async def _body(receive: Receive) -> bytes:
    parts, more = [], True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(parts)


async def _asked(app: ASGIApp, scope: Scope, body: bytes) -> Answer:
    """What an application answers."""
    answer = Answer(0, [], b"")

    async def receive() -> Any:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            answer.status, answer.headers = message["status"], list(message["headers"])
        else:
            answer.body += message.get("body", b"")

    await app(scope, receive, send)
    answer.headers = [one for one in answer.headers if one[0] != b"content-length"]
    return answer


async def _send(send: Send, answer: Answer, *, is_cut: bool = False) -> None:
    headers = [*answer.headers, (b"content-length", str(len(answer.body)).encode())]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    if is_cut:
        half = answer.body[: len(answer.body) // 2]
        await send({"type": "http.response.body", "body": half, "more_body": True})
        await asyncio.sleep(0.05)  # let the half go out before the line is cut
        _hang_up(send)
        return
    await send({"type": "http.response.body", "body": answer.body})


def _hang_up(send: Send) -> None:
    """Closes the connection without another word; uvicorn's `send` is a method of the cycle."""
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is None:
        raise ConnectionResetError("closed on purpose")
    transport.abort()


def main() -> None:
    """Serves until it is stopped."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repositories", type=int, default=6)
    parser.add_argument("--months", type=int, default=1)
    parser.add_argument("--latency", type=float, default=0.05, help="seconds")
    parser.add_argument("--token", default="ghp_benchmark")
    asked = parser.parse_args()
    start, until = default_period(datetime.now(UTC), asked.months)
    company = Company.generate(7, asked.repositories, start, until)
    # Far more than a real token has: requests are to be counted, not waited for.
    github = application(company, now=until, tokens=[asked.token], rate_limit=1_000_000)
    front = Front(github, asked.latency, asked.token)
    serve(front, 0, lambda port: print(f"http://{HOST}:{port}", flush=True))


if __name__ == "__main__":
    main()
