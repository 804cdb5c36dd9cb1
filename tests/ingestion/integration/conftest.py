"""What the integration tests of several sources need."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from ingestion.jira.client import JiraClient
from ingestion.jira.load import LoadResult, load
from ingestion.settings import Settings
from tests.fixtures.gitlab_site import gitlab, gitlab_warehouse, gitlab_world  # noqa: F401
from tests.fixtures.jira_site import EMAIL, TOKEN, FakeJira
from tests.fixtures.spoiled_company import Contents, SpoiledCompany, contents, spoiled_company

ENVIRONMENT = {"EMAIL": EMAIL, "TOKEN": TOKEN}


@pytest.fixture
def jira() -> Iterator[FakeJira]:
    """An empty Jira site."""
    site = FakeJira()
    yield site
    site.stop()


class JiraWorld:
    """A Jira, a warehouse, and the load between them; each sync is an hour after the last."""

    def __init__(self, jira: FakeJira, url: str, folder: Path, clock: Any) -> None:
        self.jira, self.url, self.folder, self.clock = jira, url, folder, clock
        self.syncs = 0

    def settings(self, more: dict[str, Any] | None = None, **connection: Any) -> Settings:
        return Settings.model_validate(
            {
                "history": {"since": "2026-01-01"},
                **(more or {}),
                "jira": [
                    {"url": self.jira.url, "email": "env:EMAIL", "token": "env:TOKEN", **connection}
                ],
            }
        )

    def client(self, settings: Settings, environ: dict[str, str] | None = None) -> JiraClient:
        return JiraClient(
            settings.jira[0], environ=environ or ENVIRONMENT, clock=self.clock, attempts=3
        )

    def load(
        self,
        settings: dict[str, Any] | None = None,
        *,
        folder: Path | None = None,
        full: bool = False,
        progress: Any = None,
        longest_round: float = 900.0,
        environ: dict[str, str] | None = None,
        after: timedelta = timedelta(hours=1),
        **connection: Any,
    ) -> LoadResult:
        made = self.settings(settings, **connection)
        self.syncs += 1
        self.now = getattr(self, "now", datetime(2026, 1, 10, 12, tzinfo=UTC)) + after
        self.jira.requests.clear()
        return load(
            made.jira[0],
            made,
            self.url,
            full=full,
            synced_at=self.now,
            pipelines_dir=folder or self.folder,
            client=self.client(made, environ),
            progress=progress,
            longest_round=longest_round,
        )

    def rows(self, sql: str) -> list[dict[str, Any]]:
        with psycopg.connect(self.url, row_factory=dict_row) as connection:
            return connection.execute(sql.encode()).fetchall()

    def values(self, sql: str) -> list[Any]:
        return [next(iter(row.values())) for row in self.rows(sql)]

    def contents(self) -> dict[str, list[Any]]:
        """All rows of all tables but the attempts and the ledger, without the time of the sync."""
        tables = self.values(
            "select table_name from information_schema.tables where table_schema = 'raw_jira'"
            " and table_name not like '\\_dlt%'"
            " and table_name not in ('project_syncs', 'request_ledger', 'schema_drift')"
        )
        found = {}
        for table in sorted(tables):
            rows = self.rows(f"select * from raw_jira.{table}")
            for row in rows:
                row.pop("synced_at", None)
                row.pop("read_at", None)
            found[table] = sorted(map(repr, rows))
        return found


@pytest.fixture
def jira_world(
    jira: FakeJira, warehouse: Any, tmp_path: Path, make_clock: Callable[[], Any]
) -> Any:
    """A Jira and a warehouse."""
    return JiraWorld(jira, warehouse.url("loader"), tmp_path, make_clock())


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SpoiledCompany]:
    """The demo company behind proxies that misbehave by plan."""
    until = datetime.now(UTC).replace(microsecond=0)
    with spoiled_company(tmp_path_factory.mktemp("spoiled"), until) as made:
        yield made


@pytest.fixture(scope="session")
def quiet() -> dict[str, Contents]:
    """By source, what a load without a fault brought; filled by the first test that asks."""
    return {}


@pytest.fixture
def undisturbed(
    company: SpoiledCompany, quiet: dict[str, Contents], warehouse: Any, make_clock: Any
) -> Iterator[Callable[[str], Contents]]:
    """What a load of a source brings without a fault; its tables are gone again."""

    def found(source: str) -> Contents:
        url = warehouse.url("loader")
        company.forget(url, source)
        if source not in quiet:
            result = company.load(url, source, clock=make_clock())
            assert result.failures == []
            quiet[source] = contents(url, source)
            assert sum(map(len, quiet[source].values())) > 500
            company.forget(url, source)
        return quiet[source]

    yield found
    for proxy in company.proxies.values():
        proxy.tokens = None
