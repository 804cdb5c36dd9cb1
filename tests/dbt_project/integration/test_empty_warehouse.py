"""Nothing loaded yet: everything builds, nothing is in it, and everything is described."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def empty(new_project: Callable[[], Any]) -> Any:
    project = new_project()
    project.build()
    return project


def test_an_empty_warehouse_builds_and_stays_empty(empty: Any) -> None:
    tables = [
        name for (name,) in empty.rows("select tablename from pg_tables where schemaname='marts'")
    ]
    assert len(tables) > 20
    filled = [name for name in tables if empty.rows(f"select 1 from marts.{name} limit 1")]
    assert filled == ["dora_bands"]


def test_every_column_of_every_model_is_described_in_the_database(empty: Any) -> None:
    # A model's file and its description are compared by what Postgres made of both.
    undescribed = empty.rows(
        "select table_schema, table_name, column_name from information_schema.columns "
        "where table_schema in ('staging', 'intermediate', 'marts') and col_description("
        "format('%I.%I', table_schema, table_name)::regclass, ordinal_position) is null"
    )
    assert undescribed == []
    manifest = json.loads((empty.target / "manifest.json").read_text())
    described = {
        (node["schema"], node["name"], column)
        for node in manifest["nodes"].values()
        if node["resource_type"] in ("model", "seed")
        for column in node["columns"]
    }
    there = set(
        empty.rows(
            "select table_schema, table_name, column_name from information_schema.columns "
            "where table_schema in ('staging', 'intermediate', 'marts')"
        )
    )
    assert described == there


def test_every_mart_has_a_primary_key_and_roles_may_read_it(empty: Any) -> None:
    without = empty.rows(
        "select relname from pg_class as tables where relnamespace = 'marts'::regnamespace "
        "and relkind = 'r' and relname != 'dora_bands' and not exists (select 1 from pg_constraint "
        "where conrelid = tables.oid and contype = 'p')"
    )
    assert without == []
    unreadable = empty.rows(
        "select relname from pg_class where relnamespace = 'marts'::regnamespace and relkind = 'r' "
        "and not (has_table_privilege('reader', oid, 'select') "
        "and has_table_privilege('metrician', oid, 'select'))"
    )
    assert unreadable == []


def test_a_row_without_its_parent_fails_the_build(empty: Any) -> None:
    empty.insert(
        "raw_github.workflow_runs", {"id": "W", "repository_id": "nowhere", "head_sha": "x"}
    )
    done = empty.run("run", "--select", "fct_pipeline_runs")
    empty.execute("delete from raw_github.workflow_runs")
    assert done.returncode == 1
    assert "violates foreign key constraint" in done.stdout, done.stdout
    # nobody has seen the row, and the table has its keys back
    assert empty.rows("select count(*) from marts.fct_pipeline_runs") == [(0,)]
    assert empty.rows(
        "select confrelid::regclass::text from pg_constraint "
        "where conrelid = 'marts.fct_pipeline_runs'::regclass and contype = 'f'"
    ) == [("marts.dim_repositories",)]


def test_freshness_is_told_by_the_syncs(empty: Any) -> None:
    empty.insert("raw_github.repository_syncs", {"repository_full_name": "acme/shop"})
    empty.insert("raw_github.organizations", {"id": "O"})
    empty.execute("update raw_github.organizations set synced_at = now()")
    done = empty.run("source", "freshness")
    assert "ERROR STALE freshness of raw_github.repository_syncs" in done.stdout, done.stdout
    assert "PASS freshness of raw_github.organizations" in done.stdout
