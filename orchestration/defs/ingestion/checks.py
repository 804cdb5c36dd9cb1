"""Checks that belong to loading itself; the door's own are in defs/quality."""

from dataclasses import dataclass

import dagster as dg
import psycopg

from orchestration.resources import Platform
from orchestration.translators import asset_key

_LAST_SYNCS = """
    select s.connection, s.{scope}, s.failed_resource, s.reason, s.status
    from {table} s
    where s.synced_at = (
        select max(l.synced_at) from {table} l where l.connection = s.connection
    )
    order by 1, 2
"""


@dataclass(frozen=True)
class Log:
    """The table in which a source says what came of reading each repository or project."""

    schema: str
    table: str
    scope: str
    one: str
    many: str

    @property
    def query(self) -> str:
        """What came of each one of the connections' last syncs."""
        return _LAST_SYNCS.format(table=f"{self.schema}.{self.table}", scope=self.scope)


LOGS = (
    Log("raw_github", "repository_syncs", "repository_full_name", "repository", "repositories"),
    Log("raw_gitlab", "project_syncs", "project_path", "project", "projects"),
    Log("raw_jira", "project_syncs", "scope", "project", "projects and lists"),
)


def read_check(log: Log) -> dg.AssetChecksDefinition:
    """The check that everything of a source could be read."""

    @dg.asset_check(
        asset=asset_key(log.schema, log.table),
        name=f"every_{log.one}_could_be_read",
        description=f"No {log.one} failed in its connection's last sync; the others are loaded "
        "anyway.",
    )
    def check(platform: Platform) -> dg.AssetCheckResult:
        """Warns with the names and reasons of those that failed."""
        with psycopg.connect(platform.url("inspector")) as connection:
            rows = connection.execute(log.query.encode()).fetchall()
        failed = [row for row in rows if row[4] == "failed"]
        reasons = (f"- `{c}` {name}, {what}: {why}" for c, name, what, why, _ in failed[:50])
        return dg.AssetCheckResult(
            passed=not failed,
            severity=dg.AssetCheckSeverity.WARN,
            description=told(failed, len(rows), log.many),
            metadata={
                log.many: len(rows),
                "failed": len(failed),
                "reasons": dg.MetadataValue.md("\n".join(reasons)),
            },
        )

    return check


github_was_read, gitlab_was_read, jira_was_read = map(read_check, LOGS)


def told(failed: list[tuple[str, ...]], total: int, many: str) -> str:
    """What the terminal and the UI say: how many, and the first of them with their reasons."""
    if not failed:
        return f"{total} {many} read"
    named = "; ".join(f"{name}, {what}: {why}" for _, name, what, why, _ in failed[:3])
    more = f"; and {len(failed) - 3} more" if len(failed) > 3 else ""
    return f"{len(failed)} of {total} {many} could not be read: {named}{more}"
