"""The planning in Jira: the same every time, only added to, with all that can happen in it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest

from demo.company import Company
from demo.planning_model import IssueState, JiraIssue, JiraSite, JiraSprint

START = date(2026, 8, 10)
EARLY = datetime(2026, 9, 30, 13, 37, tzinfo=UTC)
LATE = datetime(2026, 11, 3, 8, tzinfo=UTC)


@pytest.fixture(scope="module")
def site(company: Company) -> JiraSite:
    return company.jira


def shown(site: JiraSite, now: datetime) -> list[object]:
    """All that can be seen at a moment."""
    return [
        *(
            (one.id, one.state_at(now), one.updated_at(now),
             [change for change in one.changes if change.at <= now],
             [row for row in (*one.comments, *one.worklogs, *one.remote_links)
              if row.created_at <= now])
            for one in site.issues if one.is_there(now)
        ),
        *((one.id, one.name_at(now), one.state_at(now)) for one in site.sprints
          if one.is_there(now)),
        *((one.id, one.name_at(now)) for one in site.statuses if one.is_there(now)),
        *((one.id, one.name_at(now), one.email_at(now), one.is_active(now)) for one in site.users),
        *(link for link in site.links if link.created_at <= now),
    ]  # fmt: skip


def test_a_longer_story_begins_with_the_shorter_one() -> None:
    short, long = Company.generate(5, 12, START, EARLY), Company.generate(5, 12, START, LATE)
    for now in (EARLY, EARLY - timedelta(days=20, hours=3)):
        assert shown(short.jira, now) == shown(long.jira, now)


def test_the_same_seed_tells_the_same_story() -> None:
    one, two = (Company.generate(5, 3, START, EARLY).jira for _ in range(2))
    assert one == two


def test_ids_and_keys_are_nobody_elses(site: JiraSite, company: Company) -> None:
    for rows in (site.issues, site.sprints, site.boards, site.statuses, site.types, site.links):
        ids = [row.id for row in rows]  # type: ignore[attr-defined]
        assert len(ids) == len(set(ids))
    changes = [change.id for one in site.issues for change in one.changes]
    assert len(changes) == len(set(changes))
    keys = [one.state_at(company.until).key for one in site.issues]
    assert len(keys) == len(set(keys))


def test_a_changelog_is_in_order_and_begins_after_the_issue(site: JiraSite) -> None:
    for issue in site.issues:
        times = [issue.created_at, *(change.at for change in issue.changes)]
        assert times == sorted(times), issue.id


def test_every_change_starts_from_what_was_there(site: JiraSite) -> None:
    # The from-values of a changelog, held against the replay of what came before.
    told: dict[str, Callable[[IssueState], str | None]] = {
        "status": lambda state: state.status_id,
        "assignee": lambda state: state.assignee_id,
        "Sprint": lambda state: ", ".join(map(str, state.sprint_ids)),
        "priority": lambda state: state.priority_id,
        "resolution": lambda state: state.resolution_id,
        "issuetype": lambda state: state.type_id,
        "project": lambda state: state.project_id,
    }
    compared = 0
    for issue in site.issues:
        for change in issue.changes:
            before = issue.state_at(change.at - timedelta(seconds=1))
            same_second = sum(one.at == change.at for one in issue.changes)
            for item in change.items:
                if item.field in told and same_second == 1:
                    assert item.from_value == told[item.field](before), (issue.id, change)
                    compared += 1
    assert compared > 1000


def test_a_resolution_is_there_as_long_as_the_issue_is_done(
    site: JiraSite, company: Company
) -> None:
    category = {one.id: one.category for one in site.statuses}
    parts = {one.id for one in site.types if one.is_subtask}
    for issue in site.issues:
        state = issue.state_at(company.until)
        is_done = category[state.status_id] == "done"
        assert is_done == (state.resolved_at is not None) or state.type_id in parts, issue.id


Feature = Callable[[JiraSite], bool]


def any_issue(test: Callable[[JiraIssue], object]) -> Feature:
    return lambda site: any(test(one) for one in site.issues)


def changes_of(issue: JiraIssue, field: str) -> list[tuple[datetime, str | None, str | None]]:
    return [
        (change.at, item.from_value, item.to_value)
        for change in issue.changes
        for item in change.items
        if item.field == field
    ]


def into(issue: JiraIssue, sprint: JiraSprint) -> list[datetime]:
    """When the issue came into the sprint."""
    return [at for at, old, new in changes_of(issue, "Sprint")
            if str(sprint.id) in (new or "").split(", ")
            and str(sprint.id) not in (old or "").split(", ")]  # fmt: skip


def out_of(issue: JiraIssue, sprint: JiraSprint) -> list[datetime]:
    return [at for at, old, new in changes_of(issue, "Sprint")
            if str(sprint.id) in (old or "").split(", ")
            and str(sprint.id) not in (new or "").split(", ")]  # fmt: skip


def any_pair(test: Callable[[JiraIssue, JiraSprint], object]) -> Feature:
    return lambda site: any(
        test(issue, sprint) for sprint in site.sprints if sprint.started_at
        for issue in site.issues
    )  # fmt: skip


FEATURES: dict[str, Feature] = {
    "two boards with sprints": lambda s: len({one.board_id for one in s.sprints}) == 2,
    "a sprint started late": lambda s: any(
        one.started_at and one.planned_start
        and one.started_at - one.planned_start > timedelta(hours=20) for one in s.sprints
    ),
    "a sprint renamed": lambda s: any(one.renames for one in s.sprints),
    "a sprint deleted": lambda s: any(one.deleted_at for one in s.sprints),
    "a future sprint": lambda s: any(
        one.started_at is None and not one.deleted_at for one in s.sprints
    ),
    "sprints of about two weeks": lambda s: all(
        timedelta(days=11) < one.completed_at - one.started_at < timedelta(days=16)
        for one in s.sprints if one.completed_at and one.started_at
    ),
    "added before the start": any_pair(
        lambda i, s: any(at < s.started_at for at in into(i, s))
    ),
    "added exactly at the start": any_pair(lambda i, s: s.started_at in into(i, s)),
    "added after the start": any_pair(lambda i, s: any(at > s.started_at for at in into(i, s))),
    "removed exactly at the start": any_pair(lambda i, s: s.started_at in out_of(i, s)),
    "removed after the start": any_pair(
        lambda i, s: any(at > s.started_at for at in out_of(i, s))
    ),
    "carried over at the close": any_pair(
        lambda i, s: any(at == s.completed_at and str(s.id) in (old or "").split(", ")
                         and len((new or "").split(", ")) > len((old or "").split(", "))
                         for at, old, new in changes_of(i, "Sprint"))
    ),
    "done exactly at the close": any_pair(
        lambda i, s: s.id in i.state_at(s.started_at).sprint_ids
        and any(at == s.completed_at for at, _, _ in changes_of(i, "status"))
    ),
    "another estimate in a sprint": any_pair(
        lambda i, s: s.completed_at and s.id in i.state_at(s.started_at).sprint_ids
        and i.state_at(s.started_at).story_points != i.state_at(s.completed_at).story_points
    ),
    "no estimate": any_issue(lambda i: i.initial.story_points is None),
    "half a point": any_issue(lambda i: i.initial.story_points == 0.5),
    "a status renamed": lambda s: any(one.renames for one in s.statuses),
    "a status deleted that changelogs name": lambda s: any(
        any(new == one.id for issue in s.issues for _, _, new in changes_of(issue, "status"))
        for one in s.statuses if one.deleted_at
    ),
    "German statuses": any_issue(lambda i: any(
        item.to_text == "In Prüfung" for change in i.changes for item in change.items
    )),
    "German types": lambda s: any(one.name == "Aufgabe" for one in s.types),
    "blocked": any_issue(lambda i: len(changes_of(i, "Flagged")) == 2),
    "reopened": any_issue(lambda i: any(
        old and not new for _, old, new in changes_of(i, "resolution")
    )),
    "more than 100 entries": any_issue(lambda i: len(i.changes) > 100),
    "moved to another project": any_issue(lambda i: changes_of(i, "Key")),
    "deleted": any_issue(lambda i: i.deleted_at),
    "closed to the account": lambda s: any(
        not p.is_permitted and any(i.initial.project_id == p.id for i in s.issues)
        for p in s.projects
    ),
    "worklogs": any_issue(lambda i: i.worklogs),
    "comments": any_issue(lambda i: i.comments),
    "subtasks": any_issue(lambda i: i.initial.type_id == "10004"),
    "issue links": lambda s: len({one.type_id for one in s.links}) == 2,
    "links to pull requests": any_issue(
        lambda i: any("github.com" in one.url for one in i.remote_links)
    ),
    "links to merge requests": any_issue(
        lambda i: any("/-/merge_requests/" in one.url for one in i.remote_links)
    ),
    "two fields of one name": lambda s: (
        [one.name for one in s.fields].count("Story Points") == 2
    ),
    "somebody deactivated": lambda s: any(one.deactivated_at for one in s.users),
    "somebody anonymised": lambda s: any(one.anonymised_at for one in s.users),
    "hidden addresses": lambda s: any(one.email is None for one in s.users),
    "incidents": any_issue(lambda i: i.initial.type_id == "10020"),
    "what became an incident later": any_issue(
        lambda i: any(new == "10020" for _, _, new in changes_of(i, "issuetype"))
    ),
}  # fmt: skip


@pytest.mark.parametrize("feature", FEATURES)
def test_the_default_company_has(feature: str, site: JiraSite) -> None:
    assert FEATURES[feature](site)


def test_nobody_acts_after_having_left(site: JiraSite) -> None:
    for issue in site.issues:
        if int(issue.id) < 5_000_000:
            for change in issue.changes:
                left = change.author and change.author.anonymised_at
                assert not left or change.at < left or change.items[0].field != "Sprint"
