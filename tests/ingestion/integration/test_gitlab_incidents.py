"""What is said below an incident is searched for what caused it; other issues cost no request."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fixtures.gitlab_site import ANN, FakeGitlab, GitlabWorld, refuse

pytestmark = pytest.mark.integration

CULPRIT, FIX, OTHER = (f"{letter}1" * 20 for letter in "cef")
RULES: dict[str, Any] = {
    "incident_rules": [{"labels": ["Incident"]}, {"connection": "jira", "projects": ["OPS"]}]
}
RULES["jira"] = [{"url": "https://acme.test", "email": "me@acme.test", "token": "env:TOKEN"}]


def note(id_: int, body: str, **more: Any) -> dict[str, Any]:
    return {"id": id_, "body": body, "system": False, "author": ANN, **more}


@pytest.fixture
def incident(gitlab: FakeGitlab) -> dict[str, Any]:
    gitlab.project(10, "shop")
    gitlab.issue(10, 201, 2, "2026-01-11T09:00:00.000Z")
    gitlab.parts[201, "notes"] = [note(9, f"not asked for: {OTHER}")]
    issue = gitlab.issue(10, 200, 1, "2026-01-11T09:00:00.000Z", labels=["incident"])
    gitlab.parts[200, "notes"] = [
        note(1, "Broken since !7"),
        note(2, f"The culprit is {CULPRIT}"),
        note(3, f"mentioned in commit {FIX}", system=True),
    ]
    return issue


def mentioned(sync: Any) -> dict[int, Any]:
    return {row["id"]: row["mentioned"] for row in sync.rows("issues")}


def test_what_people_say_below_an_incident_is_searched(
    gitlab: FakeGitlab, gitlab_world: GitlabWorld, incident: dict[str, Any]
) -> None:
    found = mentioned(gitlab_world.read(RULES))
    # Not the fix: GitLab itself notes every commit that names the issue.
    assert found[200] == {"shas": [CULPRIT], "merge_requests": ["acme/shop!7"]}
    assert found[201] is None
    assert gitlab.asked(r"/issues/2/notes") == []


def test_without_a_rule_no_note_is_asked_for(
    gitlab: FakeGitlab, gitlab_world: GitlabWorld, incident: dict[str, Any]
) -> None:
    gitlab_world.read()
    assert gitlab.asked(r"/notes") == []


def test_notes_that_can_not_be_read_do_not_cost_the_issue(
    gitlab: FakeGitlab, gitlab_world: GitlabWorld, incident: dict[str, Any]
) -> None:
    gitlab.fail(r"/issues/1/notes", refuse(500), times=99)
    sync = gitlab_world.read(RULES)
    assert 200 in mentioned(sync)
    assert [failure.resource for failure in sync.report.failures] == ["notes of issues"]
