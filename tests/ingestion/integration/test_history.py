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
from ingestion.github import repository
from ingestion.github.client import GithubClient
from ingestion.gitlab.client import GitlabClient
from ingestion.jira.client import JiraClient
from ingestion.loading import LoadError, history, reader
from ingestion.settings import Settings

pytestmark = pytest.mark.integration

BEGIN, RECENT = date(2025, 12, 1), date(2026, 1, 20)
NOW = datetime(2026, 3, 1, tzinfo=UTC)
ENVIRON = {"SEI_DEMO_TOKEN": DEFAULT_TOKEN, "JIRA_EMAIL": jira.DEFAULT_EMAIL}
CLIENTS: dict[str, Any] = {"github": GithubClient, "gitlab": GitlabClient, "jira": JiraClient}
# The attempts, and what tells when a row was read.
SYNCS = {"github": "repository_syncs", "gitlab": "project_syncs", "jira": "project_syncs"}
TIMES = {"synced_at", "read_at", "teams_synced_at", "members_synced_at", "seen_from_issue_id"}


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
        """All rows of all tables but those about syncs, without their times; takes them away."""
        schema = f"raw_{source}"
        found = {}
        with psycopg.connect(self.url) as connection:
            tables = connection.execute(
                "select table_name from information_schema.tables where table_schema = %s"
                " and table_name not like '\\_dlt%%' and table_name <> all(%s)",
                [schema, [SYNCS[source], "request_ledger"]],
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
    """Steps even for the company's repositories, which are small enough to be read at once."""
    monkeypatch.setattr(history, "STEP", timedelta(days=days))
    monkeypatch.setattr(repository, "is_small", lambda counts: False)


@pytest.mark.parametrize("source", ["github", "gitlab", "jira"])
def test_a_backfill_cut_short_and_repeated_brings_what_one_reading_brings(
    world: World, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newest part first; then back, killed once in the middle; then an hourly sync."""
    monkeypatch.setattr(reader, "_TOLD_EVERY", 0.0)  # steps are over in less than half a second
    in_steps_of(monkeypatch, 10_000)
    world.load(source, BEGIN)
    expected = world.contents(source)
    in_steps_of(monkeypatch, 20)  # then 40, then the rest

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


def test_after_the_first_stored_round_the_recent_rows_of_all_repositories_are_there(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is older follows, and a load that has no time for it says so."""
    in_steps_of(monkeypatch, 30)

    first = world.load("github", BEGIN, history_seconds=0.0)

    at = NOW - timedelta(days=30)
    recent = f"select id from raw_github.pull_requests where updated_at >= '{at}' order by id"
    older = f"select id from raw_github.pull_requests where updated_at < '{at}'"
    there = world.rows(recent)
    assert there != []
    assert world.rows(older) == []
    assert first.behind == first.repositories
    assert world.load("github", BEGIN).behind == 0
    assert world.rows(older) != []
    assert world.rows(recent) == there


def add_pulls(github: Any, repository: Any, count: int, days_apart: int = 1) -> None:
    for number in range(count):
        day = datetime(2026, 2, 28, tzinfo=UTC) - timedelta(days=days_apart * number)
        at = f"{day:%Y-%m-%dT00:00:00Z}"
        github.add(
            repository, "pullRequests", "PullRequest", number=number, state="OPEN", updatedAt=at
        )


def test_older_history_is_read_without_the_pages_that_are_known(github: Any, read: Any) -> None:
    github.owner()
    shop = github.repository()
    add_pulls(github, shop, 200)
    first = read({"history": {"since": "2025-12-15"}})
    github.requests.clear()

    older = read({"history": {"since": "2025-10-01"}})

    assert len(first.rows("pull_requests")) == 76
    numbers = {
        row["number"] for row in (*first.rows("pull_requests"), *older.rows("pull_requests"))
    }
    assert numbers == set(range(151))
    # Two steps (to ninety days ago, and on), each from the page on which the one before it ended.
    pages = [body["variables"]["after"] for _, _, body in github.asked("PullRequests")]
    assert pages == ["75", "75", "100", "125", "150"]
    assert read({"history": {"since": "2025-10-01"}}).rows("pull_requests") == []


def test_a_cursor_that_is_refused_or_leads_too_far_costs_requests_but_no_rows(
    github: Any, read: Any, answers: Any
) -> None:
    github.owner()
    shop = github.repository()
    add_pulls(github, shop, 120)
    read({"history": {"since": "2025-12-15"}})
    # The fake's cursors are numbers: with fewer before it, the kept one names a later place.
    del shop["pullRequests"][:60]

    older = read({"history": {"since": "2025-11-15"}})

    assert {76, 90, 105} <= {row["number"] for row in older.rows("pull_requests")}


def test_all_of_a_small_repository_comes_with_one_request_whatever_its_age(
    github: Any, read: Any
) -> None:
    github.owner()
    shop = github.repository()
    add_pulls(github, shop, 20, days_apart=50)
    github.add(shop, "issues", "Issue", number=100, state="OPEN", updatedAt="2024-01-01T00:00:00Z")

    found = read({"history": {"since": "2023-01-01"}})

    assert (len(found.rows("pull_requests")), len(found.rows("issues"))) == (20, 1)
    asked = [what.rpartition(" ")[2] for what, _, _ in github.requests if "/graphql" in what]
    assert asked == ["Repositories", "Teams", "FirstPages"]


BIG = {"github": "pull_requests", "gitlab": "merge_requests", "jira": "issues"}
