"""The load as a whole: a GitLab over HTTP on one side, Postgres on the other."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest

from ingestion.contracts import GITLAB, PROVENANCE
from ingestion.loading import LoadError
from tests.fixtures.gitlab_site import ANN, BOB, FakeGitlab, GitlabWorld, refuse, sha

pytestmark = pytest.mark.integration

A, B = sha("a"), sha("b")


@pytest.fixture
def world(gitlab_warehouse: GitlabWorld) -> GitlabWorld:
    return gitlab_warehouse


@pytest.fixture
def shop(gitlab: FakeGitlab) -> dict[str, Any]:
    """A project with one of everything."""
    gitlab.group(2, "acme/pay", 1)
    gitlab.members[2] = [{**ANN, "access_level": 40, "created_at": "2026-01-01T00:00:00Z"}]
    project = gitlab.project(10, "shop", 2, topics=["web"])
    gitlab.commit(10, A, at="2026-01-10T08:00:00.000+02:00")
    gitlab.commit(10, B, A, at="2026-01-11T08:00:00.000Z", message=f"Fix \x00😀\n\nPAY-7\n"
                  f"This reverts commit {A}.\n\nSee merge request acme/pay/shop!1")  # fmt: skip
    request = gitlab.merge_request(
        10, 100, 1, "2026-01-11T09:00:00.000Z", title="Fix PAY-7", description="Closes #2",
        state="merged", merged_at="2026-01-11T08:00:00.000Z", merge_user=BOB, labels=["bug"],
        milestone={"title": "M1"}, merge_commit_sha=B,
    )  # fmt: skip
    gitlab.parts[100, "commits"] = [gitlab.commits[10][A]]
    gitlab.parts[100, "notes"] = [
        {"id": 1, "system": False, "body": "nit", "author": BOB, "type": "DiffNote",
         "created_at": "2026-01-10T09:00:00.000Z", "updated_at": "2026-01-10T09:00:00.000Z"},
        {"id": 2, "system": True, "body": "approved this merge request", "author": BOB,
         "type": None, "created_at": "2026-01-10T10:00:00.000Z", "updated_at": None},
    ]  # fmt: skip
    gitlab.parts[100, "approvals"] = {"approved_by": [{"user": BOB}]}
    gitlab.issue(
        10, 200, 2, "2026-01-12T09:00:00.000Z", issue_type="incident", severity="HIGH",
        labels=["incident"], assignees=[ANN], description="since !1", weight=3,
    )  # fmt: skip
    gitlab.pipeline(10, 300, "2026-01-11T09:10:00.000Z")
    gitlab.job(10, 400, 300)
    gitlab.deployment(10, 500, "2026-01-11T10:05:00.000Z", environment={
        "id": 5, "name": "production", "tier": "production"}, deployable={
        "id": 400, "status": "success", "pipeline": {"id": 300}})  # fmt: skip
    gitlab.add(10, "labels", id=1, name="bug", color="#ff0000", is_project_label=True)
    gitlab.add(10, "environments", id=5, name="production", tier="production", state="available")
    gitlab.add(10, "releases", tag_name="v1", name="One", created_at="2026-01-12T00:00:00Z",
               released_at="2026-01-12T00:00:00Z", commit={"id": A}, author=ANN)  # fmt: skip
    gitlab.add(10, "repository/tags", name="v1", target=A,
               commit={"id": A, "committed_date": "2026-01-10T08:00:00.000+02:00"})  # fmt: skip
    assert request["id"] == 100
    return project


def test_everything_of_a_project_arrives(world: GitlabWorld, shop: Any) -> None:
    result = world.load()

    assert result.failures == []
    assert {name for name, count in result.row_counts.items() if count == 0} == {"schema_drift"}
    assert (result.repositories, result.skipped) == (1, 0)


def test_values_of_a_project(world: GitlabWorld, shop: Any) -> None:
    world.load()

    (request,) = world.rows("select * from raw_gitlab.merge_requests")
    assert (request["author_username"], request["merged_by_username"]) == ("ann", "bob")
    assert (request["closing_issues"], request["issue_keys"]) == (["acme/pay/shop#2"], ["PAY-7"])
    assert (request["labels"], request["milestone"], request["body"]) == (["bug"], "M1", None)
    head, base = world.rows("select * from raw_gitlab.commits order by committed_at desc")
    assert head["message_headline"] == "Fix 😀"
    assert (head["parent_shas"], head["reverted_shas"]) == ([A], [A])
    assert (head["merge_request_iid"], head["issue_keys"]) == (1, ["PAY-7"])
    assert (head["additions"], head["is_on_default_branch"]) == (3, True)
    assert base["authored_at"].isoformat() == "2026-01-10T06:00:00+00:00"
    notes = world.rows(
        "select action, is_system, body from raw_gitlab.merge_request_notes order by id"
    )
    assert [tuple(note.values()) for note in notes] == [
        (None, False, None), ("approved", True, None)
    ]  # fmt: skip
    (approval,) = world.rows("select * from raw_gitlab.merge_request_approvals")
    assert approval["approved_at"].isoformat() == "2026-01-10T10:00:00+00:00"
    (issue,) = world.rows("select * from raw_gitlab.issues")
    assert (issue["type"], issue["severity"], issue["weight"]) == ("incident", "HIGH", 3.0)
    assert issue["mentioned"] == {"merge_requests": ["acme/pay/shop!1"]}
    (deployment,) = world.rows("select * from raw_gitlab.deployments")
    assert [deployment[n] for n in ("environment_tier", "job_id", "pipeline_id")] == [
        "production", 400, 300
    ]  # fmt: skip
    (project,) = world.rows("select * from raw_gitlab.projects")
    assert (project["group_id"], project["head_sha"], project["topics"]) == (2, B, ["web"])
    pipeline, job = (world.rows(f"select * from raw_gitlab.{t}")[0] for t in ("pipelines", "jobs"))
    assert pipeline["started_at"] == job["started_at"]
    assert (job["runner_tags"], job["is_retried"], job["queued_seconds"]) == (["linux"], False, 1.5)


def test_bodies_are_stored_when_the_settings_say_so(world: GitlabWorld, shop: Any) -> None:
    world.load({"privacy": {"store_bodies": True}})

    assert world.values("select body from raw_gitlab.merge_requests") == ["Closes #2"]
    assert world.values("select body from raw_gitlab.merge_request_notes where id = 1") == ["nit"]


def test_every_table_exists_even_when_there_is_nothing(world: GitlabWorld) -> None:
    result = world.load()

    found: dict[str, dict[str, str]] = {}
    for row in world.rows(
        "select table_name, column_name, is_nullable from information_schema.columns "
        "where table_schema = 'raw_gitlab' and table_name not like '\\_dlt%'"
    ):
        found.setdefault(row["table_name"], {})[row["column_name"]] = row["is_nullable"]
    assert found == {
        table.name: {c.name: "YES" if c.nullable else "NO" for c in table.columns}
        for table in GITLAB.values()
    }
    assert set(result.row_counts) == set(GITLAB)


def test_a_new_machine_goes_on_where_the_last_one_ended(
    world: GitlabWorld, shop: Any, tmp_path: Path
) -> None:
    world.load()
    world.load()
    world.folder = tmp_path / "elsewhere"

    result = world.load()

    assert (result.skipped, result.row_counts["merge_requests"]) == (1, 0)
    assert world.values("select count(*) from raw_gitlab.merge_requests") == [1]


def test_two_connections_share_the_tables(world: GitlabWorld, shop: Any) -> None:
    world.load()
    world.load(name="other")

    assert world.values("select count(*) from raw_gitlab.merge_requests") == [2]
    assert world.load(name="other").row_counts["merge_requests"] == 0


def test_a_withdrawn_approval_is_told_by_its_synced_at(
    world: GitlabWorld, gitlab: FakeGitlab, shop: Any
) -> None:
    world.load()
    gitlab.parts[100, "approvals"] = {"approved_by": []}
    gitlab.data[10, "merge_requests"][0]["updated_at"] = "2026-02-01T00:00:00.000Z"
    world.load()

    stale = """
        select count(*) from raw_gitlab.merge_request_approvals a
        join raw_gitlab.merge_requests m on m.id = a.merge_request_id
        where a.synced_at < m.synced_at
    """
    assert world.values(stale) == [1]


def test_a_deleted_project_keeps_its_rows(
    world: GitlabWorld, gitlab: FakeGitlab, shop: Any
) -> None:
    world.load()
    del gitlab.projects[10]
    world.load()
    world.load()

    rows = world.rows("select path_with_namespace, topics, deleted_at from raw_gitlab.projects")
    assert [(r["path_with_namespace"], r["topics"]) for r in rows] == [("acme/pay/shop", ["web"])]
    assert rows[0]["deleted_at"] == world.noon.replace(hour=16)
    assert world.values("select count(*) from raw_gitlab.merge_requests") == [1]


def test_a_group_of_500_projects(world: GitlabWorld, gitlab: FakeGitlab) -> None:
    """Streamed: at most a page of merge requests is held; and nothing is asked twice."""
    off = {"releases_access_level": "disabled", "environments_access_level": "disabled"}
    for n in range(500):
        gitlab.project(1000 + n, f"p{n}", default_branch=None, **off)
        gitlab.issue(1000 + n, 5000 + n, 1, f"2026-01-{n % 28 + 1:02}T{n % 24:02}:00:00.000Z")
    gitlab.projects[1250]["archived"] = True
    gitlab.fail("^/projects/1100/pipelines", refuse(500), times=999)

    result = world.load(attempts=1)

    assert (result.repositories, [f.repository for f in result.failures]) == (500, ["acme/p100"])
    assert world.values("select count(*) from raw_gitlab.projects") == [500]
    assert world.values("select count(*) from raw_gitlab.issues") == [500]
    assert len(gitlab.asked("^/groups/1/projects")) == 5
    assert len(gitlab.asked("/issues")) == 6
    assert gitlab.asked("^/projects/[0-9]+/(issues|merge_requests|repository/commits)") == []


@pytest.mark.parametrize(
    ("token", "connection", "message"),
    [
        ("wrong-secret", {}, "the token was refused"),
        ("secret-one", {"groups": ["nobody"]}, 'there is no group "nobody"'),
        ("secret-one", {"url": "http://127.0.0.1:9"}, "can't be reached"),
    ],
)
def test_a_load_that_can_do_nothing_says_why_in_one_line(
    world: GitlabWorld, token: str, connection: dict[str, Any], message: str
) -> None:
    with pytest.raises(LoadError, match=message) as caught:
        world.load(token=token, **connection)

    assert "\n" not in str(caught.value)
    assert token not in str(caught.value)


def test_one_group_that_can_t_be_read_does_not_make_the_load_fail(
    world: GitlabWorld, shop: Any
) -> None:
    result = world.load(groups=["nobody", "acme"])

    assert [f.repository for f in result.failures] == ["nobody"]
    assert result.row_counts["merge_requests"] == 1


def test_no_secret_reaches_the_warehouse_or_the_disk(world: GitlabWorld, shop: Any) -> None:
    world.load(token="secret-one,secret-two")
    password = psycopg.conninfo.conninfo_to_dict(world.url)["password"]

    with psycopg.connect(world.url) as connection:
        tables = world.values(
            "select tablename::text from pg_tables where schemaname = 'raw_gitlab'"
        )
        stored = "".join(
            str(connection.execute(f'select t::text from raw_gitlab."{t}" t'.encode()).fetchall())
            for t in tables
        )
    files = b"".join(path.read_bytes() for path in world.folder.rglob("*") if path.is_file())
    for secret in ("secret-one", "secret-two", str(password)):
        assert secret not in stored
        assert secret.encode() not in files


# Reads stages from stdin; each is a load of its own, forked so that imports are paid for once.
_LOADS_TO_KILL = """
import os, signal, sys
from pathlib import Path
import dlt
from dlt.destinations.impl.postgres.postgres import PostgresCsvCopyJob
from dlt.destinations.insert_job_client import InsertValuesLoadJob
from dlt.load.load import Load
from ingestion.gitlab.load import load
from ingestion.gitlab.reader import Reader
from ingestion.settings import Settings

