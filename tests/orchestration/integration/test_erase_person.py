"""`sei erase-person` on a warehouse: what it refuses, and what it leaves to be built."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import pytest

from ingestion.contracts import ALL_TABLES
from ingestion.loading import lock
from ingestion.raw_tables import create_missing
from orchestration.commands import UsageProblem, erase
from orchestration.homes import Home
from orchestration.warehouse import Warehouse

pytestmark = pytest.mark.integration


@pytest.fixture
def built(
    warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> list[dict[str, Any]]:
    """A warehouse with one person, whose models were never built; the rebuilds asked for."""
    create_missing(warehouse.url("loader"), ALL_TABLES)
    with psycopg.connect(warehouse.url("loader")) as connection:
        connection.execute(
            "insert into raw_github.users (connection, id, login, name, type, public_email,"
            " synced_at) values ('github', 'U_jane', 'janedev', 'Jane Doe', 'User',"
            " 'jane@acme.test', now())"
        )
    (tmp_path / "sei.toml").write_text('[[teams]]\nmembers = ["github:JaneDev"]\n')
    (tmp_path / "dlt").mkdir()
    home = Home(tmp_path, {"SEI_CONFIG": str(tmp_path / "sei.toml")})
    rebuilds: list[dict[str, Any]] = []
    monkeypatch.setattr(erase, "shown_home", lambda demo: home)
    monkeypatch.setattr(Home, "open_warehouse", lambda home: warehouse)
    monkeypatch.setattr(erase, "_refuse_beside_a_run", lambda *_: None)
    monkeypatch.setattr(erase, "refresh", lambda home, warehouse, config: rebuilds.append(config))
    return rebuilds


def test_a_person_is_erased_once_and_a_repeat_only_builds_again(
    built: list[dict[str, Any]], warehouse: Warehouse, capsys: Any, tmp_path: Path
) -> None:
    with pytest.raises(UsageProblem, match="nothing was erased"):
        _erase("jane@acme.test", yes=False)
    assert "raw_github.users" in capsys.readouterr().out
    for _ in range(2):
        _erase("jane@acme.test")
    said = capsys.readouterr()
    assert "sei.toml:2 still names the person" in said.err
    with psycopg.connect(warehouse.url()) as connection:
        row = connection.execute("select u::text from raw_github.users as u").fetchone()
    assert row is not None
    assert "jane" not in row[0].lower()
    assert len(built) == 2
    assert not (tmp_path / "dlt").exists()
    with pytest.raises(UsageProblem, match="nobody is found"):
        _erase("github:nobody")


def test_it_waits_for_a_load_that_is_going_on_and_then_refuses(
    built: list[dict[str, Any]], warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "LONGEST_WAIT", 1)
    with (
        lock.only_load(warehouse.url("loader"), "raw_gitlab", "a load"),
        pytest.raises(UsageProblem, match="another load"),
    ):
        _erase("github:janedev")
    with psycopg.connect(warehouse.url()) as connection:
        assert connection.execute("select login from raw_github.users").fetchone() == ("janedev",)
    assert built == []


def _erase(said: str, *, yes: bool = True) -> None:
    erase.erase_person(said, only=False, yes=yes, as_json=False, demo=False)
