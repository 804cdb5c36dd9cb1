"""The settings in the warehouse: raw_settings.*."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import psycopg
import pytest

from ingestion.contracts import SETTINGS
from ingestion.settings import History, load_settings
from ingestion.settings_tables import write

pytestmark = pytest.mark.integration
EXAMPLE = load_settings(Path(__file__).parents[3] / "sei.example.toml")


def fetch(url: str, query: str) -> list[tuple]:
    with psycopg.connect(url) as connection:
        return connection.execute(query).fetchall()


def test_every_table_exists_and_a_second_write_changes_nothing(warehouse):
    url = warehouse.url("loader")
    first = write(EXAMPLE, url)
    assert set(first) == set(SETTINGS)
    assert write(EXAMPLE, url) == first
    assert fetch(url, "select position, labels from raw_settings.incident_rules") == [
        (1, ["incident"])
    ]
    assert fetch(url, "select count(*) from raw_settings.teams") == [(0,)]


def test_a_default_history_stays_where_the_first_run_put_it(warehouse):
    url = warehouse.url("loader")
    open_ended = EXAMPLE.model_copy(update={"history": History()})
    write(EXAMPLE, url)
    before = fetch(url, "select history_since from raw_settings.organization")
    write(open_ended, url)
    assert fetch(url, "select history_since from raw_settings.organization") == before
    moved = EXAMPLE.model_copy(update={"history": History(since=date(2025, 6, 1))})
    write(moved, url)
    assert fetch(url, "select history_since from raw_settings.organization") != before


def test_a_view_on_the_settings_survives_and_readers_see_no_half_written_table(warehouse):
    url = warehouse.url("loader")
    write(EXAMPLE, url)
    with psycopg.connect(url) as reader:
        reader.execute("create view raw_settings.bots_view as select login from raw_settings.bots")
        reader.commit()
        reader.execute("select * from raw_settings.metrics")  # keeps its lock while we write
        write(EXAMPLE, url)
    assert fetch(url, "select login from raw_settings.bots_view") == [("release-robot",)]
