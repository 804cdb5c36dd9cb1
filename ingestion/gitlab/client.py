"""GitLab's REST v4 and GraphQL: headers, credentials, addresses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import httpx

from ingestion.gitlab.endpoints import ENDPOINTS
from ingestion.gitlab.limits import GitlabLimits
from ingestion.http import (
    ApiClient,
    ApiError,
    BadReply,
    Clock,
    Overloaded,
    StaticToken,
    SystemClock,
)
from ingestion.http.errors import one_line
from ingestion.settings import GitlabConnection

USER_AGENT = "sei/0.1 (software engineering intelligence)"
# In the words of app/graphql/gitlab_schema.rb and lib/gitlab/graphql/timeout.rb.
_TOO_MUCH = ("complexity", "timeout", "timed out")


def part(text: object) -> str:
    """A path, branch or tag as one part of an address (docs.gitlab.com/api/rest, encoding)."""
    return quote(str(text), safe="")


class GitlabClient:
    """One connection's GitLab, to be shared by threads."""

    def __init__(
        self,
        connection: GitlabConnection,
        *,
        environ: Mapping[str, str] | None = None,
        clock: Clock | None = None,
        attempts: int = 6,
        timeout: float = 90.0,
        transport: httpx.BaseTransport | None = None,
        only: int | None = None,
    ) -> None:
        """`only`: the position (from 0) of the one token to use. Raises SettingsError."""
        self.clock = clock or SystemClock()
        self.name = f'[[gitlab]] "{connection.name}"'
        tokens = connection.tokens(environ)
        # Personal, group, project and OAuth tokens alike may be sent as Bearer.
        credentials = [
            StaticToken(
                token,
                f"{self.name}, the token"
                if len(tokens) == 1
                else f"{self.name}, token {position} of {len(tokens)}",
            )
            for position, token in enumerate(tokens, 1)
        ]
        if only is not None:
            credentials = credentials[only : only + 1]
        self._graphql_url = connection.graphql_url
        self.rest = ApiClient(
            connection.api_url,
            credentials,
            GitlabLimits(),
            name=self.name,
            clock=self.clock,
            headers={"Accept": "application/json", "User-Agent": USER_AGENT},
            concurrency=connection.concurrency,
            attempts=attempts,
            timeout=timeout,
            transport=transport,
            endpoints=ENDPOINTS,
        )

    @property
    def requests(self) -> int:
        """Requests sent so far."""
        return self.rest.requests

    def graphql(self, operation: str, query: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        """The data of a GraphQL query; a reply that is partly errors counts as none.

        Raises ApiError: Overloaded where less should be asked for.
        """
        body = {"query": query, "variables": dict(variables), "operationName": operation}
        reply = self.rest.request(
            "POST", self._graphql_url, json=body, fragile=True, endpoint=operation
        ).data
        if not isinstance(reply, dict) or not ("data" in reply or "errors" in reply):
            raise BadReply(f"{self.name}: {self._graphql_url} does not answer like GraphQL")
        if errors := reply.get("errors"):
            listed = errors if isinstance(errors, list) else [errors]
            said = [str(e.get("message") if isinstance(e, dict) else e) for e in listed]
            message = self.rest.pool.scrub(one_line(f"{operation}: {'; '.join(said)}"))
            is_too_much = any(word in message.lower() for word in _TOO_MUCH)
            raise (Overloaded if is_too_much else ApiError)(f"{self.name}, GraphQL {message}")
        if not isinstance(reply["data"], dict):
            raise BadReply(f"{self.name}: GraphQL {operation} has no data")
        return dict(reply["data"])

    def close(self) -> None:
        """Ends all waits and closes the connections."""
        if isinstance(self.clock, SystemClock):
            self.clock.stop()
        self.rest.close()
