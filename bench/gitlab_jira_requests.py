"""What reading GitLab and Jira costs in requests, by endpoint; counts do not depend on the machine.

The demo company: everything, nine days later, twice with nothing new, an issue that changed. Then
500 GitLab projects and 50 Jira projects in which nothing happens, on the servers of the tests.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from homes import fresh_home, warehouse_url
from measure import ROOT, machine, table

sys.path.insert(0, str(ROOT))

from demo.company import Company, default_period
from demo.server import DEFAULT_TOKEN, Servers, running_all
from demo.settings import TOKEN_VARIABLE, sei_toml
from ingestion.gitlab.client import GitlabClient
from ingestion.gitlab.load import load as load_gitlab
from ingestion.jira.client import JiraClient
from ingestion.jira.load import load as load_jira
from ingestion.settings import Settings, load_settings
from tests.fixtures.gitlab_site import FakeGitlab
from tests.fixtures.jira_site import EMAIL, SPRINT, TOKEN, FakeJira

_ENVIRON = {TOKEN_VARIABLE: DEFAULT_TOKEN, "EMAIL": EMAIL, "TOKEN": TOKEN, "GITLAB": "secret-one"}


@dataclass
class Sync:
    """What one sync asked for."""

    source: str
    name: str
    asked: dict[str, int]
    rows: int

    def line(self) -> list[object]:
        """Its line of the table."""
        return [self.source, self.name, sum(self.asked.values()), self.rows]


class Home:
    """A warehouse, and loads into it; each is an hour after the one before."""

    def __init__(self, environ: dict[str, str]) -> None:
        self.url = warehouse_url(environ, "loader")
        self.folder = Path(environ["SEI_HOME"])
        self.syncs: list[Sync] = []

    def load(self, source: str, name: str, settings: Settings, at: datetime) -> None:
        """Loads all of a source and notes what was asked."""
        folder = self.folder / "dlt"
        result: Any
        if source.startswith("GitLab"):
            of_gitlab = settings.gitlab[0]
            gitlab = GitlabClient(of_gitlab, environ=_ENVIRON)
            result = load_gitlab(
                of_gitlab, settings, self.url, client=gitlab, synced_at=at, pipelines_dir=folder
            )
            costs = gitlab.rest.ledger.costs()
        else:
            of_jira = settings.jira[0]
            jira = JiraClient(of_jira, environ=_ENVIRON)
            result = load_jira(
                of_jira, settings, self.url, client=jira, synced_at=at, pipelines_dir=folder
            )
            costs = jira.rest.ledger.costs()
        if result.failures:
            raise SystemExit(f"{source}, {name}: {result.failures[0]}")
        asked = {cost.endpoint: cost.requests for cost in costs if cost.requests}
        self.syncs.append(Sync(source, name, asked, sum(result.row_counts.values())))
        print(f"{source}, {name}: {sum(asked.values())}", file=sys.stderr, flush=True)


def main() -> None:
    """Prints the syncs, and what some of them asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repositories", type=int, default=12, help="of the demo company")
    parser.add_argument("--months", type=int, default=4)
    parser.add_argument("--projects", type=int, default=500, help="of the quiet GitLab")
    parser.add_argument("--boards", type=int, default=6, help="with sprints, of the quiet Jira")
    arguments = parser.parse_args()
    before = machine()
    syncs: list[Sync] = []
    for work in (
        lambda home: _demo(home, arguments.repositories, arguments.months),
        lambda home: _quiet_gitlab(home, arguments.projects),
        lambda home: _quiet_jira(home, arguments.boards),
    ):
        with fresh_home() as environ:
            home = Home(environ)
            work(home)
            syncs += home.syncs
    print(f"{before}; {arguments.months} months of history of the demo company\n")
    print(table(["source", "sync", "requests", "rows"], [sync.line() for sync in syncs]))
    for sync in syncs:
        if sync.name in ("everything", "nothing new"):
            print(f"\n{sync.source}, {sync.name}:\n")
            lines = sorted(sync.asked.items(), key=lambda entry: -entry[1])
            print(table(["asked for", "requests"], [list(line) for line in lines]))


