"""References in texts."""

from __future__ import annotations

import pytest

from ingestion.github.mentions import mentioned, reverted_numbers, reverted_shas

FULL = "a1b2c3d4e5f60718293a4b5c6d7e8f9012345678"


def shas(text: str) -> list[str]:
    return (mentioned(text, "acme/shop") or {}).get("shas", [])  # type: ignore[return-value]


def pulls(text: str) -> list[str]:
    return (mentioned(text, "acme/shop") or {}).get("pull_requests", [])  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"broken since {FULL}.", [FULL]),
        ("see ABC1234, abc1234 and (def5678)", ["abc1234", "def5678"]),
        ("in `abc1234` it worked", ["abc1234"]),
        ("compare abc1234...def5678", ["abc1234", "def5678"]),
        ("acme/shop@abc1234", ["abc1234"]),
        ("https://github.com/acme/shop/commit/1234567", ["1234567"]),
        ("https://github.com/acme/shop/pull/1/commits/defaced", ["defaced"]),
        ("since abc1234\nand more", ["abc1234"]),
        # no hash: a word, a date, too short, too long, a UUID, a colour, part of a word
        ("defaced on 20240131, abc123, 0xabc1234", []),
        ("a" * 39 + "12", []),
        ("550e8400-e29b-41d4-a716-446655440000", []),
        ("colour #1a2b3c4d", []),
        ("<!-- paste the commit, like abc1234 -->", []),
        ("", []),
    ],
)
def test_hashes(text: str, expected: list[str]) -> None:
    assert shas(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("caused by #12", ["acme/shop#12"]),
        ("(#12), GH-13", ["acme/shop#12", "acme/shop#13"]),
        ("caused by other/api#7 and #7", ["other/api#7", "acme/shop#7"]),
        ("https://github.com/acme/web.site/pull/34/files", ["acme/web.site#34"]),
        ("https://ghe.acme.test/acme/api/pull/5#issuecomment-9", ["acme/api#5"]),
        ("#12 #12", ["acme/shop#12"]),
        # in code, in an entity, in a heading, in a name, in a template's comment
        ("```\n#0 main ()\n```", []),
        ("`#1`", []),
        ("it&#39;s", []),
        ("# 1. heading", []),
        ("a#1b", []),
        ("<!-- closes #99 -->", []),
        ("https://github.com/acme/shop/issues/34", []),
    ],
)
def test_pull_requests(text: str, expected: list[str]) -> None:
    assert pulls(text) == expected


def test_deployments_are_numbers_in_addresses() -> None:
    text = "https://api.github.com/repos/acme/shop/deployments/4242 and /deployments/production"

    assert mentioned(text, "acme/shop") == {"deployments": [4242]}


def test_nothing_found_is_null() -> None:
    assert mentioned("all is well", "acme/shop") is None
    assert mentioned(None, "acme/shop") is None


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (f'Revert "x"\n\nThis reverts commit {FULL}.', [FULL]),
        ("This reverts commit abc1234, reversing\nchanges made to def5678.", ["abc1234"]),
        ("This reverts commit abc1234.\nThis reverts commit DEF5678.", ["abc1234", "def5678"]),
        ("This reverts the behaviour of abc1234", None),
        (None, None),
    ],
)
def test_reverted_commits(message: str | None, expected: list[str] | None) -> None:
    assert reverted_shas(message) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("Reverts acme/shop#12", [12]),
        ("Reverts Acme/Shop#12\n\nIt broke.", [12]),
        ("reverts #7 and Reverts #8", [7, 8]),
        ("Reverts https://github.com/acme/shop/pull/9", [9]),
        ("Reverts other/repo#12", None),
        ("This reverts nothing, see #12", None),
        (None, None),
    ],
)
def test_reverted_pull_requests(body: str | None, expected: list[int] | None) -> None:
    assert reverted_numbers(body, "acme/shop") == expected
