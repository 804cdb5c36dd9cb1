"""Nothing loaded yet: everything builds, nothing is in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.integration


def test_an_empty_warehouse_builds_and_stays_empty(new_project: Callable[[], Any]) -> None:
    project = new_project()
    project.build()
    tables = [
        name for (name,) in project.rows("select tablename from pg_tables where schemaname='marts'")
    ]
    assert len(tables) > 20
    filled = [name for name in tables if project.rows(f"select 1 from marts.{name} limit 1")]
    assert filled == ["dora_bands"]
