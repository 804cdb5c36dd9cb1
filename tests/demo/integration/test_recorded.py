"""A real project's recorded payloads, served through the same endpoints.

The numbers were counted in the recorded files with jq.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from demo.recorded import RecordedError, recorded_source
from demo.server import application, running

pytestmark = pytest.mark.integration
FOLDER = Path(__file__).parents[4] / "shared" / "recordings" / "github" / "ants"
OWNER, NAME = "user-25f02436", "ants"


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    if not FOLDER.is_dir():
        pytest.skip(f"no recordings: {FOLDER} is not there")
    app = application(recorded_source(FOLDER), now=datetime.now(UTC), tokens=["t"])
    with (
        running(app) as url,
        httpx.Client(base_url=url, headers={"Authorization": "Bearer t"}) as http,
    ):
        yield http


def repository(client: httpx.Client, fields: str) -> Any:
    query = f'{{repository(owner: "{OWNER}", name: "{NAME}") {{{fields}}}}}'
    answer = client.post("/graphql", json={"query": query}).json()
    assert "errors" not in answer, answer["errors"]
    return answer["data"]["repository"]


def test_the_owner_is_a_user(client: httpx.Client) -> None:
    query = f'{{repositoryOwner(login: "{OWNER}") {{__typename login}} }}'
    owner = client.post("/graphql", json={"query": query}).json()["data"]["repositoryOwner"]
    assert owner == {"__typename": "User", "login": OWNER}
    query = f'{{organization(login: "{OWNER}") {{id}} }}'
    answer = client.post("/graphql", json={"query": query}).json()
    assert answer["errors"][0]["type"] == "NOT_FOUND"


def test_pull_requests_are_served_once(client: httpx.Client) -> None:
    fields = "number state title mergedAt mergeCommit {oid} commits(first: 50) {totalCount}"
    found = repository(client, f"pullRequests(first: 100) {{totalCount nodes {{{fields}}}}}")
    pulls = found["pullRequests"]
    assert pulls["totalCount"] == 49
    numbers = [one["number"] for one in pulls["nodes"]]
    assert len(set(numbers)) == 49
    merged = [one for one in pulls["nodes"] if one["state"] == "MERGED"]
    assert len(merged) == 26
    assert all(one["mergeCommit"]["oid"] for one in merged)
    assert sum(one["commits"]["totalCount"] for one in pulls["nodes"]) == 90


def test_a_merge_commit_that_was_not_recorded_has_a_hash_only(client: httpx.Client) -> None:
    sha = "faef79b7d8a4876da8a215d7794cce20c710aaa2"
    found = repository(
        client, f'pullRequest(number: 41) {{mergeCommit {{oid}}}} object(oid: "{sha}") {{oid}}'
    )
    assert found == {"pullRequest": {"mergeCommit": {"oid": sha}}, "object": None}


def test_commits_have_parents_and_times_in_utc(client: httpx.Client) -> None:
    found = repository(client, """defaultBranchRef {name target {oid ... on Commit {
        committedDate history(first: 1) {totalCount}
        parents(first: 5) {nodes {oid}}}}}""")["defaultBranchRef"]  # fmt: skip
    assert found["name"] == "master"
    assert found["target"] == {
        "oid": "f7128dbdf0322f1334e09464af2bc2ad478cd309",
        "committedDate": "2025-12-27T05:02:57Z",  # recorded as 13:02:57+08:00
        "history": {"totalCount": 711},  # git rev-list --count of the same graph
        "parents": {
            "nodes": [
                {"oid": "3196233d2d81c66031a7a64a3fc014b6012b797c"},
                {"oid": "76ddb18c0cf4fdad7d496521ae9eb9cd52f87666"},
            ]
        },
    }


def test_tags_lead_to_their_commits(client: httpx.Client) -> None:
    refs = repository(client, """refs(refPrefix: "refs/tags/", first: 100,
        orderBy: {field: TAG_COMMIT_DATE, direction: DESC}) {totalCount nodes {name target {
        __typename oid ... on Tag {tagger {date} target {oid}}}}}""")["refs"]  # fmt: skip
    assert refs["totalCount"] == 48
    newest, oldest = refs["nodes"][0], refs["nodes"][-1]
    assert newest["name"] == "v2.11.4"
    assert newest["target"]["__typename"] == "Tag"
    assert newest["target"]["tagger"]["date"] == "2025-12-27T05:08:23Z"
    assert oldest == {
        "name": "v1.0.0",
        "target": {"__typename": "Commit", "oid": "d6076c09aa1c1a7d190fe70d00c1332bf72982a0"},
    }


def test_reviews_are_served_once_and_comments_never_without_one(client: httpx.Client) -> None:
    fields = "databaseId state submittedAt author {login} comments(first: 9) {totalCount}"
    found = repository(
        client,
        f"""a: pullRequest(number: 41) {{reviews(first: 50) {{totalCount}}}}
        b: pullRequest(number: 36) {{reviews(first: 50) {{nodes {{{fields}}}}}}}""",
    )
    # 12 recorded ones; the two review comments of 41 whose reviews are among them add none
    assert found["a"]["reviews"]["totalCount"] >= 12
    assert found["b"]["reviews"]["nodes"] == [
        {"databaseId": 257849164, "state": "COMMENTED", "submittedAt": "2019-07-04T06:35:07Z",
         "author": {"login": OWNER}, "comments": {"totalCount": 2}},
    ]  # fmt: skip


def test_issues_are_no_pull_requests(client: httpx.Client) -> None:
    issues = repository(client, "issues(first: 100) {totalCount nodes {number}}")["issues"]
    assert issues["totalCount"] == 26
    assert 4 not in [one["number"] for one in issues["nodes"]]


def test_unknown_authors_are_null_and_bots_are_bots(client: httpx.Client) -> None:
    fields = """commits(first: 20) {nodes {commit {author {name user {login}}}}}
        comments(first: 50) {nodes {author {__typename login}}}"""
    answer = repository(client, f"pullRequests(first: 100) {{nodes {{{fields}}}}}")
    found = answer["pullRequests"]["nodes"]
    users = [c["commit"]["author"]["user"] for pull in found for c in pull["commits"]["nodes"]]
    assert None in users
    authors = [c["author"] for pull in found for c in pull["comments"]["nodes"]]
    assert {"__typename": "Bot", "login": "codecov"} in authors


def test_runs_come_as_recorded(client: httpx.Client) -> None:
    answer = client.get(f"/repos/{OWNER}/{NAME}/actions/runs?per_page=100").json()
    assert answer["total_count"] == len(answer["workflow_runs"]) == 35
    assert "TIMED_OUT" in [run["status"] for run in answer["workflow_runs"]]
    jobs = client.get(f"/repos/{OWNER}/{NAME}/actions/runs/577324554/jobs").json()
    assert jobs["total_count"] == 6


def test_a_folder_without_payloads_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordedError, match="name a folder of recorded payloads"):
        recorded_source(tmp_path)
    (tmp_path / "pulls.json").write_text("[]")
    with pytest.raises(RecordedError, match="no pull request"):
        recorded_source(tmp_path)
