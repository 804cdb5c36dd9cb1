"""What the warehouse knows already: to find what has vanished from Jira."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Protocol

import dlt
from dlt.destinations.exceptions import DatabaseUndefinedRelation

from ingestion.contracts import JIRA
from ingestion.loading.batches import Row


class Known(Protocol):
    """Rows of one connection."""

    def rows(self, table: str, ids: Collection[str] | None = None) -> list[Row]:
        """Rows not marked as deleted, all or those with these ids."""
        ...

    def issue_ids(self, project_ids: Collection[str]) -> dict[str, bool]:
        """Ids of the issues of projects, and whether they are marked as deleted."""
        ...


class Warehouse:
    """The warehouse of the dlt pipeline that is running."""

    def __init__(self, connection: str) -> None:
        self._connection = connection

    def rows(self, table: str, ids: Collection[str] | None = None) -> list[Row]:
        """Rows not marked as deleted, all or those with these ids; empty before any load."""
        columns = JIRA[table].column_names()
        names = ", ".join(f'"{name}"' for name in columns)
        where = "where connection = %s"
        parameters: list[Any] = [self._connection]
        if "deleted_at" in columns:
            where += " and deleted_at is null"
        if ids is not None:
            where += " and id::text = any(%s)"
            parameters.append(list(ids))
        found = self._read(f"select {names} from {{}} {where}", table, parameters)
        return [dict(zip(columns, row, strict=True)) for row in found]

    def issue_ids(self, project_ids: Collection[str]) -> dict[str, bool]:
        """Ids of the issues of projects, and whether they are marked as deleted."""
        found = self._read(
            "select id, deleted_at is not null from {} "
            "where connection = %s and project_id = any(%s)",
            "issues",
            [self._connection, list(project_ids)],
        )
        return dict(found)

    def _read(self, sql: str, table: str, parameters: list[Any]) -> list[Any]:
        with dlt.current.pipeline().sql_client() as client:
            try:
                return list(
                    client.execute_sql(
                        sql.format(client.make_qualified_table_name(table)), *parameters
                    )
                    or []
                )
            except DatabaseUndefinedRelation:
                return []
