"""Marts of an invented company, written straight into a database: input for transform's benchmark.

No demo company on purpose: only the sizes matter here, and no other room is needed.
"""

from __future__ import annotations

import hashlib
import random
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pyarrow as pa

from transform.schemas import INPUTS, Table

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
END = BEGIN + timedelta(days=182)

Rows = dict[str, list[dict[str, Any]]]

# Commits held in memory at once.
_PART = 50_000


def company(repositories: int, pull_requests: int, deployments: int, seed: int = 1) -> Rows:
    """The rows of every input table; counts of pull requests and deployments per repository."""
    chance = random.Random(seed)
    rows = _company(repositories)
    for number in range(repositories):
        _repository(rows, chance, number, pull_requests, deployments, _team(number, repositories))
    return rows


def large_company(
    repositories: int, pull_requests: int, deployments: int, pushes: int, seed: int = 1
) -> Iterator[Rows]:
    """The same in parts that fit into memory; `pushes` per repository belong to no pull request."""
    yield _company(repositories)
    chance = random.Random(seed)
    rows: Rows = {name: [] for name in INPUTS}
    for number in range(repositories):
        team = _team(number, repositories)
        _repository(rows, chance, number, pull_requests, deployments, team, pushes)
        if len(rows["fct_commits"]) >= _PART:
            yield rows
            rows = {name: [] for name in INPUTS}
    yield rows


def _company(repositories: int) -> Rows:
    rows: Rows = {name: [] for name in INPUTS}
    rows["dim_organizations"].append({"organization_id": "organization:bench", "name": "Bench"})
    rows["dim_metric_settings"].append(
        {
            "organization_id": "organization:bench",
            "timezone": "Europe/Berlin",
            "week_starts_on": "monday",
            "history_since": BEGIN,
            "incident_link_window_hours": 168.0,
            "baseline_window_hours": 0.0,
            "revert_counts_as_failure": True,
            "minimum_sample": 3,
            "exclude_bots": False,
            "bands_year": 2024,
        }
    )
    rows["dora_bands"] += BANDS
    for team in sorted({_team(number, repositories) for number in range(repositories)}):
        rows["dim_teams"].append(
            {
                "team_id": team,
                "organization_id": "organization:bench",
                "name": team.title(),
                "parent_team_id": None if team == "team:0" else "team:0",
            }
        )
    return rows


def _team(number: int, repositories: int) -> str:
    return f"team:{number % max(1, repositories // 3)}"


def _sha(*parts: object) -> str:
    return hashlib.sha1("/".join(map(str, parts)).encode()).hexdigest()


