"""The story: the same every time, only ever added to, with everything that can go wrong."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from demo.company import Company
from demo.model import PullRequest, RepositoryStory
from demo.served import CompanyCatalog, CompanyView

START = date(2026, 8, 10)
EARLY = datetime(2026, 9, 30, 13, 37, tzinfo=UTC)
LATE = datetime(2026, 11, 3, 8, tzinfo=UTC)


def shown(company: Company, now: datetime) -> list[object]:
    """Everything that GitHub would show at a moment, as plain text."""
    catalog = CompanyCatalog(company, now)
    views = []
    for name in catalog.names("acme"):
        view = catalog.repository("acme", name)
        assert isinstance(view, CompanyView)
        for sha in view.story.commits:
            view.commit(sha)
        for kind in ("pulls", "issues", "releases", "deployments", "tags", "heads", "runs"):
            views.append((name, kind, [plain(node) for node in getattr(view, kind)]))
        commits = {sha: plain(node) for sha, node in view._commits.items() if node}
        views.append((name, "repository", plain(view.node), commits))
    return views


def plain(value: object, depth: int = 3) -> object:
    if isinstance(value, dict):
        if depth == 0:
            return value.get("id")
        return {
            key: plain(one, depth - 1)
            for key, one in value.items()
            if key not in ("_view", "repository", "_parent")
        }
    if isinstance(value, list | tuple):
        return [plain(one, depth) for one in value]
    return value


def test_the_same_seed_tells_the_same_story() -> None:
    one, two = (Company.generate(5, 4, START, EARLY) for _ in range(2))
    assert [plainly(a) for a in one.stories] == [plainly(b) for b in two.stories]
    assert one.truth() == two.truth()
    other = Company.generate(6, 4, START, EARLY)
    assert plainly(next(other.stories)) != plainly(next(one.stories))


def plainly(story: RepositoryStory) -> str:
    return repr(story)


def test_a_longer_story_begins_with_the_shorter_one() -> None:
    short, long = Company.generate(5, 12, START, EARLY), Company.generate(5, 12, START, LATE)
    for now in (EARLY, EARLY - timedelta(days=20, hours=3)):
        assert shown(short, now) == shown(long, now)
        assert short.truth(now) == long.truth(now)


def test_more_repositories_leave_the_others_alone() -> None:
    few, many = Company.generate(5, 24, START, EARLY), Company.generate(5, 25, START, EARLY)
    assert few.names == many.names[:24]


def test_the_future_cannot_be_asked_for(small: Company) -> None:
    with pytest.raises(ValueError, match="not told that far"):
        small.truth(small.until + timedelta(seconds=1))
    with pytest.raises(ValueError, match="time zone"):
        Company.generate(1, 1, START, datetime(2026, 9, 1))


def test_nothing_is_shown_before_it_happens(company: Company) -> None:
    now = company.until - timedelta(days=40)
    catalog = CompanyCatalog(company, now)
    limit = now.isoformat()[:19] + "Z"
    for name in catalog.names("acme"):
        view = catalog.repository("acme", name)
        assert isinstance(view, CompanyView)
        for kind in ("pulls", "issues", "releases", "deployments", "runs"):
            for node in getattr(view, kind):
                for key, value in node.items():
                    if key.endswith(("At", "_at")) and value is not None:
                        assert value <= limit, (name, kind, key, value)


def test_a_pull_request_merged_later_is_still_open(company: Company) -> None:
    story = company.story(0)
    pull = next(p for p in story.pulls if p.merged_at and p.merged_at - p.created_at > timedelta(1))
    assert pull.merged_at is not None
    before = CompanyCatalog(company, pull.merged_at - timedelta(seconds=1)).view(0)
    after = CompanyCatalog(company, pull.merged_at).view(0)
    node = before.find(pull.id)
    assert node is not None
    assert (node["state"], node["mergedAt"], node["_merge"]) == ("OPEN", None, None)
    assert before.commit(pull.merge_commit_sha) is None
    node = after.find(pull.id)
    assert node is not None
    assert (node["state"], node["updatedAt"]) == ("MERGED", node["mergedAt"])
    assert after.commit(pull.merge_commit_sha) is not None


def test_runs_and_deployments_go_through_their_states(company: Company) -> None:
    story = company.story(0)
    run = story.runs[-20]
    job = run.attempts[0].jobs[0]

    def status(now: datetime) -> str:
        view = CompanyCatalog(company, now).view(0)
        return next(one["status"] for one in view.runs if one["id"] == run.database_id)

    assert status(run.created_at) == "queued"
    assert status(job.started_at) == "in_progress"
    assert status(run.attempts[-1].completed_at) == "completed"
    deployment = next(d for d in story.deployments if d.statuses[-1].state == "INACTIVE")
    states = []
    for each in deployment.statuses:
        node = CompanyCatalog(company, each.at).view(0).find(deployment.id)
        assert node is not None
        states.append(node["state"])
    assert states[0] == "QUEUED"
    assert "ACTIVE" in states
    assert states[-1] == "INACTIVE"


Feature = Callable[[RepositoryStory], bool]


def any_pull(test: Callable[[RepositoryStory, PullRequest], object]) -> Feature:
    return lambda story: any(test(story, pull) for pull in story.pulls)


BERLIN = ZoneInfo("Europe/Berlin")

FEATURES: dict[str, Feature] = {
    "squash merges": any_pull(lambda _, p: p.merge_method == "squash"),
    "merge commits with two parents": any_pull(
        lambda s, p: p.merge_method == "merge"
        and len(s.commits[p.merge_commit_sha or ""].parents) == 2
    ),
    "rebased copies that keep author date and headline": any_pull(
        lambda s, p: p.merge_method == "rebase"
        and s.commits[p.merge_commit_sha or ""].authored_at
        == s.commits[p.pushes[-1].shas[-1]].authored_at
        and p.merge_commit_sha != p.pushes[-1].shas[-1]
    ),
    "commits written before they were committed": lambda s: any(
        c.authored_at < c.committed_at for c in s.commits.values()
    ),
    "a clock that is ahead": lambda s: any(
        c.authored_at > c.pushed_at + timedelta(days=30) for c in s.commits.values()
    ),
    "drafts turned ready": any_pull(lambda _, p: p.opened_as_draft and p.draft_turns),
    "drafts turned back": any_pull(
        lambda _, p: any(t.kind == "CONVERT_TO_DRAFT" for t in p.draft_turns)
    ),
    "reviews after the merge": any_pull(
        lambda _, p: p.merged_at and any(r.created_at > p.merged_at for r in p.reviews)
    ),
    "the author speaks first": any_pull(
        lambda _, p: p.comments and p.reviews and p.comments[0].author is p.author
        and p.comments[0].created_at < p.reviews[0].created_at
    ),
    "a bot reviews first": any_pull(
        lambda _, p: p.reviews and p.reviews[0].author is not None
        and p.reviews[0].author.kind == "Bot"
    ),
    "changes requested": any_pull(
        lambda _, p: any(r.state == "CHANGES_REQUESTED" for r in p.reviews)
    ),
    "pending reviews": any_pull(lambda _, p: any(r.state == "PENDING" for r in p.reviews)),
    "commits after the review": any_pull(
        lambda _, p: p.reviews and len(p.pushes) > 1 and p.pushes[-1].at > p.reviews[0].created_at
    ),
    "pushes by force": any_pull(lambda _, p: any(push.is_forced for push in p.pushes)),
    "commits that a force-push dropped": any_pull(
        lambda _, p: any(push.is_forced and len(push.shas) < len(p.pushes[0].shas)
                         for push in p.pushes)
    ),
    "closed without merging": any_pull(lambda _, p: p.closed_at and not p.merged_at),
    "open at the end": any_pull(lambda _, p: not p.closed_at),
    "more than 100 commits": any_pull(lambda _, p: len(p.pushes[-1].shas) > 100),
    "more than 100 comments": any_pull(lambda _, p: len(p.comments) > 100),
    "into another pull request's branch": any_pull(
        lambda s, p: p.merged_at and p.base_ref != s.default_branch
        and not p.base_ref.startswith("release/")
    ),
    "into a release branch": any_pull(lambda _, p: p.base_ref.startswith("release/")),
    "a deleted author": any_pull(lambda _, p: p.author.is_deleted),
    "the dependency bot": any_pull(lambda _, p: p.author.login == "dependabot"),
    "a bot by the settings only": any_pull(
        lambda _, p: (p.merged_by is not None and p.merged_by.is_bot_by_settings)
        or any(c.author is not None and c.author.is_bot_by_settings for c in p.comments)
    ),
    "GitHub's revert": any_pull(lambda s, p: p.body.startswith(f"Reverts {s.full_name}#")),
    "a revert told by its title only": any_pull(
        lambda _, p: p.title.startswith('Revert "') and "Reverts" not in p.body
    ),
    "git revert": lambda s: any("This reverts commit" in c.message for c in s.commits.values()),
    "pushes straight to the default branch": lambda s: any(c.kind == "commit" for c in s.merged),
    "hotfix by label": any_pull(lambda _, p: any(one.name == "hotfix" for one in p.labels)),
    "hotfix by branch": any_pull(lambda _, p: p.head_ref.startswith("hotfix/")),
    "NUL in a title": any_pull(lambda _, p: "\x00" in p.title),
    "characters of four bytes": any_pull(lambda _, p: any(ord(c) > 0xFFFF for c in p.title)),
    "rollbacks": lambda s: any(one.is_rollback for one in s.shipments),
    "the same commit again": lambda s: any(
        not one.changes and not one.is_rollback and not one.is_first for one in s.shipments
    ),
    "deployments that fail": lambda s: any(
        d.statuses and d.statuses[-1].state == "FAILURE" for d in s.deployments
    ),
    "deployments in error": lambda s: any(
        d.statuses and d.statuses[-1].state == "ERROR" for d in s.deployments
    ),
    "a failure, then success": lambda s: any(
        {"FAILURE", "SUCCESS"} <= {one.state for one in d.statuses} for d in s.deployments
    ),
    "success reported twice": lambda s: any(
        [one.state for one in d.statuses].count("SUCCESS") > 1 for d in s.deployments
    ),
    "for ever in progress": lambda s: any(
        d.statuses and d.statuses[-1].state == "IN_PROGRESS" for d in s.deployments
    ),
    "staging": lambda s: any(d.environment == "staging" for d in s.deployments),
    "two production environments": lambda s: len({one.environment for one in s.shipments}) == 2,
    "several deployments a day": lambda s: any(
        a.finished_at.date() == b.finished_at.date() == c.finished_at.date()
        for a, b, c in zip(s.shipments, s.shipments[1:], s.shipments[2:], strict=False)
    ),
    "releases only": lambda s: bool(s.releases and s.shipments and not s.deployments),
    "version tags only": lambda s: bool(
        s.tags and s.shipments and not s.deployments and not s.releases
    ),
    "light and annotated tags": lambda s: len({one.is_annotated for one in s.tags}) == 2,
    "draft releases and prereleases": lambda s: any(r.is_prerelease for r in s.releases),
    "never deployed": lambda s: bool(s.pulls and not s.has_deployment_source),
    "an incident where nothing is deployed": lambda s: bool(
        s.incidents and not s.has_deployment_source
    ),
    "empty": lambda s: not s.commits,
    "archived": lambda s: s.archived_at is not None,
    "runs that were run again": lambda s: any(len(run.attempts) > 1 for run in s.runs),
    "incidents that name their cause": lambda s: any(one.blames for one in s.incidents),
    "incidents that name it in a comment": lambda s: any(
        blame.said_at > one.opened_at for one in s.incidents for blame in one.blames
    ),
    "incidents that name nothing": lambda s: any(not one.blames for one in s.incidents),
    "incidents labelled later": lambda s: any(
        one.labelled_at > one.opened_at for one in s.incidents
    ),
    "incidents opened again": lambda s: any(
        closing.reopened_at for one in s.incidents for closing in one.closings
    ),
    "incidents still open": lambda s: any(not one.closings for one in s.incidents),
    "deployments around a month's midnight": lambda s: any(
        one.finished_at.astimezone(BERLIN).hour in (23, 0)
        and (one.finished_at.astimezone(BERLIN) + timedelta(hours=2)).day == 1
        for one in s.shipments
    ),
    "deployments while clocks change": lambda s: any(
        one.finished_at.astimezone(BERLIN).date() == date(2026, 10, 25)
        and one.finished_at.astimezone(BERLIN).hour < 4
        for one in s.shipments
    ),
}  # fmt: skip


@pytest.mark.parametrize("feature", FEATURES)
def test_the_default_company_has(feature: str, company: Company) -> None:
    assert any(FEATURES[feature](story) for story in company.stories)


def test_a_repository_has_quiet_weeks(company: Company) -> None:
    people = [p for p in company.story(1).pulls if not p.author.is_bot]
    weeks = Counter(p.created_at.isocalendar().week for p in people)
    assert min(weeks[week] for week in range(24, 47)) * 4 <= sorted(weeks.values())[len(weeks) // 2]


def test_the_default_company_is_neither_small_nor_large(company: Company) -> None:
    assert 25_000 < sum(rows(story) for story in company.stories) < 50_000


def rows(story: RepositoryStory) -> int:
    reviews = [review for pull in story.pulls for review in pull.reviews]
    return (
        len(story.commits) + len(story.pulls) + len(reviews) + len(story.issues)
        + sum(len(pull.pushes[-1].shas) + len(pull.comments) for pull in story.pulls)
        + sum(len(review.comments) for review in reviews)
        + sum(len(issue.comments) for issue in story.issues)
        + sum(1 + len(one.statuses) for one in story.deployments)
        + len(story.tags) + len(story.releases)
        + sum(1 + sum(len(a.jobs) for a in run.attempts) for run in story.runs)
    )  # fmt: skip


def test_telling_takes_time_in_proportion() -> None:
    # Far below what it takes in peace (50,000 rows a second), so that a busy machine passes.
    begun = time.process_time()
    company = Company.generate(8, 12, START, LATE)
    count = sum(rows(story) for story in company.stories)
    assert count / (time.process_time() - begun) > 8_000
