"""Jira Cloud's REST v3 and agile 1.0: credential, errors, and its three ways of paging."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import httpx
from pydantic import SecretStr

from ingestion.http import (
    ApiClient,
    ApiError,
    BadReply,
    Clock,
    Forbidden,
    NotFound,
    Reply,
    SystemClock,
    Unauthorized,
)
from ingestion.http.errors import one_line
from ingestion.http.tokens import Slot
from ingestion.jira.endpoints import ENDPOINTS
from ingestion.jira.limits import JiraLimits
from ingestion.settings import JiraConnection

USER_AGENT = "sei/0.1 (software engineering intelligence)"
API = "/rest/api/3"
AGILE = "/rest/agile/1.0"
# What is asked for; Jira gives less where it wants to (it says so, or goes on by token).
SEARCH_PAGE = 100
ID_PAGE = 5000
CHANGELOG_PAGE = 1000
# POST /changelog/bulkfetch takes up to 1,000 issues; so many at once let an issue's row and its
# history be handed over together.
CHANGELOG_ISSUES = SEARCH_PAGE


class BadRequest(ApiError):
    """400: what was asked for makes no sense to this site."""


class Basic:
    """E-mail address and API token, as basic authentication."""

    def __init__(self, email: str, token: SecretStr, label: str) -> None:
        value = token.get_secret_value()
        if not value.isascii() or any(character.isspace() for character in value):
            raise Unauthorized(
                f"{label} holds characters that no token has (spaces, line breaks or accents); "
                "copy it again"
            )
        self._encoded = base64.b64encode(f"{email}:{value}".encode()).decode()
        self._token = value
        self.label = label

    def authorization(self) -> str:
        """Value of the header Authorization."""
        return f"Basic {self._encoded}"

    def renew(self, refused: str) -> bool:
        """A token can't be renewed by program."""
        return False

    def secrets(self) -> list[str]:
        """The token, plain and as it is sent."""
        return [self._encoded, self._token]


class _Api(ApiClient):
    """Errors as Jira tells them: {"errorMessages": […], "errors": {field: text}}."""

    def _message(self, data: Any, response: httpx.Response) -> str:
        said: list[str] = []
        if isinstance(data, dict):
            said = [str(text) for text in data.get("errorMessages") or []]
            errors = data.get("errors")
            if isinstance(errors, dict):
                said += [f"{name}: {text}" for name, text in errors.items()]
            if not said:
                said = [str(data[name]) for name in ("detail", "message") if data.get(name)][:1]
        text = "; ".join(said) or response.reason_phrase or "no reason given"
        return self.pool.scrub(one_line(text))

    def _refused(
        self, status: int, message: str, url: str, slot: Slot, headers: Mapping[str, str]
    ) -> ApiError:
        if status == 400:
            return BadRequest(f"{self._place(url)}: {status} {message}")
        return super()._refused(status, message, url, slot, headers)


