"""Installations that live as long as the session, and the demo company in one of them: loaded in
two steps with the clock moved between them.

Everything that changed after it was first seen (reviews, merges, running deployments and jobs,
reopened incidents, sprints that were closed) has to be caught up. In the first step one repository
refuses, in the second one replies are garbled, cut and lost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any

import httpx
import pytest

from demo.company import Company, default_period
from demo.settings import sei_toml
from demo.truth import Truth
from ingestion.settings import load_settings
from tests.fixtures.pipeline import (
    TOKEN,
    Addresses,
    Installation,
    demo_server,
    make_installation,
    remove,
)


@pytest.fixture(scope="session")
def installation() -> Iterator[Callable[[str], Installation]]:
    """Makes installations by name; all are stopped and removed at the end."""
    made: list[Installation] = []

    def make(name: str) -> Installation:
        made.append(make_installation(name))
        return made[-1]

    yield make
    for one in made:
        remove(one)


SEED = 11
REPOSITORIES = 12
MONTHS = 4

# One is closed to the account.
JIRA_PROJECTS = ["SHOP", "PAY", "OPS", "SEC"]

# GitHub's answer to a token that may not see a repository's Actions.
REFUSED = {
    "github": [
        {
            "path": "/repos/acme/checkout/actions/runs",
            "times": None,
            "status": 403,
            "body": {"message": "Resource not accessible by personal access token"},
        }
    ],
    "gitlab": [],
    "jira": [],
}
SPOILED = {
    "github": [
        {"path": "graphql", "skip": 1, "action": "garbage"},
        {"path": "graphql", "skip": 2, "action": "cut"},
        {"path": "graphql", "skip": 3, "action": "close"},
        {"path": "graphql", "skip": 4, "status": 502},
        {"path": "graphql", "skip": 5, "action": "secondary"},
        {"path": "actions/runs", "skip": 1, "action": "cut"},
    ],
    "gitlab": [
        {"path": "merge_requests", "skip": 1, "action": "garbage"},
        {"path": "merge_requests", "skip": 2, "action": "close"},
        {"path": "deployments", "skip": 1, "status": 502},
        {"path": "pipelines", "skip": 1, "action": "limit"},
    ],
    "jira": [
        {"path": "search/jql", "skip": 1, "action": "cut"},
        {"path": "changelog/bulkfetch", "status": 502},
        {"path": "sprint", "skip": 1, "action": "limit"},
    ],
}


@dataclass
class Told:
    """An installation that has loaded a company, and what is true of that company.

    `requests`: per source, how many the first and the second run sent, and a load right after them;
    `repeated`: the rows that this load brought, by source and table; `said`: what the runs said.
    """

    installation: Installation
    truth: Truth
    requests: dict[str, list[int]]
    repeated: dict[str, dict[str, int]]
    said: list[str]

    def query(self, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Rows of a statement, as the owner."""
        return self.installation.query(statement, *parameters)


@pytest.fixture(scope="session")
def told(installation: Callable[[str], Installation]) -> Told:
    start, until = default_period(datetime.now(UTC), MONTHS)
    company = Company.generate(SEED, REPOSITORIES, start, until)
    one = installation("demo")
    requests: dict[str, list[int]] = {source: [] for source in Addresses._fields}
    said = []
    arguments = ["--seed", str(SEED), "--repositories", str(REPOSITORIES)]
    arguments += ["--start", start.isoformat(), "--until", until.isoformat()]
    with demo_server(*arguments, "--clock", (until - timedelta(days=9)).isoformat()) as addresses:
        one.configure(sei_toml(company, *addresses, jira_projects=JIRA_PROJECTS))
        for now, faults in ((until - timedelta(days=9), REFUSED), (until, SPOILED)):
            clock = {"now": now.isoformat()}
            httpx.post(f"{addresses.github}/demo/clock", json=clock).raise_for_status()
            for source, url in addresses._asdict().items():
                httpx.post(f"{url}/demo/faults", json=faults[source]).raise_for_status()
            before = {source: _asked(url) for source, url in addresses._asdict().items()}
            done = one.sei("run")
            said.append(done.stdout + done.stderr)
            assert done.returncode == 0, said[-1][-6000:]
            for source, url in addresses._asdict().items():
                requests[source].append(_asked(url) - before[source])
                hits = httpx.get(f"{url}/demo/faults").json()
                assert all(fault["hits"] for fault in hits), hits
        repeated = {}
        for source, url in addresses._asdict().items():
            httpx.post(f"{url}/demo/faults", json=[]).raise_for_status()
            asked = _asked(url)
            repeated[source] = _load(one, source)
            requests[source].append(_asked(url) - asked)
    return Told(one, company.truth(until), requests, repeated, said)


def _load(one: Installation, source: str) -> dict[str, int]:
    """Rows by table of one more load, by hand."""
    settings = load_settings(one.home / "sei.toml")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEI_DEMO_TOKEN", TOKEN)
        result = import_module(f"ingestion.{source}.load").load(
            getattr(settings, source)[0],
            settings,
            one.warehouse().url("loader"),
            pipelines_dir=one.home / "dlt-by-hand",
        )
    return dict(result.row_counts)


def _asked(url: str) -> int:
    counts = httpx.get(f"{url}/demo/stats").json()["requests"]
    return sum(value for value in counts.values() if isinstance(value, int))
