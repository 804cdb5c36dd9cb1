"""The demo company across GitHub, GitLab and Jira: people, teams, incidents, sprints, links.

Compared with what the storyteller knows; the definitions are those of the issue and of METRICS.
"""

from __future__ import annotations

from itertools import combinations

import pytest

pytestmark = pytest.mark.end_to_end


def test_no_two_people_are_taken_for_one_and_nearly_all_accounts_are_joined(told):
    developer = dict(
        told.query("select account_id, developer_id from marts.bridge_developer_identities")
    )
    person = {
        one: identity.person for identity in told.truth.identities for one in identity.account_ids
    }
    known = {one: developer[one] for one in person if one in developer}
    assert len(known) > 60
    people_of: dict[str, set[str]] = {}
    for account, its in known.items():
        people_of.setdefault(its, set()).add(person[account])
    assert {its: people for its, people in people_of.items() if len(people) > 1} == {}

    wanted = found = 0
    for identity in told.truth.identities:
        for one, other in combinations([a for a in identity.account_ids if a in known], 2):
            wanted += 1
            found += known[one] == known[other]
    assert wanted > 30
    assert found / wanted >= 0.95


def test_addresses_in_commits_belong_to_those_who_wrote_them(told):
    developer = dict(
        told.query("select account_id, developer_id from marts.bridge_developer_identities")
    )
    people_of: dict[str, set[str]] = {}
    met = 0
    for identity in told.truth.identities:
        for one in (*identity.account_ids, *identity.git_account_ids):
            if one in developer:
                met += one in identity.git_account_ids
                people_of.setdefault(developer[one], set()).add(identity.person)
    assert met > 3
    assert {its: people for its, people in people_of.items() if len(people) > 1} == {}


def test_no_address_of_a_person_is_in_what_analysts_see(told):
    columns = told.query(
        "select table_schema, table_name, column_name from information_schema.columns"
        " where table_schema in ('marts', 'metrics', 'quality')"
        " and data_type in ('text', 'character varying', 'jsonb', 'ARRAY')"
    )
    assert len(columns) > 100
    leaking = [
        column
        for column in columns
        if told.query(
            f'select 1 from "{column[0]}"."{column[1]}"'
            rf" where {column[2]}::text ~ '[a-z0-9._+-]+@[a-z0-9-]+\.[a-z]' limit 1"
        )
    ]
    assert leaking == []


def test_teams_and_their_members_are_those_of_all_sources(told):
    rows = told.query("select team_id, name, parent_team_id from marts.dim_teams")
    assert {row[0]: row[1:] for row in rows} == {
        team.team_id: (team.name, team.parent_team_id) for team in told.truth.teams
    }
    developer = dict(
        told.query("select account_id, developer_id from marts.bridge_developer_identities")
    )
    by_person = {
        identity.person: {developer[one] for one in identity.account_ids if one in developer}
        for identity in told.truth.identities
    }
    members: dict[str, set[str]] = {}
    for team, one in told.query(
        "select team_id, developer_id from marts.bridge_team_members where valid_to is null"
    ):
        members.setdefault(team, set()).add(one)
    for team in told.truth.teams:
        found = members.get(team.team_id, set())
        expected = [by_person[person] for person in team.persons if by_person[person]]
        assert all(found & its for its in expected), team.name
        assert found <= set().union(*expected), team.name


def test_incidents_of_all_sources_are_in_one_table(told):
    rows = told.query(
        "select issue_id, service_id, opened_at, resolved_at from marts.fct_incidents"
    )
    assert {row[0]: row[1:] for row in rows} == {
        one.issue_id: (one.service_id, one.opened_at, one.resolved_at)
        for one in told.truth.incidents
    }
    assert {one.issue_id.split(":")[0] for one in told.truth.incidents} == {
        "github",
        "gitlab",
        "jira",
    }


