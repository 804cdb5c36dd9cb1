"""The load as a whole: a GitHub over HTTP on one side, Postgres on the other."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from ingestion.contracts import GITHUB, PROVENANCE
from ingestion.github.load import LoadError, LoadResult, load

pytestmark = pytest.mark.integration


class World:
    """A GitHub, a warehouse, and the load between them."""

    def __init__(self, github, url, make_settings, make_client, folder, noon) -> None:
        self.github, self.url, self.folder, self.noon = github, url, folder, noon
        self.make_settings, self.make_client = make_settings, make_client
        self.syncs = 0

    def load(
        self,
        *,
        settings: dict[str, Any] | None = None,
        folder: Path | None = None,
        synced_at=None,
        full=False,
        progress=None,
        longest_round=900.0,
        environ=None,
        **connection: Any,
    ) -> LoadResult:
        made = self.make_settings(settings, **connection)
        self.syncs += 1
        return load(
            made.github[0],
            made,
            self.url,
            full=full,
            synced_at=synced_at or self.noon + timedelta(hours=self.syncs),
            pipelines_dir=folder or self.folder,
            client=self.make_client(made.github[0], environ=environ or {"TOKEN": "secret-one"}),
            progress=progress,
            longest_round=longest_round,
        )

    def rows(self, sql: str) -> list[dict[str, Any]]:
        with psycopg.connect(self.url, row_factory=dict_row) as connection:
            return connection.execute(sql.encode()).fetchall()

    def values(self, sql: str) -> list[Any]:
        return [next(iter(row.values())) for row in self.rows(sql)]


@pytest.fixture
def world(github, warehouse, make_settings, make_client, tmp_path, noon) -> World:
    return World(github, warehouse.url("loader"), make_settings, make_client, tmp_path, noon)


@pytest.fixture
def shop(world: World) -> dict[str, Any]:
    """A repository with one of everything."""
    github = world.github
    github.owner()
    shop = github.repository(isPrivate=True, repositoryTopics=[{"topic": {"name": "web"}}])
    ann = {"__typename": "User", "id": "U_ann", "login": "ann", "name": "Ann", "databaseId": 7}
    bot = {"__typename": "Bot", "id": "B_dep", "login": "dependabot", "databaseId": 8}
    github.add(
        github.owners["acme"],
        "teams",
        "Team",
        slug="core",
        name="Core",
        createdAt="2025-01-01T00:00:00Z",
        members=[{"role": "MAINTAINER", "node": ann}],
        repositories=[{"permission": "ADMIN", "node": shop}],
    )
    github.commit(
        shop,
        "a" * 40,
        date="2026-01-10T08:00:00Z",
        author={"name": "Ann", "email": "a@b", "user": ann},
    )
    github.commit(
        shop,
        "b" * 40,
        "a" * 40,
        date="2026-01-11T08:00:00Z",
        additions=3,
        deletions=1,
        message="Fix\n\nThis reverts commit " + "a" * 40 + ".",
    )
    pull = github.add(
        shop,
        "pullRequests",
        "PullRequest",
        fullDatabaseId="3000000000",
        number=1,
        title="Fix \x00it 😀",
        body="Reverts #9",
        state="MERGED",
        author=ann,
        mergedBy=bot,
        mergeCommit={"oid": "b" * 40},
        updatedAt="2026-01-11T09:00:00Z",
        createdAt="2026-01-10T09:00:00Z",
        mergedAt="2026-01-11T08:00:00",
        labels=[{"name": "bug"}],
        closingIssuesReferences=[{"id": "I_9"}],
    )
    pull["commits"] = [{"commit": shop["commits"]["b" * 40] | {"messageHeadline": "Fix"}}]
    review = github.add(
        pull,
        "reviews",
        "PullRequestReview",
        state="APPROVED",
        author=None,
        submittedAt="2026-01-10T10:00:00Z",
        commit={"oid": "b" * 40},
    )
    github.add(review, "comments", "PullRequestReviewComment", author=ann, body="nit")
    github.add(pull, "comments", "IssueComment", author=bot, body="see deadbeef1 and acme/api#4")
    github.add(pull, "timelineItems", "ReadyForReviewEvent", createdAt="2026-01-10T09:30:00Z")
    issue = github.add(
        shop,
        "issues",
        "Issue",
        number=9,
        state="OPEN",
        title="Down",
        body="since abc1234 and #1",
        author=ann,
        updatedAt="2026-01-12T09:00:00Z",
        labels=[{"name": "incident"}],
        assignees=[ann],
    )
    github.add(issue, "comments", "IssueComment", author=None, body="yes")
    github.add(shop, "labels", "Label", name="incident", color="ff0000")
    github.add(
        shop,
        "releases",
        "Release",
        tagName="v1",
        tagCommit={"oid": "a" * 40},
        createdAt="2026-01-10T12:00:00Z",
    )
    tag = {
        "__typename": "Tag",
        "oid": "f" * 40,
        "tagger": {"date": "2026-01-10T13:00:00+02:00"},
        "target": shop["commits"]["a" * 40],
    }
    github.add(shop, "refs", "Ref", name="v1", target=tag)
    deployment = github.add(
        shop,
        "deployments",
        "Deployment",
        commitOid="b" * 40,
        environment="prod",
        state="ACTIVE",
        creator=ann,
        createdAt="2026-01-11T10:00:00Z",
        ref={"name": "main"},
    )
    github.add(
        deployment,
        "statuses",
        "DeploymentStatus",
        state="SUCCESS",
        creator=ann,
        createdAt="2026-01-11T10:05:00Z",
    )
    github.runs["acme/shop"] = [_run(1)]
    github.jobs[1] = [_job(11, 1)]
    return shop


def _run(id_: int, **more: Any) -> dict[str, Any]:
    return {
        "id": id_,
        "node_id": f"WFR_{id_}",
        "head_sha": "b" * 40,
        "head_branch": "main",
        "status": "completed",
        "conclusion": "success",
        "run_attempt": 1,
        "created_at": "2026-01-11T09:00:00Z",
        "updated_at": "2026-01-11T09:10:00Z",
        "event": "push",
        "actor": {"login": "ann", "type": "User"},
        **more,
    }


def _job(id_: int, run: int, **more: Any) -> dict[str, Any]:
    return {
        "id": id_,
        "node_id": f"J_{id_}",
        "run_id": run,
        "run_attempt": 1,
        "name": "build",
        "status": "completed",
        "conclusion": "success",
        "labels": ["ubuntu"],
        **more,
    }


def test_everything_of_a_repository_arrives(world: World, shop: dict[str, Any]) -> None:
    result = world.load(workflow_jobs=True)

    assert result.failures == []
    empty = {name for name, count in result.row_counts.items() if count == 0}
    assert empty == {"schema_drift"}  # nothing has changed yet


def test_values_of_a_repository(world: World, shop: dict[str, Any]) -> None:
    world.load(workflow_jobs=True)

    (pull,) = world.rows("select * from raw_github.pull_requests")
    assert pull["title"] == "Fix it 😀"
    assert pull["database_id"] == 3_000_000_000
    assert pull["merged_at"].isoformat() == "2026-01-11T08:00:00+00:00"
    assert (pull["author_login"], pull["merged_by_login"]) == ("ann", "dependabot[bot]")
    assert (pull["labels"], pull["closing_issue_ids"]) == (["bug"], ["I_9"])
    assert (pull["reverted_numbers"], pull["body"]) == ([9], None)
    assert pull["synced_at"] == world.noon + timedelta(hours=1)
    assert world.values("select author_id from raw_github.pull_request_reviews") == [None]
    assert world.values("select body from raw_github.pull_request_review_comments") == [None]
    comments = world.rows("select mentioned from raw_github.issue_comments order by id")
    assert {"shas": ["deadbeef1"], "pull_requests": ["acme/api#4"]} in [
        row["mentioned"] for row in comments
    ]
    assert world.values("select mentioned from raw_github.issues") == [
        {"shas": ["abc1234"], "pull_requests": ["acme/shop#1"]}
    ]
    commits = world.rows("select * from raw_github.commits order by sha")
    assert [(c["parent_shas"], c["reverted_shas"]) for c in commits] == [
        ([], None),
        (["a" * 40], ["a" * 40]),
    ]
    (tag,) = world.rows("select * from raw_github.tags")
    assert (tag["commit_sha"], tag["is_annotated"]) == ("a" * 40, True)
    assert tag["tagged_at"].isoformat() == "2026-01-10T11:00:00+00:00"
    assert sorted(world.values("select login from raw_github.users")) == ["ann", "dependabot[bot]"]
    assert world.values("select runner_labels from raw_github.workflow_jobs") == [["ubuntu"]]
    (sync,) = world.rows("select * from raw_github.repository_syncs")
    assert (sync["status"], sync["reason"]) == ("succeeded", None)


def test_every_table_exists_even_when_there_is_nothing(world: World) -> None:
    world.github.owner()

    result = world.load()

    tables = world.rows(
        "select table_name, column_name, is_nullable from information_schema.columns "
        "where table_schema = 'raw_github' and table_name not like '\\_dlt%'"
    )
    columns: dict[str, dict[str, str]] = {}
    for row in tables:
        columns.setdefault(row["table_name"], {})[row["column_name"]] = row["is_nullable"]
    assert columns == {
        table.name: {c.name: "YES" if c.nullable else "NO" for c in table.columns}
        for table in GITHUB.values()
    }
    assert set(result.row_counts) == set(GITHUB)


def test_a_second_load_keeps_what_it_does_not_bring_and_replaces_what_it_does(
    world: World, shop: dict[str, Any]
) -> None:
    world.load()
    shop["pullRequests"][0].update(title="Other", updatedAt="2026-02-01T00:00:00Z")
    shop["pullRequests"][0]["commits"] = []
    world.github.runs["acme/shop"] = []

    result = world.load()

    assert result.row_counts["issues"] == 0
    assert world.values("select title from raw_github.pull_requests") == ["Other"]
    assert world.values("select count(*) from raw_github.issues") == [1]
    assert world.values("select count(*) from raw_github.workflow_runs") == [1]
    # A commit that a forced push dropped is told by its synced_at.
    stale = """
        select count(*) from raw_github.pull_request_commits c
        join raw_github.pull_requests p on p.id = c.pull_request_id
        where c.synced_at < p.synced_at
    """
    assert world.values(stale) == [1]


def test_a_new_machine_goes_on_where_the_last_one_ended(
    world: World, shop: dict[str, Any], tmp_path: Path
) -> None:
    world.load()

    result = world.load(folder=tmp_path / "elsewhere")

    assert (result.skipped, result.repositories) == (1, 1)
    assert result.row_counts["pull_requests"] == 0


def test_a_new_warehouse_is_filled_from_the_start_by_an_old_machine(
    world: World, shop: dict[str, Any]
) -> None:
    world.load()
    with psycopg.connect(world.url) as connection:
        for table in world.values(
            "select tablename::text from pg_tables where schemaname = 'raw_github'"
        ):
            connection.execute(f'drop table raw_github."{table}"'.encode())

    assert world.load().row_counts["pull_requests"] == 1


def test_two_connections_share_the_tables(world: World, shop: dict[str, Any]) -> None:
    world.load()
    world.load(name="other")

    assert world.values("select count(*) from raw_github.pull_requests") == [2]
    assert world.load(name="other").skipped == 1
    assert world.load().skipped == 1


def test_a_long_sync_is_stored_in_rounds(world: World) -> None:
    world.github.owner()
    for name in "abcdef":
        repository = world.github.repository(name)
        world.github.commit(repository, name * 40, date="2026-01-10T08:00:00Z")

    result = world.load(longest_round=0.0, concurrency=2)

    assert result.repositories == 6
    assert world.values("select count(*) from raw_github._dlt_loads") >= [3]
    assert world.values("select count(*) from raw_github.commits") == [6]
    assert world.values("select count(distinct synced_at) from raw_github.repository_syncs") == [1]


def test_a_type_that_flips_stops_the_load(world: World, shop: dict[str, Any]) -> None:
    shop["labels"][0]["isDefault"] = False
    world.load()
    real = world.github.execute

    def flip(body: dict[str, Any]) -> dict[str, Any]:
        reply: dict[str, Any] = real(body)
        if "labels" in (reply["data"].get("node") or {}):
            reply["data"]["node"]["labels"]["nodes"][0]["isDefault"] = "perhaps"
        return reply

    world.github.execute = flip
    with pytest.raises(LoadError, match="is_default: bool expected, str found"):
        world.load(full=True)
    assert world.values("select is_default from raw_github.labels") == [False]


def test_no_secret_reaches_the_warehouse_or_the_disk(world: World, shop: dict[str, Any]) -> None:
    world.load(environ={"TOKEN": "secret-one,secret-two"})
    password = psycopg.conninfo.conninfo_to_dict(world.url)["password"]

    with psycopg.connect(world.url) as connection:
        tables = connection.execute(
            "select tablename from pg_tables where schemaname = 'raw_github'"
        ).fetchall()
        stored = "".join(
            str(connection.execute(f'select t::text from raw_github."{t}" t'.encode()).fetchall())
            for (t,) in tables
        )
    files = b"".join(path.read_bytes() for path in world.folder.rglob("*") if path.is_file())
    for secret in ("secret-one", "secret-two", str(password)):
        assert secret not in stored
        assert secret.encode() not in files


@pytest.mark.parametrize(
    ("connection", "environ", "message"),
    [
        ({}, {"TOKEN": "wrong"}, "the token was refused"),
        ({"owners": ["nobody"]}, None, "no organization or user"),
        ({"api_url": "http://127.0.0.1:9"}, None, "can't be reached"),
    ],
)
def test_a_load_that_can_do_nothing_says_why_in_one_line(
    world: World, connection: dict[str, Any], environ: Any, message: str
) -> None:
    with pytest.raises(LoadError, match=message) as caught:
        world.load(environ=environ, **connection)

    assert "\n" not in str(caught.value)
    assert "wrong" not in str(caught.value).replace("it is wrong", "")


def test_a_warehouse_that_refuses_is_said_in_one_line(world: World, shop: dict[str, Any]) -> None:
    world.url = "postgresql://loader:topsecret@127.0.0.1:9/nowhere"

    with pytest.raises(LoadError) as caught:
        world.load()

    assert "127.0.0.1" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "topsecret" not in str(caught.value)


# Reads stages from stdin; each is a load of its own, forked so that imports are paid for once.
_LOADS_TO_KILL = """
import os, signal, sys
from pathlib import Path
import dlt
from dlt.destinations.impl.postgres.postgres import PostgresCsvCopyJob
from dlt.destinations.insert_job_client import InsertValuesLoadJob
from dlt.load.load import Load
from ingestion.github.load import load
from ingestion.github.reader import Reader
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
            if len(copied) == 8:
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
        "github": [
            {"api_url": api, "token": "env:TOKEN", "owners": ["acme"], "workflow_jobs": True}
        ],
    })
    load(settings.github[0], settings, url, pipelines_dir=Path(folder))

