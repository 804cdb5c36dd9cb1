"""Pure parts of the glue."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import psutil
import pytest
from dagster._utils.error import SerializableErrorInfo

from ingestion.http.errors import Unauthorized
from ingestion.settings import GithubConnection, SettingsError
from orchestration.automation import COMMAND_LINE, STARTED_BY_TAG, may_retry
from orchestration.commands.run import run_config
from orchestration.defs.dbt.assets import computes_metrics, dbt_arguments, prune
from orchestration.defs.dbt.manifest import is_fresh
from orchestration.defs.ingestion.assets import chosen
from orchestration.defs.quality.checks import key_of, severity_of
from orchestration.failures import reason_of
from orchestration.homes import demo_home, own_home, shown_home
from orchestration.metrics_process import job_arguments
from orchestration.progress import Progress, reporter
from orchestration.resources import dbt_variables
from orchestration.runs import is_gone


def connection(name: str) -> GithubConnection:
    return GithubConnection(name=name, owners=["acme"], token=["env:T"])


def test_without_a_name_every_connection_is_loaded() -> None:
    connections = [connection("a"), connection("b")]
    assert chosen(connections, []) == connections
    assert chosen(connections, ["b"]) == connections[1:]


def test_dbt_is_told_the_warehouse_by_environment() -> None:
    assert dbt_variables("postgresql://modeller:p%40ss@db.test:6543/sei") == {
        "SEI_DBT_HOST": "db.test",
        "SEI_DBT_PORT": "6543",
        "SEI_DBT_USER": "modeller",
        "SEI_DBT_PASSWORD": "p@ss",
        "SEI_DBT_DATABASE": "sei",
    }


def test_dbt_builds_models_and_tests_in_one_command() -> None:
    assert dbt_arguments()[-3:] == ["build", "--exclude-resource-type", "unit_test"]


def test_models_that_dbt_leaves_as_they_are_follow_one_option() -> None:
    assert dbt_arguments(["stg_a", "stg_b"])[-2:] == ["--exclude", "stg_a stg_b"]


def test_periods_end_at_the_time_of_the_run_unless_told_otherwise() -> None:
    now = datetime(2026, 3, 1, 12, 0, 0, 999, tzinfo=UTC)
    assert job_arguments(None, now)[-2:] == ["--as-of", "2026-03-01T12:00:00+00:00"]
    assert job_arguments("2026-01-01", now)[-1] == "2026-01-01"


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        (dg.DagsterRun("refresh_everything"), True),
        (dg.DagsterRun("job", asset_selection=frozenset({dg.AssetKey(["marts", "dim_x"])})), False),
        (dg.DagsterRun("job", asset_selection=frozenset({dg.AssetKey(["metrics", "dora"])})), True),
        (dg.DagsterRun("again", step_keys_to_execute=["dbt", "metrics"]), True),
        (dg.DagsterRun("again", step_keys_to_execute=["dbt"]), False),
    ],
)
def test_spark_is_started_beside_dbt_only_in_runs_that_need_it(
    run: dg.DagsterRun, expected: bool
) -> None:
    assert computes_metrics(run) is expected


def test_the_options_of_sei_run_reach_the_load_and_the_metrics() -> None:
    config = run_config(["github"], full=True)
    assert config["ops"]["github"]["config"] == {"sources": ["github"], "full": True}
    assert config["ops"]["metrics"]["config"] == {"full": True}
    now = datetime(2026, 3, 1, tzinfo=UTC)
    assert job_arguments(None, now, full=True)[-1] == "--full"
    assert "--full" not in job_arguments(None, now)


def test_a_check_belongs_to_the_asset_of_its_table() -> None:
    assert key_of("raw_github.commits") == dg.AssetKey(["raw_github", "commits"])
    assert severity_of("error") is dg.AssetCheckSeverity.ERROR
    assert severity_of("warn") is dg.AssetCheckSeverity.WARN


def test_progress_is_told_once_a_percent() -> None:
    lines: list[str] = []
    report = reporter("repositories", lines.append)
    for done in range(1001):
        report(done, 1000, "")
    assert len(lines) == 101
    assert str(Progress("repositories", 3, 40, "acme/a")) == "repositories: 3 of 40 (acme/a)"


def error(message: str, name: str, cause: SerializableErrorInfo | None = None):
    return SerializableErrorInfo(message, [], name, cause)


def test_the_reason_of_a_failure_is_the_innermost_text_in_one_line() -> None:
    inner = error("dagster._core.definitions.events.Failure: wrong\n token\n", "Failure")
    outer = error("DagsterExecutionStepExecutionError: Error in op", "DagsterExecutionStepExecutionError", inner)  # fmt: skip # noqa: E501
    assert reason_of(outer) == "wrong token"


def raised_from(cause: Exception) -> Exception:
    """As a pipeline step of dlt wraps an error."""
    outer = RuntimeError("step failed")
    outer.exception = cause  # type: ignore[attr-defined]
    return outer


@pytest.mark.parametrize(
    ("tags", "raised", "again"),
    [
        ({}, ConnectionError(), True),
        ({}, SettingsError(), False),
        ({}, raised_from(Unauthorized()), False),
        ({STARTED_BY_TAG: COMMAND_LINE}, ConnectionError(), False),
    ],
)
def test_only_outages_of_unattended_runs_are_tried_again(
    tags: dict[str, str], raised: Exception, again: bool
) -> None:
    assert may_retry(dg.DagsterRun(job_name="refresh_everything", tags=tags), raised) is again


def test_a_run_is_abandoned_when_its_process_is_gone_from_this_host() -> None:
    assert not is_gone(None)
    assert not is_gone(f"here:{os.getpid()}", host="here")
    assert is_gone("here:4194305", host="here")
    assert not is_gone("there:4194305", host="here")


def test_a_run_is_abandoned_when_its_process_was_killed_and_its_parent_has_not_noticed() -> None:
    killed = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert not is_gone(f"here:{killed.pid}", host="here")
    killed.kill()
    os.waitid(os.P_PID, killed.pid, os.WEXITED | os.WNOWAIT)

    assert is_gone(f"here:{killed.pid}", host="here")
    killed.communicate()


def test_a_run_is_abandoned_when_its_number_is_a_later_process_now() -> None:
    created = psutil.Process().create_time()
    assert not is_gone(f"here:{os.getpid()}", host="here", began=created + 5)
    assert is_gone(f"here:{os.getpid()}", host="here", began=created - 3600)


def test_a_manifest_is_stale_when_a_model_is_newer(tmp_path: Path) -> None:
    manifest = tmp_path / "target" / "manifest.json"
    model = tmp_path / "models" / "a.sql"
    model.parent.mkdir()
    model.write_text("select 1")
    assert not is_fresh(manifest, tmp_path)
    manifest.parent.mkdir()
    manifest.write_text("{}")
    later = time.time() + 5
    os.utime(manifest, (later, later))
    assert is_fresh(manifest, tmp_path)
    os.utime(model, (later + 5, later + 5))
    assert not is_fresh(manifest, tmp_path)


def test_only_the_newest_artifacts_are_kept(tmp_path: Path) -> None:
    for number in range(5):
        (tmp_path / str(number)).mkdir()
        os.utime(tmp_path / str(number), (number, number))
    prune(tmp_path, 2)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["3", "4"]


def test_the_demo_has_a_home_and_databases_of_its_own(tmp_path: Path) -> None:
    environ = {
        "SEI_HOME": str(tmp_path),
        "SEI_WAREHOUSE_URL": "postgresql://u:p@db.test/company",
        "SEI_CONFIG": str(tmp_path / "sei.toml"),
    }
    own, demo = own_home(environ), demo_home(environ)
    assert demo.folder == own.folder / "demo"
    assert demo.config != own.config
    assert demo.environ["SEI_WAREHOUSE_URL"] == "postgresql://u:p@db.test/company_demo"
    assert demo.environ["SEI_DAGSTER_DATABASE"] == "dagster_demo"


def test_commands_show_ones_own_data_and_else_the_demo(tmp_path: Path) -> None:
    environ = {"SEI_HOME": str(tmp_path / "home"), "SEI_CONFIG": str(tmp_path / "sei.toml")}
    assert not shown_home(environ).is_demo
    demo = demo_home(environ)
    demo.folder.mkdir(parents=True)
    demo.config.touch()
    assert shown_home(environ).is_demo
    (tmp_path / "sei.toml").touch()
    assert not shown_home(environ).is_demo
    assert shown_home(environ, demo=True).is_demo
