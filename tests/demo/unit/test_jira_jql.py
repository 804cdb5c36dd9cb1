"""JQL, as Atlassian's pages on advanced search describe it, and the times that Jira writes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from demo.jira_catalog import (
    JiraCatalog,
    PayloadIssue,
    agile_time,
    document_text,
    parsed,
    platform_time,
    text_document,
)
from demo.jira_jql import JqlError, compiled
from demo.jira_search import bounded, page, results
from demo.jira_tokens import TokenError

BERLIN = ZoneInfo("Europe/Berlin")


def issue(number: int, updated: str, **fields: Any) -> PayloadIssue:
    payload = {
        "project": {"id": "1"}, "created": "2026-01-01T00:00:00.000+0000", "updated": updated,
        "summary": f"number {number}", **fields,
    }  # fmt: skip
    return PayloadIssue(100 + number, f"AB-{number}", payload)


@pytest.fixture
def catalog() -> JiraCatalog:
    found = JiraCatalog(datetime(2026, 3, 31, 12, tzinfo=UTC), BERLIN)
    found.projects = [{"id": "1", "key": "AB", "name": 'The "A" team'}]
    found.viewer = {"accountId": "me"}
    found.issues = [
        issue(1, "2026-03-28T09:00:00.500+0100", labels=["x"]),
        issue(2, "2026-03-29T01:30:00.000+0100", labels=["x", "y"]),
        issue(10, "2026-03-29T03:30:00.000+0200", labels=[], assignee={"accountId": "me"}),
        issue(9, "2026-03-30T09:00:00.000+0200"),
    ]
    return found.index()


def numbers(catalog: JiraCatalog, jql: str) -> list[int]:
    return [one.id - 100 for one in results(jql, catalog).issues]


@pytest.mark.parametrize(
    ("jql", "expected"),
    [
        ("project = AB order by key", [1, 2, 9, 10]),  # by number, not as text
        ("project = AB order by key desc", [10, 9, 2, 1]),
        ("project = AB", [10, 9, 2, 1]),  # newest first
        ("PROJECT = ab ORDER BY updated ASC", [1, 2, 10, 9]),
        ("project = 'The \"A\" team' and labels = x order by id", [1, 2]),
        ('project = "The \\"A\\" team" and labels = y', [2]),
        ("labels = y or labels = x and key = AB-1 order by key", [1, 2]),  # and binds closer
        ("(labels = y or labels = x) and key = AB-1", [1]),
        ("not labels = y and labels is not empty", [1]),
        ("labels is empty order by key", [9, 10]),
        ("labels != x", []),  # empty is neither equal nor unequal
        ("assignee = currentUser()", [10]),
        ("assignee is empty order by key", [1, 2, 9]),
        ('updated >= "2026/03/29 01:30" and updated < "2026-03-30" order by key', [2, 10]),
        ("updated > 1774684800500", [10, 9, 2]),
        ("updated >= 1774684800500", [10, 9, 2, 1]),
        ("updated < startOfDay() and updated > -2d", [9]),
        ("key > AB-2 order by key", [9, 10]),
        ("summary ~ 'NUMBER 1' order by key", [1, 10]),
    ],
)
def test_a_query_finds(catalog: JiraCatalog, jql: str, expected: list[int]) -> None:
    assert numbers(catalog, jql) == expected


@pytest.mark.parametrize(
    ("jql", "message"),
    [
        ("project = AB and", "Expecting a field name at the end of the query"),
        ("project =", "Expecting either a value, list or function at the end of the query"),
        ("project in (AB", "Expecting ')' at the end of the query"),
        ("project in (AB key = 1", "Expecting ')' but got 'key'. (line 1, character 16)"),
        ("project == AB", "Expecting either a value, list or function but got '='"),
        ("project > AB", "operator '>' is not supported by the 'project' field"),
        ('summary ~ "open', "quoted string has not been completed"),
        ("labels is x", "only supports the operands 'empty' and 'null'"),
        ("assignee = nobody()", "Unable to find JQL function 'nobody()'"),
        ("updated >= yesterday", "Date value 'yesterday' for field 'updated' is invalid"),
        ("key = AB-3", "An issue with key 'AB-3' does not exist for field 'key'"),
        ("id = 7", "A value with ID '7' does not exist for the field 'id'"),
        ("project = AB order by nonsense", "Field 'nonsense' does not exist"),
        ("project = AB order key", "Expecting 'by' but got 'key'"),
    ],
)
def test_a_query_is_refused(catalog: JiraCatalog, jql: str, message: str) -> None:
    with pytest.raises(JqlError) as raised:
        compiled(jql, catalog)
    assert message in str(raised.value)


def test_a_query_that_restricts_nothing_is_unbounded(catalog: JiraCatalog) -> None:
    assert compiled("order by key", catalog).condition is None
    with pytest.raises(JqlError, match="Unbounded"):
        bounded("order by key", catalog)


def test_a_token_is_a_place_not_a_number_of_rows(catalog: JiraCatalog) -> None:
    jql = "project = AB order by updated desc"
    first, token = page(jql, catalog, 2, None, 60)
    assert [one.id for one in first] == [109, 110]
    later = JiraCatalog(catalog.now, BERLIN)
    later.projects, later.viewer = catalog.projects, catalog.viewer
    newer = [issue(20, "2026-03-31T00:00:00.000+0200"), issue(21, "2026-03-31T01:00:00.000+0200")]
    later.issues = [*catalog.issues, *newer]
    rest, last = page(jql, later.index(), 5, token, 60)
    assert ([one.id for one in rest], last) == ([102, 101], None)
    with pytest.raises(TokenError):
        page(jql + " ", later, 5, token, 60)


@pytest.mark.parametrize(
    ("moment", "platform", "agile"),
    [
        ("2026-03-29T00:59:59.985+00:00", "2026-03-29T01:59:59.985+0100",
         "2026-03-29T00:59:59.985Z"),
        ("2026-03-29T01:00:00+00:00", "2026-03-29T03:00:00.000+0200", "2026-03-29T01:00:00.000Z"),
    ],
)  # fmt: skip
def test_times_have_milliseconds_and_the_zone_of_the_account(
    moment: str, platform: str, agile: str
) -> None:
    at = parsed(moment)
    assert (platform_time(at, BERLIN), agile_time(at)) == (platform, agile)
    assert parsed(platform) == parsed(agile) == at


def test_text_becomes_a_document_and_back() -> None:
    document = text_document("one\n\nthree")
    assert document is not None
    assert [len(block["content"]) for block in document["content"]] == [1, 0, 1]
    assert document_text(document) == "one\n\nthree"
    assert text_document("") is None
    assert document_text(None) is None
