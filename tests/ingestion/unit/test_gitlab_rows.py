"""From GitLab's payloads to rows, oddities included."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from ingestion.gitlab import mentions, notes, rows, rows_ci
from ingestion.gitlab.limits import GitlabLimits
from ingestion.gitlab.merge_requests import is_nothing_there
from ingestion.gitlab.project import Project
from ingestion.gitlab.users import refresh
from ingestion.http import Forbidden, NotFound
from ingestion.loading.split import is_split
from ingestion.settings import Settings

ANN = {"id": 7, "username": "ann", "name": "Ann", "state": "active"}
GHOST = {"id": 99, "username": "ghost1", "name": "Ghost User", "state": "active"}
SHOP = Project.from_node(
    {"id": 3, "path_with_namespace": "acme/pay/shop", "default_branch": "main"}
)
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def merge_request(**more: Any) -> dict[str, Any]:
    return rows.merge_request(
        {
            "id": 1, "iid": 2, "project_id": 3, "title": "Fix", "state": "merged",
            "created_at": "2026-01-02T10:00:00+02:00", "updated_at": "2026-01-02T10:00:00Z", **more,
        },
        "acme/pay/shop",
        False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"draft": True}, True),
        ({"draft": False, "title": "Draft: x"}, False),
        ({"work_in_progress": True}, True),
        ({"title": "Draft: x"}, True),
        ({"title": "[Draft] x"}, True),
        ({"title": "(Draft) x"}, True),
        ({"title": "WIP: x"}, True),
        ({"title": "Drafting x"}, False),
        ({"title": "WIPE the disk"}, False),
    ],
)
def test_a_draft_is_told_by_the_field_else_by_the_title(more: Any, expected: bool) -> None:
    assert merge_request(**more)["is_draft"] is expected


def test_a_merge_request_of_a_deleted_account_and_a_deleted_fork() -> None:
    row = merge_request(author=GHOST, source_project_id=None, merge_user=None, merged_by=ANN)

    assert (row["author_id"], row["author_username"]) == (None, None)
    assert (row["source_project_id"], row["head_sha"]) == (None, None)
    assert row["merged_by_username"] == "ann"
    assert row["created_at"] == datetime(2026, 1, 2, 8, tzinfo=UTC)


def test_keys_and_references_are_read_out_of_texts_that_are_not_stored() -> None:
    row = merge_request(
        title="PAY-1: fix",
        source_branch="feature/web-22-retry",
        description="Closes #4, acme/web#5 and https://git.test/acme/api/-/issues/6. OPS-3\n"
        "This reverts merge request !9",
    )

    assert row["issue_keys"] == ["PAY-1", "WEB-22", "OPS-3"]
    assert row["closing_issues"] == ["acme/pay/shop#4", "acme/web#5", "acme/api#6"]
    assert row["reverted_iids"] == [9]
    assert row["body"] is None


def test_labels_may_come_with_their_details() -> None:
    assert merge_request(labels=["a", {"name": "b"}])["labels"] == ["a", "b"]


@pytest.mark.parametrize(
    ("body", "action"),
    [
        ("approved this merge request", "approved"),
        ("unapproved this merge request", "unapproved"),
        ("marked this merge request as **draft**", "draft"),
        ("marked as a **Work In Progress**", "draft"),
        ("marked as a **Work In Progress** from abc1234", "draft"),
        ("marked this merge request as **ready**", "ready"),
        ("unmarked as a **Work In Progress**", "ready"),
        ("unmarked this merge request as a **Work In Progress**", "ready"),
        ("closed", "closed"),
        ("closed via merge request !4", "closed"),
        ("reopened", "reopened"),
        ("merged", "merged"),
        ("requested review from @bob and @eve", "review_requested"),
        ("removed review request for @bob", "other"),
        ("added 3 commits\n\n<ul><li>abc</li></ul>", "commits_added"),
        ("added 1 commit\n\n* abc - fix", "commits_added"),
        ("mentioned in commit abcdef1", "other"),
        ("enabled an automatic merge when the pipeline for abc succeeds", "other"),
    ],
)
def test_what_a_system_note_tells(body: str, action: str) -> None:
    assert notes.action({"system": True, "body": body}) == action
    assert notes.action({"system": False, "body": body}) is None


def note(id_: int, body: str, at: str, author: Any = ANN) -> dict[str, Any]:
    return {"id": id_, "system": True, "body": body, "created_at": at, "author": author}


APPROVED, UNAPPROVED = "approved this merge request", "unapproved this merge request"


def test_approvals_come_from_the_api_with_the_time_of_the_note() -> None:
    of = {"id": 1, "project_id": 3}
    bob = {**ANN, "id": 8, "username": "bob"}
    eve = {**ANN, "id": 9, "username": "eve"}
    told = [note(1, APPROVED, "2026-01-01T10:00:00Z"), note(2, APPROVED, "2026-01-02T10:00:00Z")]
    reply = {
        "approved_by": [
            {"user": ANN},
            {"user": bob, "approved_at": "2026-01-03T10:00:00Z"},
            {"user": eve},
        ]
    }

    found = rows.merge_request_approvals(reply, told, of)

    assert [(r["username"], r["approved_at"]) for r in found] == [
        ("ann", datetime(2026, 1, 2, 10, tzinfo=UTC)),
        ("bob", datetime(2026, 1, 3, 10, tzinfo=UTC)),
        ("eve", None),
    ]


def test_an_approval_withdrawn_does_not_stand_and_one_reset_by_a_push_only_the_api_knows() -> None:
    of = {"id": 1, "project_id": 3}
    withdrawn = [
        note(1, APPROVED, "2026-01-01T10:00:00Z"), note(2, UNAPPROVED, "2026-01-01T11:00:00Z")
    ]  # fmt: skip

    assert rows.merge_request_approvals(None, withdrawn, of) == []
    assert len(rows.merge_request_approvals(None, withdrawn[:1], of)) == 1
    assert rows.merge_request_approvals({"approved_by": []}, withdrawn[:1], of) == []


def test_the_oldest_commit_of_a_merge_request_is_first() -> None:
    listed = [
        {"id": "b", "authored_date": "2026-01-02T00:00:00Z", "created_at": "2026-01-02T00:00:00Z"},
        {"id": "a", "authored_date": "no date", "created_at": "2026-01-01T00:00:00Z"},
    ]

    found = rows.merge_request_commits(listed, {"id": 1, "project_id": 3})

    assert [(r["sha"], r["position"]) for r in found] == [("a", 1), ("b", 2)]
    assert found[0]["authored_at"] == datetime(2026, 1, 1, tzinfo=UTC)


def test_a_merge_commit_names_its_merge_request() -> None:
    text = "Merge branch 'x' into 'main'\n\nFix\n\nSee merge request acme/pay/shop!12"

    assert mentions.merged_iid(text, "acme/pay/shop") == 12
    assert mentions.merged_iid(text, "acme/other") is None
    assert mentions.merged_iid("See merge request !7", "acme/pay/shop") == 7
    row = rows.commit(
        {"id": "a", "message": text, "parent_ids": ["b"], "created_at": "2026-01-01T00:00:00Z"},
        SHOP, True,
    )  # fmt: skip
    assert (row["merge_request_iid"], row["additions"]) == (12, None)


def test_a_commit_that_reverts_a_merge_request_names_it_by_number_only() -> None:
    text = 'Revert "Fix"\n\nThis reverts merge request !9'
    row = rows.commit(
        {"id": "a", "message": text, "parent_ids": ["b"], "created_at": "2026-01-01T00:00:00Z"},
        SHOP, True,
    )  # fmt: skip

    assert (row["reverted_iids"], row["reverted_shas"]) == ([9], None)


def test_what_an_incident_mentions() -> None:
    text = (
        "since !12 and web!3, `!99` in acme/api!4\nhttps://git.test/acme/x/-/merge_requests/5\n"
        "commit deadbeef1, https://git.test/acme/x/-/commit/1234567\n"
        "https://git.test/api/v4/projects/3/deployments/77"
    )

    assert mentions.mentioned(text, "acme/pay/shop") == {
        "shas": ["deadbeef1", "1234567"],
        "merge_requests": ["acme/pay/shop!12", "acme/pay/web!3", "acme/api!4", "acme/x!5"],
        "deployments": [77],
    }
    assert mentions.mentioned("wow! 20240131 defaced", "acme/shop") is None


def test_an_issue_of_an_old_server() -> None:
    row = rows.issue(
        {
            "id": 1, "iid": 1, "project_id": 3, "state": "opened", "assignee": ANN,
            "created_at": "2026-01-01T00:00:00Z", "closed_at": "2026-01-01T00:00:00Z",
        },
        "acme/shop", False,
    )  # fmt: skip

    assert (row["type"], row["severity"], row["assignee_ids"]) == (None, None, [7])
    assert row["closed_at"] is None  # reopened
    assert row["updated_at"] == row["created_at"]


@pytest.mark.parametrize(
    ("username", "told", "expected"),
    [
        ("project_123_bot_4ffca233d8298ea1", None, True),
        ("project_123_bot", None, True),
        ("project_123_bot1", None, True),
        ("group_9_bot_abc", False, True),
        ("service_account_group_1_ab", None, True),
        ("robot", None, None),
        ("robot", False, False),
        ("release-bot", True, True),
    ],
)
def test_bots(username: str, told: bool | None, expected: bool | None) -> None:
    assert rows.user({"id": 1, "username": username, "bot": told})["is_bot"] is expected


def test_accounts_are_found_anywhere_but_ghosts_and_groups_are_none() -> None:
    payload = [{"author": ANN, "assignees": [GHOST], "namespace": {"id": 4, "name": "acme"}}]

    assert [row["id"] for row in rows.users(payload)] == [7]


def test_of_jobs_with_one_name_the_last_is_not_retried() -> None:
    jobs = [{"id": n, "name": name} for n, name in ((1, "test"), (2, "lint"), (3, "test"))]

    found = rows_ci.jobs_of_pipeline(jobs, 3, 9)

    assert [(r["id"], r["is_retried"], r["pipeline_id"]) for r in found] == [
        (1, True, 9), (2, False, 9), (3, False, 9)
    ]  # fmt: skip


def test_a_pipeline_takes_its_times_from_its_jobs_and_has_no_end_while_it_runs() -> None:
    span = rows_ci.Span()
    for start, end in (("10:05", "10:09"), ("10:01", "10:02"), (None, None)):
        at = [t and f"2026-01-01T{t}:00Z" for t in (start, end)]
        span.add({"started_at": at[0], "finished_at": at[1], "tag": True})
    node = {"id": 1, "status": "success", "created_at": "2026-01-01T10:00:00Z"}

    done, running = (
        rows_ci.pipeline({**node, "status": status}, 3, span) for status in ("success", "running")
    )

    assert done["started_at"] == datetime(2026, 1, 1, 10, 1, tzinfo=UTC)
    assert done["finished_at"] == datetime(2026, 1, 1, 10, 9, tzinfo=UTC)
    assert (done["is_tag"], running["finished_at"]) == (True, None)


def test_tags() -> None:
    commit = {"id": "c" * 40, "committed_date": "2026-01-01T00:00:00Z"}

    light = rows_ci.tag({"name": "v1", "target": "c" * 40, "commit": commit}, 3)
    annotated = rows_ci.tag(
        {"name": "v2", "target": "d" * 40, "commit": commit, "created_at": "2026-01-02T00:00:00Z"},
        3,
    )

    assert light is not None
    assert annotated is not None
    assert (light["is_annotated"], light["tagged_at"].day) == (False, 1)
    assert (annotated["is_annotated"], annotated["tagged_at"].day) == (True, 2)
    assert rows_ci.tag({"name": "tree", "target": "e" * 40, "commit": None}, 3) is None


def test_a_deployment_made_through_the_api() -> None:
    row = rows_ci.deployment(
        {"id": 1, "status": "success", "created_at": "2026-01-01T00:00:00Z", "user": None}, 3
    )

    assert [row[n] for n in ("job_id", "environment", "creator_username", "commit_sha")] == [
        None
    ] * 4


def test_limits() -> None:
    limits = GitlabLimits()
    told = {"ratelimit-limit": "2000", "ratelimit-remaining": "0", "ratelimit-reset": "1060"}

    def wait(headers: dict[str, str], strikes: int = 0, status: int = 429) -> float | None:
        pause = limits.pause(status, headers, "Retry later", "core", 1000.0, strikes)
        return pause and pause.until - 1000

    budget = limits.budget(told, "core")
    assert budget is not None
    assert (budget.limit, budget.remaining, budget.resets_at) == (2000, 0, 1060.0)
    assert wait({"retry-after": "30"}) == 30
    assert wait(told) == 61
    assert [wait({}, strikes) for strikes in (0, 1, 2, 20)] == [5, 10, 20, 600]
    assert wait({}, status=403) is None
    assert limits.budget({}, "core") is None


def test_a_refusal_is_nothing_there_unless_the_feature_is_on() -> None:
    on = Project.from_node(
        {"id": 1, "path_with_namespace": "a/b", "builds_access_level": "private"}
    )
    off = Project.from_node({"id": 1, "path_with_namespace": "a/b", "jobs_enabled": False})

    assert not is_nothing_there(Forbidden("403"), on, "pipelines")
    assert is_nothing_there(Forbidden("403"), on, "releases")  # not told
    assert is_nothing_there(NotFound("404"), on, "pipelines")
    assert on.may_have("pipelines")
    assert not off.may_have("pipelines")


def test_projects_split_by_paths_are_named_as_repositories_are() -> None:
    settings = Settings.model_validate(
        {
            "gitlab": [{"token": "env:T", "groups": ["acme"]}],
            "services": [
                {"name": "a", "paths": {"Acme/Mono": "a/"}},
                {"name": "b", "paths": {"gitlab:acme/two": "b/"}},
                {"name": "c", "paths": {"github:acme/three": "c/"}},
            ],
        }
    )
    wanted = is_split(settings, "gitlab")

    assert [wanted(f"acme/{name}") for name in ("mono", "two", "three", "four")] == [
        True, True, False, False
    ]  # fmt: skip


def test_accounts_are_asked_for_once_and_again_when_their_name_changes() -> None:
    asked: list[int] = []

    def ask(ids: Any) -> list[Any]:
        asked.extend(ids)
        return [rows.user({**ANN, "id": id_, "public_email": f"{id_}@x"}) for id_ in ids]

    state: dict[str, Any] = {}
    met = {7: rows.user(ANN)}

    first, _ = refresh(met, state, NOW, 0, ask)
    second, _ = refresh(met, state, NOW, 0, ask)
    renamed, _ = refresh({7: rows.user({**ANN, "username": "anna"})}, state, NOW, 0, ask)

    assert [row["public_email"] for row in first] == ["7@x"]
    assert second == []
    assert len(renamed) == 1
    assert asked == [7, 7]


def test_more_accounts_than_may_be_asked_for_wait_for_the_next_sync() -> None:
    state: dict[str, Any] = {}
    met = {n: rows.user({**ANN, "id": n}) for n in range(250)}

    def ask(ids: Any) -> list[Any]:
        return [rows.user({**ANN, "id": id_}) for id_ in ids]

    first, asked = refresh(met, state, NOW, 0, ask)
    assert (len(first), asked) == (250, 200)
    second, asked = refresh({}, state, NOW, 0, ask)
    assert (len(second), asked) == (50, 50)
    assert refresh({}, state, NOW, 0, ask) == ([], 0)