def _demo(home: Home, repositories: int, months: int) -> None:
    end = datetime.now(UTC).replace(microsecond=0)
    start, until = default_period(end, months)
    company = Company.generate(1, repositories, start, until)
    earlier = until - timedelta(days=9)
    servers = Servers.of(company, now=earlier, rate_limit=1_000_000)
    with running_all(servers) as found:
        config = home.folder / "sei.toml"
        config.write_text(sei_toml(company, found.github, found.gitlab, found.jira))
        settings = load_settings(config, _ENVIRON)
        for name, clock, at in (
            ("everything", earlier, earlier),
            ("nine days later", until, until),
            ("two hours later", until, until + timedelta(hours=2)),
            ("nothing new", until, until + timedelta(hours=3)),
        ):
            servers.gitlab.set_clock(clock)
            servers.jira.move(clock)
            for source in ("GitLab", "Jira"):
                home.load(source, name, settings, at)


@contextmanager
def _serving(site: Any) -> Iterator[Any]:
    try:
        yield site
    finally:
        site.stop()


def _three(home: Home, source: str, settings: Settings, change: Callable[[], None]) -> None:
    at = datetime(2026, 3, 1, 12, tzinfo=UTC)
    for hours, name in ((0, "everything"), (2, "two hours later"), (3, "nothing new")):
        home.load(source, name, settings, at + timedelta(hours=hours))
    change()
    home.load(source, "one changed", settings, at + timedelta(hours=4))


def _quiet_gitlab(home: Home, projects: int) -> None:
    with _serving(FakeGitlab()) as gitlab:
        gitlab.group(1, "acme")
        for number in range(2, 32):
            gitlab.group(number, f"acme/team-{number}", 1)
        gitlab.project(1, "busy", last_activity_at="2026-02-01T02:00:00.000Z", archived=True)
        for number in range(1000, 1000 + projects):
            gitlab.project(number, f"p{number}", 2 + number % 30)
            gitlab.pipeline(number, number, "2026-01-11T09:10:00.000Z")
            gitlab.job(number, number, number)
            job = {"id": number, "pipeline": {"id": number}}
            gitlab.deployment(number, number, "2026-01-11T10:05:00.000Z", deployable=job)
            changed = datetime(2026, 1, 11, tzinfo=UTC) - timedelta(minutes=number)
            gitlab.merge_request(number, number, 1, f"{changed:%Y-%m-%dT%H:%M}:00.000Z")
        settings = Settings.model_validate(
            {
                "history": {"since": "2026-01-01"},
                "gitlab": [{"url": gitlab.url, "token": "env:GITLAB", "groups": ["acme"]}],
            }
        )

        def change() -> None:
            request = gitlab.data[1000, "merge_requests"][0]
            request["updated_at"] = "2026-03-01T15:30:00.000Z"

        _three(home, f"GitLab, {projects} projects", settings, change)


def _quiet_jira(home: Home, boards: int) -> None:
    with _serving(FakeJira()) as jira:
        jira.status("1", "Open", "new")
        for number in range(50):
            project = jira.project(f"P{number}", str(10_000 + number))
            for issue in range(10):
                id_ = str(1000 + 10 * number + issue)
                changed = f"2026-01-0{issue % 9 + 1}T10:{number:02}:00.000+0000"
                jira.issue(id_, project, issue + 1, changed)
            if number < boards:
                jira.board(number + 1, project)
                jira.sprint(100 + number, number + 1)
                jira.sprint(200 + number, number + 1, "closed")
                jira.issues[str(1000 + 10 * number)]["fields"][SPRINT] = [{"id": 100 + number}]
        settings = Settings.model_validate(
            {
                "history": {"since": "2026-01-01"},
                "jira": [{"url": jira.url, "email": "env:EMAIL", "token": "env:TOKEN"}],
            }
        )

        def change() -> None:
            jira.issues["1000"]["fields"]["updated"] = "2026-01-10T12:30:00.000+0000"

        _three(home, f"Jira, 50 projects, {boards} boards", settings, change)


if __name__ == "__main__":
    main()
