"""A warehouse with a little company whose every row is as it should be."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.types.json import Jsonb

from ingestion.contracts import ALL_TABLES
from orchestration.postgres import HOST, OWNER, EmbeddedPostgres
from orchestration.warehouse import Warehouse
from tests.fixtures.raw_company import accepted_drift, gitlab_rows, jira_rows
from transform.schemas import INPUTS, OUTPUTS

_TYPES = {
    "text": "text",
    "bigint": "bigint",
    "double": "double precision",
    "bool": "boolean",
    "timestamp": "timestamptz",
    "json": "jsonb",
    "date": "date",
}
NOW = datetime.now(UTC).replace(microsecond=0)
SYNCED = NOW - timedelta(hours=1)
Rows = dict[str, list[dict[str, Any]]]


@dataclass
class House:
    """The prepared warehouse; `tables` are those with rows, by "schema.table"."""

    warehouse: Warehouse
    tables: list[str]
    kept: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Its address as inspector, the role the room runs as."""
        return self.warehouse.url("inspector")

    def execute(self, statement: str) -> None:
        """Runs a statement as the owner."""
        with psycopg.connect(self.warehouse.url(), autocommit=True) as connection:
            connection.execute(statement.encode())

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """The rows of a query, as inspector."""
        with psycopg.connect(self.url) as connection:
            return connection.execute(statement.encode()).fetchall()

    def keep(self, *tables: str) -> None:
        """Remembers the rows of the tables as they are now."""
        self.execute("create schema if not exists good")
        for table in tables:
            self.execute(f'create table good."{table}" as select * from {table}')
            self.kept.append(table)

    def restore(self) -> None:
        """Brings back the remembered rows."""
        self.execute(
            ";".join(
                f'delete from {table}; insert into {table} select * from good."{table}"'
                for table in self.kept
            )
        )


@pytest.fixture
def empty_house(warehouse: Warehouse) -> House:
    """A warehouse with every table and not a row in them."""
    return _furnished(warehouse)


@pytest.fixture
def house(warehouse: Warehouse) -> House:
    """A warehouse of its own with the little company in it."""
    built = _furnished(warehouse)
    _move_in(built)
    return built


@pytest.fixture(scope="module")
def shared_house(postgres_server: EmbeddedPostgres) -> Iterator[House]:
    """The same for all tests of a module, which break it and restore it."""
    credentials = postgres_server.start()
    name = f"quality_{secrets.token_hex(4)}"
    login = f"postgresql://{OWNER}:{credentials.password}@{HOST}:{credentials.port}"
    with psycopg.connect(f"{login}/postgres", autocommit=True) as connection:
        connection.execute(f"create database {name}".encode())
    opened = Warehouse.open(
        postgres_server.home,
        {"SEI_WAREHOUSE_URL": f"{login}/{name}"},
        dagster_database=f"dagster_{name}",
    )
    built = _furnished(opened)
    _move_in(built)
    built.keep(*built.tables)
    yield built
    with psycopg.connect(f"{login}/postgres", autocommit=True) as connection:
        for database in (name, f"dagster_{name}"):
            connection.execute(f"drop database if exists {database} with (force)".encode())


