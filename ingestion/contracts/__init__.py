"""The raw tables: what one row is, its key, its columns and their types.

The one place that says so: dlt's column hints, the asset specs, the dbt source files and the
validation suites are derived from here or tested against it.
"""

from __future__ import annotations

from ingestion.contracts.github import GITHUB
from ingestion.contracts.gitlab import GITLAB
from ingestion.contracts.jira import JIRA
from ingestion.contracts.settings import SETTINGS
from ingestion.contracts.tables import (
    PROVENANCE,
    RAW_SCHEMAS,
    SCHEMA_CONTRACT,
    SOURCES,
    Column,
    Table,
)

__all__ = [
    "ALL_TABLES",
    "GITHUB",
    "GITLAB",
    "JIRA",
    "PROVENANCE",
    "RAW_SCHEMAS",
    "SCHEMA_CONTRACT",
    "SETTINGS",
    "SOURCES",
    "Column",
    "Table",
]

ALL_TABLES: tuple[Table, ...] = (
    *GITHUB.values(),
    *GITLAB.values(),
    *JIRA.values(),
    *SETTINGS.values(),
)
