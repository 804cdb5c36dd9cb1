"""The demo company's Jira, which was not written for this loader, and its story moving on."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from demo.company import Company
from demo.jira import DEFAULT_EMAIL, DEFAULT_TOKEN, application
from demo.jira_served import site_source
from demo.server import running
from ingestion.http import SystemClock

pytestmark = pytest.mark.integration

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def test_all_of_the_company_is_loaded_and_then_what_it_did_since(jira_world: Any) -> None:
    """Whatever was edited, moved, deleted or renamed meanwhile, the warehouse has what is there."""
    company = Company.generate(1, 6, date(2025, 12, 1), NOW)
    at = site_source(company.jira)
    jira = application(company.jira, now=NOW)

    def load(url: str) -> Any:
        jira_world.clock = SystemClock()
        environ = {"EMAIL": DEFAULT_EMAIL, "TOKEN": DEFAULT_TOKEN}
        return jira_world.load({"history": {"since": "2020-01-01"}}, url=url, environ=environ)

    with running(jira) as url:
        for now in (NOW - timedelta(days=20), NOW - timedelta(days=6), NOW):
            jira.move(now)
            result = load(url)
            assert result.failures == []
            there = {str(issue.id): issue for issue in at(now).issues}
            loaded = jira_world.rows("select * from raw_jira.issues where deleted_at is null")
            assert {row["id"]: row["key"] for row in loaded} == {
                id_: issue.key for id_, issue in there.items()
            }
            counts = jira_world.rows(
                "select c.issue_id, count(*) as n from raw_jira.issue_changes c"
                " join raw_jira.issues i on i.id = c.issue_id and i.deleted_at is null group by 1"
            )
            changes = {
                id_: sum(len(entry["items"]) for entry in issue.changelog())
                for id_, issue in there.items()
            }
            assert {row["issue_id"]: row["n"] for row in counts} == {
                id_: count for id_, count in changes.items() if count
            }
        quiet = load(url)
        assert quiet.row_counts["issues"] == 0
        assert quiet.skipped == quiet.repositories
