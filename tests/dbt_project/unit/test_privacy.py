"""No e-mail address may reach a table that analysts read: told by the columns' names.

tests/dbt_project/integration/test_people.py looks at the values.
"""

from __future__ import annotations

import re
from pathlib import Path

import yaml  # type: ignore[import-untyped]

MARTS = Path(__file__).parents[3] / "dbt_project" / "models" / "marts"

# What holds addresses: a mart may look an author up by one, and nothing more.
_HOLDERS = ("int_account_emails", "int_commit_signatures_grouped", "int_accounts_stated")


def columns() -> dict[str, list[str]]:
    """The columns of every table of marts and metrics, by table."""
    found: dict[str, list[str]] = {}
    for path in MARTS.rglob("*.yml"):
        content = yaml.safe_load(path.read_text()) or {}
        tables = list(content.get("models", []))
        for source in content.get("sources", []):
            tables += source["tables"]
        for table in tables:
            found[table["name"]] = [column["name"] for column in table.get("columns", [])]
    return found


def test_no_column_of_marts_or_metrics_is_an_address() -> None:
    known = columns()
    assert {"dim_developers", "fct_commits", "dora"} <= set(known)
    named = {
        f"{table}.{column}"
        for table, names in known.items()
        for column in names
        if re.search(r"e?_?mail", column)
    }
    assert named == set()


def test_no_mart_reads_a_model_that_holds_addresses() -> None:
    readers = {
        path.stem
        for path in MARTS.rglob("*.sql")
        if any(f"ref('{holder}')" in path.read_text() for holder in _HOLDERS)
    }
    assert readers == set()
