"""The load as a whole: a GitHub over HTTP on one side, Postgres on the other."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from ingestion.github.load import LoadResult, load

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
    result = world.load()

    assert result.failures == []
    empty = {name for name, count in result.row_counts.items() if count == 0}
    assert empty == set()


def test_values_of_a_repository(world: World, shop: dict[str, Any]) -> None:
    world.load()

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