def _repository(
    rows: Rows,
    chance: random.Random,
    number: int,
    pull_requests: int,
    deployments: int,
    team: str,
    pushes: int = 0,
) -> None:
    repository = f"github:R_{number}"
    rows["dim_repositories"].append(
        {
            "repository_id": repository,
            "organization_id": "organization:bench",
            "full_name": f"bench/repository-{number}",
        }
    )
    rows["dim_services"].append(
        {
            "service_id": repository,
            "organization_id": "organization:bench",
            "name": f"repository-{number}",
            "team_id": team,
            "has_deployment_source": True,
            "has_incident_source": True,
        }
    )
    rows["bridge_service_repositories"].append(
        {"service_id": repository, "repository_id": repository}
    )
    head = _sha(repository, "root")
    merged = []

    def commit(sha: str, parents: list[str], at: datetime, pull_request: str | None) -> None:
        rows["fct_commits"].append(
            {
                "repository_id": repository,
                "sha": sha,
                "author_id": "github:U_1",
                "authored_at": at,
                "committed_at": at,
                "parent_shas": parents,
                "message_headline": "Change",
                "is_on_default_branch": True,
                "pull_request_id": pull_request,
            }
        )

    commit(head, [], BEGIN - timedelta(days=9), None)
    root = head
    for index in range(pull_requests):
        at = BEGIN + (END - BEGIN) * (index + 1) / (pull_requests + 1)
        at = at.replace(microsecond=0)
        identity = f"github:PR_{number}_{index}"
        start = at - timedelta(seconds=chance.randrange(4000, 400000))
        branch = head
        for step in range(3):
            branch, before = _sha(identity, step), branch
            commit(branch, [before], start + timedelta(seconds=step), identity)
            rows["bridge_pull_request_commits"].append(
                {"pull_request_id": identity, "repository_id": repository, "sha": branch}
            )
        merge = _sha(identity, "merge")
        commit(merge, [head, branch], at, identity)
        head = merge
        merged.append((at, merge))
        # Spread over the pull requests, so that both come in the order of time.
        for push in range(pushes * index // pull_requests, pushes * (index + 1) // pull_requests):
            head, before = _sha(repository, "push", push), head
            commit(head, [before], at + timedelta(seconds=1), None)
        rows["fct_pull_requests"].append(
            {
                "pull_request_id": identity,
                "repository_id": repository,
                "number": index + 1,
                "author_id": f"github:U_{chance.randrange(30)}",
                "is_bot": chance.random() < 0.1,
                "head_sha": branch,
                "merge_commit_sha": merge,
                "is_hotfix": chance.random() < 0.03,
                "is_revert": False,
                "created_at": start + timedelta(seconds=600),
                "ready_at": start + timedelta(seconds=600),
                "first_commit_at": start,
                "first_review_at": start + timedelta(seconds=2000),
                "first_approved_at": start + timedelta(seconds=3000),
                "merged_at": at,
                "commits_after_first_review_count": 1,
                "merged_to_default_branch": True,
            }
        )
        if index and chance.random() < 0.02:
            rows["bridge_pull_request_reverts"].append(
                {
                    "pull_request_id": identity,
                    "reverted_pull_request_id": f"github:PR_{number}_{index - 1}",
                }
            )
    for index in range(deployments):
        at = BEGIN + (END - BEGIN) * (index + 2) / (deployments + 2)
        at = at.replace(microsecond=0)
        count = bisect_left(merged, (at, ""))
        back = 3 if count > 3 and chance.random() < 0.02 else 1
        identity = f"github:DE_{number}_{index}"
        rows["fct_deployments"].append(
            {
                "deployment_id": identity,
                "repository_id": repository,
                "service_id": repository,
                "environment": "production",
                "environment_tier": "production",
                "status": "success",
                "commit_sha": merged[count - back][1] if count else root,
                "started_at": at - timedelta(seconds=90),
                "finished_at": at,
            }
        )
        if chance.random() < 0.08:
            rows["fct_incidents"].append(
                {
                    "incident_id": f"github:I_{number}_{index}",
                    "service_id": repository,
                    "repository_id": repository,
                    "opened_at": at + timedelta(seconds=900),
                    "resolved_at": at + timedelta(seconds=900 + chance.randrange(90000)),
                    "issue_id": f"github:I_{number}_{index}",
                }
            )
            if chance.random() < 0.3:
                rows["bridge_incident_references"].append(
                    {
                        "incident_id": f"github:I_{number}_{index}",
                        "kind": "deployment",
                        "deployment_id": identity,
                    }
                )


def _band(
    metric: str, band: str, bounds: tuple[float | None, float | None], flags: tuple[bool, bool]
) -> dict[str, Any]:
    return {
        "year": 2024,
        "metric": metric,
        "band": band,
        "from_value": bounds[0],
        "to_value": bounds[1],
        "from_inclusive": flags[0],
        "to_inclusive": flags[1],
    }


_UP, _DOWN = (True, False), (False, True)
BANDS = [
    _band("deployment_frequency", "elite", (1.0, None), _UP),
    _band("deployment_frequency", "high", (1 / 7, 1.0), _UP),
    _band("deployment_frequency", "medium", (1 / 30, 1 / 7), _UP),
    _band("deployment_frequency", "low", (None, 1 / 30), _UP),
    _band("change_lead_time", "elite", (None, 24.0), _UP),
    _band("change_lead_time", "high", (24.0, 168.0), _UP),
    _band("change_lead_time", "medium", (168.0, 720.0), _UP),
    _band("change_lead_time", "low", (720.0, None), _UP),
    _band("change_fail_rate", "elite", (None, 0.05), _DOWN),
    _band("change_fail_rate", "high", (0.05, 0.1), _DOWN),
    _band("change_fail_rate", "medium", (0.1, 0.2), _DOWN),
    _band("change_fail_rate", "low", (0.2, None), _DOWN),
    _band("failed_deployment_recovery_time", "elite", (None, 1.0), _UP),
    _band("failed_deployment_recovery_time", "high", (1.0, 24.0), _UP),
    _band("failed_deployment_recovery_time", "medium", (24.0, 168.0), _UP),
    _band("failed_deployment_recovery_time", "low", (168.0, None), _UP),
]


def write_marts(connection: psycopg.Connection[Any], rows: Mapping[str, Iterable[Any]]) -> None:
    """Create every input table, replacing one that is there, and fill it."""
    create_marts(connection)
    for name, table in INPUTS.items():
        fill(connection, table, rows.get(name, ()))


def create_marts(connection: psycopg.Connection[Any]) -> None:
    """Create every input table, empty, replacing one that is there."""
    known = connection.execute("select to_regnamespace('marts')").fetchone()
    if known is None or known[0] is None:
        connection.execute("create schema marts")
    for table in INPUTS.values():
        connection.execute(f"drop table if exists {table.full_name} cascade".encode())
        for statement in table.ddl():
            connection.execute(statement.encode())


def fill(connection: psycopg.Connection[Any], table: Table, rows: Iterable[Any]) -> None:
    """Add these rows (dictionaries; a column left out is null) to the table."""
    names = table.column_names()
    columns = ", ".join(f'"{name}"' for name in names)
    with (
        connection.cursor() as cursor,
        cursor.copy(f"copy {table.full_name} ({columns}) from stdin".encode()) as copy,
    ):
        for row in rows:
            copy.write_row([row.get(name) for name in names])


def write_large(url: str, parts: Iterable[Rows]) -> None:
    """Create every input table, fill them part by part, and vacuum them, as a warm warehouse is."""
    import adbc_driver_postgresql.dbapi

    with psycopg.connect(url, autocommit=True) as connection:
        create_marts(connection)
        with adbc_driver_postgresql.dbapi.connect(url) as loader, loader.cursor() as cursor:
            for part in parts:
                for name, rows in part.items():
                    if rows:
                        data = pa.Table.from_pylist(rows, INPUTS[name].arrow_schema())
                        cursor.adbc_ingest(name, data, mode="append", db_schema_name="marts")
                loader.commit()
        connection.execute("vacuum analyze")
