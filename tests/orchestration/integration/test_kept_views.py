"""What a refresh notes of the views in a real warehouse, and when it makes them anew."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from orchestration.defs.dbt.kept_views import kept, note
from orchestration.warehouse import Warehouse

pytestmark = pytest.mark.integration


def manifest(code: str = "1") -> dict[str, Any]:
    node = {
        "unique_id": "model.sei.a",
        "name": "a",
        "schema": "staging",
        "alias": "a",
        "resource_type": "model",
        "checksum": code,
        "config": {"materialized": "view"},
        "description": "",
        "columns": {},
        "depends_on": {"nodes": []},
    }
    return {
        "metadata": {"dbt_version": "1"},
        "nodes": {"model.sei.a": node},
        "sources": {},
        "macros": {},
    }


def test_views_are_kept_once_noted_and_as_long_as_nothing_changes(warehouse: Warehouse) -> None:
    with psycopg.connect(warehouse.url("modeller"), autocommit=True) as connection:
        connection.execute("create view staging.a as select 1 as x")
        judged(connection)


def judged(connection: psycopg.Connection[Any]) -> None:
    assert kept(connection, manifest()) == []
    note(connection, manifest())
    note(connection, manifest())
    assert kept(connection, manifest()) == ["a"]
    assert kept(connection, manifest("2")) == []

    connection.execute("create or replace view staging.a as select 2 as x")
    assert kept(connection, manifest()) == []
    note(connection, manifest())
    assert kept(connection, manifest()) == ["a"]

    connection.execute("drop view staging.a")
    assert kept(connection, manifest()) == []
