"""GitHub's REST and GraphQL under one roof: headers, credentials, what its errors mean."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import httpx
from pydantic import SecretStr

from ingestion.github.app import InstallationToken
from ingestion.github.documents import document, operation
from ingestion.github.endpoints import ENDPOINTS
from ingestion.github.limits import GithubLimits, pace
from ingestion.http import (
    ApiClient,
    Clock,
    Credential,
    Forbidden,
    GraphqlClient,
    GraphqlReply,
    NotFound,
    Overloaded,
    PageSize,
    Reply,
    StaticToken,
    SystemClock,
)
from ingestion.http.graphql import Verdict
from ingestion.settings import GithubConnection, reveal

logger = logging.getLogger(__name__)

REST_VERSION = "2022-11-28"
USER_AGENT = "sei/0.1 (software engineering intelligence)"
_TIMEOUTS = ("something went wrong while executing", "timedout", "timed out", "timeout")


def classify(error: Mapping[str, Any]) -> Verdict:
    """What an error of GitHub's GraphQL means for the reply it came with."""
    code = (error.get("extensions") or {}).get("code") or ""
    kind = str(error.get("type") or code).upper()
    message = str(error.get("message") or "").lower()
    if kind == "RATE_LIMITED" or "rate limit" in message:
        return "limit"
    if kind in ("RESOURCE_LIMITS_EXCEEDED", "MAX_NODE_LIMIT_EXCEEDED"):
        return "overload"
    if "resource limit" in message or any(text in message for text in _TIMEOUTS):
        return "overload"
    if kind in ("SERVICE_UNAVAILABLE", "INTERNAL", "LOADING"):
        return "retry"
    if kind == "NOT_FOUND":
        return "not_found"
    if kind in ("FORBIDDEN", "INSUFFICIENT_SCOPES", "UNPROCESSABLE") or "saml" in message:
        return "forbidden"
    # An error in a field leaves the rest of the reply good; one at the top means the document.
    return "survive" if error.get("path") else "fatal"


# "The 'email' field requires one of the following scopes: ['user:email', 'read:user'], but …", or
# an error at the address of one person.
_EMAIL_REFUSED = re.compile(
    r"'email' field requires|^(?:FORBIDDEN|INSUFFICIENT_SCOPES) at \S*\bemail:"
)

# Where fields that could not be read are noted, one line each.
Problems = Callable[[str], None]


def _points(data: Mapping[str, Any]) -> int | None:
    """What a reply cost, as its `rateLimit` says; null where a server has no limits."""
    told = (data.get("rateLimit") or {}).get("cost")
    return told if isinstance(told, int) else None


def _credentials(
    connection: GithubConnection, environ: Mapping[str, str] | None
) -> list[StaticToken]:
    tokens = connection.tokens(environ)
    where = f'[[github]] "{connection.name}"'
    if len(tokens) == 1:
        return [StaticToken(tokens[0], f"{where}, the token")]
    return [
        StaticToken(token, f"{where}, token {position} of {len(tokens)}")
        for position, token in enumerate(tokens, 1)
    ]


