"""`sei check` of the demo company: what a first sync would cost, then what the last one did."""

from __future__ import annotations

import json
import tomllib
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from demo.company import Company
from demo.server import Servers, running_all
from demo.settings import TOKEN_VARIABLE, sei_toml
from ingestion.jira.load import load
from ingestion.settings import Settings
from orchestration.commands.check import check
from orchestration.warehouse import Warehouse

pytestmark = pytest.mark.integration

TOKEN = "a-token-of-the-tests"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_an_estimate_before_the_first_sync_and_its_cost_afterwards(
    tmp_path: Path, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    company = Company.generate(3, 3, date(2025, 12, 1), NOW)
    with running_all(Servers.of(company, now=NOW, tokens=[TOKEN])) as found:
        text = sei_toml(company, found.github, found.gitlab, found.jira)
        (tmp_path / "sei.toml").write_text(text)
        for name, value in {
            TOKEN_VARIABLE: TOKEN,
            "SEI_HOME": str(tmp_path / "home"),
            "SEI_CONFIG": str(tmp_path / "sei.toml"),
            "SEI_WAREHOUSE_URL": warehouse.url(),
            "SEI_DAGSTER_DATABASE": warehouse.dagster_url().rpartition("/")[2],
            "COLUMNS": "200",
        }.items():
            monkeypatch.setenv(name, value)

        def connections() -> dict[str, Any]:
            capsys.readouterr()
            check(as_json=True)
            document = json.loads(capsys.readouterr().out)
            return {one["source"]: one for one in document["connections"]}

        before = connections()
        for source in ("github", "gitlab", "jira"):
            # Two repositories, a project, three projects of Jira: of each more lists than one.
            assert sum(before[source]["estimate"]["requests"].values()) > 6
            assert before[source]["last_sync"] is None
        assert before["github"]["estimate"]["points"] > 10
        check(as_json=False)
        shown = capsys.readouterr().out
        assert shown.count("first sync, estimated:") == 3
        assert TOKEN not in shown

        settings = Settings.model_validate(tomllib.loads(text))
        result = load(
            settings.jira[0], settings, warehouse.url("loader"), pipelines_dir=tmp_path, run_id="r1"
        )
        warehouse.show_raw()

        after = connections()
        assert after["jira"]["estimate"] is None
        assert after["jira"]["last_sync"]["requests"] == result.requests
        assert after["jira"]["last_sync"]["points"] is None
        assert after["github"]["estimate"] == {
            **before["github"]["estimate"],
            "seconds": after["github"]["estimate"]["seconds"],
        }
        check(as_json=False)
        shown = capsys.readouterr().out
        assert f"{result.requests:,} requests" in shown
        assert shown.count("first sync, estimated:") == 2
