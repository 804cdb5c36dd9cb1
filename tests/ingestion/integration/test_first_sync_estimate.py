"""What `sei check` estimates of a first sync, against what loading the demo company costs."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import psycopg
import pytest

from demo.company import Company
from demo.server import Servers, running_all
from demo.settings import TOKEN_VARIABLE, sei_toml
from ingestion.settings import Settings

pytestmark = pytest.mark.integration

TOKEN = "a-token-of-the-tests"
START, NOW = date(2025, 12, 1), datetime(2026, 2, 1, tzinfo=UTC)
# The demo's numbers are small, so that a request more or less counts.
FACTOR = 1.5
SOURCES = ["github", "gitlab", "jira"]


@pytest.fixture(scope="module")
def company() -> Iterator[Settings]:
    """The settings of a small demo company, served."""
    made = Company.generate(3, 4, START, NOW)
    with running_all(Servers.of(made, now=NOW, tokens=[TOKEN])) as found:
        text = sei_toml(made, found.github, found.gitlab, found.jira)
        yield Settings.model_validate(tomllib.loads(text))


def estimate(settings: Settings, source: str, **more: Any) -> Any:
    (connection,) = getattr(settings, source)
    check = import_module(f"ingestion.{source}.check").check
    report = check(connection, environ={TOKEN_VARIABLE: TOKEN}, settings=settings, **more)
    assert report.errors() == []
    assert report.estimate_error is None
    assert any("first sync, estimated" in line for line in report.facts())
    return report.estimate


@pytest.mark.parametrize("source", SOURCES)
def test_the_estimate_is_near_what_the_load_then_costs(
    company: Settings, warehouse: Any, tmp_path: Path, monkeypatch: Any, source: str
) -> None:
    monkeypatch.setenv(TOKEN_VARIABLE, TOKEN)
    told = estimate(company, source)
    (connection,) = getattr(company, source)
    load = import_module(f"ingestion.{source}.load").load

    result = load(connection, company, warehouse.url("loader"), pipelines_dir=tmp_path)

    needed = sum(told.requests.values())
    assert needed / FACTOR <= result.requests <= needed * FACTOR
    assert told.asked < 20
    assert told.seconds > 0
    points = [cost.points for cost in result.costs if cost.points is not None]
    if source == "github":
        assert told.points / FACTOR <= sum(points) <= told.points * FACTOR
    else:
        assert (told.points, points) == (None, [])
    # What is counted is what is there.
    rows = {name.replace("_", " "): count for name, count in result.row_counts.items()}
    for name in ("pull requests", "merge requests", "issues", "deployments"):
        if name in told.counted:
            assert told.counted[name] == pytest.approx(rows[name], rel=0.25)
    with psycopg.connect(warehouse.url("loader")) as db:
        query = f"select endpoint from raw_{source}.request_ledger where endpoint like '%{{}}%'"
        assert db.execute(query.encode()).fetchall() == []


@pytest.mark.parametrize("source", SOURCES)
def test_a_later_start_of_the_history_costs_less(company: Settings, source: str) -> None:
    later = (NOW - timedelta(days=10)).date()
    short = company.model_copy(
        update={"history": company.history.model_copy(update={"since": later})}
    )

    assert sum(estimate(short, source).requests.values()) < sum(
        estimate(company, source).requests.values()
    )


def test_of_many_repositories_only_some_are_looked_at(company: Settings, monkeypatch: Any) -> None:
    from ingestion.github import first_sync
    from ingestion.github.reading import PAGE_SIZES

    monkeypatch.setattr(first_sync, "MOST_UNITS", 2)
    monkeypatch.setitem(PAGE_SIZES, "first_sync", {"first": 1})
    told = estimate(company, "github")

    assert (told.looked_at, told.counted["repositories"]) == (2, 3)
    assert told.notes == ["counted in 2 of 3 repositories, the rest extrapolated"]


def test_a_server_that_does_not_tell_leaves_the_check_good(
    company: Settings, monkeypatch: Any
) -> None:
    from ingestion.jira.check import check

    (connection,) = company.jira
    gone = connection.model_copy()
    monkeypatch.setattr("ingestion.jira.first_sync.API", "/rest/api/nowhere")

    report = check(gone, environ={TOKEN_VARIABLE: TOKEN}, settings=company)

    assert report.is_ok
    assert report.estimate is None
    assert any("can't be estimated" in line and "404" in line for line in report.warnings())
