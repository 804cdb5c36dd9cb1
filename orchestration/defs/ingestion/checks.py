"""Checks that belong to loading itself; the door's own are in defs/quality."""

import dagster as dg
import psycopg

from orchestration.resources import Platform
from orchestration.translators import asset_key

_LAST_SYNCS = """
    select s.connection, s.repository_full_name, s.failed_resource, s.reason, s.status
    from raw_github.repository_syncs s
    where s.synced_at = (
        select max(l.synced_at) from raw_github.repository_syncs l
        where l.connection = s.connection
    )
    order by 1, 2
"""


@dg.asset_check(
    asset=asset_key("raw_github", "repository_syncs"),
    name="every_repository_could_be_read",
    description="No repository failed in its connection's last sync; the others are loaded anyway.",
)
def every_repository_could_be_read(platform: Platform) -> dg.AssetCheckResult:
    """Warns with the names and reasons of the repositories that failed."""
    with psycopg.connect(platform.url("inspector")) as connection:
        rows = connection.execute(_LAST_SYNCS).fetchall()
    failed = [row for row in rows if row[4] == "failed"]
    return dg.AssetCheckResult(
        passed=not failed,
        severity=dg.AssetCheckSeverity.WARN,
        description=_told(failed, len(rows)),
        metadata={
            "repositories": len(rows),
            "failed": len(failed),
            "reasons": dg.MetadataValue.md(
                "\n".join(f"- `{c}` {name}, {what}: {why}" for c, name, what, why, _ in failed[:50])
            ),
        },
    )


def _told(failed: list[tuple[str, ...]], total: int) -> str:
    """What the terminal and the UI say: how many, and the first of them with their reasons."""
    if not failed:
        return f"{total} repositories read"
    named = "; ".join(f"{name}, {what}: {why}" for _, name, what, why, _ in failed[:3])
    more = f"; and {len(failed) - 3} more" if len(failed) > 3 else ""
    return f"{len(failed)} of {total} repositories could not be read: {named}{more}"