def _furnished(warehouse: Warehouse) -> House:
    """Every table that a room fills, with the columns that the room gives it and no constraint
    but those of the metrics."""
    with psycopg.connect(warehouse.url("loader"), autocommit=True) as connection:
        for raw in ALL_TABLES:
            columns = ", ".join(f"{c.name} {_TYPES[c.data_type]}" for c in raw.columns)
            connection.execute(f"create table {raw.schema}.{raw.name} ({columns})".encode())
    warehouse.show_raw()
    more = {
        "dim_organizations": "slug text, timezone text, week_starts_on text",
        "fct_pull_requests": "state text",
        "bridge_pull_request_commits": "position bigint",
        "dim_developers": "name text",
        "bridge_commit_services": "reason text",
    }
    with psycopg.connect(warehouse.url("modeller"), autocommit=True) as connection:
        for mart in INPUTS.values():
            columns = ", ".join(f"{c.name} {c.type}" for c in mart.columns)
            extra = f", {more[mart.name]}" if mart.name in more else ""
            connection.execute(f"create table {mart.full_name} ({columns}{extra})".encode())
        for statement in (
            "create table marts.fct_pull_request_reviews (review_id text, pull_request_id text)",
            "create table marts.fct_issues"
            " (issue_id text, repository_id text, status_category text)",
            "create table marts.fct_issue_status_changes (issue_id text, position bigint,"
            " category text, entered_at timestamptz, left_at timestamptz)",
            "create table marts.fct_issue_estimate_changes (issue_id text,"
            " valid_from timestamptz, valid_to timestamptz)",
            "create table marts.fct_issue_assignee_changes (issue_id text,"
            " valid_from timestamptz, valid_to timestamptz)",
            "create table marts.fct_issue_blocked_changes (issue_id text,"
            " blocked_at timestamptz, unblocked_at timestamptz)",
            "create table marts.bridge_sprint_issues (sprint_id text, issue_id text,"
            " added_at timestamptz, removed_at timestamptz)",
            "create table marts.dim_sprints (sprint_id text, completed_at timestamptz)",
            "create table marts.bridge_team_members (team_id text, developer_id text,"
            " valid_from timestamptz, valid_to timestamptz)",
            "create table marts.bridge_developer_identities (account_id text, login text)",
            "create table marts.fct_pipeline_runs (pipeline_run_id text, repository_id text)",
        ):
            connection.execute(statement.encode())
    with psycopg.connect(warehouse.url("metrician"), autocommit=True) as connection:
        for metric in OUTPUTS.values():
            for statement in metric.ddl():
                connection.execute(statement.encode())
    return House(warehouse, [])


def _move_in(house: House) -> None:
    rows = {**_raw_rows(), **_mart_rows(), **_metric_rows()}
    with psycopg.connect(house.warehouse.url()) as connection, connection.cursor() as cursor:
        for table, found in rows.items():
            names = list(dict.fromkeys(name for row in found for name in row))
            cursor.executemany(
                sql.SQL("insert into {} ({}) values ({})").format(
                    sql.Identifier(*table.split(".")),
                    sql.SQL(", ").join(map(sql.Identifier, names)),
                    sql.SQL(", ").join(sql.Placeholder() * len(names)),
                ),
                [[row.get(name) for name in names] for row in found],
            )
    house.tables = list(rows)


def _hours_ago(hours: float) -> datetime:
    return NOW - timedelta(hours=hours)


