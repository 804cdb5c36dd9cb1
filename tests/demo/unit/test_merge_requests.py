"""The part of the story that lives on GitLab: ways to merge, notes, jobs; and keys of issues."""

from __future__ import annotations

import re
from collections import defaultdict

import pytest

from demo.company import Company
from demo.model import RepositoryStory

KEY = re.compile(r"[A-Z]+-\d+")


@pytest.fixture(scope="module")
def projects(company: Company) -> list[RepositoryStory]:
    return list(company.gitlab_stories)


def test_every_third_repository_lives_on_gitlab(company: Company) -> None:
    names = [company.full_name(index) for index in range(12) if company.source(index) == "gitlab"]
    assert names == ["acme/payments/payments", "acme/platform/edge/gateway",
                     "acme/platform/infra-tools", "acme/notifications"]  # fmt: skip
    assert [one.full_name for one in company.gitlab_stories] == names


def test_merges_leave_what_their_method_leaves(projects: list[RepositoryStory]) -> None:
    # docs.gitlab.com, "Merge methods": a fast-forward has no merge commit; a squash commit may be
    # the tip itself or the second parent of a merge commit.
    seen = set()
    for story in projects:
        changes = {change.id: change for change in story.merged}
        position = {sha: place for place, sha in enumerate(story.main)}
        for pull in story.pulls:
            if pull.merged_at is None or pull.base_ref != story.default_branch:
                continue
            seen.add(pull.merge_method)
            change, last = changes[pull.id], pull.pushes[-1]
            merge, squash = pull.merge_commit_sha, pull.squash_commit_sha
            assert change.sha in position
            parents = story.commits[change.sha].parents
            if pull.merge_method == "ff":
                assert (merge, squash, last.shas[-1]) == (None, None, change.sha)
                assert [position[sha] for sha in last.shas] == list(
                    range(position[last.shas[0]], position[change.sha] + 1)
                )
                assert (last.at, last.is_forced) == (pull.merged_at, True)
            elif pull.merge_method == "merge":
                assert (merge, squash, parents[1]) == (change.sha, None, last.shas[-1])
            elif pull.merge_method == "squash":
                assert (merge, squash, len(parents)) == (None, change.sha, 1)
            else:
                assert (merge, parents[1]) == (change.sha, squash)
                assert len(story.commits[squash or ""].parents) == 1
    assert seen == {"ff", "merge", "squash", "squash_merge"}


def test_a_job_has_the_times_of_its_deployment(projects: list[RepositoryStory]) -> None:
    by_hand = with_job = 0
    for story in projects:
        jobs = {job.database_id: (run, job) for run in story.runs for attempt in run.attempts
                for job in attempt.jobs}  # fmt: skip
        for one in story.deployments:
            states = [status.state for status in one.statuses]
            assert len(states) == len(set(states)), one
            assert "INACTIVE" not in states
            if one.job_id is None:
                by_hand += 1
                continue
            run, job = jobs[one.job_id]
            times = {status.state: status.at for status in one.statuses}
            assert (run.sha, run.created_at, job.created_at) == (one.sha, *[one.created_at] * 2)
            if "IN_PROGRESS" in times:
                assert job.started_at == times["IN_PROGRESS"]
            if states[-1:] == ["SUCCESS"]:
                with_job += 1
                assert (job.completed_at, job.conclusion) == (times["SUCCESS"], "success")
    assert by_hand > 10
    assert with_job > 100


def test_numbers_are_taken_once(projects: list[RepositoryStory]) -> None:
    notes, jobs = [], []
    for story in projects:
        for rows in (story.pulls, story.issues):
            numbers = [row.number for row in rows]
            assert numbers == list(range(1, len(numbers) + 1))
        for pull in story.pulls:
            notes += [row.database_id for row in (*pull.comments, *pull.draft_turns)]
            for review in pull.reviews:
                notes += [review.database_id, *(row.database_id for row in review.comments)]
        notes += [row.database_id for one in story.issues for row in one.comments]
        jobs += [j.database_id for run in story.runs for a in run.attempts for j in a.jobs]
    for ids in (notes, jobs):
        assert len(ids) == len(set(ids))


