"""What the storyteller remembers, held against the commits it made, walked as git would."""

from __future__ import annotations

from itertools import pairwise

from demo.company import Company
from demo.model import RepositoryStory


def ancestors(story: RepositoryStory, sha: str) -> set[str]:
    found, waiting = {sha}, [sha]
    while waiting:
        for parent in story.commits[waiting.pop()].parents:
            if parent not in found:
                found.add(parent)
                waiting.append(parent)
    return found


def lines(story: RepositoryStory) -> list[list]:
    by_environment: dict[str, list] = {}
    for shipment in sorted(story.shipments, key=lambda one: one.finished_at):
        by_environment.setdefault(shipment.environment, []).append(shipment)
    return list(by_environment.values())


def test_a_change_is_shipped_by_the_first_deployment_that_reaches_it(company: Company) -> None:
    count = 0
    for story in company.stories:
        for line in lines(story):
            seen: set[str] = set()
            for place, shipment in enumerate(line):
                reached = ancestors(story, shipment.commit_sha)
                new = {c.id for c in story.merged if c.sha in reached and c.sha not in seen}
                if place == 0:  # the baseline ships only the pull request that it is
                    pulls = [c for c in story.merged if c.kind == "pull_request"]
                    new = {c.id for c in pulls if c.sha == shipment.commit_sha}
                assert {c.id for c in shipment.changes} == new, (story.name, shipment)
                seen |= reached
                count += len(new)
    assert count > 1500


def test_no_commit_from_before_the_story_is_deployed(company: Company) -> None:
    for story in company.stories:
        deployed = {one.sha for one in (*story.deployments, *story.tags)}
        assert not deployed & set(story.main[:4])


def test_a_rollback_goes_to_an_ancestor_or_to_a_commit_deployed_earlier(company: Company) -> None:
    rollbacks = 0
    for story in company.stories:
        for line in lines(story):
            earlier: set[str] = set()
            for before, shipment in pairwise(line):
                earlier.add(before.commit_sha)
                back = shipment.commit_sha != before.commit_sha and (
                    shipment.commit_sha in ancestors(story, before.commit_sha)
                    or shipment.commit_sha in earlier
                )
                assert shipment.is_rollback == back, (story.name, shipment)
                rollbacks += back
    assert rollbacks >= 10


def test_every_commit_knows_its_parents_and_lies_after_being_written(company: Company) -> None:
    for story in company.stories:
        for commit in story.commits.values():
            assert all(parent in story.commits for parent in commit.parents)
            assert all(
                story.commits[parent].committed_at <= commit.committed_at
                for parent in commit.parents
            ), (story.name, commit)


def test_merged_changes_are_all_the_commits_of_the_default_branch(company: Company) -> None:
    # Every commit reachable from the default branch came with a merged pull request, or was
    # pushed straight to it, or is older than the story.
    for story in company.stories:
        if not story.main:
            continue
        merged = {p.number for p in story.pulls if p.merged_at is not None}
        direct = {c.sha for c in story.merged if c.kind == "commit"}
        for sha in ancestors(story, story.main[-1]):
            if sha in story.main[:4]:
                continue
            assert (story.commit_pulls.get(sha) in merged) != (sha in direct), (story.name, sha)
