"""Sends requests until they are answered: limits respected, faults retried, secrets kept."""

from __future__ import annotations

import json as json_module
import logging
import random
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import httpx

from ingestion.http.clock import Clock, ServerClock
from ingestion.http.endpoints import Endpoints
from ingestion.http.errors import (
    ApiError,
    BadReply,
    Forbidden,
    NotFound,
    Overloaded,
    Rejected,
    Unauthorized,
    Unreachable,
    one_line,
)
from ingestion.http.ledger import Ledger
from ingestion.http.limits import LimitRules, retry_after
from ingestion.http.shapes import Shapes, asked_shape
from ingestion.http.tokens import Credential, Slot, TokenPool

logger = logging.getLogger(__name__)

_RETRIED = {408, 500, 502, 503, 504, 520, 521, 522, 523, 524}
_LONGEST_DELAY = 60.0
# A whole reply may take so many times as long as a piece of it.
_TIMEOUTS_PER_REPLY = 5
_PACKING = {"content-encoding", "content-length", "transfer-encoding"}
# Adds to the ledger's numbers of the endpoint that is being asked.
Tally = Callable[..., None]
# A limit that never lifts is a fault of its own; an hour's reset is met at most a few times.
_MOST_PAUSES = 20


def backoff(failures: int, rng: random.Random | None = None) -> float:
    """Seconds before the next try: 1, 2, 4 … 60, less up to half of it, by chance.

    Chance keeps threads that failed together from coming back together.
    """
    longest = min(2.0 ** (failures - 1), _LONGEST_DELAY)
    return longest * (1 - 0.5 * (rng or random).random())


def next_link(header: str | None) -> str | None:
    """Address of the next page in a header Link (RFC 8288); None on the last."""
    for part in re.findall(r"<([^>]*)>\s*((?:;[^,<]*)*)", header or ""):
        if re.search(r';\s*rel="?next"?', part[1]):
            return str(part[0])
    return None


@dataclass(frozen=True)
class Reply:
    """An answer: `data` is the parsed JSON, None when there is no body or nothing changed."""

    status: int
    headers: Mapping[str, str]
    data: Any

    @property
    def etag(self) -> str | None:
        """What to send as If-None-Match next time."""
        return self.headers.get("etag")

    @property
    def not_modified(self) -> bool:
        """Nothing changed since the ETag that was sent."""
        return self.status == 304

    @property
    def next_url(self) -> str | None:
        """Address of the next page."""
        return next_link(self.headers.get("link"))


