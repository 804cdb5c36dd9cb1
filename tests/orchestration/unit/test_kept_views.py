"""Which views a build of dbt may leave as they are."""

from __future__ import annotations

import copy
from typing import Any

from orchestration.defs.dbt.kept_views import lasting_views, project_digest


def model(name: str, materialized: str, *parents: str) -> dict[str, Any]:
    return {
        "unique_id": f"model.sei.{name}",
        "name": name,
        "schema": "staging",
        "alias": name,
        "resource_type": "model",
        "checksum": {"checksum": name},
        "config": {"materialized": materialized},
        "description": "",
        "columns": {},
        "depends_on": {"nodes": list(parents)},
    }


def manifest(*models: dict[str, Any], tested: str = "") -> dict[str, Any]:
    nodes = {one["unique_id"]: one for one in models}
    if tested:
        nodes["test.sei.unique"] = {
            "resource_type": "test",
            "depends_on": {"nodes": [f"model.sei.{tested}"]},
        }
    return {
        "metadata": {"dbt_version": "1.11"},
        "nodes": nodes,
        "sources": {"source.sei.raw.t": {"relation_name": '"raw"."t"'}},
        "macros": {"macro.sei.m": {"macro_sql": "select 1"}},
    }


RAW = "source.sei.raw.t"


def test_views_upon_sources_and_upon_such_views_last() -> None:
    one = manifest(model("a", "view", "model.sei.b"), model("b", "view", RAW))
    assert lasting_views(one) == {"a": ("staging", "a"), "b": ("staging", "b")}
    assert list(lasting_views(one)) == ["b", "a"], "parents come first"


def test_a_view_upon_a_table_that_is_replaced_does_not_last() -> None:
    one = manifest(
        model("a", "view", RAW),
        model("t", "table", "model.sei.a"),
        model("v", "view", "model.sei.a", "model.sei.t"),
        model("w", "view", "model.sei.v"),
    )
    assert list(lasting_views(one)) == ["a"]


def test_a_view_with_a_test_and_what_hangs_on_it_do_not_last() -> None:
    one = manifest(
        model("a", "view", RAW), model("b", "view", "model.sei.a"), model("c", "view", RAW)
    )
    one["nodes"]["test.sei.t"] = {
        "resource_type": "test",
        "depends_on": {"nodes": ["model.sei.a"]},
    }
    assert list(lasting_views(one)) == ["c"]


def test_a_view_upon_a_seed_does_not_last() -> None:
    one = manifest(model("a", "view", "seed.sei.s"))
    one["nodes"]["seed.sei.s"] = {
        "resource_type": "seed",
        "config": {"materialized": "seed"},
        "depends_on": {"nodes": []},
        "unique_id": "seed.sei.s",
        "name": "s",
    }
    assert lasting_views(one) == {}


def test_the_digest_changes_with_a_model_a_description_a_macro_and_dbt_itself() -> None:
    before = manifest(model("a", "view", RAW))
    changed = []
    for place, value in (
        (("nodes", "model.sei.a", "checksum"), "other"),
        (("nodes", "model.sei.a", "description"), "told"),
        (("macros", "macro.sei.m", "macro_sql"), "select 2"),
        (("metadata", "dbt_version"), "1.12"),
    ):
        after = copy.deepcopy(before)
        level: Any = after
        for key in place[:-1]:
            level = level[key]
        level[place[-1]] = value
        changed.append(project_digest(after))
    assert len({project_digest(before), *changed}) == 5
    assert project_digest(before) == project_digest(copy.deepcopy(before))