def test_a_review_that_is_no_approval_leaves_a_note(projects: list[RepositoryStory]) -> None:
    reviews = [one for story in projects for pull in story.pulls for one in pull.reviews]
    assert {one.state for one in reviews} >= {"APPROVED", "COMMENTED", "CHANGES_REQUESTED"}
    for one in reviews:
        assert not one.body
        assert one.comments or one.state in ("APPROVED", "PENDING")


def test_people_act_under_accounts_of_the_source(company: Company) -> None:
    for story in company.stories:
        actors = [commit.author for commit in story.commits.values()]
        actors += [one.author for one in (*story.pulls, *story.issues)]
        actors += [one.author for pull in story.pulls for one in pull.reviews if one.author]
        actors += [one.creator for one in story.deployments]
        assert {one.source for one in actors} <= {story.source}


def test_keys_in_texts_are_told_by_mentions(company: Company) -> None:
    # All keys that a simple search finds, held against what the storyteller remembers.
    keys: dict[str, set[str]] = defaultdict(set)
    for issue in company.jira.issues:
        for moment in (issue.created_at, company.until):
            keys[issue.state_at(moment).key].add(issue.id)
    checked = 0
    for story in company.stories:
        told = defaultdict(set)
        for mention in story.mentions:
            told[mention.pull_id].add(mention.issue_id)
        for pull in story.pulls:
            texts = [pull.title, pull.body, pull.head_ref]
            # Written small, a key begins a part of a branch's name.
            parts = pull.head_ref.upper().split("/")
            texts += [begin[0] for part in parts if (begin := KEY.match(part))]
            texts += [story.commits[sha].message for push in pull.pushes for sha in push.shas]
            found = set()
            for text in texts:
                for key in KEY.findall(text):
                    found |= keys.get(key, set())
            # … and all addresses in Jira, a cause named by an incident among them.
            linked = {
                issue_id for issue_id, link in story.remote_links
                if link.url.rpartition("/")[2] == str(pull.number)
            }  # fmt: skip
            linked |= {
                issue.id for issue in story.jira_issues
                for text in (issue.initial.description, *(row.body for row in issue.comments))
                if re.search(rf"{story.name}/.*(pull|merge_requests)/{pull.number}\b", text)
            }  # fmt: skip
            assert found | linked == told[pull.id], (story.name, pull.number, pull.title)
            checked += bool(found)
    assert checked > 400


def test_incidents_are_kept_where_the_repository_keeps_them(company: Company) -> None:
    kept = {story.name: {one.source or story.source for one in story.incidents}
            for story in company.stories if story.incidents}  # fmt: skip
    assert kept["checkout"] == kept["payments"] == kept["gateway"] == {"jira"}
    assert kept["monolith"] == {"github"}
    assert kept["infra-tools"] == kept["notifications"] == {"gitlab"}
    types = {one.kind for one in company.story(11).issues}
    assert types == {"issue", "incident"}


def test_an_incident_in_jira_is_resolved_when_it_is_said_to_be(company: Company) -> None:
    issues = {one.id: one for one in company.jira.issues}
    count = 0
    for story in company.stories:
        for one in story.incidents:
            if one.source != "jira":
                continue
            issue = issues[one.issue_id]
            assert issue.created_at == one.opened_at
            assert issue.state_at(one.labelled_at).type_id == "10020"
            for closing in one.closings:
                assert issue.state_at(closing.at).resolved_at == closing.at
                if closing.reopened_at and closing.reopened_at < company.until:
                    assert issue.state_at(closing.reopened_at).resolved_at is None
                count += 1
            said = [issue.initial.description, *(row.body for row in issue.comments)]
            if one.blames:
                assert any(re.search(r"https://|[0-9a-f]{8}", text) for text in said)
    assert count > 20


def test_a_hotfix_of_an_incident_in_jira_fixes_it(company: Company) -> None:
    fixing = [(story, change) for story in company.stories for change in story.merged
              if change.fixes]  # fmt: skip
    assert len(fixing) > 3
    for story, change in fixing:
        named = {one.issue_id for one in story.mentions if one.pull_id == change.id}
        assert set(change.fixes) <= named
        opened = {one.issue_id: one.opened_at for one in story.incidents}
        assert all(opened[one] <= change.merged_at for one in change.fixes if one in opened)