class GithubClient:
    """One connection's GitHub, to be shared by threads."""

    def __init__(
        self,
        connection: GithubConnection,
        *,
        environ: Mapping[str, str] | None = None,
        clock: Clock | None = None,
        attempts: int = 6,
        timeout: float = 60.0,
        transport: httpx.BaseTransport | None = None,
        only: int | None = None,
    ) -> None:
        """`only`: the position (from 0) of the one token to use."""
        self.clock = clock or SystemClock()
        self.name = f'[[github]] "{connection.name}"'
        credentials: list[Credential]
        if connection.app is not None:
            credentials = [self._installation(connection, environ)]
        else:
            credentials = list(_credentials(connection, environ))
        if only is not None:
            credentials = credentials[only : only + 1]
        self.rest = ApiClient(
            connection.api_url,
            credentials,
            GithubLimits(),
            name=self.name,
            clock=self.clock,
            headers={
                "Accept": "application/vnd.github+json",
                "User-Agent": USER_AGENT,
                "X-GitHub-Api-Version": REST_VERSION,
            },
            concurrency=connection.concurrency,
            attempts=attempts,
            timeout=timeout,
            transport=transport,
            endpoints=ENDPOINTS,
            pace=pace(connection.api_url),
        )
        self._graphql = GraphqlClient(
            self.rest,
            connection.graphql_url,
            classify,
            # Node ids in the new form, whatever the age of the token's application.
            {"X-Github-Next-Global-ID": "1"},
            cost=_points,
        )
        self._asks_for_emails = True

    @property
    def requests(self) -> int:
        """Requests sent so far."""
        return self.rest.requests

    def query(
        self,
        name: str,
        variables: Mapping[str, Any],
        sizes: Mapping[str, PageSize] | None = None,
        count: int | None = None,
    ) -> GraphqlReply:
        """The reply to a document of queries/, for `count` nodes if that is said. Raises
        ApiError."""
        emails = self._asks_for_emails
        try:
            reply = self._ask(name, variables, sizes, emails, count)
            refusals = reply.problems
        except Forbidden as error:
            refusals = [str(error)]
            if not emails or not _EMAIL_REFUSED.search(refusals[0]):
                raise
        if not emails or not any(map(_EMAIL_REFUSED.search, refusals)):
            return reply
        # Not worth a word to people: who has an address that everybody may see is a detail.
        logger.info("%s: the token may not read people's public e-mail addresses", self.name)
        self._asks_for_emails = False
        return self._ask(name, variables, sizes, False, count)

    def _ask(
        self,
        name: str,
        variables: Mapping[str, Any],
        sizes: Mapping[str, PageSize] | None,
        emails: bool,
        count: int | None,
    ) -> GraphqlReply:
        text = document(name, emails=emails, count=count)
        return self._graphql(text, variables, operation=operation(name, count), sizes=sizes)

    def node(
        self,
        name: str,
        variables: Mapping[str, Any],
        problem: Problems,
        sizes: Mapping[str, PageSize] | None = None,
    ) -> dict[str, Any]:
        """The `node` of such a reply; what could not be read of it is noted.

        Raises ApiError: NotFound when there is no such node, Forbidden when it is hidden.
        """
        reply = self.query(name, variables, sizes)
        node = reply.data.get("node")
        if not isinstance(node, dict):
            why = "; ".join(reply.problems)
            if why.startswith(("FORBIDDEN", "INSUFFICIENT_SCOPES")):
                raise Forbidden(f"{self.name}, {name}: {why}")
            raise NotFound(why or f"{self.name}, {name}: no such node")
        for line in reply.problems:
            problem(line)
        return node

    def several(
        self,
        name: str,
        each: Sequence[Mapping[str, Any]],
        shared: Mapping[str, Any],
        sizes: Mapping[str, PageSize] | None = None,
    ) -> list[dict[str, Any]] | None:
        """The `node` of a document for the ids and cursors of each, with one request.

        None if anything of them could not be read: asked for alone, each tells why. Raises
        ApiError.
        """
        own = {f"{k}_{n}": value for n, its in enumerate(each) for k, value in its.items()}
        try:
            reply = self.query(name, {**shared, **own}, sizes, len(each))
        except (NotFound, Forbidden):
            return None
        found = [reply.data.get(f"n{number}") for number in range(len(each))]
        nodes = [node for node in found if isinstance(node, dict)]
        return nodes if len(nodes) == len(each) and not reply.problems else None

    def nodes(self, name: str, ids: Iterable[str], problem: Problems) -> list[dict[str, Any]]:
        """The nodes with these ids, those that are gone left out; 100 at a time or less."""
        return [node for node in self.places(name, ids, problem) if node]

    def places(
        self, name: str, ids: Iterable[str], problem: Problems
    ) -> list[dict[str, Any] | None]:
        """The nodes in the order of the ids, None for one that is gone. Raises ApiError."""
        wanted, size = list(ids), PageSize(100)
        found: list[dict[str, Any] | None] = []
        while wanted:
            count = size.size
            try:
                reply = self.query(name, {"ids": wanted[:count]})
            except NotFound:
                reply = GraphqlReply({"nodes": []}, [])
            except Overloaded:
                if not size.shrink():
                    raise
                continue
            for line in reply.problems:
                if "NOT_FOUND" not in line:
                    problem(line)
            nodes = reply.data.get("nodes") or []
            asked = len(wanted[:count])
            found += [
                nodes[place] or None if place < len(nodes) else None for place in range(asked)
            ]
            wanted = wanted[count:]
        return found

    def close(self) -> None:
        """Ends all waits and closes the connections."""
        if isinstance(self.clock, SystemClock):
            self.clock.stop()
        self.rest.close()

    def _installation(
        self, connection: GithubConnection, environ: Mapping[str, str] | None
    ) -> InstallationToken:
        assert connection.app is not None
        app = connection.app

        def text(value: str | int) -> str:
            return (
                str(value) if isinstance(value, int) else reveal(value, environ).get_secret_value()
            )

        def request(path: str, credential: Credential) -> Reply:
            return self.rest.request("POST", path, credential=credential)

        return InstallationToken(
            text(app.id),
            text(app.installation_id),
            SecretStr(text(app.private_key)),
            self.clock,
            request,
        )