class ApiClient:
    """A client of one API, to be shared by threads; `name` is what messages call the service."""

    def __init__(
        self,
        base_url: str,
        credentials: Sequence[Credential],
        limits: LimitRules,
        *,
        name: str,
        clock: Clock,
        headers: Mapping[str, str],
        concurrency: int = 4,
        attempts: int = 6,
        timeout: float = 60.0,
        transport: httpx.BaseTransport | None = None,
        seed: int | None = None,
        endpoints: Endpoints | None = None,
        pace: Mapping[str, int] | None = None,
    ) -> None:
        """`endpoints`: the names under which the ledger keeps what is asked. `pace`: how often one
        credential may ask in any minute, by resource."""
        self.base_url = base_url
        self.name = name
        self.clock = clock
        self.attempts = attempts
        self.pool = TokenPool(credentials, clock, name, pace)
        self.ledger = Ledger()
        self.shapes = Shapes()
        self._theirs = ServerClock(clock)
        self.random = random.Random(seed)
        self._limits = limits
        self._longest_reply = _TIMEOUTS_PER_REPLY * timeout
        self._busy = threading.BoundedSemaphore(concurrency)
        self._endpoints = endpoints or Endpoints()
        self._http = httpx.Client(
            headers=dict(headers),
            # The read timeout is longer than the ten seconds after which GitHub itself gives up.
            timeout=httpx.Timeout(timeout, connect=min(15.0, timeout)),
            limits=httpx.Limits(max_connections=concurrency + 2),
            follow_redirects=True,  # httpx drops Authorization where the host changes
            transport=transport,
        )

    @property
    def requests(self) -> int:
        """Requests sent so far."""
        return self.ledger.requests

    def close(self) -> None:
        """Closes the connections."""
        self._http.close()

    def get(
        self,
        path: str,
        params: Mapping[str, Any] | None = None,
        *,
        etag: str | None = None,
        resource: str = "core",
        endpoint: str | None = None,
    ) -> Reply:
        """The answer to a GET; with an ETag it may be `not_modified`. Raises ApiError."""
        headers = {"If-None-Match": etag} if etag else {}
        return self.request(
            "GET", path, params=params, headers=headers, resource=resource, endpoint=endpoint
        )

    def pages(
        self, path: str, params: Mapping[str, Any] | None = None, *, etag: str | None = None
    ) -> Iterator[Reply]:
        """The pages of a list, by the header Link. Raises ApiError."""
        # A next page may have another address: GitHub's names the repository by its number.
        endpoint = self._endpoints.name("GET", path, self.base_url)
        reply = self.get(path, params, etag=etag, endpoint=endpoint)
        yield reply
        while reply.next_url:
            if not self._same_host(reply.next_url):
                raise BadReply(f"{self.name}: the next page of {path} is on another host")
            reply = self.get(reply.next_url, endpoint=endpoint)
            yield reply

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        resource: str = "core",
        fragile: bool = False,
        limited: Callable[[Any], str | None] | None = None,
        credential: Credential | None = None,
        endpoint: str | None = None,
    ) -> Reply:
        """The answer, after waiting and retrying as needed; raises ApiError.

        `fragile`: an overload is raised at once as Overloaded, for the caller can ask for less.
        `limited`: says from a good reply's data why it is a refusal for a limit after all.
        `credential`: asks as this one, whatever the pool holds.
        `endpoint`: what the ledger calls it (default: the template of the path).
        """
        url = path if path.startswith(("http://", "https://")) else self.base_url + path
        endpoint = endpoint or self._endpoints.name(method, path, self.base_url)
        tally = self._tally(endpoint, resource)
        failures = pauses = refusals = 0
        while True:
            slot = (
                Slot(credential)
                if credential
                else self.pool.acquire(resource, lambda seconds: tally(wait_seconds=seconds))
            )
            try:
                response = self._send(method, url, slot, params, json, headers, tally)
            except httpx.RequestError as error:
                failures += 1
                tally(failed=1)
                self._again(error, failures, url, fragile, tally)
                continue
            status = response.status_code
            ahead = self._theirs.ahead(response.headers)
            if (budget := self._limits.budget(response.headers, resource)) is not None:
                self.pool.learn(slot, replace(budget, resets_at=budget.resets_at + ahead))
            if status == 304:
                tally(not_modified=1)
                return Reply(status, response.headers, None)
            data, readable = _parse(response)
            if status < 300 and readable:
                why = limited(data) if limited else None
                if why is None:
                    self.shapes.meet(endpoint + asked_shape(params, json), data)
                    return Reply(status, response.headers, data)
                pauses += 1
                tally(rate_limited=1)
                self._check_pauses(pauses, why)
                self.pool.exhausted(slot, resource, why, pauses)
                continue
            message = self._message(data, response)
            now = self.clock.now() - ahead
            pause = self._limits.pause(status, response.headers, message, resource, now, pauses)
            if pause is not None:
                pause = replace(pause, until=pause.until + ahead)
                pauses += 1
                tally(rate_limited=1)
                self._check_pauses(pauses, message)
                self.pool.rest(slot, pause)
                if credential:
                    seconds = max(pause.until - self.clock.now(), 0.0)
                    tally(wait_seconds=seconds)
                    self.clock.sleep(seconds)
                continue
            tally(failed=1)
            if status == 401:
                refusals += 1
                # Under load GitHub has refused good tokens for a moment: one more try.
                refused = response.request.headers["Authorization"]
                if refusals == 1 and (slot.credential.renew(refused) or self.attempts > 1):
                    tally(retries=1, backoff_seconds=1.0)
                    self.clock.sleep(1.0)
                    continue
                refusal = (
                    f"{self.name}: {slot.credential.label} was refused (401 {message}); "
                    "it is wrong, expired or revoked"
                )
                if not credential and self.pool.retire(slot, refusal):
                    refusals = 0
                    continue
                raise Unauthorized(refusal)
            if status in _RETRIED or status < 300:
                failures += 1
                unreadable = BadReply(f"a reply that is no JSON (status {status})")
                fault = unreadable if status < 300 else ApiError(f"{status} {message}")
                wait = retry_after(response.headers, now) or 0.0
                overload = fragile and status in (502, 504)
                self._again(fault, failures, url, overload, tally, wait)
                continue
            raise self._refused(status, message, url, slot, response.headers)

    def _send(
        self,
        method: str,
        url: str,
        slot: Slot,
        params: Mapping[str, Any] | None,
        json: Any,
        headers: Mapping[str, str] | None,
        tally: Tally,
    ) -> httpx.Response:
        # Before the place is taken: an App's credential may have to send a request of its own.
        authorization = slot.credential.authorization()
        with self._busy:
            started = time.monotonic()
            replies: list[httpx.Response] = []
            request = self._http.build_request(
                method,
                url,
                params=dict(params) if params else None,
                json=json,
                headers={**(headers or {}), "Authorization": authorization},
            )
            try:
                reply = self._http.send(request, stream=True)
                replies = [*reply.history, reply]
                return self._read(reply)
            finally:
                counted = [self._limits.counts(reply.status_code) for reply in replies]
                tally(
                    requests=len(replies) or 1,
                    # One without an answer may have arrived all the same.
                    counted_requests=sum(counted) if replies else 1,
                    seconds=time.monotonic() - started,
                    bytes=sum(reply.num_bytes_downloaded for reply in replies),
                )

    def _tally(self, endpoint: str, resource: str) -> Tally:
        return lambda **counts: self.ledger.add(endpoint, resource, **counts)

    def _read(self, reply: httpx.Response) -> httpx.Response:
        """The whole reply. httpx's timeout is for each piece: one that drips would never end."""
        deadline = time.monotonic() + self._longest_reply
        try:
            pieces = []
            for piece in reply.iter_bytes():
                pieces.append(piece)
                if time.monotonic() > deadline:
                    raise httpx.ReadTimeout(f"no whole reply in {self._longest_reply:.0f} s")
        finally:
            reply.close()
        # Unpacked already; how it was packed must not be read again.
        headers = [(k, v) for k, v in reply.headers.multi_items() if k not in _PACKING]
        return httpx.Response(
            reply.status_code,
            headers=headers,
            content=b"".join(pieces),
            request=reply.request,
            extensions=reply.extensions,
        )

    def _check_pauses(self, pauses: int, message: str) -> None:
        if pauses > _MOST_PAUSES:
            raise ApiError(f"{self.name}: still limited after {pauses} waits: {message}")

    def _again(
        self,
        error: Exception,
        failures: int,
        url: str,
        overload: bool,
        tally: Tally,
        at_least: float = 0.0,
    ) -> None:
        """Sleeps before the next try, or raises when there is none."""
        what = self.pool.scrub(one_line(error) or type(error).__name__)
        where = self._place(url)
        if overload and not isinstance(error, httpx.ConnectError):
            raise Overloaded(f"{where}: {what}") from None
        if failures >= self.attempts:
            if isinstance(error, BadReply):
                raise BadReply(
                    f"{where} answers with {what}; is it really an API of {self.name}?"
                ) from None
            if isinstance(error, httpx.RequestError):
                raise Unreachable(f"{where} can't be reached: {what}") from None
            raise Overloaded(f"{where} failed {failures} times: {what}") from None
        delay = max(backoff(failures, self.random), at_least)
        logger.info("%s: %s; next try in %.1f s", where, what, delay)
        tally(retries=1, backoff_seconds=delay)
        self.clock.sleep(delay)

    def _refused(
        self, status: int, message: str, url: str, slot: Slot, headers: Mapping[str, str]
    ) -> ApiError:
        where = f"{self._place(url)}: {status} {message}"
        if status in (404, 410):
            return NotFound(where)
        if status in (403, 451):
            hint = ""
            if "x-github-sso" in headers:
                hint = "; authorize the token for the organization's single sign-on"
            return Forbidden(f"{where} ({slot.credential.label}){hint}")
        return Rejected(where) if status == 422 else ApiError(where)

    def _message(self, data: Any, response: httpx.Response) -> str:
        text = data.get("message") if isinstance(data, dict) else None
        return self.pool.scrub(one_line(text or response.reason_phrase or "no reason given"))

    def _place(self, url: str) -> str:
        parsed = httpx.URL(url)
        return f"{self.name} {parsed.scheme}://{parsed.netloc.decode()}{parsed.path}"

    def _same_host(self, url: str) -> bool:
        mine, other = httpx.URL(self.base_url), httpx.URL(url)
        return (mine.host, mine.port) == (other.host, other.port)


def _parse(response: httpx.Response) -> tuple[Any, bool]:
    """The JSON of a body, and whether it could be read."""
    if response.status_code == 204 or not response.content:
        return None, response.status_code == 204
    try:
        return json_module.loads(response.content), True
    except (ValueError, UnicodeDecodeError):
        return None, False
