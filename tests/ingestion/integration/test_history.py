"""Long histories: newest first, in steps, piece by piece; in the end all is as if read at once."""

from __future__ import annotations

import importlib
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from demo import jira
from demo.company import Company
from demo.server import DEFAULT_TOKEN, Servers, running_all
from demo.settings import sei_toml
from ingestion.github.client import GithubClient
from ingestion.gitlab.client import GitlabClient
from ingestion.jira.client import JiraClient
from ingestion.loading import LoadError, history
from ingestion.settings import Settings

pytestmark = pytest.mark.integration

BEGIN, RECENT = date(2025, 11, 1), date(2026, 1, 20)
NOW = datetime(2026, 3, 1, tzinfo=UTC)
ENVIRON = {"SEI_DEMO_TOKEN": DEFAULT_TOKEN, "JIRA_EMAIL": jira.DEFAULT_EMAIL}
CLIENTS: dict[str, Any] = {"github": GithubClient, "gitlab": GitlabClient, "jira": JiraClient}
# The attempts, and what tells when a row was read.
SYNCS = {"github": "repository_syncs", "gitlab": "project_syncs", "jira": "project_syncs"}
TIMES = {"synced_at", "teams_synced_at", "members_synced_at", "seen_from_issue_id"}


class Killed(Exception):
    """What a load is ended with in the middle."""


@dataclass
class World:
    """The demo company's servers, and a warehouse to load them into."""

    servers: Servers
    toml: str
    url: str
    folder: Path

    def load(self, source: str, since: date, hours: int = 0, **options: Any) -> Any:
        values = tomllib.loads(self.toml)
        made = Settings.model_validate({**values, "history": {"since": since}})
        (connection,) = getattr(made, source)
        client = CLIENTS[source](connection, environ={**ENVIRON, "SEI_DEMO_TOKEN": DEFAULT_TOKEN})
        load = importlib.import_module(f"ingestion.{source}.load").load
        return load(
            connection,
            made,
            self.url,
            pipelines_dir=self.folder,
            client=client,
            synced_at=NOW + timedelta(hours=hours),
            **options,
        )

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url) as connection:
            return connection.execute(sql.encode()).fetchall()

    def contents(self, source: str) -> dict[str, list[str]]:
        """All rows of all tables but the attempts, without the times of syncs; takes them away."""
        schema = f"raw_{source}"
        found = {}
        with psycopg.connect(self.url) as connection:
            tables = connection.execute(
                "select table_name from information_schema.tables where table_schema = %s"
                " and table_name not like '\\_dlt%%' and table_name <> %s",
                [schema, SYNCS[source]],
            ).fetchall()
            for (table,) in sorted(tables):
                cursor = connection.execute(f"select * from {schema}.{table}".encode())
                names = [column.name for column in cursor.description or []]
                found[table] = sorted(
                    repr([v for n, v in zip(names, row, strict=True) if n not in TIMES])
                    for row in cursor
                )
                connection.execute(f"truncate {schema}.{table}".encode())
            connection.execute(f"truncate {schema}._dlt_pipeline_state".encode())
        return found


@pytest.fixture(scope="module")
def company() -> Company:
    return Company.generate(5, 3, BEGIN - timedelta(days=30), NOW)


@pytest.fixture
def world(company: Company, warehouse: Any, tmp_path: Path) -> Iterator[World]:
    servers = Servers.of(company, now=NOW)
    with running_all(servers) as at:
        toml = sei_toml(company, at.github, at.gitlab, at.jira)
        yield World(servers, toml, warehouse.url("loader"), tmp_path)


def in_steps_of(monkeypatch: pytest.MonkeyPatch, days: int) -> None:
    monkeypatch.setattr(history, "STEP", timedelta(days=days))


@pytest.mark.parametrize("source", ["github", "gitlab", "jira"])
def test_a_backfill_cut_short_and_repeated_brings_what_one_reading_brings(
    world: World, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newest part first; then back, killed once in the middle; then an hourly sync."""
    in_steps_of(monkeypatch, 10_000)
    world.load(source, BEGIN)
    expected = world.contents(source)
    in_steps_of(monkeypatch, 30)

    assert world.load(source, RECENT).behind == 0
    steps: set[datetime] = set()

    def killed_in_the_second_step(progress: Any) -> None:
        steps.add(progress.back_to)
        if len(steps - {None}) > 1:
            raise Killed

    with pytest.raises(LoadError):
        world.load(source, BEGIN, longest_round=0.0, progress=killed_in_the_second_step)
    world.load(source, BEGIN)
    quiet = world.load(source, RECENT, hours=1)

    assert quiet.row_counts[BIG[source]] == 0
    found = world.contents(source)
    for table in expected:
        assert found[table] == expected[table], table


BIG = {"github": "pull_requests", "gitlab": "merge_requests", "jira": "issues"}
