"""`sei` as a person calls it: texts and exit statuses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from orchestration.warehouse import Warehouse

pytestmark = pytest.mark.integration

SETTINGS = """
[organization]
timezone = "{zone}"

[[github]]
api_url = "http://127.0.0.1:9"
token = "env:SOME_TOKEN"
owners = ["acme"]
"""


def sei(
    *arguments: str, home: Path, warehouse: Warehouse | None = None, **environ: str
) -> subprocess.CompletedProcess[str]:
    base = {name: value for name, value in os.environ.items() if not name.startswith("SEI_")}
    if warehouse is not None:
        base["SEI_WAREHOUSE_URL"] = warehouse.url()
        base["SEI_DAGSTER_DATABASE"] = warehouse.dagster_url().rpartition("/")[2]
    return subprocess.run(
        [sys.executable, "-m", "orchestration.cli", *arguments],
        cwd=home,
        env={**base, "SEI_HOME": str(home / "home"), "COLUMNS": "200", **environ},
        text=True,
        capture_output=True,
        timeout=300,
    )


def problem(done: subprocess.CompletedProcess[str]) -> str:
    """The one line on the error output."""
    lines = done.stderr.strip().splitlines()
    assert lines, done.stdout
    assert "Traceback" not in done.stderr
    return lines[-1]


@pytest.fixture
def settings(home: Path) -> Path:
    file = home / "sei.toml"
    file.write_text(SETTINGS.format(zone="UTC"))
    return file


def test_without_settings_the_way_to_them_is_told(home: Path) -> None:
    done = sei("run", home=home)
    assert done.returncode == 2
    assert "sei.toml: no such file; copy sei.example.toml" in problem(done)


def test_a_wrong_setting_names_file_key_and_reason(home: Path) -> None:
    (home / "sei.toml").write_text(SETTINGS.format(zone="Mars/Base"))
    done = sei("run", home=home)
    assert done.returncode == 2
    assert "sei.toml" in problem(done)
    assert "Mars/Base" in problem(done)


def test_a_missing_secret_is_named_before_anything_starts(home: Path, settings: Path) -> None:
    done = sei("run", home=home)
    assert done.returncode == 2
    assert "SOME_TOKEN is not set" in problem(done)
    assert not (home / "home").exists()


def test_a_source_that_is_not_there_is_named_with_those_that_are(
    home: Path, settings: Path
) -> None:
    done = sei("run", "--source", "gitea", home=home, SOME_TOKEN="x")
    assert done.returncode == 2
    assert problem(done) == 'sei: no connection is called "gitea"; there are: github'


def test_a_warehouse_that_refuses_is_told_with_where(home: Path, settings: Path) -> None:
    url = "postgresql://me:secret@127.0.0.1:9/x"
    done = sei("run", home=home, SOME_TOKEN="x", SEI_WAREHOUSE_URL=url)
    assert done.returncode == 2
    assert "127.0.0.1:9/x as me: connection refused" in problem(done)
    assert "secret" not in done.stderr


def test_debug_shows_where_it_happened(home: Path) -> None:
    assert "Traceback" in sei("run", "--debug", home=home).stderr


def test_an_option_that_is_not_there_is_a_wrong_setting(home: Path) -> None:
    assert sei("run", "--nonsense", home=home).returncode == 2


def test_check_says_what_works_and_what_does_not(
    home: Path, settings: Path, warehouse: Warehouse
) -> None:
    done = sei("check", home=home, warehouse=warehouse, SOME_TOKEN="x")
    assert done.returncode == 2
    assert "warehouse: 127.0.0.1" in done.stdout
    assert "can't be reached" in problem(done)


def test_check_answers_programs_in_json(home: Path, settings: Path, warehouse: Warehouse) -> None:
    done = sei("check", "--json", home=home, warehouse=warehouse, SOME_TOKEN="x")
    document = json.loads(done.stdout)
    assert document["ok"] is False
    assert [finding["what"] for finding in document["findings"]] == [
        "settings",
        "warehouse",
        "Java",
    ]


def test_a_report_before_the_first_run_says_how_to_make_one(
    home: Path, warehouse: Warehouse
) -> None:
    done = sei("report", home=home, warehouse=warehouse)
    assert done.returncode == 2
    assert "there are no metrics yet" in problem(done)
    as_json = sei("report", "--json", home=home, warehouse=warehouse)
    assert (as_json.returncode, json.loads(as_json.stdout)) == (0, [])


def test_psql_opens_the_warehouse_as_the_reader(home: Path, warehouse: Warehouse) -> None:
    done = sei("psql", "-c", "select current_user", home=home, warehouse=warehouse)
    assert done.returncode == 0, done.stderr
    assert "reader" in done.stdout
    url = sei("psql", "--url", home=home, warehouse=warehouse)
    assert url.stdout.strip() == warehouse.url("reader")


def test_down_is_no_error_when_nothing_runs(home: Path) -> None:
    done = sei("down", home=home)
    assert done.returncode == 0
    assert "nothing was running" in done.stderr


def test_a_run_that_fails_names_step_and_reason_and_is_recorded(
    home: Path, settings: Path, warehouse: Warehouse
) -> None:
    import psycopg

    done = sei("run", home=home, warehouse=warehouse, SOME_TOKEN="token-of-mine")
    assert done.returncode == 1, done.stderr
    assert "GitHub: load:" in problem(done)
    assert "can't be reached" in problem(done)
    with psycopg.connect(warehouse.dagster_url()) as connection:
        runs = connection.execute("select pipeline_name, status from runs").fetchall()
        told = connection.execute(
            "select count(*) from event_logs where strpos(event, 'token-of-mine') > 0"
        ).fetchone()
    assert runs == [("refresh_everything", "FAILURE")]
    assert told == (0,)
    assert "token-of-mine" not in "".join(
        file.read_text(errors="replace") for file in (home / "home" / "logs").iterdir()
    )


def test_help_comes_at_once(home: Path) -> None:
    code = (
        "import sys, orchestration.cli; print([n for n in sys.modules if n in ('dagster','dbt')])"
    )
    done = subprocess.run([sys.executable, "-c", code], text=True, capture_output=True)
    assert done.stdout.strip() == "[]"
