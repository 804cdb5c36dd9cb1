"""How warehouse tables and dbt nodes become assets: key [schema, table], group = schema.

Every loader follows the one rule, so the graph joins itself and no YAML mentions asset keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dagster as dg

from ingestion.contracts import Table
from orchestration.dbt_engine import DagsterDbtTranslator, DagsterDbtTranslatorSettings

# Who to ask, by schema. "team:" because Dagster knows teams and e-mail addresses only.
OWNERS = {
    "raw": "team:ingestion",
    "staging": "team:modelling",
    "intermediate": "team:modelling",
    "marts": "team:modelling",
    "metrics": "team:metrics",
    "quality": "team:quality",
    "operations": "team:operations",
}
_SQL_TYPES = {"double": "double precision", "bool": "boolean", "timestamp": "timestamptz"}


def asset_key(schema: str, table: str) -> dg.AssetKey:
    """The asset key of a table: its address in the warehouse."""
    return dg.AssetKey([schema, table])


def owner(schema: str) -> str:
    """Who owns the tables of a schema."""
    return OWNERS["raw" if schema.startswith("raw_") else schema]


def raw_asset_spec(table: Table, kind: str) -> dg.AssetSpec:
    """The asset of a raw table, described by ingestion's contract; `kind` names its source."""
    return dg.AssetSpec(
        key=asset_key(table.schema, table.name),
        group_name=table.schema,
        description=table.grain,
        owners=[owner(table.schema)],
        kinds={kind, "dlt" if kind != "toml" else "python", "postgres"},
        tags={"layer": "raw"},
        metadata={
            "dagster/table_name": f"{table.schema}.{table.name}",
            "dagster/column_schema": raw_column_schema(table),
            "primary_key": ", ".join(table.key),
        },
    )


def raw_column_schema(table: Table) -> dg.TableSchema:
    """The columns of a raw table as Dagster shows them."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                column.name,
                type=_SQL_TYPES.get(column.data_type, column.data_type),
                description=column.description,
                constraints=dg.TableColumnConstraints(nullable=column.nullable),
            )
            for column in table.columns
        ]
    )


class WarehouseDbtTranslator(DagsterDbtTranslator):
    """dbt's nodes under the same rule as everybody's tables."""

    def __init__(self) -> None:
        super().__init__(
            DagsterDbtTranslatorSettings(
                enable_asset_checks=True, enable_source_tests_as_checks=True
            )
        )

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        """[schema, table]."""
        return asset_key(schema_of(dbt_resource_props), table_of(dbt_resource_props))

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str:
        """The schema."""
        return schema_of(dbt_resource_props)

    def get_owners(self, dbt_resource_props: Mapping[str, Any]) -> list[str]:
        """The owner of the schema."""
        return [owner(schema_of(dbt_resource_props))]

    def get_tags(self, dbt_resource_props: Mapping[str, Any]) -> dict[str, str]:
        """The layer, beside the tags that dbt has."""
        return {
            **super().get_tags(dbt_resource_props),
            "layer": layer_of(schema_of(dbt_resource_props)),
        }

    def get_description(self, dbt_resource_props: Mapping[str, Any]) -> str:
        """The model's description; its SQL is one click away in dbt's own docs."""
        return dbt_resource_props.get("description") or table_of(dbt_resource_props)


def schema_of(dbt_resource_props: Mapping[str, Any]) -> str:
    """The schema that a dbt node or source is in."""
    return str(dbt_resource_props["schema"])


def table_of(dbt_resource_props: Mapping[str, Any]) -> str:
    """The table or view that a dbt node or source is."""
    for name in ("identifier", "alias", "name"):
        if dbt_resource_props.get(name):
            return str(dbt_resource_props[name])
    raise KeyError(f"dbt node without a name: {dbt_resource_props.get('unique_id')}")


def layer_of(schema: str) -> str:
    """raw, staging, intermediate, marts, metrics or quality."""
    return "raw" if schema.startswith("raw_") else schema
