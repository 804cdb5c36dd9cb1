"""Atlassian Document Format as plain text: what v3 gives for descriptions and comments.

developer.atlassian.com/cloud/jira/platform/apis/document/structure: a tree of nodes with a type,
a text or content, and marks (a link is a mark of a text, a card a node of its own).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_BLOCKS = {
    "blockquote",
    "bulletList",
    "codeBlock",
    "decisionItem",
    "doc",
    "expand",
    "heading",
    "listItem",
    "mediaGroup",
    "mediaSingle",
    "nestedExpand",
    "orderedList",
    "panel",
    "paragraph",
    "rule",
    "table",
    "tableRow",
    "taskItem",
}
_CARDS = {"inlineCard", "blockCard", "embedCard"}
# A document that is nested deeper was not made by people.
_DEEPEST = 60


def plain_text(document: Any) -> str | None:
    """The text of a document, blocks on lines of their own; None when there is none.

    A text that is plain already (v2, old imports) stays as it is.
    """
    if isinstance(document, str):
        return document or None
    if not isinstance(document, dict):
        return None
    text = "".join(_pieces(document, 0))
    lines = [line.rstrip() for line in text.splitlines()]
    return "\n".join(line for line in lines if line) or None


def urls(document: Any) -> list[str]:
    """The addresses that links and cards of a document lead to, in order; those that stand in
    its text are not among them."""
    return list(_urls(document, 0)) if isinstance(document, dict) else []


def _pieces(node: Any, depth: int) -> Iterator[str]:
    if not isinstance(node, dict) or depth > _DEEPEST:
        return
    kind, attributes = node.get("type"), node.get("attrs") or {}
    if kind == "text":
        yield str(node.get("text") or "")
    elif kind == "hardBreak":
        yield "\n"
    elif kind in ("mention", "emoji", "status"):
        yield str(attributes.get("text") or attributes.get("shortName") or "")
    elif kind in _CARDS:
        yield str(attributes.get("url") or "")
    else:
        for child in node.get("content") or []:
            yield from _pieces(child, depth + 1)
    if kind in ("tableCell", "tableHeader"):
        yield "\t"
    elif kind in _BLOCKS:
        yield "\n"


def _urls(node: Any, depth: int) -> Iterator[str]:
    if not isinstance(node, dict) or depth > _DEEPEST:
        return
    if node.get("type") in _CARDS and (url := (node.get("attrs") or {}).get("url")):
        yield str(url)
    for mark in node.get("marks") or []:
        if isinstance(mark, dict) and mark.get("type") == "link":
            yield str((mark.get("attrs") or {}).get("href") or "")
    for child in node.get("content") or []:
        yield from _urls(child, depth + 1)
