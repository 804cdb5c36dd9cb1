"""The dbt source files say what ingestion.contracts says: the text is derived, then compared.

`python tests/dbt_project/unit/test_sources.py` writes the files anew after a change of contracts.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from ingestion.contracts import GITHUB, GITLAB, JIRA, SETTINGS, Table

STAGING = Path(__file__).parents[3] / "dbt_project" / "models" / "staging"

# Only these are read again by every sync, changed or not: the newest row of any other table is as
# old as the last change, and a quiet week is no fault of the loader.
_READ_BY_EVERY_SYNC = {"organizations", "repository_syncs", "project_syncs"}

_FRESHNESS = """\
        config:
          loaded_at_field: synced_at
          freshness:
            warn_after: {count: 36, period: hour}
            error_after: {count: 7, period: day}
"""

_SOURCES: dict[str, tuple[str, str, str, Iterable[Table]]] = {
    "github/_github__sources.yml": (
        "raw_github",
        "GitHub as loaded, every connection of the settings in it. Rows expired upstream stay.",
        "dlt",
        GITHUB.values(),
    ),
    "gitlab/_gitlab__sources.yml": (
        "raw_gitlab",
        "GitLab as loaded, every connection of the settings in it. Rows expired upstream stay.",
        "dlt",
        GITLAB.values(),
    ),
    "jira/_jira__sources.yml": (
        "raw_jira",
        "Jira as loaded, every connection of the settings in it. Deleted issues stay, marked.",
        "dlt",
        JIRA.values(),
    ),
    "settings/_settings__sources.yml": (
        "raw_settings",
        "The part of sei.toml that models need; replaced whole before every load.",
        "ingestion.settings_tables",
        SETTINGS.values(),
    ),
}


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def render(path: str) -> str:
    """The text of one source file."""
    schema, description, loader, tables = _SOURCES[path]
    lines = [
        "# Derived from ingestion/contracts by tests/dbt_project/unit/test_sources.py.",
        "sources:",
        f"  - name: {schema}",
        f"    schema: {schema}",
        f"    description: {_quoted(description)}",
        f"    loader: {loader}",
        "    tables:",
    ]
    for table in tables:
        lines += [f"      - name: {table.name}", f"        description: {_quoted(table.grain)}"]
        if table.name in _READ_BY_EVERY_SYNC:
            lines += _FRESHNESS.splitlines()
        lines.append("        columns:")
        for column in table.columns:
            lines += [
                f"          - name: {column.name}",
                f"            description: {_quoted(column.description)}",
            ]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("path", _SOURCES)
def test_source_file_agrees_with_the_raw_contracts(path: str) -> None:
    expected = render(path)
    assert (STAGING / path).read_text() == expected, (
        f"dbt_project/models/staging/{path} differs from ingestion/contracts; "
        f"write it anew with: python {Path(__file__).relative_to(STAGING.parents[2])}"
    )


if __name__ == "__main__":
    for name in _SOURCES:
        (STAGING / name).parent.mkdir(exist_ok=True)
        (STAGING / name).write_text(render(name))
        sys.stdout.write(f"wrote {STAGING / name}\n")