for line in sys.stdin:
    child = os.fork()
    if child == 0:
        run(line.strip())
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


def test_a_load_killed_at_every_stage_and_repeated_equals_an_undisturbed_one(
    world: World, shop: dict[str, Any]
) -> None:
    stages = ["reading", "before normalizing", "before loading", "half copied"]
    stages += ["state stored", "merged"]
    command = [sys.executable, "-c", _LOADS_TO_KILL, world.github.url, world.url]
    with subprocess.Popen(
        [*command, str(world.folder)],
        env={**os.environ, "TOKEN": "secret-one"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as loads:
        assert loads.stdin is not None
        assert loads.stdout is not None
        for number, stage in enumerate([*stages, "none"]):
            # Something new each time, so that each load has something to lose.
            world.github.add(
                shop, "issues", "Issue", number=100 + number, state="OPEN",
                updatedAt=f"2026-02-{10 + number}T00:00:00Z",
            )  # fmt: skip
            print(stage, file=loads.stdin, flush=True)
            expected = -signal.SIGKILL if stage in stages else 0
            assert int(loads.stdout.readline()) == expected, stage
        loads.stdin.close()

    world.load(name="undisturbed", workflow_jobs=True)
    for table in GITHUB.values():
        if table.name in ("repository_syncs", "request_ledger", "schema_drift"):
            continue
        ignored = (*PROVENANCE, "teams_synced_at")
        columns = ", ".join(f'"{c}"' for c in table.column_names() if c not in ignored)
        found = [
            world.rows(
                f"select {columns} from raw_github.{table.name} "
                f"where connection = '{name}' order by {columns}"
            )
            for name in ("github", "undisturbed")
        ]
        assert found[0] == found[1], table.name
        assert found[0], table.name