api, url, folder = sys.argv[1:]

def die(*arguments, **more):
    os.kill(os.getpid(), signal.SIGKILL)

def run(stage):
    if stage == "reading":
        Reader.took = die
    if stage == "before normalizing":
        dlt.Pipeline.normalize = die
    if stage == "before loading":
        dlt.Pipeline.load = die
    if stage == "half copied":
        copy, copied = PostgresCsvCopyJob.run, []
        def copy_some(job):
            copy(job)
            copied.append(job)
            if len(copied) == 4:
                die()
        PostgresCsvCopyJob.run = copy_some
    if stage == "state stored":
        store = InsertValuesLoadJob.run
        def store_and_die(job):
            store(job)
            die()
        InsertValuesLoadJob.run = store_and_die
    if stage == "merged":
        Load.complete_package = die
    settings = Settings.model_validate({
        "history": {"since": "2026-01-01"},
        "gitlab": [{"url": api, "token": "env:TOKEN", "groups": ["acme"]}],
    })
    load(settings.gitlab[0], settings, url, pipelines_dir=Path(folder))

for line in sys.stdin:
    child = os.fork()
    if child == 0:
        run(line.strip())
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


def test_a_load_killed_at_every_stage_and_repeated_equals_an_undisturbed_one(
    world: GitlabWorld, gitlab: FakeGitlab, shop: dict[str, Any]
) -> None:
    stages = ["reading", "before normalizing", "before loading", "half copied"]
    stages += ["state stored", "merged"]
    command = [sys.executable, "-c", _LOADS_TO_KILL, gitlab.url, world.url, str(world.folder)]
    with subprocess.Popen(
        command,
        env={**os.environ, "TOKEN": "secret-one"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as loads:
        assert loads.stdin is not None
        assert loads.stdout is not None
        for number, stage in enumerate([*stages, "none"]):
            # Something new each time, so that each load has something to lose.
            day = f"2026-02-{10 + number}T00:00:00.000Z"
            gitlab.issue(10, 900 + number, 50 + number, day)
            gitlab.merge_request(10, 700 + number, 50 + number, day)
            gitlab.deployment(10, 800 + number, day, sha=B)
            shop["last_activity_at"] = day
            print(stage, file=loads.stdin, flush=True)
            expected = -signal.SIGKILL if stage in stages else 0
            assert int(loads.stdout.readline()) == expected, stage
        loads.stdin.close()

    world.load(name="undisturbed")
    for table in GITLAB.values():
        if table.name in ("project_syncs", "request_ledger", "schema_drift"):
            continue
        ignored = (*PROVENANCE, "members_synced_at")
        columns = ", ".join(f'"{c}"' for c in table.column_names() if c not in ignored)
        found = [
            world.rows(
                f"select {columns} from raw_gitlab.{table.name} "
                f"where connection = '{name}' order by {columns}"
            )
            for name in ("gitlab", "undisturbed")
        ]
        assert found[0] == found[1], table.name
        assert found[0], table.name
