"""Names of assets."""

from __future__ import annotations

import dagster as dg
import pytest

from ingestion.contracts import ALL_TABLES, GITHUB
from orchestration.translators import (
    WarehouseDbtTranslator,
    layer_of,
    owner,
    raw_asset_spec,
    raw_column_schema,
    schema_of,
    table_of,
)


def test_an_asset_key_is_the_address_in_the_warehouse() -> None:
    spec = raw_asset_spec(GITHUB["pull_requests"], "github")
    assert spec.key == dg.AssetKey(["raw_github", "pull_requests"])
    assert spec.group_name == "raw_github"


def test_a_dbt_source_has_the_key_that_its_loader_gives_it() -> None:
    source = {"schema": "raw_github", "name": "pull_requests", "identifier": "pull_requests"}
    spec = raw_asset_spec(GITHUB["pull_requests"], "github")
    assert WarehouseDbtTranslator().get_asset_key(source) == spec.key


def test_a_model_with_an_alias_is_known_by_it() -> None:
    assert table_of({"name": "fct_x_v2", "alias": "fct_x"}) == "fct_x"


def test_a_node_without_a_name_is_refused() -> None:
    with pytest.raises(KeyError):
        table_of({"unique_id": "model.sei.x"})


def test_the_group_of_a_model_is_its_schema() -> None:
    assert WarehouseDbtTranslator().get_group_name({"schema": "marts"}) == "marts"
    assert schema_of({"schema": "marts"}) == "marts"


@pytest.mark.parametrize(
    ("schema", "layer"), [("raw_github", "raw"), ("raw_settings", "raw"), ("marts", "marts")]
)
def test_the_layer_follows_from_the_schema(schema: str, layer: str) -> None:
    assert layer_of(schema) == layer


def test_every_schema_has_an_owner() -> None:
    for schema in ("raw_github", "raw_settings", "staging", "intermediate", "marts", "metrics"):
        assert owner(schema).startswith("team:")


def test_raw_assets_show_every_column_with_type_and_description() -> None:
    for table in ALL_TABLES:
        schema = raw_column_schema(table)
        assert [column.name for column in schema.columns] == list(table.column_names())
        assert all(column.type and column.description for column in schema.columns)
