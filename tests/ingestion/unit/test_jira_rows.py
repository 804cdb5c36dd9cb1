"""Payloads to rows: times, categories, sprints, links, documents, and what texts mention."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ingestion.jira import jql, rows
from ingestion.jira.adf import plain_text, urls
from ingestion.jira.client import Basic
from ingestion.jira.fields import Fields
from ingestion.jira.limits import JiraLimits
from ingestion.jira.mentions import mentioned
from ingestion.jira.scan import Scan, Unreliable, scan

SITE = Fields([], sprint=("customfield_10020",), structured=frozenset({"customfield_10020"}))


def at(*parts: int, **more: Any) -> datetime:
    return datetime(*parts, tzinfo=UTC, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("2021-01-25T11:09:27.985+0800", at(2021, 1, 25, 3, 9, 27, 985000)),
        ("2020-06-12T00:38:51.882Z", at(2020, 6, 12, 0, 38, 51, 882000)),
        (1611544167985, at(2021, 1, 25, 3, 9, 27, 985000)),
        (1611544167, at(2021, 1, 25, 3, 9, 27)),
        (None, None),
        ("", None),
        ("soon", None),
        (10**30, None),
        (True, None),
    ],
)
def test_times_as_texts_and_as_milliseconds(value: Any, moment: datetime | None) -> None:
    assert rows.moment(value) == moment


@pytest.mark.parametrize(
    ("payload", "category"),
    [
        ({"id": 2, "key": "new", "name": "To Do"}, "new"),
        ({"id": 4, "key": "indeterminate", "name": "处理中"}, "indeterminate"),
        # As recorded: the id says done, key and name say new; ids are the same on all sites.
        ({"id": 3, "key": "new", "name": "新建"}, "done"),
        ({"id": "3"}, "done"),
        ({"key": "done"}, "done"),
        ({"id": 77, "key": "indeterminate"}, "indeterminate"),
        ({"id": 1, "key": "undefined", "name": "No Category"}, "undefined"),
        ({"id": 77, "key": "later"}, "undefined"),
        ("IN_PROGRESS", "indeterminate"),
        ("TODO", "new"),
        (None, "undefined"),
    ],
)
def test_the_category_of_a_status_goes_by_its_id(payload: Any, category: str) -> None:
    assert rows.category(payload) == category


def test_sprints_as_objects_numbers_and_the_texts_of_old() -> None:
    payload = {
        "id": "1",
        "key": "P-1",
        "fields": {
            "project": {"id": "1", "key": "P"},
            "customfield_10020": [
                {"id": 7, "name": "Sprint 7"},
                "com.atlassian.greenhopper.service.sprint.Sprint@1a[id=9,rapidViewId=8,state=X]",
                11,
                {"id": 7},
            ],
        },
    }

    assert rows.issue(payload, SITE, [], bodies=False)["sprint_ids"] == [7, 9, 11]


def test_sprints_and_statuses_that_a_change_names() -> None:
    entry = {
        "id": "1",
        "created": "2021-01-25T11:09:27.985+0800",
        "items": [
            {"field": "Sprint", "fieldId": "customfield_10020", "from": "38", "to": "38, 40"},
            {"field": "status", "fieldId": "status", "from": "1", "to": "10074"},
        ],
    }

    sprint, status = rows.changes("5", entry, SITE, bodies=True)

    assert list(rows.sprints_of_change(sprint, SITE)) == [38, 38, 40]
    assert list(rows.sprints_of_change(status, SITE)) == []
    assert list(rows.statuses_of_change(status)) == ["1", "10074"]


def test_an_author_without_an_id_is_nobody() -> None:
    nobody = {"accountId": "", "displayName": "Person"}
    entry = {"id": "1", "author": nobody, "created": 1611544167985,
             "items": [{"field": "Rank", "to": "x"}]}  # fmt: skip

    (row,) = rows.changes("5", entry, SITE, bodies=True)

    assert row["author_id"] is None
    assert list(rows.users(entry)) == []


def test_both_sides_of_a_link_make_the_same_row() -> None:
    kind = {"name": "Blocks", "inward": "is blocked by", "outward": "blocks"}
    (one,) = rows.issue_links("1", [{"id": "9", "type": kind, "outwardIssue": {"id": "2"}}])
    (other,) = rows.issue_links("2", [{"id": "9", "type": kind, "inwardIssue": {"id": "1"}}])

    del one["seen_from_issue_id"], other["seen_from_issue_id"]
    assert one == other
    assert (one["source_issue_id"], one["target_issue_id"]) == ("1", "2")


DOCUMENT = {
    "type": "doc",
    "version": 1,
    "content": [
        {"type": "heading", "content": [{"type": "text", "text": "What"}]},
        {
            "type": "paragraph",
            "content": [
                {"type": "text", "text": "Broken since "},
                {
                    "type": "text",
                    "text": "the release",
                    "marks": [
                        {"type": "link",
                         "attrs": {"href": "https://git.test/a/b/commit/ABCDEF1234#x"}},
                    ],
                },
                {"type": "hardBreak"},
                {"type": "mention", "attrs": {"id": "acc-1", "text": "@Ann"}},
                {"type": "inlineCard", "attrs": {"url": "https://git.test/a/b/-/merge_requests/5"}},
            ],
        },
        {
            "type": "bulletList",
            "content": [
                {"type": "listItem", "content": [
                    {"type": "paragraph", "content": [{"type": "text", "text": "one"}]}]},
                {"type": "listItem", "content": [
                    {"type": "paragraph", "content": [{"type": "text", "text": "two"}]}]},
            ],
        },
        {"type": "mystery", "content": [{"type": "text", "text": "three"}]},
    ],
}  # fmt: skip


def test_a_document_as_plain_text() -> None:
    assert plain_text(DOCUMENT) == (
        "What\nBroken since the release\n@Annhttps://git.test/a/b/-/merge_requests/5\n"
        "one\ntwo\nthree"
    )
    assert urls(DOCUMENT) == [
        "https://git.test/a/b/commit/ABCDEF1234#x",
        "https://git.test/a/b/-/merge_requests/5",
    ]
    assert plain_text("plain already") == "plain already"
    assert plain_text(None) is None
    assert plain_text({"type": "doc", "content": []}) is None


def test_a_document_that_never_ends_is_cut() -> None:
    node: dict[str, Any] = {"type": "text", "text": "deep"}
    for _ in range(5000):
        node = {"type": "panel", "content": [node]}

    assert plain_text(node) is None
    assert urls(node) == []


def test_references_in_documents() -> None:
    assert mentioned(DOCUMENT) == {
        "shas": ["abcdef1234"],
        "urls": [
            "https://git.test/a/b/-/merge_requests/5",
            "https://git.test/a/b/commit/ABCDEF1234",
        ],
    }


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("caused by 1a2b3c4d, not by 20240131 or defaced", {"shas": ["1a2b3c4d"]}),
        (
            "see https://git.test/o/r/pull/12/files?w=1#diff.",
            {"urls": ["https://git.test/o/r/pull/12/files"]},
        ),
        ("https://user:pass@git.test:8443/o/r/pull/12", {"urls": ["https://git.test:8443/o/r/pull/12"]}),
        ("https://intranet.test/people/jane", None),
        ("ask 5e8f2a9c-1b2c-4d5e-8f9a-0b1c2d3e4f5a", None),
        ("", None),
        (None, None),
    ],
)  # fmt: skip
def test_references_in_texts(text: str | None, found: Any) -> None:
    assert mentioned(text) == found


def test_jql_has_times_in_milliseconds_and_an_order_that_a_cut_run_can_resume() -> None:
    since = at(2026, 1, 1)
    first = jql.changed_in_project("10000", since, None)
    later = jql.changed_in_project("10000", since, at(2026, 1, 9, 2, 30))
    cut = jql.changed_in_project("10000", since, since - timedelta(days=1))

    assert first == (
        "project = 10000 AND (updated >= 1767225600000 OR statusCategory != 3)"
        " ORDER BY updated ASC, id ASC"
    )
    assert later == "project = 10000 AND updated >= 1767925800000 ORDER BY updated ASC, id ASC"
    assert cut == (
        "project = 10000 AND updated >= 1767139200000"
        " AND (updated >= 1767225600000 OR statusCategory != 3) ORDER BY updated ASC, id ASC"
    )


@pytest.mark.parametrize(
    ("headers", "strikes", "seconds"),
    [
        ({"retry-after": "30"}, 0, 30),
        ({"x-ratelimit-reset": "2026-01-10T12:00Z"}, 0, 601),
        ({"x-ratelimit-reset": "2027-01-10T12:00Z"}, 0, 5),  # no limit lasts a year
        ({}, 0, 5),
        ({}, 3, 40),
        ({}, 12, 300),
    ],
)
def test_a_429_says_how_long_to_rest_or_is_met_with_growing_patience(
    headers: dict[str, str], strikes: int, seconds: float
) -> None:
    now = at(2026, 1, 10, 11, 50).timestamp()

    pause = JiraLimits().pause(429, headers, "slow down", "core", now, strikes)

    assert pause is not None
    assert pause.until - now == seconds
    assert JiraLimits().pause(403, headers, "no", "core", now, 0) is None


def test_what_is_left_of_a_burst_stops_nobody() -> None:
    budget = JiraLimits().budget({"x-ratelimit-limit": "350", "x-ratelimit-remaining": "0"}, "core")

    assert budget is not None
    assert budget.remaining == 1
    assert JiraLimits().budget({}, "core") is None


def test_secrets_are_the_token_and_what_is_sent() -> None:
    from pydantic import SecretStr

    basic = Basic("a@b.c", SecretStr("tok"), "the token")

    assert basic.authorization() == "Basic YUBiLmM6dG9r"
    assert set(basic.secrets()) == {"YUBiLmM6dG9r", "tok"}


class _Index:
    """A Jira with an index of ids and the projects of the issues there really are."""

    name = "jira"

    def __init__(self, index: list[str], there: dict[str, str]) -> None:
        self.index, self.there = index, there

    def search(self, *_: Any, **__: Any) -> Any:
        return [{"id": id_} for id_ in self.index], None

    def get(self, path: str, _: Any = None) -> Any:
        from ingestion.http import NotFound

        id_ = path.rpartition("/")[2]
        if id_ not in self.there:
            raise NotFound(path)
        return {"fields": {"project": {"id": self.there[id_]}}}


def test_a_scan_finds_what_is_gone_and_what_is_back() -> None:
    jira = _Index(["1", "2"], {"1": "10", "2": "10", "4": "10", "5": "99"})
    known = {"1": False, "2": True, "3": False, "4": False, "5": False, "6": False, "7": True}

    found = scan(jira, ["10"], known, {"6"})  # type: ignore[arg-type]

    # 3 was deleted, 5 moved away; 4 is only missing from the index, 6 was read just now, and 7
    # is known to be gone.
    assert found == Scan(count=2, gone=["3", "5"], back=["2"])


def test_a_scan_that_misses_many_issues_of_which_some_exist_marks_nothing() -> None:
    known = {str(number): False for number in range(200)}

    with pytest.raises(Unreliable):
        scan(_Index([], {"5": "10"}), ["10"], known, set())  # type: ignore[arg-type]
