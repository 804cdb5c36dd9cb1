"""A person is erased from rows of three sources, and does not come back with the next load."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from psycopg import sql

from ingestion import erasure, settings_tables
from ingestion.github.load import load as load_github
from ingestion.settings import Settings
from tests.fixtures.gitlab_site import sha
from tests.fixtures.jira_site import person

pytestmark = pytest.mark.integration

WORDS = (
    "janedev",
    "jane.doe",
    "jane doe",
    "U_jane",
    "acc-jane",
    "jane@acme.test",
    "jane@home.test",
    "[77]",
)
JANE = {"id": 77, "username": "jane.doe", "name": "Jane Doe", "state": "active"}
_SCHEMAS = ["raw_github", "raw_gitlab", "raw_jira", "raw_settings", "erasure"]
_SCHEMAS += ["raw_github_staging", "raw_gitlab_staging", "raw_jira_staging"]


class Company:
    """Jane and Ann on GitHub, GitLab and Jira, and a warehouse."""

    def __init__(self, github, gitlab_world, jira_world, load_github_once) -> None:
        self.github, self.gitlab, self.jira = github, gitlab_world.gitlab, jira_world.jira
        self.url = gitlab_world.url
        self._loads = (load_github_once, gitlab_world.load, jira_world.load)

    def load(self) -> None:
        for load in self._loads:
            load()

    def rows(self) -> dict[str, list[str]]:
        """Every row as text, without the times of reading, by table."""
        found = {}
        with psycopg.connect(self.url) as connection:
            for schema, table in connection.execute(
                "select table_schema, table_name from information_schema.tables"
                " where table_schema = any(%s) order by 1, 2",
                (_SCHEMAS,),
            ).fetchall():
                rows = connection.execute(
                    sql.SQL("select to_jsonb(t) - 'synced_at' from {} as t").format(
                        sql.Identifier(schema, table)
                    )
                ).fetchall()
                found[f"{schema}.{table}"] = sorted(json.dumps(row) for (row,) in rows)
        return found

    def telling(self) -> dict[str, list[str]]:
        """The rows that tell of Jane, by table."""
        found = {
            table: [row for row in rows if any(word.lower() in row.lower() for word in WORDS)]
            for table, rows in self.rows().items()
        }
        return {table: rows for table, rows in found.items() if rows}

    def erase(self, *references: str, emails: tuple[str, ...] = ()) -> dict[str, int]:
        with psycopg.connect(self.url) as connection:
            found = erasure.find(connection, references, emails)
            counted = erasure.count_rows(connection, found)
            erased = erasure.erase(connection, found)
        assert counted == erased
        return erased


@pytest.fixture
def company(
    github, gitlab_warehouse, jira_world, make_settings, make_client, tmp_path, noon
) -> Company:
    loads = 0

    def load_github_once() -> None:
        nonlocal loads
        loads += 1
        made = make_settings()
        load_github(
            made.github[0],
            made,
            gitlab_warehouse.url,
            synced_at=noon + timedelta(hours=loads),
            pipelines_dir=tmp_path,
            client=make_client(made.github[0]),
        )

    _on_github(github)
    _on_gitlab(gitlab_warehouse.gitlab)
    _on_jira(jira_world.jira)
    return Company(github, gitlab_warehouse, jira_world, load_github_once)


def _on_github(github: Any) -> None:
    github.owner()
    shop = github.repository()
    jane = {"__typename": "User", "id": "U_jane", "login": "janedev", "name": "Jane Doe",
            "databaseId": 7, "email": "jane@home.test"}  # fmt: skip
    ann = {"__typename": "User", "id": "U_ann", "login": "ann", "name": "Ann", "databaseId": 8}
    github.commit(shop, "a" * 40, date="2026-01-10T08:00:00Z",
                  author={"name": "Jane Doe", "email": "jane@acme.test", "user": jane},
                  message="Merge pull request #1 from janedev/fix")  # fmt: skip
    github.commit(shop, "b" * 40, "a" * 40, date="2026-01-11T08:00:00Z",
                  author={"name": "Ann", "email": "ann@acme.test", "user": ann})  # fmt: skip
    for number, (author, merger) in enumerate(((jane, ann), (ann, jane)), 1):
        github.add(shop, "pullRequests", "PullRequest", number=number, title="Fix for @janedev",
                   state="MERGED", author=author, mergedBy=merger, headRefName="janedev/fix",
                   updatedAt=f"2026-01-1{number}T09:00:00Z", createdAt="2026-01-10T09:00:00Z",
                   mergedAt="2026-01-11T08:00:00Z", labels=[{"name": "bug"}])  # fmt: skip


def _on_gitlab(gitlab: Any) -> None:
    gitlab.users[77] = {**JANE, "public_email": "jane@acme.test"}
    gitlab.project(10, "shop")
    gitlab.members[1] = [{**JANE, "access_level": 40, "created_at": "2026-01-01T00:00:00Z"}]
    gitlab.commit(10, sha("a"), at="2026-01-10T08:00:00.000Z", author_name="Jane Doe",
                  author_email="jane@acme.test")  # fmt: skip
    gitlab.commit(10, sha("b"), sha("a"), at="2026-01-11T08:00:00.000Z")
    gitlab.merge_request(10, 100, 1, "2026-01-11T09:00:00.000Z", author=JANE, state="merged",
                         merged_at="2026-01-11T08:00:00.000Z", merge_user=JANE)  # fmt: skip
    gitlab.parts[100, "commits"] = [gitlab.commits[10][sha("a")]]
    gitlab.parts[100, "approvals"] = {"approved_by": [{"user": JANE}]}
    gitlab.issue(10, 200, 2, "2026-01-12T09:00:00.000Z", assignees=[JANE])


def _on_jira(jira: Any) -> None:
    jane = person("Jane", displayName="Jane Doe")
    pay = jira.project("PAY", "10000", lead=jane)
    jira.issue("500", pay, 1, "2026-01-09T10:30:00.250+0800", creator=jane, assignee=jane,
               reporter=person("Ann"), summary="Ask Jane Doe")  # fmt: skip
    jira.change(
        "500", 900, "2026-01-09T10:00:00.000+0800",
        {"field": "assignee", "fieldtype": "jira", "fieldId": "assignee", "from": "acc-ann",
         "fromString": "Ann", "to": "acc-jane", "toString": "Jane Doe"},
        author=jane,
    )  # fmt: skip


def test_all_rows_of_a_person_are_replaced_and_stay_so_while_others_are_untouched(company):
    company.load()
    assert {table.split(".")[0] for table in company.telling()} >= {
        "raw_github",
        "raw_gitlab",
        "raw_jira",
    }
    before = company.rows()
    company.erase("github:janedev", "gitlab:77", "jira:acc-jane")
    assert company.telling() == {}
    after = company.rows()
    for table, rows in before.items():
        if not table.split(".")[0].endswith(("staging", "erasure")):
            assert len(rows) == len(after[table]), table
            others = [r for r in rows if not any(word.lower() in r.lower() for word in WORDS)]
            assert set(others) <= set(after[table]), table

    github, gitlab = company.github, company.gitlab
    github.nodes["R_shop"]["pullRequests"][0].update(updatedAt="2026-03-01T12:30:00Z")
    gitlab.data[10, "merge_requests"][0]["updated_at"] = "2026-03-01T13:30:00.000Z"
    company.jira.issues["500"]["fields"]["updated"] = "2026-01-10T21:30:00.000+0800"
    counted = {table: len(rows) for table, rows in company.rows().items()}
    company.load()
    assert company.telling() == {}
    for table in ("raw_github.users", "raw_gitlab.group_members", "raw_jira.issues"):
        assert len(company.rows()[table]) == counted[table]


def test_erasing_twice_changes_nothing_more(company):
    company.load()
    first = company.erase("github:janedev")
    assert first["raw_github.users"] == 1
    assert "raw_gitlab.users" not in first
    before = company.rows()
    assert company.erase("github:janedev") == {}
    assert company.rows() == before


def test_what_others_go_by_too_is_left_to_them(company):
    company.gitlab.users[8] = {"id": 8, "username": "bob", "name": "Jane Doe", "state": "active",
                               "public_email": "jane@acme.test"}  # fmt: skip
    company.gitlab.issue(10, 201, 3, "2026-01-12T09:00:00.000Z", title="Ask Jane Doe",
                         author=company.gitlab.users[8])  # fmt: skip
    company.load()
    company.erase("gitlab:jane.doe")
    users = {json.loads(row)["id"]: json.loads(row) for row in company.rows()["raw_gitlab.users"]}
    assert users[8]["public_email"] == "jane@acme.test"
    assert any("Ask Jane Doe" in row for row in company.rows()["raw_gitlab.issues"])
    assert 77 not in users


def test_who_owns_what_is_loaded_is_named(company):
    company.github.repository("dotfiles")["nameWithOwner"] = "janedev/dotfiles"
    company.load()
    with psycopg.connect(company.url) as connection:
        found = erasure.find(connection, ["github:janedev"])
        assert erasure.unerasable(connection, found) in (["janedev/dotfiles"], [])


def test_settings_that_name_the_person_reach_the_warehouse_without_her(company):
    company.load()
    company.erase("github:janedev", "gitlab:77", "jira:acc-jane", emails=("jane@acme.test",))
    settings = Settings.model_validate(
        {
            "github": [{"token": "env:TOKEN", "owners": ["acme"]}],
            "teams": [{"name": "Shop", "members": ["github:janedev", "github:ann"]}],
            "people": [{"same": ["github:janedev", "jane@acme.test"]}],
        }
    )
    settings_tables.write(settings, company.url)
    assert company.telling() == {}
    members = [json.loads(row)["member"] for row in company.rows()["raw_settings.team_members"]]
    logins = [json.loads(row)["login"] for row in company.rows()["raw_github.users"]]
    assert "github:ann" in members
    assert set(members) - {"github:ann"} <= {f"github:{login}" for login in logins}
