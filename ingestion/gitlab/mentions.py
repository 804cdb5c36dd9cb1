"""What texts refer to: commits, merge requests, issues, and what they revert or close.

Bodies are not stored, so they are read out while passing. What a reference leads to is found out
later, by joining: a hash or number that belongs to nothing does no harm.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

_HTML_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
# A number in code is a line of a stack trace more often than a merge request.
_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`", re.DOTALL)
# Not inside a word, a UUID or a colour.
_HASH = re.compile(r"(?<![\w#-])([0-9a-f]{7,40})(?![\w-])", re.IGNORECASE)
_COMMIT_URL = re.compile(r"/-/commits?/([0-9a-f]{7,40})(?![\w-])", re.IGNORECASE)
_PATH = r"[A-Za-z0-9_][\w.-]*(?:/[A-Za-z0-9_][\w.-]*)+"
_NAME = r"[A-Za-z0-9_][\w.-]*"
_MERGE_REQUEST_URL = re.compile(rf"https?://[^/\s]+/({_PATH})/-/merge_requests/(\d{{1,9}})(?!\w)")
_MERGE_REQUEST = re.compile(rf"(?<![\w/.!-])({_PATH}|{_NAME})?!(\d{{1,9}})(?!\w)")
# Only the API's addresses hold the id; those of pages hold the number within the project.
_DEPLOYMENT_URL = re.compile(r"/api/v4/projects/[^/\s]+/deployments/(\d{1,18})(?!\w)")
_REVERTED_COMMIT = re.compile(r"\bThis reverts commits? ([0-9a-f]{7,40})\b", re.IGNORECASE)
_REVERTED = re.compile(
    rf"\bThis reverts merge request (?:({_PATH}|{_NAME})?!|https?://[^/\s]+/({_PATH})/-/"
    r"merge_requests/)(\d{1,9})(?!\w)",
    re.IGNORECASE,
)
_SEE = re.compile(rf"^See merge request ({_PATH}|{_NAME})?!(\d{{1,9}})\s*$", re.MULTILINE)
# The default closing pattern (docs.gitlab.com/user/project/issues/managing_issues).
_CLOSING = re.compile(
    r"\b(?:clos(?:e[sd]?|ing)|fix(?:e[sd]|ing)?|resolv(?:e[sd]?|ing)|implement(?:s|ed|ing)?):? +"
    r"((?:(?:issues? +)?\S*(?:#|/-/(?:issues|work_items)/)\d{1,9}(?:(?: *,? +and +| *, *| +)(?=\S*"
    r"(?:#|/-/(?:issues|work_items)/)\d|issue))?)+)",
    re.IGNORECASE,
)
_ISSUE = re.compile(
    rf"(?:https?://[^/\s]+/({_PATH})/-/(?:issues|work_items)/|(?<![\w/.-])({_PATH}|{_NAME})?#)"
    r"(\d{1,9})(?!\w)"
)


def mentioned(text: str | None, full_path: str) -> dict[str, list[Any]] | None:
    """The references in a text of the project full_path; None if there are none.

    Shape: {"shas": [lower case], "merge_requests": ["group/project!1"], "deployments": [ids]},
    each without repetitions, in order of appearance; empty lists are left out.
    """
    if not text:
        return None
    text = _HTML_COMMENT.sub(" ", text)
    prose = _CODE.sub(" ", text)
    found: dict[str, list[Any]] = {
        "shas": _hashes(text),
        "merge_requests": _merge_requests(prose, full_path),
        "deployments": _unique(int(number) for number in _DEPLOYMENT_URL.findall(text)),
    }
    return {kind: list_ for kind, list_ in found.items() if list_} or None


def reverted_shas(text: str | None) -> list[str] | None:
    """The hashes that "This reverts commit …" names; None if there are none."""
    return _unique(sha.lower() for sha in _REVERTED_COMMIT.findall(text or "")) or None


def reverted_iids(text: str | None, full_path: str) -> list[int] | None:
    """The merge requests of full_path that "This reverts merge request …" names, or None."""
    found = [(m[1] or m[2], int(m[3])) for m in _REVERTED.finditer(text or "")]
    return _unique(n for path, n in found if _is_same(path, full_path)) or None


def merged_iid(message: str | None, full_path: str) -> int | None:
    """The merge request of full_path that a merge or squash commit names last, or None."""
    found = [
        int(number) for path, number in _SEE.findall(message or "") if _is_same(path, full_path)
    ]
    return found[-1] if found else None


def closing_issues(text: str | None, full_path: str) -> list[str] | None:
    """The issues that a description says it closes, as "group/project#1"; None if it does not."""
    found = []
    for clause in _CLOSING.finditer(_CODE.sub(" ", text or "")):
        for issue in _ISSUE.finditer(clause[1]):
            found.append(f"{_absolute(issue[1] or issue[2], full_path)}#{issue[3]}")
    return _unique(found) or None


def _merge_requests(prose: str, full_path: str) -> list[str]:
    found = [(m.start(), f"{m[1]}!{m[2]}") for m in _MERGE_REQUEST_URL.finditer(prose)]
    found += [
        (m.start(), f"{_absolute(m[1], full_path)}!{m[2]}") for m in _MERGE_REQUEST.finditer(prose)
    ]
    return _unique(reference for _, reference in sorted(found))


def _absolute(path: str | None, full_path: str) -> str:
    """The full path of a reference: none is the same project, a name one beside it."""
    if not path:
        return full_path
    return path if "/" in path else f"{full_path.rpartition('/')[0]}/{path}"


def _is_same(path: str | None, full_path: str) -> bool:
    return _absolute(path, full_path).lower() == full_path.lower()


def _hashes(text: str) -> list[str]:
    from_urls = {sha.lower() for sha in _COMMIT_URL.findall(text)}
    words = [sha.lower() for sha in [*_HASH.findall(text)]]
    return _unique(sha for sha in words if sha in from_urls or _looks_like_hash(sha))


def _looks_like_hash(word: str) -> bool:
    # Dates and words (20240131, defaced) are hexadecimal too; a real hash of seven or more digits
    # lacks letters or digits once in thousands.
    return any(c.isdigit() for c in word) and any(c.isalpha() for c in word)


def _unique(items: Iterable[Any]) -> list[Any]:
    return list(dict.fromkeys(items))
