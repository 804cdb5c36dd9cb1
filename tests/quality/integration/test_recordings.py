"""Real payloads are messy: they may give warnings, but must not stop the work."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from ingestion.contracts import ALL_TABLES
from quality.checkpoint import run
from tests.dbt_project.integration import test_gitlab_recording, test_jira_recording

pytestmark = pytest.mark.integration

_TABLES = {f"{table.schema}.{table.name}": table for table in ALL_TABLES}


class Loader:
    """Puts rows into raw tables as the loader would: with their connection."""

    def __init__(self, house: Any) -> None:
        self.url = house.warehouse.url()

    def insert(self, name: str, *rows: dict[str, Any]) -> None:
        table = _TABLES[name]
        connection = table.schema.removeprefix("raw_")
        with psycopg.connect(self.url) as database:
            for row in rows:
                filled = {**row, "synced_at": "2030-01-01+00"}
                if "connection" in table.column_names():
                    filled.setdefault("connection", connection)
                values = {
                    column.name: json.dumps(value) if column.data_type == "json" else value
                    for column in table.columns
                    if (value := filled.get(column.name)) is not None
                }
                database.execute(
                    sql.SQL("insert into {} ({}) values ({})").format(
                        sql.Identifier(*name.split(".")),
                        sql.SQL(", ").join(map(sql.Identifier, values)),
                        sql.SQL(", ").join(map(sql.Literal, values.values())),
                    )
                )


@pytest.mark.parametrize("recording", [test_gitlab_recording, test_jira_recording])
def test_a_recording_stops_nothing(empty_house: Any, recording: Any) -> None:
    if not Path(recording.RECORDING).is_dir():
        pytest.skip(f"no recordings: {recording.RECORDING} is not there")
    recording.load(Loader(empty_house))

    outcomes = run("raw", empty_house.url, "first")

    assert [(o.table, o.check) for o in outcomes if not o.passed and o.blocking] == []
    assert [o.metadata["note"] for o in outcomes if "note" in o.metadata] == []
