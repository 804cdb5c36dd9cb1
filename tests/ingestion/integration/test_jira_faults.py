"""Bad weather: limits, cut replies, missing rights, kinds of sites, kills in the middle."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from ingestion.jira.check import check
from ingestion.loading import LoadError
from tests.fixtures.jira_site import EMAIL, TOKEN, FakeJira, cut, status, text

pytestmark = pytest.mark.integration


@pytest.fixture
def pay(jira: FakeJira) -> dict[str, Any]:
    pay = jira.project("PAY", "10000")
    jira.board(8, pay)
    jira.sprint(34, 8)
    for number in (1, 2, 3):
        jira.issue(str(500 + number), pay, number, f"2026-01-09T10:3{number}:00.000+0800")
        jira.change(str(500 + number), number, "2026-01-09T10:00:00.000+0800",
                    {"field": "labels", "fieldId": "labels", "to": "x"})  # fmt: skip
    return pay


def attempts(world: Any) -> dict[str, tuple[str, str | None]]:
    found = world.rows(
        "select distinct on (scope) scope, status, reason from raw_jira.project_syncs"
        " order by scope, synced_at desc"
    )
    return {row["scope"]: (row["status"], row["reason"]) for row in found}


def test_limits_and_cut_replies_are_waited_for(jira, jira_world, pay) -> None:
    jira.fail("search/jql", status(429, "slow", Retry_After="17"), cut(), status(503))
    jira.fail("bulkfetch", status(429), text("<html>proxy</html>"))

    result = jira_world.load()

    assert result.failures == []
    assert jira_world.values("select count(*) from raw_jira.issue_changes") == [3]
    assert sum(jira_world.clock.slept) >= 17
    assert any(5 <= seconds <= 5.1 for seconds in jira_world.clock.slept)


@pytest.mark.parametrize("refusal", [403, 404])
def test_a_site_without_the_agile_api_still_has_issues(jira, jira_world, pay, refusal) -> None:
    jira.has_agile = refusal

    result = jira_world.load()

    assert result.failures == []
    assert jira_world.values("select count(*) from raw_jira.issues") == [3]
    outcome, reason = attempts(jira_world)["boards"]
    assert outcome == "skipped"
    assert "not offered" in str(reason)


def test_kanban_boards_and_boards_without_sprints_are_no_errors(jira, jira_world, pay) -> None:
    jira.board(9, pay, "kanban")
    jira.board(10, pay, "simple")["_refuses"] = True

    result = jira_world.load()

    assert result.failures == []
    assert attempts(jira_world)["sprints"] == ("succeeded", None)
    assert jira_world.values("select count(*) from raw_jira.boards") == [3]
    assert jira.asked("board/9/sprint") == []


def test_a_project_that_is_not_there_is_recorded_and_the_others_go_on(
    jira, jira_world, pay
) -> None:
    result = jira_world.load(projects=["PAY", "NOPE"])

    assert [failure.repository for failure in result.failures] == ["NOPE"]
    assert jira_world.values("select count(*) from raw_jira.issues") == [3]
    assert attempts(jira_world)["NOPE"] == (
        "failed",
        '[[jira]] "jira", projects: there is no project "NOPE", or the account may not browse it',
    )


def test_a_project_may_be_named_by_a_key_it_had(jira, jira_world, pay) -> None:
    pay["formerKey"] = "OLD"

    result = jira_world.load(projects=["OLD"])

    assert result.failures == []
    assert jira_world.values("select project_key from raw_jira.issues") == ["PAY"] * 3


def test_a_project_that_can_not_be_searched_any_more_leaves_the_others_alone(
    jira, jira_world, pay
) -> None:
    web = jira.project("WEB", "10001")
    jira.issue("600", web, 1, "2026-01-09T11:00:00.000+0800")
    jira_world.load()
    jira.unsearchable.add("10001")
    jira.issues["501"]["fields"] |= {
        "summary": "New", "updated": "2026-01-10T20:30:00.000+0800",
    }  # fmt: skip

    result = jira_world.load()

    assert [failure.repository for failure in result.failures] == ["WEB"]
    assert "does not exist" in result.failures[0].reason
    assert "New" in jira_world.values("select title from raw_jira.issues")
    assert jira_world.values("select count(*) from raw_jira.issues where deleted_at is null") == [4]


def test_an_archived_project_keeps_its_issues(jira, jira_world, pay) -> None:
    web = jira.project("WEB", "10001")
    jira.issue("600", web, 1, "2026-01-09T11:00:00.000+0800")
    jira_world.load()
    web["archived"] = True

    result = jira_world.load()

    assert result.failures == []
    assert jira_world.rows("select is_archived, deleted_at from raw_jira.projects where key='WEB'")[
        0
    ] == {"is_archived": True, "deleted_at": None}
    assert jira_world.values("select deleted_at from raw_jira.issues where id = '600'") == [None]


@pytest.mark.parametrize(
    ("connection", "environ", "words"),
    [
        ({}, {"EMAIL": EMAIL, "TOKEN": "wrong-secret"}, "was refused (401"),
        ({"url": "http://127.0.0.1:9"}, None, "can't be reached"),
        ({"story_points_field": "Size"}, None, 'story_points_field: "Size": the site has none'),
        ({"projects": ["NOPE"]}, None, 'there is no project "NOPE"'),
    ],
)
def test_what_can_not_work_is_said_in_one_line(
    jira, jira_world, pay, connection, environ, words
) -> None:
    with pytest.raises(LoadError) as error:
        jira_world.load(environ=environ, **connection)

    message = str(error.value)
    assert words in message
    assert '[[jira]] "jira"' in message
    assert "\n" not in message
    assert TOKEN not in message
    assert "wrong-secret" not in message
    assert len(message) < 400


@pytest.mark.parametrize("kind", ["Server", "DataCenter"])
def test_other_kinds_of_jira_are_refused(jira, jira_world, pay, kind) -> None:
    jira.deployment = kind

    with pytest.raises(LoadError, match=f"is Jira {kind} .*; only Jira Cloud is supported"):
        jira_world.load()


def test_what_is_no_jira_is_refused(jira, jira_world, pay) -> None:
    jira.raw["/rest/api/3/serverInfo"] = {"hello": "world"}

    with pytest.raises(LoadError, match=r"is no Jira; check url"):
        jira_world.load()


def test_a_reply_of_unexpected_shape_fails_its_project_only(jira, jira_world, pay) -> None:
    web = jira.project("WEB", "10001")
    jira.issue("600", web, 1, "2026-01-09T11:00:00.000+0800")
    del jira.issues["600"]["fields"]["created"]

    result = jira_world.load()

    assert [failure.repository for failure in result.failures] == ["WEB"]
    assert "created_at is missing in 600" in result.failures[0].reason
    assert jira_world.values("select count(*) from raw_jira.issues") == [3]


def test_texts_that_postgres_does_not_take_are_mended(jira, jira_world, pay) -> None:
    jira.issues["501"]["fields"]["summary"] = "nul \x00 and half \ud83d"

    jira_world.load()

    assert jira_world.values("select title from raw_jira.issues where id = '501'")[0].startswith(
        "nul  and half"
    )


def test_the_check_says_who_and_what(jira, jira_world, pay) -> None:
    made = jira_world.settings(projects=["PAY"])
    report = check(
        made.jira[0],
        environ={"EMAIL": EMAIL, "TOKEN": TOKEN},
    )

    assert report.is_ok, report.errors()
    assert report.site == "Acme"
    (token,) = report.tokens
    assert token.login == "Loader"
    assert [owner.login for owner in token.owners] == ["PAY"]
    assert report.story_points == ["Story Points (customfield_10016)"]
    assert report.warnings() == []

    jira.has_agile = 404
    wrong = check(jira_world.settings(projects=["NOPE"]).jira[0],
                  environ={"EMAIL": EMAIL, "TOKEN": TOKEN})  # fmt: skip
    assert not wrong.is_ok
    assert "NOPE" in wrong.errors()[0]
    assert "no boards" in wrong.warnings()[0]
    refused = check(made.jira[0], environ={"EMAIL": EMAIL, "TOKEN": "wrong-secret"})
    assert not refused.is_ok
    assert "wrong-secret" not in str(refused)
    unset = check(made.jira[0], environ={})
    assert "EMAIL is not set" in str(unset.error) or "TOKEN is not set" in str(unset.error)


_LOAD = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from ingestion.jira.load import load
from ingestion.settings import Settings
site, url, folder = sys.argv[1:]
settings = Settings.model_validate({"history": {"since": "2026-01-01"}, "jira": [
    {"url": site, "email": "env:EMAIL", "token": "env:TOKEN"}]})
load(settings.jira[0], settings, url, synced_at=datetime(2026, 1, 10, 12, tzinfo=UTC),
     pipelines_dir=Path(folder), longest_round=0.0)
"""


