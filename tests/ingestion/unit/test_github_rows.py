"""From payloads to rows, and from rows to Arrow."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from ingestion.contracts import GITHUB
from ingestion.github import rows
from ingestion.http import BadReply
from ingestion.loading import clean, to_arrow

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-02T03:04:05Z", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2026-01-02T03:04:05", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2026-01-02T03:04:05+02:00", datetime(2026, 1, 2, 1, 4, 5, tzinfo=UTC)),
        ("2026-01-02", datetime(2026, 1, 2, tzinfo=UTC)),
        ("0000-00-00T00:00:00Z", None),
        ("soon", None),
        ("", None),
        (None, None),
    ],
)
def test_times(text: str | None, expected: datetime | None) -> None:
    assert rows.timestamp(text) == expected


@pytest.mark.parametrize(
    ("dirty", "expected"),
    [
        ("a\x00b", "ab"),
        ("é\x00😀", "é😀"),
        ("half \ud83d of a pair", "half � of a pair"),
        ("plain", "plain"),
    ],
)
def test_texts_are_what_postgres_takes(dirty: str, expected: str) -> None:
    assert clean(dirty) == expected


@pytest.mark.parametrize(
    ("account", "expected"),
    [
        ({"__typename": "Bot", "login": "dependabot"}, "dependabot[bot]"),
        ({"type": "Bot", "login": "dependabot[bot]"}, "dependabot[bot]"),
        ({"__typename": "User", "login": "ann"}, "ann"),
        (None, None),
        ({}, None),
    ],
)
def test_bots_have_one_login_in_both_apis(account: Any, expected: str | None) -> None:
    assert rows.login(account) == expected


def test_a_deleted_author_is_null() -> None:
    assert rows.author(None) == {"author_id": None, "author_login": None, "author_type": None}


def test_accounts_are_found_wherever_they_stand() -> None:
    ann = {"__typename": "User", "id": "U1", "login": "ann", "databaseId": 1, "name": "Ann"}
    payload = {"nodes": [None, {"author": ann, "reviews": {"nodes": [{"author": None}]}}]}

    assert [row["login"] for row in rows.users(payload)] == ["ann"]


def test_an_address_that_is_not_shown_is_null() -> None:
    ann = {"__typename": "User", "id": "U1", "login": "ann", "email": "ann@acme.test"}
    bob = {"__typename": "User", "id": "U2", "login": "bob", "email": ""}

    assert [row["public_email"] for row in rows.users([ann, bob])] == ["ann@acme.test", None]


def test_issue_keys_are_read_from_title_branch_and_text_that_is_not_kept() -> None:
    node = {
        "id": "P",
        "number": 1,
        "title": "PAY-1 Retry",
        "headRefName": "fix/pay-2-retry",
        "body": "Closes PAY-3, see UTF-8",
        "state": "OPEN",
        "isDraft": False,
        "createdAt": "2026-01-01T00:00:00Z",
        "updatedAt": "2026-01-01T00:00:00Z",
    }

    row = rows.pull_request(node, "R", "a/b", False)

    assert row["issue_keys"] == ["PAY-1", "PAY-2", "PAY-3", "UTF-8"]
    assert row["body"] is None


def test_issue_keys_of_commits_are_read_from_the_whole_message() -> None:
    at = {"authoredDate": "2026-01-01T00:00:00Z", "committedDate": "2026-01-01T00:00:00Z"}
    whole = {"oid": "c", **at, "message": "Retry\n\nRefs: PAY-7", "parents": {"nodes": []}}
    cut = {"oid": "d", **at, "messageHeadline": "PAY-8 Retry"}
    pull = {"id": "P", "commits": {"nodes": [{"commit": whole}, {"commit": cut}]}}

    assert rows.commit(whole, "R", True)["issue_keys"] == ["PAY-7"]
    assert [row["issue_keys"] for row in rows.pull_request_commits(pull, "R")] == [
        ["PAY-7"],
        ["PAY-8"],
    ]


def test_a_tag_of_a_tag_leads_to_the_commit() -> None:
    commit = {"__typename": "Commit", "oid": "c", "committedDate": "2026-01-01T00:00:00Z"}
    inner = {"__typename": "Tag", "oid": "t1", "target": commit}
    outer = {
        "__typename": "Tag",
        "oid": "t2",
        "target": inner,
        "tagger": {"date": "2026-01-02T00:00:00Z"},
    }

    row = rows.tag({"name": "v1", "target": outer}, "R")

    assert row is not None
    assert (row["commit_sha"], row["is_annotated"]) == ("c", True)
    assert row["tagged_at"] == datetime(2026, 1, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://github.com/acme/shop/actions/runs/77/job/990", (77, 990)),
        ("https://ghe.acme.test/acme/shop/actions/runs/77", (77, None)),
        # an older form: the number counts the jobs
        ("https://github.com/acme/shop/actions/runs/77/jobs/3", (77, None)),
        ("https://ci.acme.test/runs/77", (None, None)),
        (None, (None, None)),
    ],
)
def test_the_run_that_made_a_deployment_is_read_from_the_address_of_its_log(
    url: str | None, expected: tuple[int | None, int | None]
) -> None:
    status = {"id": "S", "state": "SUCCESS", "createdAt": "2026-02-01T10:00:00Z", "logUrl": url}
    (row,) = rows.deployment_statuses({"id": "D", "statuses": {"nodes": [status]}}, "R")

    assert (row["run_id"], row["job_id"]) == expected


def test_a_commit_with_an_impossible_date_takes_the_other_one() -> None:
    node = {"oid": "c", "authoredDate": "nonsense", "committedDate": "2026-01-01T00:00:00Z"}

    row = rows.commit({**node, "parents": {"nodes": []}, "message": "\nFix it \n\nmore"}, "R", True)

    assert row["authored_at"] == row["committed_at"] == datetime(2026, 1, 1, tzinfo=UTC)
    assert row["message_headline"] == "Fix it"


def test_bodies_are_dropped_unless_asked_for() -> None:
    comment = {"id": "C", "createdAt": "2026-01-01T00:00:00Z", "body": "see #1"}
    node = {"id": "I", "comments": {"nodes": [comment, comment]}}

    (without,) = rows.comments(node, "R", "a/b", False, of="issue_id")
    (with_body,) = rows.comments(node, "R", "a/b", True, of="issue_id")

    assert (without["body"], with_body["body"]) == (None, "see #1")
    assert without["mentioned"] == {"pull_requests": ["a/b#1"]}


def test_rows_take_exactly_the_columns_of_the_contract() -> None:
    row = {"id": "L", "repository_id": "R", "name": "bug\x00", "color": "ff0000", "unknown": 1}

    (arrow,) = to_arrow(GITHUB["labels"], [row], "github", NOON).to_pylist()

    assert tuple(arrow) == GITHUB["labels"].column_names()
    assert (arrow["connection"], arrow["name"], arrow["synced_at"]) == ("github", "bug", NOON)


def test_texts_that_postgres_refuses_are_mended_and_those_beside_them_left_alone() -> None:
    names = ["plain", "Grüße", "nul\x00", "half \ud83d", None, "whole \U0001f600"]
    rows_ = [{"id": str(n), "repository_id": "R", "name": "x", "color": name}
             for n, name in enumerate(names)]  # fmt: skip

    found = to_arrow(GITHUB["labels"], rows_, "github", NOON).column("color").to_pylist()

    assert found == ["plain", "Grüße", "nul", "half \ufffd", None, "whole \U0001f600"]


def test_texts_in_json_are_mended_too() -> None:
    row = rows.commit({"oid": "c", "authoredDate": "2026-01-01T00:00:00Z",
                       "committedDate": "2026-01-01T00:00:00Z", "parents": {"nodes": []},
                       "message": ""}, "R", True)  # fmt: skip
    mended = {**row, "issue_keys": ["A\x00-1", "ü", "half \ud83d"]}
    plain = {**row, "sha": "d", "issue_keys": ["A-1", "\\u0000"]}

    found = to_arrow(GITHUB["commits"], [mended, plain], "github", NOON).column("issue_keys")

    assert [json.loads(text) for text in found.to_pylist()] == [
        ["A-1", "ü", "half \ufffd"], ["A-1", "\\u0000"],
    ]  # fmt: skip


def test_a_missing_required_value_is_named() -> None:
    with pytest.raises(BadReply, match="labels: name is missing in L"):
        to_arrow(GITHUB["labels"], [{"id": "L", "repository_id": "R"}], "github", NOON)


def test_a_value_of_another_type_is_named() -> None:
    row = {"id": "L", "repository_id": "R", "name": "x", "is_default": "maybe"}

    with pytest.raises(BadReply, match="is_default: bool expected, str found"):
        to_arrow(GITHUB["labels"], [row], "github", NOON)
