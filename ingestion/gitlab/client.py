"""GitLab's REST v4: headers, credentials, addresses."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

import httpx

from ingestion.gitlab.endpoints import ENDPOINTS
from ingestion.gitlab.limits import GitlabLimits
from ingestion.http import ApiClient, Clock, StaticToken, SystemClock
from ingestion.settings import GitlabConnection

USER_AGENT = "sei/0.1 (software engineering intelligence)"


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

    def close(self) -> None:
        """Ends all waits and closes the connections."""
        if isinstance(self.clock, SystemClock):
            self.clock.stop()
        self.rest.close()