def test_a_killed_load_repeated_gives_the_same_warehouse(jira, jira_world, tmp_path) -> None:
    """Killed after the first of its rounds was stored, in the middle of the second."""
    pay = jira.project("PAY", "10000")
    jira.board(8, pay)
    jira.sprint(34, 8)
    for number in range(1, 301):
        minute = f"{number // 60:02}:{number % 60:02}"
        jira.issue(str(number), pay, number, f"2026-01-09T{minute}:00.000+0800")
        jira.change(str(number), number, "2026-01-09T10:00:00.000+0800",
                    {"field": "labels", "fieldId": "labels", "to": "x"})  # fmt: skip

    def slow(what: str) -> None:
        if "bulkfetch" in what and len(jira.asked("bulkfetch")) == 2:
            time.sleep(30)

    jira.on_request = slow
    killed = subprocess.Popen(
        [sys.executable, "-c", _LOAD, jira.url, jira_world.url, str(tmp_path / "killed")],
        env={**os.environ, "EMAIL": EMAIL, "TOKEN": TOKEN},
        cwd=Path.cwd(),
    )
    for _ in range(600):
        if len(jira.asked("bulkfetch")) == 2 or killed.poll() is not None:
            break
        time.sleep(0.1)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    jira.on_request = None
    assert jira_world.values("select count(*) from raw_jira.issues") == [100]

    jira_world.load(folder=tmp_path / "killed")

    # What the first round stored is not read again, but for the overlap.
    first = next(body["jql"] for _, _, body in jira.asked("search/jql"))
    assert "updated >= " in first
    resumed = jira_world.contents()
    assert jira_world.values("select count(*) from raw_jira.issues") == [300]
    jira_world.load(full=True)
    assert jira_world.contents() == resumed
