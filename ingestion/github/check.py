"""Tries the credentials of a connection before any load: who, what may it see, what is left."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from ingestion.github import first_sync
from ingestion.github.client import GithubClient
from ingestion.http import ApiError, BadReply, Budget, Forbidden, NotFound, Reply, Unreachable
from ingestion.loading.checks import CheckReport, OwnerReport, TokenReport
from ingestion.settings import GithubConnection, Settings, SettingsError

__all__ = ["CheckReport", "OwnerReport", "TokenReport", "check"]

# Scopes that let a classic token read everything; a broader one includes them.
_READS_PRIVATE = {"repo"}
_READS_TEAMS = {"read:org", "write:org", "admin:org"}


def check(
    connection: GithubConnection,
    *,
    environ: Mapping[str, str] | None = None,
    make_client: Callable[..., GithubClient] = GithubClient,
    settings: Settings | None = None,
) -> CheckReport:
    """What every credential of the connection sees. Errors are in the report, not raised.

    `settings`: estimates a first sync with them, if a load has a chance.
    """
    report = CheckReport(connection.name, connection.api_url)
    try:
        count = 1 if connection.app else len(connection.tokens(environ))
    except SettingsError as error:
        report.error = str(error)
        return report
    for position in range(count):
        try:
            # One retry only: somebody is waiting for the answer.
            client = make_client(
                connection, environ=environ, attempts=2, timeout=15.0, only=position
            )
        except (ApiError, SettingsError) as error:
            report.tokens.append(TokenReport(f"token {position + 1}", error=str(error)))
            continue
        try:
            report.tokens.append(_check_token(client, connection))
        except Unreachable as error:
            report.error = str(error)
            break
        finally:
            client.close()
    if settings and report.is_ok:
        _estimate(report, connection, settings, environ, make_client)
    return report


def _estimate(
    report: CheckReport,
    connection: GithubConnection,
    settings: Settings,
    environ: Mapping[str, str] | None,
    make_client: Callable[..., GithubClient],
) -> None:
    client = make_client(connection, environ=environ, attempts=2, timeout=30.0)
    now = datetime.now(UTC)
    try:
        report.estimated(
            lambda: first_sync.estimate(client, connection, settings, report.budgets(), now)
        )
    finally:
        client.close()


def _check_token(client: GithubClient, connection: GithubConnection) -> TokenReport:
    report = TokenReport(client.rest.pool.credentials()[0].label)
    try:
        limits = _rate_limit(client)
        report.remaining = _remaining(limits)
        report.budgets = _budgets(limits)
        report.login, scopes = _viewer(client, connection)
        report.scopes = scopes if scopes is not None else _scopes(limits)
        report.warnings = _missing(report.label, report.scopes)
    except Unreachable:
        raise
    except ApiError as error:
        report.error = str(error)
        return report
    for login in connection.owners:
        report.owners.append(_owner(client, login))
    return report


def _rate_limit(client: GithubClient) -> Reply | None:
    """The limits; None where the server says that it has none. Raises ApiError."""
    try:
        reply = client.rest.get("/rate_limit")
    except NotFound as error:
        # Enterprise Server: 404 "Rate limiting is not enabled."
        if "not enabled" in str(error):
            return None
        raise BadReply(f"{error}: this is no GitHub API; check api_url") from None
    if not isinstance(reply.data, dict) or "resources" not in reply.data:
        raise BadReply(f"{client.rest.base_url} is no GitHub API; check api_url")
    return reply


def _remaining(reply: Reply | None) -> dict[str, str]:
    resources: dict[str, Any] = reply.data["resources"] if reply else {}
    return {
        name: f"{resources[name]['remaining']} of {resources[name]['limit']}"
        for name in ("core", "graphql")
        if name in resources
    }


def _budgets(reply: Reply | None) -> list[Budget]:
    resources: dict[str, Any] = reply.data["resources"] if reply else {}
    return [
        Budget(name, told["limit"], told["remaining"], float(told["reset"]))
        for name, told in resources.items()
        if name in ("core", "graphql") and {"limit", "remaining", "reset"} <= told.keys()
    ]


def _viewer(
    client: GithubClient, connection: GithubConnection
) -> tuple[str | None, list[str] | None]:
    """Login and scopes; an App's token is nobody's."""
    if connection.app is None:
        try:
            reply = client.rest.get("/user")
            return reply.data.get("login"), _scopes(reply)
        except (Forbidden, NotFound):
            pass
    viewer = client.query("viewer", {}).data.get("viewer") or {}
    return viewer.get("login"), None


def _scopes(reply: Reply | None) -> list[str] | None:
    """The scopes of a classic token; fine-grained ones and Apps send no such header."""
    header = reply.headers.get("x-oauth-scopes") if reply else None
    if header is None:
        return None
    return [scope.strip() for scope in header.split(",") if scope.strip()]


def _missing(label: str, scopes: list[str] | None) -> list[str]:
    if scopes is None:
        return []
    warnings = []
    if not _READS_PRIVATE & set(scopes):
        warnings.append(f"{label} has no scope repo: private repositories stay hidden")
    if not _READS_TEAMS & set(scopes):
        warnings.append(f"{label} has no scope read:org: teams and their members stay hidden")
    return warnings


def _owner(client: GithubClient, login: str) -> OwnerReport:
    where = f"{client.name}, owners"
    try:
        owner = client.query("owner", {"login": login}).data.get("repositoryOwner")
    except Unreachable:
        raise
    except ApiError as error:
        return OwnerReport(login, error=f'{where}: "{login}" can\'t be read: {error}')
    if owner is None:
        return OwnerReport(
            login,
            error=f'{where}: there is no organization or user "{login}", '
            "or the token may not see it",
        )
    count = (owner.get("repositories") or {}).get("totalCount")
    return OwnerReport(owner["login"], owner["__typename"], count)
