"""Raw arrival: what must hold of the rows that a source brought, before dbt builds on them.

Not here: not-null columns, which the loader's types already make Postgres refuse, and repositories
that could not be read, which orchestration reports with the reasons. No check needs a column with
people's addresses: the inspector may not read them.
"""

from __future__ import annotations

from quality.claims import CheckSpec
from quality.suites import raw_github, raw_gitlab, raw_jira

# As ingestion.contracts has them (a test compares the two); rooms do not import each other.
KEYS: dict[str, tuple[str, ...]] = {
    f"raw_{source}.{name}": keys
    for source, tables in (
        ("github", raw_github.KEYS),
        ("gitlab", raw_gitlab.KEYS),
        ("jira", raw_jira.KEYS),
    )
    for name, keys in tables.items()
}

CHECKS: list[CheckSpec] = [*raw_github.CHECKS, *raw_gitlab.CHECKS, *raw_jira.CHECKS]
