"""The GraphQL documents of queries/, each complete with the fragments it spreads."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "queries"
_FRAGMENT = re.compile(r"^fragment (\w+) on .*?^}$", re.DOTALL | re.MULTILINE)
_SPREAD = re.compile(r"\.\.\.\s*(?!on\b)(\w+)")
_EMAIL_SPREAD = re.compile(r"^\s*\.\.\.PublicEmail\n", re.MULTILINE)
_QUERY = re.compile(r"^query \w+.*?\{\n", re.MULTILINE | re.DOTALL)
# Every reply tells what it cost; asking costs nothing (docs.github.com, "Rate limits and query
# limits for the GraphQL API").
_COST = "  rateLimit {\n    cost\n  }\n"
_COMMENT = re.compile(r"^\s*#.*\n", re.MULTILINE)


def names() -> list[str]:
    """The names of all documents, sorted."""
    return sorted(path.stem for path in FOLDER.glob("*.graphql") if path.stem != "fragments")


@cache
def document(name: str, *, emails: bool = True) -> str:
    """The document of that name, with its fragments, what it costs, and without comments.

    `emails`: it asks for the addresses that people show, which not every token may.
    """
    shared = _fragments(emails)
    text = (FOLDER / f"{name}.graphql").read_text(encoding="utf-8")
    needed: dict[str, str] = {}
    open_spreads = _SPREAD.findall(text)
    while open_spreads:
        spread = open_spreads.pop()
        if spread in shared and spread not in needed:
            needed[spread] = shared[spread]
            open_spreads += _SPREAD.findall(shared[spread])
    whole = _COMMENT.sub("", "\n".join([text, *needed.values()]))
    return _QUERY.sub(lambda found: found[0] + _COST, whole)


@cache
def operation(name: str) -> str:
    """The name of the operation in a document."""
    found = re.search(r"\bquery (\w+)", document(name))
    if found is None:
        raise ValueError(f"queries/{name}.graphql has no named query")
    return found[1]


@cache
def _fragments(emails: bool) -> dict[str, str]:
    text = (FOLDER / "fragments.graphql").read_text(encoding="utf-8")
    if not emails:
        text = _EMAIL_SPREAD.sub("", text)
    return {found[1]: found[0] for found in _FRAGMENT.finditer(text)}
