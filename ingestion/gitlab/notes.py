"""What GitLab's system notes tell: it keeps no other record of who approved when, or of drafts.

The texts are English whatever the language of the people; they are those of
app/services/system_notes/ in GitLab's source, of versions from 11 on.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

_ACTIONS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (action, re.compile(pattern, re.IGNORECASE))
    for action, pattern in (
        ("approved", r"approved this merge request\b"),
        ("unapproved", r"unapproved this merge request\b"),
        (
            "ready",
            r"(marked this merge request as \*\*ready\*\*|unmarked (this merge request )?as )",
        ),
        ("draft", r"marked (this merge request )?as (a )?\*\*(draft|work in progress)\*\*"),
        ("reopened", r"reopened\b"),
        ("merged", r"(merged|automatically merged)\b"),
        ("closed", r"closed\b"),
        ("review_requested", r"requested review from\b"),
        ("commits_added", r"added \d+( new)? commits?\b"),
    )
)


def action(note: Mapping[str, Any]) -> str | None:
    """What a system note tells of (a name of the contract's list, or other); None for comments."""
    if not note.get("system"):
        return None
    text = str(note.get("body") or "").lstrip()
    return next((name for name, pattern in _ACTIONS if pattern.match(text)), "other")


def approvals(notes: Iterable[Mapping[str, Any]]) -> dict[int, tuple[Mapping[str, Any], str]]:
    """The approvals that stand after these notes: by account its user and the time it was given.

    An approval that was withdrawn does not stand. One that a push took away is not told by notes.
    """
    standing: dict[int, tuple[Mapping[str, Any], str]] = {}
    for note in sorted(notes, key=lambda n: (str(n.get("created_at")), n.get("id") or 0)):
        user = note.get("author") or {}
        if user.get("id") is None:
            continue
        told = action(note)
        if told == "approved":
            standing[user["id"]] = (user, note["created_at"])
        elif told == "unapproved":
            standing.pop(user["id"], None)
    return standing
