"""The sprints of boards: all of them once a day, in between those that are active or planned.

Starting, closing or renaming a sprint touches no issue's `updated`, so every sync has to look.
A few boards are asked for their open sprints. Of many, one search for the issues that are in active
sprints shows which these are; only boards for which that is not what is known are asked.
Limits of that: docs/decisions/0024-what-changed-anywhere.md.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Mapping, MutableMapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

from ingestion.http import ApiError, Stopped, Unauthorized
from ingestion.http.errors import one_line
from ingestion.jira import jql, lists, rows
from ingestion.jira.client import JiraClient
from ingestion.jira.lists import Agile
from ingestion.loading import Collector
from ingestion.loading.batches import Row

logger = logging.getLogger(__name__)

State = MutableMapping[str, Any]
# So many boards are asked each, which shows empty sprints too.
_FEW_BOARDS = 2
_PAGE = 1000
# With more issues in active sprints a search costs more than asking the boards.
_MOST_PAGES = 3
_TOLD = ("name", "started_at", "ends_at")


@dataclass(frozen=True)
class How:
    """What decides which boards are asked."""

    before: Collection[Row]
    """The sprints known so far."""
    shown: Callable[[], Mapping[int, Row] | None]
    """What issues show of active sprints, None if that can't be told."""
    everything: bool
    """Whole lists are due."""


def read(
    client: JiraClient,
    reading: Collector,
    agile: Agile,
    state: State,
    fan_out: Executor,
    how: How,
) -> None:
    """Reads the sprints of the boards into `agile`; a board that fails leaves the others alone.

    `state["boards_read"]`: by board whether it has sprints, of those whose whole list was read.
    """
    known: dict[str, bool] = {} if how.everything else dict(state.get("boards_read") or {})
    boards = [board for board in agile.boards if board["type"] != "kanban"]
    new = [board for board in boards if str(board["id"]) not in known]
    old = [board for board in boards if known.get(str(board["id"]))]
    if len(old) > _FEW_BOARDS and (now := how.shown()) is not None:
        doubtful = _in_doubt(how.before, now)
        old = [board for board in old if board["id"] in doubtful]
    # Of our boards that are not asked, and of closed sprints, nothing is told: they count as there.
    asked = {board["id"] for board in [*new, *old]}
    ours, anew = ({board["id"] for board in some} for some in (agile.boards, new))
    agile.there = {
        row["id"]
        for row in how.before
        if (board_id := row["origin_board_id"]) in ours
        and (board_id not in asked or (row["state"] == "closed" and board_id not in anew))
    }
    found = [*_lists(client, reading, fan_out, new, None)]
    found += _lists(client, reading, fan_out, old, ("active", "future"))
    agile.is_complete = True
    for board, payloads in found:
        if isinstance(payloads, ApiError):
            agile.is_complete = False
            reading.problem(one_line(payloads))
            continue
        if board in new:
            known[str(board["id"])] = payloads is not None
        agile.listed(board, map(rows.sprint, payloads or []))
    there = {str(board["id"]) for board in agile.boards}
    state["boards_read"] = {id_: has for id_, has in known.items() if id_ in there}


def _lists(
    client: JiraClient,
    reading: Collector,
    fan_out: Executor,
    boards: Sequence[Row],
    states: Collection[str] | None,
) -> Iterable[tuple[Row, list[dict[str, Any]] | ApiError | None]]:
    """The boards with their lists; None where a board has no sprints."""

    def read(board: Row) -> list[dict[str, Any]] | ApiError | None:
        reading.asked()
        try:
            return lists.read_sprints(client, board["id"], states)
        except (Unauthorized, Stopped):
            raise
        except ApiError as error:
            return error

    return list(zip(boards, fan_out.map(read, boards), strict=True))


def _in_doubt(before: Collection[Row], now: Mapping[int, Row]) -> set[int]:
    """The boards whose active sprints are not, or not known to be, as they were."""
    active = {row["id"]: row for row in before if row["state"] == "active"}
    doubtful = {
        row["origin_board_id"]
        for id_, row in active.items()
        if id_ not in now or any(row[name] != now[id_][name] for name in _TOLD)
    }
    return doubtful | {row["origin_board_id"] for id_, row in now.items() if id_ not in active}


def shown_by_issues(
    client: JiraClient, state: State, project_ids: Sequence[str], fields: Sequence[str]
) -> dict[int, Row] | None:
    """The active sprints that issues are in, as these show them; None if the site can't be asked
    so, or there are too many. `state["many_in_sprints"]`: there were."""
    if not fields or not project_ids or state.get("many_in_sprints"):
        return None
    found: dict[int, Row] = {}
    token = None
    try:
        for _ in range(_MOST_PAGES):
            issues, token = client.search(
                jql.in_active_sprints(project_ids), fields, token=token, page=_PAGE
            )
            for issue in issues:
                found.update((row["id"], row) for row in _active(issue, fields))
            if token is None:
                return found
    except (Unauthorized, Stopped):
        raise
    except (ApiError, KeyError, TypeError, ValueError) as error:
        logger.info("open sprints can't be searched: %s", one_line(error))
        return None
    state["many_in_sprints"] = True
    return None


def _active(issue: Mapping[str, Any], fields: Sequence[str]) -> list[Row]:
    """The sprint of an issue that is in an active one: what its value says of the state may be
    older than what the search went by, but an issue is in one at a time that is not closed."""
    values = [value for name in fields for value in issue["fields"].get(name) or []]
    listed = [
        rows.sprint({**value, "originBoardId": value.get("boardId")})
        for value in values
        if isinstance(value, dict) and value.get("id") and value.get("state")
    ]
    return [row for row in listed if row["state"] != "closed"] or listed