def _raw_rows() -> Rows:
    both = {"connection": "github", "synced_at": SYNCED}
    in_repository = {**both, "repository_id": "R1"}
    of_pull_request = {**in_repository, "pull_request_id": "PR1"}
    by_jane = {"author_id": "U1", "author_login": "jane", "author_type": "User"}
    found: Rows = {
        "organizations": [{**both, "id": "O1", "login": "acme", "type": "Organization"}],
        "teams": [{**both, "id": "T1", "organization_id": "O1", "slug": "core", "name": "Core"}],
        "team_members": [{**both, "team_id": "T1", "user_id": "U1", "user_login": "jane"}],
        "team_repositories": [
            {**both, "team_id": "T1", "repository_id": "R1", "permission": "ADMIN"}
        ],
        "users": [{**both, "id": "U1", "login": "jane", "type": "User"}],
        "repositories": [
            {
                **both,
                "id": "R1",
                "owner_id": "O1",
                "owner_login": "acme",
                "name": "shop",
                "full_name": "acme/shop",
                "default_branch": "main",
                "head_sha": "c2",
                "created_at": _hours_ago(3000),
            },
            # an empty one has neither branch nor commit
            {
                **both,
                "id": "R2",
                "owner_id": "O1",
                "owner_login": "acme",
                "name": "empty",
                "full_name": "acme/empty",
                "created_at": _hours_ago(3000),
            },
        ],
        "request_ledger": [{**both, "endpoint": "commits", "resource": "graphql"}],
        "schema_drift": [{**both, **accepted_drift("commits")}],
        "repository_syncs": [
            {**both, "repository_full_name": "acme/shop", "status": "succeeded"},
            {
                **both,
                "repository_full_name": "acme/shop",
                "status": "failed",
                "synced_at": _hours_ago(25),
            },
        ],
        "commits": [
            {
                **in_repository,
                "sha": sha,
                "parent_shas": Jsonb(parents),
                "authored_at": _hours_ago(ago),
                "committed_at": _hours_ago(ago),
                "is_on_default_branch": True,
            }
            for sha, parents, ago in (("c1", [], 100), ("c2", ["c1"], 50))
        ],
        "pull_requests": [
            {
                **in_repository,
                **by_jane,
                "id": "PR1",
                "number": 1,
                "title": "Secret plans of jane@acme.test",
                "state": "MERGED",
                "base_ref_name": "main",
                "merge_commit_sha": "c2",
                "created_at": _hours_ago(60),
                "closed_at": _hours_ago(50),
                "merged_at": _hours_ago(50),
            },
            {
                **in_repository,
                **by_jane,
                "id": "PR2",
                "number": 2,
                "state": "OPEN",
                "base_ref_name": "main",
                "created_at": _hours_ago(20),
            },
        ],
        "pull_request_commits": [
            {**of_pull_request, "sha": "b1", "position": 1, "authored_at": _hours_ago(70)}
        ],
        "pull_request_reviews": [
            {
                **of_pull_request,
                **by_jane,
                "id": "V1",
                "state": "APPROVED",
                "submitted_at": _hours_ago(55),
            },
            {**of_pull_request, **by_jane, "id": "V2", "state": "PENDING"},
        ],
        "pull_request_review_comments": [
            {**of_pull_request, **by_jane, "id": "VC1", "created_at": _hours_ago(55)}
        ],
        "pull_request_events": [
            {
                **of_pull_request,
                "id": "E1",
                "type": "READY_FOR_REVIEW",
                "created_at": _hours_ago(58),
            }
        ],
        "issue_comments": [
            {**of_pull_request, **by_jane, "id": "IC1", "created_at": _hours_ago(54)},
            {
                **in_repository,
                **by_jane,
                "id": "IC2",
                "issue_id": "I1",
                "created_at": _hours_ago(39),
            },
        ],
        "labels": [{**in_repository, "id": "L1", "name": "incident"}],
        "issues": [
            {
                **in_repository,
                **by_jane,
                "id": "I1",
                "number": 3,
                "state": "CLOSED",
                "created_at": _hours_ago(40),
                "closed_at": _hours_ago(38),
            },
            {
                **in_repository,
                "id": "I2",
                "number": 4,
                "state": "OPEN",
                "created_at": _hours_ago(10),
            },
        ],
        "releases": [
            {**in_repository, "id": "RE1", "tag_name": "v1", "created_at": _hours_ago(45)}
        ],
        "tags": [{**in_repository, "name": "v1", "commit_sha": "c2"}],
        "deployments": [
            {
                **in_repository,
                "id": "D1",
                "environment": "production",
                "commit_sha": "c2",
                "created_at": _hours_ago(46),
            }
        ],
        "deployment_statuses": [
            {
                **in_repository,
                "id": f"S{n}",
                "deployment_id": "D1",
                "state": state,
                "created_at": _hours_ago(46 - n / 10),
            }
            for n, state in enumerate(("IN_PROGRESS", "SUCCESS"), 1)
        ],
        "workflow_runs": [
            {
                **in_repository,
                "id": "W1",
                "database_id": 11,
                "status": "completed",
                "conclusion": "success",
                "head_sha": "c2",
                "created_at": _hours_ago(48),
                "updated_at": _hours_ago(47),
            },
            {
                **in_repository,
                "id": "W2",
                "database_id": 12,
                "status": "in_progress",
                "head_sha": "c2",
                "created_at": _hours_ago(2),
                "updated_at": _hours_ago(2),
            },
        ],
        "workflow_jobs": [
            {
                **in_repository,
                "id": "J1",
                "database_id": 21,
                "run_id": 11,
                "name": "build",
                "conclusion": "success",
                "started_at": _hours_ago(48),
                "completed_at": _hours_ago(47),
            },
            # GitHub does stamp skipped jobs like this
            {
                **in_repository,
                "id": "J2",
                "database_id": 22,
                "run_id": 11,
                "name": "deploy",
                "conclusion": "skipped",
                "started_at": _hours_ago(47),
                "completed_at": _hours_ago(47.001),
            },
        ],
    }
    settings: Rows = {
        "connections": [
            {"connection": source, "source": source, "url": "http://localhost"}
            for source in ("github", "gitlab", "jira")
        ],
        "organization": [
            {
                "slug": "acme",
                "name": "Acme",
                "timezone": "Europe/Berlin",
                "week_starts_on": "monday",
                "history_since": _hours_ago(24 * 365),
            }
        ],
    }
    return {
        **{f"raw_settings.{name}": rows for name, rows in settings.items()},
        **{f"raw_github.{name}": rows for name, rows in found.items()},
        **{f"raw_gitlab.{name}": rows for name, rows in gitlab_rows(SYNCED, _hours_ago).items()},
        **{f"raw_jira.{name}": rows for name, rows in jira_rows(SYNCED, _hours_ago).items()},
    }


