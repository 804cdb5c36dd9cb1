"""What texts refer to: commits, pull requests, deployments, and what they revert.

GitHub keeps these references only in its own pages; bodies are not stored, so they are read out
while passing. What a reference leads to is found out later, by joining: a hash or number that
belongs to nothing does no harm.
"""

from __future__ import annotations

import re

_HTML_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
# A number in code is a line of a stack trace more often than a pull request.
_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`", re.DOTALL)
# Not inside a word, a UUID or a colour.
_HASH = re.compile(r"(?<![\w#-])([0-9a-f]{7,40})(?![\w-])", re.IGNORECASE)
_COMMIT_URL = re.compile(r"/commits?/([0-9a-f]{7,40})(?![\w-])", re.IGNORECASE)
_FULL_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?/[\w.-]+"
_PULL_URL = re.compile(rf"({_FULL_NAME})/pull/(\d{{1,9}})(?!\w)")
_CROSS = re.compile(rf"(?<![\w/.-])({_FULL_NAME})#(\d{{1,9}})(?!\w)")
_NUMBER = re.compile(r"(?<![\w/#&-])(?:#|GH-)(\d{1,9})(?!\w)")
_DEPLOYMENT_URL = re.compile(r"/deployments/(\d{1,18})(?!\w)")
_REVERTED_COMMIT = re.compile(r"\bThis reverts commits? ([0-9a-f]{7,40})\b", re.IGNORECASE)
_REVERTED_PULL = re.compile(
    rf"\bReverts\s+(?:https?://[^/\s]+/)?(?:({_FULL_NAME})(?:#|/pull/)|#)(\d{{1,9}})(?!\w)",
    re.IGNORECASE,
)


def mentioned(text: str | None, full_name: str) -> dict[str, list[str] | list[int]] | None:
    """The references in a text of the repository full_name; None if there are none.

    Shape: {"shas": [lower case], "pull_requests": ["owner/name#1"], "deployments": [numbers]},
    each without repetitions, in order of appearance; empty lists are left out.
    """
    if not text:
        return None
    text = _HTML_COMMENT.sub(" ", text)
    prose = _CODE.sub(" ", text)
    found: dict[str, list[str] | list[int]] = {
        "shas": _hashes(text),
        "pull_requests": _pull_requests(prose, full_name),
        "deployments": _unique([int(number) for number in _DEPLOYMENT_URL.findall(text)]),
    }
    return {kind: list_ for kind, list_ in found.items() if list_} or None


def reverted_shas(text: str | None) -> list[str] | None:
    """The hashes that "This reverts commit …" names; None if there are none."""
    found = _REVERTED_COMMIT.findall(text or "")
    return _unique([sha.lower() for sha in found]) or None


def reverted_numbers(text: str | None, full_name: str) -> list[int] | None:
    """The pull requests of full_name that "Reverts …" names; None if there are none."""
    found = _REVERTED_PULL.findall(text or "")
    same = [int(n) for name, n in found if not name or name.lower() == full_name.lower()]
    return _unique(same) or None


def _hashes(text: str) -> list[str]:
    from_urls = {sha.lower() for sha in _COMMIT_URL.findall(text)}
    words = [sha.lower() for sha in _HASH.findall(text)]
    return _unique([sha for sha in words if sha in from_urls or _looks_like_hash(sha)])


def _looks_like_hash(word: str) -> bool:
    # Dates and words (20240131, defaced) are hexadecimal too; a real hash of seven or more digits
    # lacks letters or digits once in thousands.
    return any(c.isdigit() for c in word) and any(c.isalpha() for c in word)


def _pull_requests(prose: str, full_name: str) -> list[str]:
    found: list[tuple[int, str]] = []
    for pattern in (_PULL_URL, _CROSS):
        found += [(m.start(), f"{m[1]}#{m[2]}") for m in pattern.finditer(prose)]
    found += [(m.start(), f"{full_name}#{m[1]}") for m in _NUMBER.finditer(prose)]
    return _unique([reference for _, reference in sorted(found)])


def _unique(items: list) -> list:  # type: ignore[type-arg]
    return list(dict.fromkeys(items))
