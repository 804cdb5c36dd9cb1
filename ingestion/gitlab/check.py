"""Tries the credentials of a connection before any load: who, what may it see, what is left."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime

from ingestion.gitlab import first_sync
from ingestion.gitlab.client import GitlabClient, part
from ingestion.http import (
    ApiError,
    BadReply,
    Forbidden,
    NotFound,
    Overloaded,
    Unauthorized,
    Unreachable,
)
from ingestion.loading.checks import CheckReport, OwnerReport, TokenReport
from ingestion.settings import GitlabConnection, Settings, SettingsError

__all__ = ["CheckReport", "OwnerReport", "TokenReport", "check"]

# docs.gitlab.com/user/profile/personal_access_tokens: each of them reads the whole API.
_READS = {"api", "read_api"}
_SOON = 14


def check(
    connection: GitlabConnection,
    *,
    environ: Mapping[str, str] | None = None,
    make_client: Callable[..., GitlabClient] = GitlabClient,
    settings: Settings | None = None,
) -> CheckReport:
    """What every credential of the connection sees. Errors are in the report, not raised.

    `settings`: estimates a first sync with them, if a load has a chance.
    """
    report = CheckReport(connection.name, connection.api_url)
    try:
        count = len(connection.tokens(environ))
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
        except (Unreachable, Overloaded) as error:
            report.error = str(error)
            break
        finally:
            client.close()
    if settings and report.is_ok:
        client = make_client(connection, environ=environ, attempts=2, timeout=30.0)
        now = datetime.now(UTC)
        try:
            report.estimated(
                lambda: first_sync.estimate(client, connection, settings, report.budgets(), now)
            )
        finally:
            client.close()
    return report


def _check_token(client: GitlabClient, connection: GitlabConnection) -> TokenReport:
    report = TokenReport(client.rest.pool.credentials()[0].label)
    try:
        _own_entry(client, report)
        report.login = _login(client, report)
    except (Unreachable, Overloaded):
        raise
    except ApiError as error:
        report.error = str(error)
        return report
    if report.error is None:
        report.owners = [_group(client, connection, path) for path in connection.groups]
    report.budgets = client.rest.pool.budgets()
    if (left := client.rest.pool.remaining("core")) is not None:
        report.remaining["core"] = f"{left} left in this minute"
    return report


def _own_entry(client: GitlabClient, report: TokenReport) -> None:
    """Scopes and end of the token, where it is of a kind that may look at itself."""
    try:
        entry = client.rest.get("/personal_access_tokens/self").data
    except Unauthorized:
        _login(client, report)  # raises, if it is the token and not its kind
        return
    except (Forbidden, NotFound):
        return
    except BadReply:
        raise BadReply(f"{client.rest.base_url} is no GitLab API; check url") from None
    if not isinstance(entry, dict):
        raise BadReply(f"{client.rest.base_url} is no GitLab API; check url")
    report.scopes = [str(scope) for scope in entry.get("scopes") or []]
    if not _READS & set(report.scopes):
        report.error = f"{report.label} has no scope read_api: nothing can be read with it"
    elif ends := entry.get("expires_at"):
        days = (date.fromisoformat(str(ends)[:10]) - datetime.now(UTC).date()).days
        if days <= _SOON:
            report.warnings.append(f"{report.label} ends on {str(ends)[:10]}")


def _login(client: GitlabClient, report: TokenReport) -> str | None:
    try:
        found = client.rest.get("/user").data
    except Forbidden:
        return None
    except NotFound:
        raise BadReply(f"{client.rest.base_url} is no GitLab API; check url") from None
    if not isinstance(found, dict) or "username" not in found:
        raise BadReply(f"{client.rest.base_url} is no GitLab API; check url")
    return str(found["username"])


def _group(client: GitlabClient, connection: GitlabConnection, full_path: str) -> OwnerReport:
    where = f"{client.name}, groups"
    full_path = full_path.strip("/")
    try:
        group = client.rest.get(f"/groups/{part(full_path)}", {"with_projects": "false"}).data
        params = {"include_subgroups": "true", "with_shared": "false", "per_page": 1}
        reply = client.rest.get(f"/groups/{group['id']}/projects", params)
    except (Unreachable, Overloaded):
        raise
    except NotFound:
        return OwnerReport(
            full_path,
            error=f'{where}: there is no group "{full_path}", or the token may not see it',
        )
    except ApiError as error:
        return OwnerReport(full_path, error=f'{where}: "{full_path}" can\'t be read: {error}')
    total = reply.headers.get("x-total", "")
    count = int(total) if total.isdigit() else None
    return OwnerReport(group["full_path"], "Group", count)