# Production deployments: Berlin is an hour ahead, so the second one counts for the 5th of March.
DEPLOYED = [
    datetime(2026, 3, 2, 10, tzinfo=UTC),
    datetime(2026, 3, 4, 23, 30, tzinfo=UTC),
]
DEPLOYED_DAYS = [date(2026, 3, 2), date(2026, 3, 5)]
MINIMUM_SAMPLE = 2


def _mart_rows() -> Rows:
    service = {"service_id": "github:R1", "repository_id": "github:R1"}
    return {
        "marts.dim_organizations": [
            {
                "organization_id": "organization:acme",
                "name": "Acme",
                "slug": "acme",
                "timezone": "Europe/Berlin",
                "week_starts_on": "monday",
            }
        ],
        "marts.dim_repositories": [
            {
                "repository_id": "github:R1",
                "organization_id": "organization:acme",
                "full_name": "acme/shop",
            }
        ],
        "marts.dim_services": [
            {
                "service_id": "github:R1",
                "organization_id": "organization:acme",
                "name": "acme/shop",
                "has_deployment_source": True,
            }
        ],
        "marts.dim_metric_settings": [
            {
                "organization_id": "organization:acme",
                "timezone": "Europe/Berlin",
                "minimum_sample": MINIMUM_SAMPLE,
                "bands_year": 2024,
            }
        ],
        "marts.dora_bands": [
            {
                "year": 2024,
                "metric": "change_fail_rate",
                "band": band,
                "from_value": start,
                "to_value": end,
                "from_inclusive": start == 0,
                "to_inclusive": True,
            }
            for band, start, end in (
                ("elite", 0, 0.05),
                ("high", 0.05, 0.1),
                ("medium", 0.1, 0.2),
                ("low", 0.2, None),
            )
        ],
        "marts.fct_commits": [
            {"repository_id": "github:R1", "sha": sha, "parent_shas": parents}
            for sha, parents in (("c1", []), ("c2", ["c1"]))
        ],
        "marts.fct_pull_requests": [
            {
                "pull_request_id": "github:PR1",
                "repository_id": "github:R1",
                "number": 1,
                "state": "merged",
                "merged_at": DEPLOYED[0] - timedelta(hours=4),
            },
            {
                "pull_request_id": "github:PR2",
                "repository_id": "github:R1",
                "number": 2,
                "state": "open",
            },
            *(
                {"pull_request_id": f"gitlab:{id_}", "repository_id": "gitlab:7", "state": "open"}
                for id_ in (70, 71)
            ),
        ],
        "marts.bridge_pull_request_commits": [
            {"pull_request_id": "github:PR1", "repository_id": "github:R1", "sha": "b1"}
        ],
        "marts.fct_pull_request_reviews": [
            {"review_id": "github:V1", "pull_request_id": "github:PR1"}
        ],
        "marts.fct_issues": [
            {"issue_id": "github:I1", "repository_id": "github:R1", "status_category": "done"},
            {"issue_id": "jira:10", "status_category": "done"},
        ],
        "marts.fct_issue_status_changes": [
            {
                "issue_id": "jira:10",
                "position": position,
                "category": category,
                "entered_at": _hours_ago(entered),
                "left_at": None if left is None else _hours_ago(left),
            }
            for position, (category, entered, left) in enumerate(
                # passed through one status within a moment
                (("to_do", 200, 20), ("in_progress", 20, 20), ("done", 20, None)),
                1,
            )
        ],
        "marts.fct_issue_estimate_changes": [
            {"issue_id": "jira:10", "valid_from": _hours_ago(200), "valid_to": _hours_ago(100)},
            {"issue_id": "jira:10", "valid_from": _hours_ago(100)},
        ],
        "marts.fct_issue_assignee_changes": [
            {"issue_id": "jira:10", "valid_from": _hours_ago(200), "valid_to": _hours_ago(100)},
            {"issue_id": "jira:10", "valid_from": _hours_ago(90)},
        ],
        "marts.fct_issue_blocked_changes": [
            {"issue_id": "jira:10", "blocked_at": _hours_ago(99), "unblocked_at": _hours_ago(98)},
            {"issue_id": "jira:10", "blocked_at": _hours_ago(90)},
        ],
        "marts.dim_sprints": [{"sprint_id": "jira:3", "completed_at": _hours_ago(10)}],
        "marts.bridge_sprint_issues": [
            {
                "sprint_id": "jira:3",
                "issue_id": "jira:10",
                "added_at": _hours_ago(200),
                "removed_at": _hours_ago(150),
            },
            {"sprint_id": "jira:3", "issue_id": "jira:10", "added_at": _hours_ago(100)},
        ],
        "marts.dim_teams": [{"team_id": "team:core", "name": "Core @ Acme"}],
        "marts.bridge_team_members": [
            {
                "team_id": "team:core",
                "developer_id": "github:U1",
                "valid_from": _hours_ago(900),
                "valid_to": _hours_ago(500),
            },
            {"team_id": "team:core", "developer_id": "github:U1", "valid_from": _hours_ago(400)},
        ],
        "marts.dim_developers": [{"developer_id": "github:U1", "name": "Jane (@jane)"}],
        "marts.bridge_developer_identities": [
            {"account_id": "github:U1", "login": "jane"},
            {"account_id": "gitlab:git:0cc175b9c0f1b6a831c399e269772661"},
        ],
        "marts.bridge_commit_services": [
            {"repository_id": "github:R1", "sha": "c2", "service_id": "service:a", "reason": "path"}
        ],
        "marts.fct_pipeline_runs": [{"pipeline_run_id": "github:W1", "repository_id": "github:R1"}],
        "marts.fct_deployments": [
            {
                **service,
                "deployment_id": f"github:D{n}",
                "environment": "production",
                "environment_tier": "production",
                "status": "success",
                "commit_sha": sha,
                "finished_at": finished_at,
            }
            for n, (sha, finished_at) in enumerate(zip(("c1", "c2"), DEPLOYED, strict=True), 1)
        ],
        "marts.fct_incidents": [
            {
                **service,
                "incident_id": "github:I1",
                "opened_at": DEPLOYED[0] + timedelta(hours=1),
                "resolved_at": DEPLOYED[0] + timedelta(hours=3),
            }
        ],
    }


