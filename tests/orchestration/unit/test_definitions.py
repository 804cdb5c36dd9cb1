"""What Dagster shows: one connected, documented graph that loads without anything running."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from ingestion.contracts import ALL_TABLES
from orchestration.defs.transform.assets import DETAILS, READS
from orchestration.homes import PROJECT, own_home
from orchestration.instance import dagster_folder
from quality.suites import check_specs

_WITHOUT_ANYTHING = """
import socket, sys
def refuse(self, address):
    if self.family != socket.AF_UNIX:
        raise SystemExit(f"network used while loading: {address}")
socket.socket.connect = socket.socket.connect_ex = refuse
from orchestration.definitions import defs
repository = defs().get_repository_def()
print(len(repository.asset_graph.get_all_asset_keys()), repository.has_job("refresh_everything"))
"""


@pytest.fixture(scope="module")
def repository() -> dg.RepositoryDefinition:
    from orchestration.definitions import defs

    return defs().get_repository_def()


@pytest.fixture(scope="module")
def graph(repository: dg.RepositoryDefinition):
    return repository.asset_graph


def test_the_backfill_asks_for_a_day_and_reads_all_that_is_older(
    repository: dg.RepositoryDefinition,
) -> None:
    job = repository.get_job("backfill")
    resolved = job.config_mapping.resolve_from_unvalidated_config({"since": "2024-01-31"})
    for source in ("github", "gitlab", "jira"):
        load = resolved["ops"][source]["config"]
        assert load == {"since": "2024-01-31", "sources": [], "older_seconds": None}
    assert dg.validate_run_config(job, {"since": "2024-01-31", "sources": ["github"]})
    assert job.tags["sei/refresh"] == "everything"


def test_definitions_load_without_network_secrets_database_or_settings(tmp_path: Path) -> None:
    environ = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("SEI_", "DAGSTER_")) and "TOKEN" not in name
    }
    done = subprocess.run(
        [sys.executable, "-c", _WITHOUT_ANYTHING],
        cwd=tmp_path,
        env={**environ, "PYTHONPATH": str(PROJECT)},
        text=True,
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr
    count, has_job = done.stdout.split()[-2:]
    assert int(count) > len(ALL_TABLES)
    assert has_job == "True"
    assert not (tmp_path / ".sei").exists()


def test_every_asset_is_named_schema_and_table_and_grouped_by_schema(graph) -> None:
    for node in graph.asset_nodes:
        assert len(node.key.path) == 2, node.key
        assert node.group_name == node.key.path[0]


def test_every_asset_is_materializable_described_owned_and_of_a_kind(graph) -> None:
    for node in graph.asset_nodes:
        assert node.is_materializable, f"{node.key}: nobody makes it"
        assert node.description, node.key
        assert node.owners, node.key
        assert node.kinds, node.key
        assert node.tags.get("layer"), node.key


def test_every_asset_is_expected_daily(graph) -> None:
    for node in graph.asset_nodes:
        assert node.freshness_policy is not None, node.key


def test_the_graph_is_one_from_the_api_to_the_metrics(graph) -> None:
    dora = dg.AssetKey(["metrics", "dora"])
    above = upstream(graph, dora)
    assert dg.AssetKey(["raw_github", "pull_requests"]) in above
    assert dg.AssetKey(["raw_settings", "metrics"]) in above
    reached = component(graph, dora)
    # What requests cost is a story of its own.
    costs = component(graph, dg.AssetKey(["marts", "fct_api_requests"]))
    assert dg.AssetKey(["raw_jira", "request_ledger"]) in costs
    unread = {key.to_user_string() for key in graph.get_all_asset_keys() - reached - costs}
    # Loaded for people who look for them: no model reads them.
    drift = {f"raw_{source}/schema_drift" for source in ("github", "gitlab", "jira")}
    known = {"raw_github/labels", "raw_gitlab/labels", "raw_jira/project_syncs"}
    assert unread <= known | drift
    for table in ("raw_gitlab/merge_requests", "raw_jira/issues", "raw_settings/people"):
        assert dg.AssetKey(table.split("/")) in reached


def test_the_spark_job_depends_on_the_marts_that_it_reads() -> None:
    from transform.schemas import INPUTS, OUTPUTS

    assert set(INPUTS) == set(READS)
    assert set(OUTPUTS) == {*DETAILS, "dora"}


def test_the_checks_of_every_door_are_asset_checks(graph) -> None:
    keys = {(".".join(key.asset_key.path), key.name) for key in graph.asset_check_keys}
    for door in ("raw", "marts", "metrics"):
        for check in check_specs(door):
            assert (check.table, check.name) in keys


def test_the_schedule_runs_the_job_and_waits_to_be_switched_on(repository) -> None:
    schedule = repository.get_schedule_def("refresh_everything_nightly")
    assert schedule.job_name == "refresh_everything"
    assert schedule.default_status is dg.DefaultScheduleStatus.STOPPED
    assert repository.has_sensor_def("run_failure_sensor")


def test_the_definitions_file_stays_short() -> None:
    lines = (PROJECT / "orchestration" / "definitions.py").read_text().splitlines()
    assert len(lines) <= 60


def test_the_instance_keeps_secrets_out_and_one_refresh_at_a_time(tmp_path: Path) -> None:
    import yaml

    folder = dagster_folder(own_home({"SEI_HOME": str(tmp_path)}))
    config = yaml.safe_load((folder / "dagster.yaml").read_text())
    assert config["storage"]["postgres"]["postgres_url"] == {"env": "SEI_DAGSTER_URL"}
    assert config["telemetry"] == {"enabled": False}
    limits = config["concurrency"]["runs"]["tag_concurrency_limits"]
    assert {"key": "sei/refresh", "limit": 1} in limits


def upstream(graph, key: dg.AssetKey) -> set[dg.AssetKey]:
    found, waiting = set(), [key]
    while waiting:
        for parent in graph.get(waiting.pop()).parent_keys:
            if parent not in found:
                found.add(parent)
                waiting.append(parent)
    return found


def component(graph, key: dg.AssetKey) -> set[dg.AssetKey]:
    found, waiting = {key}, [key]
    while waiting:
        for neighbour in neighbours(graph, waiting.pop()):
            if neighbour not in found:
                found.add(neighbour)
                waiting.append(neighbour)
    return found


def neighbours(graph, key: dg.AssetKey) -> Iterator[dg.AssetKey]:
    node = graph.get(key)
    yield from node.parent_keys
    yield from node.child_keys


def test_dbts_version_is_known_without_asking_dbt(tmp_path: Path) -> None:
    from importlib.metadata import version

    from orchestration.dbt_engine import DbtProcess

    # An executable that would fail if it were asked.
    dbt = DbtProcess(project_dir=str(PROJECT / "dbt_project"), dbt_executable="/bin/false")
    assert str(dbt._cli_version) == version("dbt-core")
    assert dbt._initialize_dbt_core_adapter([]) is None
