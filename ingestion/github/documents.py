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
_OPERATION = re.compile(r"^query (\w+)\((.*?)\) \{\n(.*?)^\}$", re.MULTILINE | re.DOTALL)
_VARIABLE = re.compile(r"\$(\w+)")
# Types of what each node has of its own where several are asked for together: who it is, and where
# its lists go on. Switches and sizes are the same for all.
_OWN = ("ID!", "String")
_TOGETHER = "Together"


def names() -> list[str]:
    """The names of all documents, sorted."""
    return sorted(path.stem for path in FOLDER.glob("*.graphql") if path.stem != "fragments")


@cache
def document(name: str, *, emails: bool = True, count: int | None = None) -> str:
    """The document of that name, with its fragments, what it costs, and without comments.

    `emails`: it asks for the addresses that people show, which not every token may. `count`: it
    asks for so many nodes at once, n0, n1 …, each with ids and cursors of its own (id_0, id_1 …).
    """
    shared = _fragments(emails)
    text = (FOLDER / f"{name}.graphql").read_text(encoding="utf-8")
    if count is not None:
        text = _several(text, count)
    needed: dict[str, str] = {}
    open_spreads = _SPREAD.findall(text)
    while open_spreads:
        spread = open_spreads.pop()
        if spread in shared and spread not in needed:
            needed[spread] = shared[spread]
            open_spreads += _SPREAD.findall(shared[spread])
    whole = _COMMENT.sub("", "\n".join([text, *needed.values()]))
    return _QUERY.sub(lambda found: found[0] + _COST, whole)


def _several(text: str, count: int) -> str:
    """The text of a document that asks for a node, asking for several."""
    found = _OPERATION.search(_COMMENT.sub("", text))
    if found is None:
        raise ValueError("a document without variables can't ask for several nodes")
    name, variables, body = found.groups()
    lines = [line.strip() for line in variables.split("\n") if line.strip()]
    own = [line for line in lines if line.partition(": ")[2] in _OWN]
    names = {line.partition(":")[0].lstrip("$") for line in own}

    def numbered(part: str, number: int) -> str:
        part = _VARIABLE.sub(lambda v: f"{v[0]}_{number}" if v[1] in names else v[0], part)
        return part.replace("node(id:", f"n{number}: node(id:")

    declared = [line for line in lines if line not in own]
    declared += [numbered(line, number) for number in range(count) for line in own]
    asked = "".join(numbered(body, number) for number in range(count))
    return f"query {name}{_TOGETHER}({', '.join(declared)}) {{\n{asked}}}\n"


@cache
def operation(name: str, count: int | None = None) -> str:
    """The name of the operation in a document."""
    found = re.search(r"\bquery (\w+)", document(name, count=count))
    if found is None:
        raise ValueError(f"queries/{name}.graphql has no named query")
    return found[1]


@cache
def _fragments(emails: bool) -> dict[str, str]:
    text = (FOLDER / "fragments.graphql").read_text(encoding="utf-8")
    if not emails:
        text = _EMAIL_SPREAD.sub("", text)
    return {found[1]: found[0] for found in _FRAGMENT.finditer(text)}