def _metric_rows() -> Rows:
    stamp = {"definition_version": 1, "computed_at": NOW}
    deployment = {
        **stamp,
        "service_id": "github:R1",
        "repository_id": "github:R1",
        "environment": "production",
    }
    return {
        "metrics.deployment_changes": [
            {
                **deployment,
                "deployment_id": "github:D1",
                "change_kind": "pull_request",
                "change_id": "github:PR1",
                "pull_request_id": "github:PR1",
                "commit_sha": "c1",
                "first_commit_at": DEPLOYED[0] - timedelta(hours=10),
                "merged_at": DEPLOYED[0] - timedelta(hours=4),
                "deployed_at": DEPLOYED[0],
                "lead_time_hours": 10.0,
                "link_method": "merge_commit",
                "is_bot": False,
                "is_baseline": False,
            }
        ],
        "metrics.pull_request_cycle": [
            {
                **stamp,
                "pull_request_id": "github:PR1",
                "repository_id": "github:R1",
                "is_bot": False,
                "merged_at": DEPLOYED[0] - timedelta(hours=4),
                "coding_hours": 3.0,
                "pickup_hours": 1.0,
                "review_hours": 2.0,
                "deploy_hours": 4.0,
                "cycle_hours": 10.0,
            }
        ],
        "metrics.deployment_outcomes": [
            {
                **deployment,
                "deployment_id": f"github:D{n}",
                "finished_at": finished_at,
                "position": n,
                "change_count": 1,
                "is_failed": n == 1,
                "failure_reasons": ["incident"] if n == 1 else [],
                "incident_ids": ["github:I1"] if n == 1 else [],
                "recovered_at": finished_at + timedelta(hours=3) if n == 1 else None,
                "recovery_hours": 3.0 if n == 1 else None,
                "is_rework": False,
                "rework_reasons": [],
                "is_rollback": False,
                "is_baseline": n == 1,
                "is_commit_known": True,
            }
            for n, finished_at in enumerate(DEPLOYED, 1)
        ],
        "metrics.linkage_coverage": [
            {
                **stamp,
                "service_id": "github:R1",
                "reason": "pull_request_shipped",
                "row_count": 1,
            }
        ],
        "metrics.dora": [
            {
                **stamp,
                "entity_type": entity_type,
                "entity_id": entity_id,
                "environment": "production",
                "grain": grain,
                "period_start": start,
                "period_end": end,
                "is_partial": is_partial,
                **measured,
            }
            for entity_type, entity_id in (
                ("organization", "organization:acme"),
                ("service", "github:R1"),
            )
            for grain, start, end, is_partial in _periods()
            for measured in _measured(start, end)
        ],
    }


