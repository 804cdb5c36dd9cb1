"""The whole story of the company's GitLab can be read from its API, and nothing before its time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from demo.company import Company
from demo.gitlab import application
from demo.model import PullRequest, RepositoryStory
from demo.server import running

pytestmark = pytest.mark.integration
Setter = Callable[[datetime], None]


@pytest.fixture(scope="module")
def client(company: Company) -> Iterator[httpx.Client]:
    app = application(company, now=company.until, rate_limit=10**6)
    headers = {"PRIVATE-TOKEN": "demo-token"}
    with running(app) as url, httpx.Client(base_url=f"{url}/api/v4", headers=headers) as http:
        http.timeout = httpx.Timeout(60)
        yield http


@pytest.fixture
def clock(client: httpx.Client, company: Company) -> Iterator[Setter]:
    url = str(client.base_url).replace("/api/v4/", "/demo/clock")

    def move(now: datetime) -> None:
        assert httpx.post(url, json={"now": now.isoformat()}).status_code == 200

    yield move
    move(company.until)


def every(client: httpx.Client, path: str) -> list[Any]:
    """All rows of a list, by its links."""
    url: str | None = path + ("&" if "?" in path else "?") + "per_page=100"
    found: list[Any] = []
    while url:
        reply = client.get(url)
        assert reply.status_code == 200, reply.text
        found += reply.json()
        url = reply.links.get("next", {}).get("url")
    return found


def stories(company: Company) -> list[RepositoryStory]:
    return list(company.gitlab_stories)


def text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def test_every_merge_request_of_the_story_is_listed_once(
    client: httpx.Client, company: Company
) -> None:
    rows = every(client, "groups/acme/merge_requests")
    told = [(story.database_id, pull.number) for story in stories(company) for pull in story.pulls]
    assert sorted((row["project_id"], row["iid"]) for row in rows) == sorted(told)
    assert len({row["id"] for row in rows}) == len(told) > 300


def test_merge_requests_end_as_the_story_says(client: httpx.Client, company: Company) -> None:
    for story in stories(company):
        pulls = {pull.number: pull for pull in story.pulls}
        for row in every(client, f"projects/{story.database_id}/merge_requests"):
            pull: PullRequest = pulls[row["iid"]]
            assert row["merged_at"] == text(pull.merged_at)
            assert row["closed_at"] == (None if pull.merged_at else text(pull.closed_at))
            assert row["merge_commit_sha"] == pull.merge_commit_sha
            assert row["squash_commit_sha"] == pull.squash_commit_sha
            if pull.merged_at and pull.merge_method == "ff":
                assert (row["merge_commit_sha"], row["squash_commit_sha"]) == (None, None)
                assert row["sha"] in story.commits
            assert row["updated_at"] == text(pull.touched[-1])
            assert row["title"].startswith("Draft: ") == row["draft"]


def test_the_default_branch_has_all_that_was_merged(client: httpx.Client, company: Company) -> None:
    for story in stories(company):
        rows = every(client, f"projects/{story.database_id}/repository/commits")
        shas = [row["id"] for row in rows]
        assert len(set(shas)) == len(shas)
        assert set(story.main) <= set(shas)
        assert shas[0] == story.main[-1]
        into_main = [pull for pull in story.pulls if pull.base_ref == story.default_branch]
        for pull in into_main:
            landed = pull.merge_commit_sha or pull.squash_commit_sha
            if pull.merged_at and landed:
                assert landed in shas
        for row in rows[:40]:
            commit = story.commits[row["id"]]
            assert row["parent_ids"] == list(commit.parents)
            assert datetime.fromisoformat(row["committed_date"]) == commit.committed_at
            assert (row["author_name"], row["author_email"]) == (
                commit.written_name, commit.written_email,
            )  # fmt: skip


def test_reviews_become_notes_and_approvals(client: httpx.Client, company: Company) -> None:
    for story in stories(company):
        for pull in [one for one in story.pulls if one.reviews][:25]:
            path = f"projects/{story.database_id}/merge_requests/{pull.number}"
            notes = every(client, f"{path}/notes")
            assert len({note["id"] for note in notes}) == len(notes)
            given = [one for one in pull.reviews if one.state == "APPROVED"]
            said = [note for note in notes if note["body"] == "approved this merge request"]
            assert {note["id"] for note in said} == {one.database_id for one in given}
            comments = [note for note in notes if not note["system"]]
            submitted = [one for one in pull.reviews if one.submitted_at]
            assert len(comments) == len(pull.comments) + sum(len(r.comments) for r in submitted)
            standing = {one.author.login for one in given if one.author and not one.withdrawn_at}
            approved = client.get(f"{path}/approvals").json()["approved_by"]
            assert {one["user"]["username"] for one in approved} == standing


def test_deployments_carry_the_jobs_of_the_story(client: httpx.Client, company: Company) -> None:
    words = {"SUCCESS": "success", "FAILURE": "failed", "ERROR": "canceled",
             "IN_PROGRESS": "running", "QUEUED": "created"}  # fmt: skip
    count = 0
    for story in stories(company):
        told = {one.database_id: one for one in story.deployments}
        rows = every(client, f"projects/{story.database_id}/deployments")
        assert [row["id"] for row in rows] == list(told)
        for row in rows:
            deployment = told[row["id"]]
            last = deployment.statuses[-1]
            assert row["status"] == words[last.state]
            assert row["updated_at"] == text(last.at)
            job = row["deployable"]
            assert (job and job["id"]) == deployment.job_id
            if job and row["status"] == "success":
                assert job["finished_at"] == text(last.at)
                assert job["pipeline"]["sha"] == row["sha"]
            count += 1
    assert count > 200


def test_pipelines_and_jobs_are_those_of_the_story(client: httpx.Client, company: Company) -> None:
    for story in stories(company):
        base = f"projects/{story.database_id}"
        rows = every(client, f"{base}/pipelines")
        assert {row["id"] for row in rows} == {run.database_id for run in story.runs}
        jobs = every(client, f"{base}/jobs?pagination=keyset&order_by=id&sort=desc")
        told = {job.database_id for run in story.runs for one in run.attempts for job in one.jobs}
        assert {row["id"] for row in jobs} == told
    retried = next(run for run in story_with_runs(company).runs if len(run.attempts) > 1)
    path = f"projects/{story_with_runs(company).database_id}/pipelines/{retried.database_id}/jobs"
    names = [row["name"] for row in every(client, path)]
    assert len(set(names)) == len(names)
    assert len(every(client, f"{path}?include_retried=true")) > len(names)


def story_with_runs(company: Company) -> RepositoryStory:
    return next(
        one for one in stories(company) if any(len(run.attempts) > 1 for run in one.runs)
    )  # fmt: skip


def test_issues_members_tags_and_releases_are_those_of_the_story(
    client: httpx.Client, company: Company
) -> None:
    rows = every(client, "groups/acme/issues")
    told = {issue.database_id: issue for story in stories(company) for issue in story.issues}
    assert {row["id"] for row in rows} == set(told)
    for row in rows:
        assert (row["issue_type"], row["iid"]) == (told[row["id"]].kind, told[row["id"]].number)
    for group in company.groups:
        members = every(client, f"groups/{group.id}/members")
        assert {(row["id"], row["access_level"]) for row in members} == {
            (one.account.database_id, one.access_level)
            for one in group.members
            if one.since <= company.until and (one.until is None or one.until > company.until)
        }
    for story in stories(company):
        base = f"projects/{story.database_id}"
        tags = every(client, f"{base}/repository/tags")
        assert {row["name"]: row["commit"]["id"] for row in tags} == {
            tag.name: tag.sha for tag in story.tags
        }
        releases = every(client, f"{base}/releases")
        assert {row["tag_name"] for row in releases} == {
            one.tag_name for one in story.releases if one.published_at
        }


def _later(value: Any, now: str) -> list[str]:
    """All times in a payload that lie after the moment; commits are dated by their authors."""
    if isinstance(value, dict):
        names = ("authored_date", "committed_date", "created_at") if "short_id" in value else ()
        return [
            f"{key}: {one}"
            for key, inner in value.items()
            if key not in names
            for one in _later(inner, now)
        ]
    if isinstance(value, list):
        return [one for inner in value for one in _later(inner, now)]
    is_time = isinstance(value, str) and len(value) == 24 and value[10] == "T" and value[-1] == "Z"
    return [value] if is_time and value > now else []


@pytest.mark.parametrize("days", [9, 50, 111])
def test_nothing_shows_before_its_time(
    client: httpx.Client, company: Company, clock: Setter, days: int
) -> None:
    now = company.until - timedelta(days=days, minutes=17)
    clock(now)
    moment = text(now) or ""
    listed = ["groups/acme/merge_requests", "groups/acme/issues", "groups/acme/descendant_groups",
              "groups/acme/projects?include_subgroups=true"]  # fmt: skip
    for path in listed:
        assert not _later(every(client, path), moment), path
    for story in stories(company):
        base = f"projects/{story.database_id}"
        for kind in (
            "deployments",
            "environments",
            "pipelines",
            "jobs",
            "releases",
            "labels",
            "repository/tags",
            "repository/commits?all=true",
            "repository/branches",
        ):
            assert not _later(every(client, f"{base}/{kind}"), moment), kind
        for row in every(client, f"{base}/merge_requests?order_by=updated_at")[:15]:
            path = f"{base}/merge_requests/{row['iid']}"
            for part in ("notes", "commits", "resource_state_events", "closes_issues"):
                assert not _later(every(client, f"{path}/{part}"), moment), part
            for part in ("", "/approvals", "/approval_state"):
                assert not _later(client.get(path + part).json(), moment), part
        for row in every(client, f"{base}/pipelines")[:10]:
            assert not _later(client.get(f"{base}/pipelines/{row['id']}").json(), moment)
        known = {row["id"] for row in every(client, f"{base}/repository/commits?all=true")}
        assert all(story.commits[sha].pushed_at <= now for sha in known)


SECOND = timedelta(seconds=1)


def test_a_push_shows_when_it_happens(
    client: httpx.Client, company: Company, clock: Setter
) -> None:
    seen = 0
    for story in stories(company):
        pull = next((one for one in story.pulls if len(one.pushes) > 1), None)
        if pull is None:
            continue
        first, second = pull.pushes[:2]
        path = f"projects/{story.database_id}/merge_requests/{pull.number}"
        new = next(sha for sha in second.shas if sha not in first.shas)
        commit = f"projects/{story.database_id}/repository/commits/{new}"
        clock(second.at - SECOND)
        assert client.get(path).json()["sha"] == first.shas[-1]
        assert {row["id"] for row in every(client, f"{path}/commits")} == set(first.shas)
        assert client.get(commit).status_code == 404
        clock(second.at)
        assert client.get(path).json()["sha"] == second.shas[-1]
        assert [row["id"] for row in every(client, f"{path}/commits")] == [*reversed(second.shas)]
        assert client.get(commit).status_code == 200
        seen += 1
    assert seen


def test_a_draft_is_ready_when_it_is_said_to_be(
    client: httpx.Client, company: Company, clock: Setter
) -> None:
    story, pull = next(
        (story, pull) for story in stories(company) for pull in story.pulls if pull.draft_turns
    )
    turn = pull.draft_turns[0]
    assert turn.kind == "READY_FOR_REVIEW"
    path = f"projects/{story.database_id}/merge_requests/{pull.number}"
    said = "marked this merge request as **ready**"
    for moment, is_draft in ((turn.at - SECOND, True), (turn.at, False)):
        clock(moment)
        row = client.get(path).json()
        assert (row["draft"], row["title"].startswith("Draft: ")) == (is_draft, is_draft)
        bodies = [note["body"] for note in every(client, f"{path}/notes")]
        assert (said in bodies) is not is_draft


def test_a_pipeline_is_unfinished_until_its_last_job_is_done(
    client: httpx.Client, company: Company, clock: Setter
) -> None:
    story = story_with_runs(company)
    run = next(run for run in story.runs if len(run.attempts) > 1)
    path = f"projects/{story.database_id}/pipelines/{run.database_id}"
    first, second = run.attempts[:2]
    for moment, status, finished in (
        (first.completed_at - SECOND, "running", None),
        (first.completed_at, "failed", text(first.completed_at)),
        (second.completed_at - SECOND, "running", None),
        (second.completed_at, "success", text(second.completed_at)),
    ):
        clock(moment)
        row = client.get(path).json()
        assert (row["status"], row["finished_at"]) == (status, finished)


def test_a_moved_clock_shows_more_and_keeps_what_was_there(
    client: httpx.Client, company: Company, clock: Setter
) -> None:
    path = "groups/acme/merge_requests?order_by=updated_at&sort=asc"
    before_moment = company.until - timedelta(days=40)
    clock(before_moment)
    before = {row["id"]: row for row in every(client, path)}
    clock(company.until)
    after = {row["id"]: row for row in every(client, path)}
    assert set(before) < set(after)
    # What changed since is just what a list by updated_after gives: nothing slips through.
    since = text(before_moment)
    changed = {row["id"] for row in every(client, f"{path}&updated_after={since}")}
    assert changed == {
        key for key, row in after.items()
        if key not in before or row["updated_at"] != before[key]["updated_at"]
    }  # fmt: skip
    same = set(before) - changed
    names = ("state", "title", "sha", "labels", "merged_at", "user_notes_count", "created_at")
    for key in same:
        assert [before[key][name] for name in names] == [after[key][name] for name in names]


def test_the_story_is_not_told_beyond_its_end(client: httpx.Client, company: Company) -> None:
    url = str(client.base_url).replace("/api/v4/", "/demo/clock")
    late = company.until + timedelta(days=1)
    reply = httpx.post(url, json={"now": late.isoformat()})
    assert (reply.status_code, "told until" in reply.json()["message"]) == (400, True)