def test_jiras_issues_are_as_they_are_now(told):
    rows = told.query(
        "select issue_id, key, project_key, service_id, type, is_subtask, status, status_category,"
        " priority, story_points, parent_issue_id, is_blocked, created_at, started_at, resolved_at"
        " from marts.fct_issues where source = 'jira' and deleted_at is null"
    )
    computed = {row[0]: row[1:] for row in rows}
    assert computed == {
        one.issue_id: (
            one.key, one.project_key, one.service_id, one.type, one.is_subtask, one.status,
            one.status_category, one.priority, one.story_points, one.parent_issue_id,
            one.is_blocked, one.created_at, one.started_at, one.resolved_at,
        )
        for one in told.truth.issues
    }  # fmt: skip
    counts = dict(
        told.query("select issue_id, count(*) from marts.fct_issue_status_changes group by 1")
    )
    assert {one.issue_id: counts[one.issue_id] for one in told.truth.issues} == {
        one.issue_id: one.status_change_count for one in told.truth.issues
    }


# In the sprint at a moment: the half-open interval holds it.
_SCOPE = """
    select scope.issue_id, estimates.story_points
    from marts.dim_sprints as sprints
    inner join marts.bridge_sprint_issues as scope on sprints.sprint_id = scope.sprint_id
    inner join marts.fct_issues as issues on scope.issue_id = issues.issue_id
    left join marts.fct_issue_estimate_changes as estimates
        on scope.issue_id = estimates.issue_id
        and estimates.valid_from <= {moment}
        and (estimates.valid_to is null or estimates.valid_to > {moment})
    where sprints.sprint_id = %s and issues.deleted_at is null
        and scope.added_at <= {moment} and (scope.removed_at is null or scope.removed_at > {moment})
"""


def test_every_sprints_commitment_is_what_was_in_it_at_its_start(told):
    assert len(told.truth.sprint_scope) > 5
    for sprint in told.truth.sprint_scope:
        rows = told.query(_SCOPE.format(moment="sprints.started_at"), sprint.sprint_id)
        assert sorted(rows) == sorted(sprint.committed), sprint.name


def test_what_came_into_a_sprint_later_and_what_left_it_are_known(told):
    for sprint in told.truth.sprint_scope:
        (started_at, completed_at), *_ = told.query(
            "select started_at, completed_at from marts.dim_sprints where sprint_id = %s",
            sprint.sprint_id,
        )
        assert (started_at, completed_at) == (sprint.started_at, sprint.completed_at)
        added = told.query(
            "select distinct scope.issue_id from marts.bridge_sprint_issues as scope"
            " inner join marts.fct_issues as issues using (issue_id)"
            " where sprint_id = %s and issues.deleted_at is null and added_at > %s"
            " and (%s::timestamptz is null or added_at <= %s)",
            sprint.sprint_id, started_at, completed_at, completed_at,
        )  # fmt: skip
        committed = {issue for issue, _ in sprint.committed}
        assert {issue for (issue,) in added} - committed == set(sprint.added) - committed, (
            sprint.name
        )


def test_pull_requests_are_linked_with_the_issues_they_name(told):
    rows = told.query(
        "select pull_request_id, issue_id from marts.bridge_pull_request_issues"
        " where issue_id like 'jira:%%'"
    )
    there = {
        issue
        for (issue,) in told.query("select issue_id from marts.fct_issues where source = 'jira'")
    }
    expected = {
        (one.pull_request_id, one.issue_id)
        for one in told.truth.issue_links
        if one.issue_id in there
    }
    assert len(expected) > 50
    assert set(rows) == expected


def test_a_project_that_is_closed_to_the_account_is_recorded_and_stops_nothing(told):
    rows = told.query(
        "select scope, status, reason from raw_jira.project_syncs where scope = 'SEC'"
    )
    assert rows
    assert {row[1] for row in rows} <= {"failed", "skipped"}
    assert all(row[2] for row in rows)