def _periods() -> list[tuple[str, date, date, bool]]:
    first = date(2026, 3, 1)
    days = [first + timedelta(days=n) for n in range(8)]
    return [
        *(("day", day, day + timedelta(days=1), day == days[-1]) for day in days),
        ("week", date(2026, 2, 23), date(2026, 3, 2), False),
        ("week", date(2026, 3, 2), date(2026, 3, 9), True),
        ("month", date(2026, 2, 1), date(2026, 3, 1), False),
        ("month", date(2026, 3, 1), date(2026, 4, 1), True),
        ("quarter", date(2026, 1, 1), date(2026, 4, 1), True),
        *(
            (f"rolling_{length}d", end - timedelta(days=length), end, False)
            for length in (30, 90)
            for end in (date(2026, 3, 2), date(2026, 3, 8))
        ),
    ]


def _measured(start: date, end: date) -> list[dict[str, Any]]:
    """The three kinds of metrics: a frequency, a duration, a ratio."""
    deployments = sum(start <= day < end for day in DEPLOYED_DAYS)
    days = (end - start).days
    if not deployments:
        nothing = {"value": None, "sample_size": 0, "status": "no_data", "numerator": 0}
        return [
            {**nothing, "metric": "deployment_frequency", "unit": "per day", "denominator": days},
            {**nothing, "metric": "change_lead_time", "unit": "hours", "denominator": 0},
            {**nothing, "metric": "change_fail_rate", "unit": "ratio", "denominator": 0},
        ]
    status = "ok" if deployments >= MINIMUM_SAMPLE else "insufficient_data"
    told = {"sample_size": deployments, "status": status, "numerator": deployments}
    banded = {"band": "low", "band_year": 2024} if status == "ok" else {}
    return [
        {
            **told,
            "metric": "deployment_frequency",
            "unit": "per day",
            "value": deployments / days,
            "denominator": days,
        },
        {
            **told,
            "metric": "change_lead_time",
            "unit": "hours",
            "value": 10.0,
            "p75": 11.0,
            "p90": 12.0,
            "denominator": deployments,
        },
        {
            **told,
            **banded,
            "metric": "change_fail_rate",
            "unit": "ratio",
            "numerator": 1,
            "value": 1 / deployments,
            "denominator": deployments,
        },
    ]