class JiraClient:
    """One connection's Jira, to be shared by threads."""

    def __init__(
        self,
        connection: JiraConnection,
        *,
        environ: Mapping[str, str] | None = None,
        clock: Clock | None = None,
        attempts: int = 6,
        timeout: float = 60.0,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.clock = clock or SystemClock()
        self.name = f'[[jira]] "{connection.name}"'
        email, token = connection.credentials(environ)
        self.rest = _Api(
            connection.url,
            [Basic(email, token, f"{self.name}, the token")],
            JiraLimits(),
            name=self.name,
            clock=self.clock,
            headers={"Accept": "application/json", "User-Agent": USER_AGENT},
            concurrency=connection.concurrency,
            attempts=attempts,
            timeout=timeout,
            transport=transport,
            endpoints=ENDPOINTS,
        )
        self._has_bulk_changelogs = True
        self._lock = threading.Lock()

    @property
    def requests(self) -> int:
        """Requests sent so far."""
        return self.rest.requests

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> Any:
        """The data of a GET. Raises ApiError."""
        return self.rest.get(path, params).data

    def site(self) -> dict[str, Any]:
        """What the server says of itself (serverInfo), after refusing what is no Jira Cloud.

        Raises BadReply for another kind of server, Unauthorized for a wrong credential.
        """
        info = self._server_info()
        kind = info.get("deploymentType") or "Server"
        if kind != "Cloud":
            raise BadReply(
                f"{self.name}: {self.rest.base_url} is Jira {kind}"
                f" {info.get('version') or ''}".rstrip()
                + "; only Jira Cloud is supported"
            )
        return info

    def me(self) -> dict[str, Any]:
        """The account that the credential belongs to.

        Raises Unauthorized: Jira takes a wrong token for nobody, who sees empty lists, so this
        has to be asked before anything else.
        """
        found = self.get(f"{API}/myself")
        if not isinstance(found, dict) or not found.get("accountId"):
            raise BadReply(f"{self.name}: {self.rest.base_url} does not say who is asking")
        return found

    def _server_info(self) -> dict[str, Any]:
        # Server and Data Center know version 2 only.
        for version in ("3", "2"):
            try:
                found = self.get(f"/rest/api/{version}/serverInfo")
            except NotFound:
                continue
            if isinstance(found, dict) and "version" in found:
                return found
            break
        raise BadReply(f"{self.name}: {self.rest.base_url} is no Jira; check url")

    def listed(
        self,
        path: str,
        params: Mapping[str, Any] | None = None,
        *,
        key: str = "values",
        page: int = 50,
        first: Any = None,
    ) -> Iterator[dict[str, Any]]:
        """All items of a list by startAt. Raises ApiError.

        `first`: its first page, if that is there already. The end is where `isLast` or `total`
        says, else the first page without items; a page may be shorter than asked for.
        """
        start = 0
        while True:
            asked = {**(params or {}), "startAt": start, "maxResults": page}
            data = self.get(path, asked) if first is None or start else first
            if not isinstance(data, dict) or not isinstance(data.get(key), list):
                raise BadReply(f"{self.name}: {path} gives no list of {key}")
            items = data[key]
            yield from items
            start += len(items)
            total = data.get("total")
            is_last = data.get("isLast")
            if not items or is_last is True or (is_last is None and total is None):
                return
            if is_last is None and total is not None and start >= int(total):
                return

    def search(
        self, jql: str, fields: Sequence[str], *, token: str | None = None, page: int = SEARCH_PAGE
    ) -> tuple[list[dict[str, Any]], str | None]:
        """A page of issues and the token of the next one (None on the last). Raises ApiError.

        Without fields Jira gives ids only; the list is what makes rows of them.
        """
        body: dict[str, Any] = {"jql": jql, "fields": list(fields), "maxResults": page}
        if token:
            body["nextPageToken"] = token
        data = self._post(f"{API}/search/jql", body)
        if not isinstance(data.get("issues"), list):
            raise BadReply(f"{self.name}: the search gives no list of issues")
        following = data.get("nextPageToken")
        if following and following == token:
            raise BadReply(f"{self.name}: the search says it goes on, but not where")
        return data["issues"], (None if data.get("isLast") is True else following) or None

    def changelogs(self, issue_ids: Sequence[str]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
        """Issue ids with entries of their history; an issue may come in several pieces.

        One by one where the site has no bulk fetch. Raises ApiError.
        """
        for begin in range(0, len(issue_ids), CHANGELOG_ISSUES):
            wanted = list(issue_ids[begin : begin + CHANGELOG_ISSUES])
            if not self._has_bulk_changelogs:
                yield from self._changelogs_one_by_one(wanted)
                continue
            try:
                yield from self._bulk_changelogs(wanted)
            except NotFound:
                with self._lock:
                    self._has_bulk_changelogs = False
                yield from self._changelogs_one_by_one(wanted)
            except BadRequest:
                # So it answers when none of the issues can be seen (any more).
                yield from self._changelogs_one_by_one(wanted)

    def _bulk_changelogs(
        self, issue_ids: Sequence[str]
    ) -> Iterator[tuple[str, list[dict[str, Any]]]]:
        token = None
        while True:
            body: dict[str, Any] = {
                "issueIdsOrKeys": list(issue_ids),
                "maxResults": CHANGELOG_PAGE,
            }
            if token:
                body["nextPageToken"] = token
            data = self._post(f"{API}/changelog/bulkfetch", body)
            for found in data.get("issueChangeLogs") or []:
                yield str(found["issueId"]), found.get("changeHistories") or []
            following = data.get("nextPageToken")
            if not following:
                return
            if following == token:
                raise BadReply(f"{self.name}: a changelog that says it goes on, but not where")
            token = following

    def _changelogs_one_by_one(
        self, issue_ids: Sequence[str]
    ) -> Iterator[tuple[str, list[dict[str, Any]]]]:
        for issue_id in issue_ids:
            try:
                entries = list(self.listed(f"{API}/issue/{issue_id}/changelog", page=100))
            except (NotFound, Forbidden):
                continue  # deleted or hidden since it was found
            yield issue_id, entries

    def _post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        reply: Reply = self.rest.request("POST", path, json=body)
        if not isinstance(reply.data, dict):
            raise BadReply(f"{self.name}: {path} answers with something else than an object")
        return reply.data

    def close(self) -> None:
        """Ends all waits and closes the connections."""
        if isinstance(self.clock, SystemClock):
            self.clock.stop()
        self.rest.close()
