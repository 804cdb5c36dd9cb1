"""Which commits that tags or releases name were looked at, and which wait for older history.

Both lists are read whole. So that nothing is asked twice, it is kept of each which of its commits
were passed on, and those that are older than what is read so far.
"""

from __future__ import annotations

from datetime import datetime
from typing import TypedDict

from ingestion.github.releases import Dated
from ingestion.loading import timestamp

_PREFIX = 16
# What is beyond is passed on again, or read again: requests, not rows.
_MOST_SEEN = 2000
_MOST_OLDER = 300


class State(TypedDict, total=False):
    """What is kept of one list; without `older` the list has to be read for older history."""

    seen: list[str]
    older: list[list[str]]


def older(state: State) -> Dated | None:
    """The commits that wait for older history; None if it is not known which they are."""
    if "older" not in state:
        return None
    return [(moment, sha) for told, sha in state["older"] if (moment := timestamp(told))]


def news(dated: Dated, since: datetime, state: State) -> tuple[list[str], State]:
    """The commits named since a time that were not passed on before, and the next state."""
    known = set(state.get("seen") or [])
    recent = [sha for moment, sha in dated if moment >= since]
    waiting = [[moment.isoformat(), sha] for moment, sha in dated if moment < since]
    passed_on = [*(sha[:_PREFIX] for sha in recent), *(state.get("seen") or [])]
    following: State = {"seen": list(dict.fromkeys(passed_on))[:_MOST_SEEN]}
    if len(waiting) <= _MOST_OLDER:
        following["older"] = waiting
    return [sha for sha in recent if sha[:_PREFIX] not in known], following
