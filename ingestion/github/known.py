"""What the warehouse knows already of the commits of a repository that services split by paths."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any, Protocol

import dlt
from dlt.destinations.exceptions import DatabaseUndefinedRelation

from ingestion.contracts import GITHUB, PROVENANCE
from ingestion.loading.batches import Row

_COLUMNS = tuple(name for name in GITHUB["commits"].column_names() if name not in PROVENANCE)


class Known(Protocol):
    """Commits of one connection; to be asked by threads."""

    def open(self) -> None:
        """Called once, where the load runs."""
        ...

    def paths(self, repository_id: str, shas: Sequence[str]) -> dict[str, list[str]]:
        """The changed paths of those of the commits that have them."""
        ...

    def without_paths(self, repository_id: str, after: str, count: int) -> list[Row]:
        """The first commits, by hash, that come after this hash and have no changed paths."""
        ...


class Warehouse:
    """The warehouse of the dlt pipeline that is running."""

    def __init__(self, connection: str) -> None:
        self._connection = connection
        self._pipeline: dlt.Pipeline | None = None
        self._lock = threading.Lock()

    def open(self) -> None:
        """Takes the pipeline that is running; threads of our own would not find it."""
        self._pipeline = dlt.current.pipeline()

    def paths(self, repository_id: str, shas: Sequence[str]) -> dict[str, list[str]]:
        """The changed paths of those of the commits that have them; none before any load."""
        found = self._read(
            "select sha, changed_paths from {} where connection = %s and repository_id = %s"
            " and sha = any(%s) and changed_paths is not null",
            [self._connection, repository_id, list(shas)],
        )
        return dict(found)

    def without_paths(self, repository_id: str, after: str, count: int) -> list[Row]:
        """The first commits, by hash, that come after this hash and have no changed paths."""
        names = ", ".join(f'"{name}"' for name in _COLUMNS)
        found = self._read(
            f"select {names} from {{}} where connection = %s and repository_id = %s"
            " and sha > %s and changed_paths is null order by sha limit %s",
            [self._connection, repository_id, after, count],
        )
        return [dict(zip(_COLUMNS, row, strict=True)) for row in found]

    def _read(self, sql: str, parameters: list[Any]) -> list[Any]:
        assert self._pipeline is not None
        with self._lock, self._pipeline.sql_client() as client:
            try:
                return list(
                    client.execute_sql(
                        sql.format(client.make_qualified_table_name("commits")), *parameters
                    )
                    or []
                )
            except DatabaseUndefinedRelation:
                return []
