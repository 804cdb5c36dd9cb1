"""GraphQL over the same client: page sizes that give way, replies that are partly errors."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ingestion.http.client import ApiClient, backoff
from ingestion.http.errors import (
    ApiError,
    Forbidden,
    NotFound,
    Overloaded,
    one_line,
)
from ingestion.http.page_size import PageSize

logger = logging.getLogger(__name__)

# What to do about an error: wait for the limit, ask for less, try again, or live with it.
Verdict = Literal["limit", "overload", "retry", "not_found", "forbidden", "survive", "fatal"]

_RESOURCE = "graphql"


@dataclass(frozen=True)
class GraphqlReply:
    """The data, and one line for each field that could not be read."""

    data: dict[str, Any]
    problems: list[str]


class GraphqlClient:
    """GraphQL of one service; `classify` says what an error of it means."""

    def __init__(
        self,
        api: ApiClient,
        url: str,
        classify: Callable[[Mapping[str, Any]], Verdict],
        headers: Mapping[str, str] | None = None,
        cost: Callable[[Mapping[str, Any]], int | None] | None = None,
    ) -> None:
        """`cost`: the points that a reply's data says it cost; None if it does not say."""
        self._api = api
        self._url = url
        self._classify = classify
        self._headers = dict(headers or {})
        self._cost = cost

    def __call__(
        self,
        query: str,
        variables: Mapping[str, Any],
        *,
        operation: str,
        sizes: Mapping[str, PageSize] | None = None,
    ) -> GraphqlReply:
        """The reply; `sizes` are variables that may shrink, the first of them first.

        Raises ApiError: NotFound or Forbidden when that is all the reply says, Overloaded when
        the server can't do it, however small the page.
        """
        sizes = sizes or {}
        failures = 0
        while True:
            asked = {**variables, **{name: size.size for name, size in sizes.items()}}
            body = {"query": query, "variables": asked, "operationName": operation}
            try:
                reply = self._api.request(
                    "POST",
                    self._url,
                    json=body,
                    headers=self._headers,
                    resource=_RESOURCE,
                    fragile=True,
                    limited=self._limited,
                    endpoint=operation,
                )
                data, errors = _unpack(reply.data, self._url)
                self._tell_points(operation, data)
                verdicts = [self._classify(error) for error in errors]
                # What lacks a part for a passing reason is worth other tries; the last one counts.
                is_last = failures + 1 >= self._api.attempts
                is_passing = "retry" in verdicts and (data is None or not is_last)
                if "overload" in verdicts or is_passing or (data is None and not errors):
                    self._api.ledger.add(operation, _RESOURCE, failed=1)
                    said = _text(errors) or "neither data nor errors"
                    raise Overloaded(f"{operation}: {said}")
            except Overloaded as error:
                failures += 1
                shrunk = any(size.shrink() for size in sizes.values())
                # Shrinking needs tries of its own: 50 → 1 takes six.
                if failures >= self._api.attempts * (3 if sizes else 1):
                    raise Overloaded(f"{error} (gave up after {failures} tries)") from None
                delay = backoff(min(failures, 4), self._api.random)
                self._api.ledger.add(operation, _RESOURCE, retries=1, backoff_seconds=delay)
                logger.info(
                    "%s: %s; %s in %.1f s",
                    self._api.name,
                    one_line(error),
                    "a smaller page" if shrunk else "next try",
                    delay,
                )
                self._api.clock.sleep(delay)
                continue
            for size in sizes.values():
                size.succeeded()
            problems = [self._api.pool.scrub(one_line(_line(error))) for error in errors]
            if data is None or "fatal" in verdicts:
                self._api.ledger.add(operation, _RESOURCE, failed=1)
                message = f"{self._api.name}, {operation}: {'; '.join(problems) or 'no data'}"
                if "not_found" in verdicts:
                    raise NotFound(message)
                if "forbidden" in verdicts:
                    raise Forbidden(message)
                raise ApiError(message)
            return GraphqlReply(data, problems)

    def _tell_points(self, operation: str, data: Mapping[str, Any] | None) -> None:
        points = self._cost(data) if self._cost and data else None
        if points is not None:
            self._api.ledger.add(operation, _RESOURCE, points=points)

    def _limited(self, body: Any) -> str | None:
        """Why the reply is a refusal: GraphQL says so in a reply with status 200."""
        errors = body.get("errors") if isinstance(body, dict) else None
        for error in errors if isinstance(errors, list) else []:
            if isinstance(error, dict) and self._classify(error) == "limit":
                return one_line(error.get("message") or "rate limited")
        return None


def _unpack(body: Any, url: str) -> tuple[dict[str, Any] | None, list[dict[str, Any]]]:
    if not isinstance(body, dict) or ("data" not in body and "errors" not in body):
        raise Overloaded(f"{url} does not answer like GraphQL; check api_url")
    errors = [error for error in body.get("errors") or [] if isinstance(error, dict)]
    return body.get("data"), errors


def _text(errors: list[dict[str, Any]]) -> str:
    return one_line("; ".join(_line(error) for error in errors))


def _line(error: Mapping[str, Any]) -> str:
    path = ".".join(str(part) for part in error.get("path") or [])
    kind = error.get("type") or (error.get("extensions") or {}).get("code") or "error"
    return f"{kind} at {path or 'the top'}: {error.get('message', '')}"
