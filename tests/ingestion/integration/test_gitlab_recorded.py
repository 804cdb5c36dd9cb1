"""Real GitLab payloads, loaded through the source over HTTP: facts read off them by hand."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from demo.gitlab import application
from demo.gitlab_recorded import recorded_source
from demo.server import running
from ingestion.gitlab import notes
from ingestion.gitlab.client import GitlabClient
from ingestion.gitlab.load import load
from ingestion.settings import Settings

pytestmark = pytest.mark.integration

RECORDINGS = Path("../shared/recordings/gitlab")
GROUPS = ["gitlab-data", "user-ae11c488", "user-ae11c488-dev"]


@pytest.fixture(scope="module")
def recordings() -> Path:
    if not RECORDINGS.is_dir():
        pytest.skip(f"{RECORDINGS} is not here: the recorded payloads are not part of the project")
    return RECORDINGS


@pytest.fixture
def loaded(recordings: Path, warehouse: Any, tmp_path: Path) -> Iterator[Any]:
    """Runs SQL on the recorded payloads as loaded."""
    # The newest record is of November 2023.
    site = application(recorded_source(recordings), now=datetime(2024, 1, 1, tzinfo=UTC))
    with running(site) as url:
        settings = Settings.model_validate(
            {
                "history": {"since": "2018-01-01"},
                "gitlab": [{"url": url, "token": "env:TOKEN", "groups": GROUPS}],
            }
        )
        (connection,) = settings.gitlab
        client = GitlabClient(connection, environ={"TOKEN": "demo-token"})
        result = load(
            connection, settings, warehouse.url("loader"), client=client, pipelines_dir=tmp_path
        )
    assert result.failures == []

    with psycopg.connect(warehouse.url("loader"), row_factory=dict_row) as connection_:
        yield lambda sql: connection_.execute(sql.encode()).fetchall()


def test_recorded_facts(loaded: Any) -> None:
    """One load, many facts: each was counted in the files, not by our code."""
    merge_requests(loaded)
    issues(loaded)
    commits_and_notes(loaded)
    deployments(loaded)
    pipelines_and_jobs(loaded)


def merge_requests(sql: Any) -> None:
    rows = {row["iid"]: row for row in sql("select * from raw_gitlab.merge_requests")}
    # !2, !7 and !15 are not among the 18 recorded.
    by_state: dict[str, list[int]] = {}
    for iid, row in sorted(rows.items()):
        by_state.setdefault(row["state"], []).append(iid)
    assert by_state == {
        "merged": [1, 3, 4, 5, 6, 8, 10, 12, 14, 16],
        "opened": [9, 11, 18, 19, 21],
        "closed": [13, 17, 20],
    }
    assert [iid for iid, row in rows.items() if row["is_draft"]] == [20, 21]
    assert [iid for iid, row in rows.items() if row["squash_commit_sha"]] == [14]
    assert [iid for iid, row in rows.items() if row["source_project_id"] is None] == [17]
    first = rows[1]
    assert first["merged_at"].isoformat(timespec="milliseconds") == "2019-06-28T14:32:06.192+00:00"
    assert first["merged_at"] > first["updated_at"]  # as recorded
    assert (first["author_id"], first["merged_by_username"]) == (2295562, "user-9669a35e")
    assert first["merge_commit_sha"] == "da1d6dea48f5972ffc683da6cff30934e7d6c52c"
    # Two months after the merge somebody wrote in it: the merge stays in August.
    assert (rows[16]["merged_at"].month, rows[16]["updated_at"].month) == (8, 10)
    assert rows[12]["labels"] == [
        "Data Team", "Priority::3-Other", "Refactor", "To Do", "dbt", "workflow::4 - scheduled"
    ]  # fmt: skip
    # "dbt 0.17" is no key of an issue; nothing recorded looks like one.
    assert {row["issue_keys"] for row in rows.values() if not row["issue_keys"]} == {None}


def issues(sql: Any) -> None:
    rows = {row["iid"]: row for row in sql("select * from raw_gitlab.issues")}
    assert sorted(rows) == list(range(1, 17))
    assert [iid for iid, row in rows.items() if row["closed_at"] is None] == [3, 13, 14, 15]
    assert sum(row["weight"] or 0 for row in rows.values()) == 8  # 1+1+1+2+1+2
    assert rows[7]["assignee_ids"] == [2295562]
    assert {(row["type"], row["severity"]) for row in rows.values()} == {("issue", "UNKNOWN")}
    seconds = (rows[1]["closed_at"] - rows[1]["created_at"]).total_seconds()
    assert seconds == pytest.approx(689226.43)  # 7 d 23 h 27 min 6.430 s


def commits_and_notes(sql: Any) -> None:
    rows = sql(
        "select m.iid, c.* from raw_gitlab.merge_request_commits c "
        "join raw_gitlab.merge_requests m on m.id = c.merge_request_id order by position"
    )
    assert Counter(row["iid"] for row in rows) == {1: 5, 3: 1, 4: 1, 5: 18, 6: 1}
    oldest = {row["iid"]: row for row in rows if row["position"] == 1}
    assert oldest[1]["message_headline"] == "add first bit"
    assert oldest[5]["authored_at"].isoformat() == "2020-03-24T12:52:28+00:00"
    # Notes of other projects' merge requests 29, 30, 37 and 46 must not leak in.
    kinds = sql(
        "select m.iid, n.is_system, count(*) from raw_gitlab.merge_request_notes n "
        "join raw_gitlab.merge_requests m on m.id = n.merge_request_id group by 1, 2"
    )
    assert {(row["iid"], row["is_system"]): row["count"] for row in kinds} == {
        (1, True): 10, (1, False): 1, (3, True): 3, (3, False): 3, (4, True): 3
    }  # fmt: skip
    assert sql("select count(*) from raw_gitlab.merge_request_approvals")[0]["count"] == 0


def deployments(sql: Any) -> None:
    rows = {row["iid"]: row for row in sql("select * from raw_gitlab.deployments")}
    assert {iid: row["status"] for iid, row in rows.items()} == {
        1: "success", 2: "completed", 3: "failed", 4: "canceled", 5: "created", 6: "running",
        7: "undeployed", 8: "blocked",
    }  # fmt: skip
    assert [iid for iid, row in rows.items() if row["environment"] == "production"] == [4, 5, 8]
    assert rows[7]["updated_at"] is None  # only a list that is not cut by change shows it
    assert (rows[1]["job_status"], rows[1]["pipeline_id"]) == ("failed", 51653436)
    taken = rows[1]["job_finished_at"] - rows[1]["job_started_at"]
    assert taken.total_seconds() == pytest.approx(14.081)
    assert rows[3]["job_started_at"] is None


def pipelines_and_jobs(sql: Any) -> None:
    project = "(select id from raw_gitlab.projects where path_with_namespace like '%/{}')"
    charts = sql(
        f"select status, count(*), count(updated_at) as changed from raw_gitlab.pipelines "
        f"where project_id = {project.format('charts')} group by 1"
    )
    assert {row["status"]: row["count"] for row in charts} == {
        "failed": 17, "running": 3, "success": 1, "canceled": 1, "created": 1, "manual": 1,
        "waiting_for_resource": 1, "preparing": 1, "pending": 1, "scheduled": 1, "skipped": 1,
    }  # fmt: skip
    assert sum(row["count"] - row["changed"] for row in charts) == 2  # made by an outside system
    jobs = sql(
        f"select * from raw_gitlab.jobs where project_id = {project.format('pip_test')} order by id"
    )
    assert Counter(row["status"] for row in jobs) == {
        "failed": 43, "success": 22, "canceled": 2, "created": 1, "waiting_for_resource": 1,
        "preparing": 1, "pending": 1, "running": 1, "manual": 1, "scheduled": 1, "skipped": 1,
    }  # fmt: skip
    # The pipelines with several jobs called format, and how many of them were retried.
    retried = Counter(row["pipeline_id"] for row in jobs if row["is_retried"])
    assert retried == {16: 9, 17: 1, 18: 2, 21: 1, 41: 1}
    (pipeline,) = sql(
        f"select * from raw_gitlab.pipelines where id = 31 and project_id = "
        f"{project.format('pip_test')}"
    )
    # Of its jobs 108 and 109: the first start, the last end.
    assert pipeline["started_at"].isoformat(timespec="milliseconds").endswith("15:35:11.707+00:00")
    assert pipeline["finished_at"].isoformat(timespec="milliseconds").endswith("15:35:17.828+00:00")


def test_recorded_approvals_stand_as_their_notes_say(recordings: Path) -> None:
    """The texts were removed, their lengths kept: 27 letters approve, 29 take it back."""
    texts = {27: "approved this merge request", 29: "unapproved this merge request"}
    assert {len(text): text for text in texts.values()} == texts
    recorded = json.loads((recordings / "snowflake_spend/merge_request_notes.json").read_text())
    found = {}
    for iid in ("29", "30", "37", "46"):
        told = [
            {**note, "body": texts[int(note["body"].strip("[]").split()[0])]}
            for note in recorded[iid]
        ]
        found[iid] = [at for _, at in notes.approvals(told).values()]

    assert found == {
        "29": ["2019-01-25T16:46:23.996Z"],
        "30": ["2019-01-26T11:41:34.158Z"],
        "37": ["2019-01-29T00:40:47.455Z"],  # approved, taken back, approved again
        "46": ["2019-02-01T11:43:54.686Z"],
    }
