"""What a first sync costs, reckoned by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ingestion.github import first_sync_costs as github
from ingestion.gitlab import first_sync_costs as gitlab
from ingestion.http import Budget
from ingestion.jira import first_sync_costs as jira
from ingestion.loading.estimates import (
    Estimate,
    Need,
    duration,
    extrapolated,
    pages,
    spread,
    told,
    within_history,
)
from tests.ingestion.unit.test_github_queries import points

NOW = 1_000_000.0
JANUARY = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(("count", "expected"), [(0, 1), (1, 1), (25, 1), (26, 2), (100, 4)])
def test_a_list_takes_a_request_a_page_and_one_when_empty(count: int, expected: int) -> None:
    assert pages(count, 25, 1) == expected


@pytest.mark.parametrize(
    ("since", "expected"),
    [(-5, 100), (0, 100), (5, 50), (9, 10), (10, 0), (12, 0)],
)
def test_of_what_came_evenly_the_part_in_the_history_counts(since: int, expected: int) -> None:
    begun, ended = JANUARY, JANUARY + timedelta(days=10)

    assert within_history(100, begun, ended, JANUARY + timedelta(days=since)) == expected


def test_one_that_came_at_once_counts_whole() -> None:
    assert within_history(1, JANUARY, JANUARY, JANUARY - timedelta(days=1)) == 1


def test_what_was_not_looked_at_is_like_what_was() -> None:
    assert extrapolated({"a": 10, "b": 1}, 2000, 3000) == {"a": 15, "b": 2}
    assert extrapolated({"a": 10}, 2000, 2000) == {"a": 10}
    assert extrapolated({"a": 0}, 0, 0) == {"a": 0}


def test_a_sample_is_spread_over_all() -> None:
    assert spread(3, 10) == [0, 1, 2]
    assert spread(100, 4) == [0, 25, 50, 75]


# Time: 1,000 requests of 0.2 s, four at a time: 50 s.


def test_without_a_limit_only_the_server_takes_time() -> None:
    assert duration(1000, 0.2, 4, [Need(1000, None, 3600)], NOW) == (50.0, False)


def test_what_is_left_of_the_limit_is_enough() -> None:
    need = Need(1000, Budget("core", 5000, 1000, NOW + 600), 3600)

    assert duration(1000, 0.2, 4, [need], NOW) == (50.0, False)


def test_what_is_more_than_is_left_waits_for_the_reset() -> None:
    # 400 now; after 600 s the other 600, which take 600/1000 of 50 s.
    need = Need(1000, Budget("core", 5000, 400, NOW + 600), 3600)

    assert duration(1000, 0.2, 4, [need], NOW) == (630.0, True)


def test_each_limit_that_is_used_up_takes_a_window() -> None:
    # 1,000 left; 11,000 more are three windows of 5,000: 600 s + 2 × 3,600 s, and the last 1,000
    # of 12,000 requests take 1/12 of 600 s.
    need = Need(12_000, Budget("core", 5000, 1000, NOW + 600), 3600)

    assert duration(12_000, 0.2, 4, [need], NOW) == (600 + 7200 + 50.0, True)


def test_several_tokens_are_one_larger_limit_and_the_scarcest_resource_decides() -> None:
    points_ = Need(10_000, Budget("graphql", 10_000, 10_000, NOW + 600), 3600)
    requests = Need(20, Budget("core", 5000, 0, NOW + 60), 3600)

    assert duration(1000, 0.2, 4, [points_, requests], NOW) == (60 + 50.0, True)


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.2, "1 s"), (89, "89 s"), (91, "2 min"), (7200, "2.0 h")]
)
def test_times_are_told_roughly(seconds: float, words: str) -> None:
    assert told(seconds) == words


def test_an_estimate_says_what_was_counted_what_it_takes_and_what_it_cost() -> None:
    found = Estimate(
        {"repositories": 1200, "pull requests": 30_000},
        {"graphql": 8000, "core": 1200},
        16_000,
        10_800.0,
        True,
        50,
        1200,
        ["a note"],
    )

    assert found.lines() == [
        "first sync, estimated: 1,200 repositories, 30,000 pull requests",
        "  about 9,200 requests (8,000 graphql, 1,200 core), 16,000 points; 3.0 h, "
        "most of it waiting for limits (estimated with 50 requests)",
        "  a note",
    ]


# GitHub


def node(**more: object) -> dict[str, object]:
    return {
        "nameWithOwner": "acme/shop",
        "createdAt": "2025-01-01T00:00:00Z",
        "updatedAt": "2026-01-01T00:00:00Z",
        "pushedAt": "2026-01-11T00:00:00Z",
        **more,
    }


def listed(count: int, oldest: str | None = None) -> dict[str, object]:
    return {"totalCount": count, "nodes": [{"createdAt": oldest}] if oldest else []}


def test_lists_are_counted_from_the_first_entry_on() -> None:
    # Ten days of pull requests, of which the last five are wanted; commits are counted exactly.
    counts = github.counts_of(
        node(
            pullRequests=listed(60, "2026-01-01T00:00:00Z"),
            issues=listed(0),
            releases=listed(3),
            refs=listed(7),
            defaultBranchRef={"target": {"history": {"totalCount": 250}}},
        ),
        JANUARY + timedelta(days=5),
    )

    assert counts.lists == {
        "pull_requests": 30, "issues": 0, "deployments": 0, "commits": 250, "releases": 3,
        "tags": 7, "labels": 0,
    }  # fmt: skip


def test_an_empty_repository_has_nothing_and_is_not_asked() -> None:
    counts = github.counts_of(node(pushedAt=None, defaultBranchRef=None), JANUARY)

    assert sum(counts.lists.values()) == 0
    assert sum(github.documents(counts).values()) == 0


def test_each_older_step_of_the_history_goes_on_with_lists_that_have_something() -> None:
    lists = dict.fromkeys(github.LISTS, 0) | {"pull_requests": 130, "tags": 150, "labels": 9}
    counts = github.Counts("acme/shop", lists)

    # The first pages together; pull requests 5 more and one a step; tags are listed once.
    needed = github.documents(counts, steps=4)
    assert (needed["pull_requests"], needed["tags"], needed["labels"]) == (5 + 3, 1, 0)
    assert (needed["first_pages"], needed["issues"]) == (1, 0)


def test_pages_of_older_steps_come_together_too() -> None:
    lists = dict.fromkeys(github.LISTS, 0) | {"pull_requests": 130, "issues": 250, "commits": 450}
    counts = github.Counts("acme/shop", lists)

    # 6, 3 and 5 pages. In three steps: 1 + 5 + 2 + 4 requests and one of each list for each older
    # step. Together, in the first step: one of pull requests with one of commits; in each older
    # one: two of pull requests, one of issues and two of commits with two requests.
    assert sum(github.documents(counts, steps=3).values()) == 12 + 6
    assert github.saved(counts, steps=3) == 1 + 2 * 3


def test_a_small_repository_costs_the_same_whatever_its_age() -> None:
    lists = dict.fromkeys(github.LISTS, 0) | {"pull_requests": 30, "tags": 150, "labels": 9}
    counts = github.Counts("acme/shop", lists)

    assert github.documents(counts, steps=4) == github.documents(counts)


def test_runs_of_those_not_asked_are_by_their_commits() -> None:
    def repository(name: str, commits: int) -> github.Counts:
        return github.Counts(name, {"commits": commits})

    found = [repository("a", 100), repository("b", 50), repository("c", 3)]

    assert github.runs_of(found, {"a": 150}) == [150, 75, 5]
    assert github.runs_of(found, {}) == [0, 0, 0]


def test_github_by_hand() -> None:
    # 250 pull requests: 10 pages; 150 commits: 2; 1 of the others. The first and the second ones
    # come together.
    lists = {
        "pull_requests": 250, "issues": 60, "commits": 150, "deployments": 20, "releases": 1,
        "tags": 1, "labels": 9,
    }  # fmt: skip
    found = [github.Counts("acme/shop", lists)]

    costs = github.reckoned(
        found, [250], seen=1, there=1, owners=1, organizations=1, jobs=lambda name: True
    )

    # 10 for its lists, 3 for jobs of 250 runs; one each for repositories and teams.
    assert costs.graphql == 10 + 3 + 2
    assert costs.core == 3
    # first pages 10, further pull requests 36, commits 2, jobs 3, repositories 4, teams 1
    assert costs.points == 10 + 36 + 2 + 3 + 4 + 1


def test_github_of_more_repositories_than_were_looked_at() -> None:
    found = [github.Counts("acme/shop", dict.fromkeys(github.LISTS, 1))] * 100

    costs = github.reckoned(
        found, [0] * 100, seen=100, there=1000, owners=1, organizations=0, jobs=lambda name: False
    )

    assert costs.counted["repositories"] == 1000
    assert costs.graphql == 1000 + 20
    assert costs.core == 1000


def test_points_of_github_are_those_of_its_formula() -> None:
    assert {name: points(name) for name in github.POINTS} == github.POINTS


# GitLab


def test_gitlab_by_hand() -> None:
    # itself 1, groups below 1, members 3, projects 2, merge requests 10 + 3,000, issues 1,
    # people 40
    group = gitlab.Group(groups=3, projects=120, merge_requests=1000, issues=30, members=40)
    assert gitlab.of_group(group) == 1 + 1 + 3 + 2 + 10 + 3000 + 1 + 40
    # 5 and one for child pipelines; commits 3, pipelines 2, deployments 1, jobs 4
    busy = gitlab.Counts(commits=250, pipelines=200, deployments=0, jobs=400)
    assert gitlab.of_project(busy) == 5 + 1 + 3 + 2 + 1 + 4
    idle = gitlab.Counts(0, 0, 0, 0)
    assert gitlab.of_project(idle) == 5 + 1 + 3
    assert gitlab.of_projects([busy, idle], 11) == 138  # (16 + 9) × 11 / 2, rounded up
    assert gitlab.of_projects([], 0) == 0
    # three older steps: two lists of the group, eight of a project in which something is
    assert gitlab.of_group(group, 4) == gitlab.of_group(group) + 6
    assert gitlab.of_project(busy, 4) == gitlab.of_project(busy) + 24
    assert gitlab.of_project(idle, 4) == gitlab.of_project(idle)


# Jira


def test_jira_by_hand() -> None:
    # 1,000 issues in 4 projects, 2 boards: always 7, projects 1, boards 1, their sprints 2,
    # searches 10 + 2, histories of 30,000 entries 30, single ones 1,000 × 7/100, the scan 1.
    site = jira.Site(projects=4, issues=1000, boards=2)
    sample = jira.Sample(issues=100, changes=3000, linked=5, long=2)

    assert jira.requests(site, sample) == 7 + 1 + 1 + 2 + 12 + 30 + 70 + 1
    assert jira.requests(site, sample, steps=4) == jira.requests(site, sample) + 4 * 3


def test_an_empty_jira_costs_only_its_lists() -> None:
    site, sample = jira.Site(projects=0, issues=0, boards=0), jira.Sample(0, 0, 0, 0)

    assert jira.requests(site, sample) == 7 + 1 + 1
