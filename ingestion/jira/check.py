"""Tries the credential of a connection before any load: who, what does it see, what is missing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from ingestion.http import ApiError, BadReply, Forbidden, NotFound, Unauthorized, Unreachable
from ingestion.http.errors import one_line
from ingestion.jira import first_sync, lists
from ingestion.jira.client import AGILE, JiraClient
from ingestion.loading.checks import CheckReport, OwnerReport, TokenReport
from ingestion.settings import JiraConnection, Settings, SettingsError

__all__ = ["JiraReport", "check"]


@dataclass
class JiraReport(CheckReport):
    """What `sei check` shows of one connection; its one token's owners are the projects."""

    site: str | None = None
    """Title of the site."""
    story_points: list[str] = field(default_factory=list)
    """Fields read as story points: name (id), in the order in which they count."""
    sprint: list[str] = field(default_factory=list)
    """Fields read as sprint: name (id)."""

    def facts(self) -> list[str]:
        """The site and which fields are read, a line each."""
        if self.error or not self.tokens:
            return []
        return [
            f"site: {self.site or 'without a title'}",
            f"story points: {', '.join(self.story_points) or 'none'}",
            f"sprint: {', '.join(self.sprint) or 'none'}",
            *super().facts(),
        ]


def check(
    connection: JiraConnection,
    *,
    environ: Mapping[str, str] | None = None,
    make_client: Callable[..., JiraClient] = JiraClient,
    settings: Settings | None = None,
) -> JiraReport:
    """What the credential of the connection sees. Errors are in the report, not raised.

    `settings`: estimates a first sync with them, if a load has a chance.
    """
    report = JiraReport(connection.name, connection.url)
    try:
        # One retry only: somebody is waiting for the answer.
        client = make_client(connection, environ=environ, attempts=2, timeout=15.0)
    except (ApiError, SettingsError) as error:
        report.error = str(error)
        return report
    token = TokenReport(client.rest.pool.credentials()[0].label)
    try:
        report.site = client.site().get("serverTitle")
        report.tokens.append(token)
        ids = _look(client, connection, report, token)
        if settings and report.is_ok:
            now = datetime.now(UTC)
            report.estimated(lambda: first_sync.estimate(client, connection, settings, ids, now))
    except (Unreachable, BadReply, SettingsError) as error:
        report.error = str(error)
    except ApiError as error:
        token.error = str(error)
        report.tokens[:] = [token]
    finally:
        client.close()
    return report


def _look(
    client: JiraClient, connection: JiraConnection, report: JiraReport, token: TokenReport
) -> list[str]:
    """Looks at everything that a load needs; returns the ids of the projects to read."""
    me = client.me()
    token.login = me.get("displayName") or me.get("accountId")
    projects = lists.read_projects(client, connection)
    left = client.rest.pool.remaining("core")
    token.remaining = {} if left is None else {"requests in this second": str(left)}
    kinds = {row["id"]: row["type"] for row in projects.rows}
    token.owners = [
        OwnerReport(unit.full_name, kinds.get(unit.id), error=unit.problem)
        for unit in projects.units
    ]
    if not token.owners:
        raise Forbidden(f"{client.name}: the account can't see any project")
    fields = lists.read_fields(client, connection, {}, again=True)
    names = {row["id"]: f"{row['name']} ({row['id']})" for row in fields.rows}
    report.story_points = [names[id_] for id_ in fields.story_points]
    report.sprint = [names[id_] for id_ in fields.sprint]
    if not fields.story_points:
        token.warnings.append(
            f"{client.name}: no field looks like story points; name one as story_points_field"
        )
    try:
        client.get(f"{AGILE}/board", {"maxResults": 1})
    except (Forbidden, NotFound, Unauthorized) as error:
        token.warnings.append(f"no boards and sprints: {one_line(error)}")
    return [unit.id for unit in projects.units if unit.problem is None and not unit.is_archived]
