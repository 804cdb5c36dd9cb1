"""After the projects: what their issues name beyond the lists, and what is in the lists no more."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, MutableMapping
from datetime import datetime
from typing import Any

from ingestion.jira import lists
from ingestion.jira.client import JiraClient
from ingestion.jira.known import Known
from ingestion.jira.lists import Agile, Statuses
from ingestion.jira.reading import Met
from ingestion.loading.batches import Row

State = MutableMapping[str, Any]
Found = Iterator[tuple[str, list[Row]]]
"""Names of tables with rows for them."""


def marked(
    known: Known, table: str, synced_at: datetime, is_gone: Callable[[Row], bool]
) -> list[Row]:
    """The rows of a table that are gone, with the time at which that was seen."""
    return [{**row, "deleted_at": synced_at} for row in known.rows(table) if is_gone(row)]


def statuses(state: State, known: Known, found: Statuses, met: Met, synced_at: datetime) -> Found:
    """Statuses of other projects that our histories name, those that no list shows though issues
    are in them, and those that are gone."""
    listed = {row["id"] for row in found.of_ours} | set(found.of_others)
    named = met.statuses | set(met.current_statuses)
    rows = [row for id_, row in found.of_others.items() if id_ in named]
    rows += [row for id_, row in met.current_statuses.items() if id_ not in listed]
    yield "statuses", rows
    was_complete = bool(state.get("statuses_are_complete"))
    if found.is_complete is not None:
        state["statuses_are_complete"] = found.is_complete
    if was_complete and not found.is_complete:
        return  # a right was lost, not a status; or not all of them were asked for
    there = listed | set(met.current_statuses)
    yield "statuses", marked(known, "statuses", synced_at, lambda row: row["id"] not in there)


def types_met(
    client: JiraClient, state: State, met: Met, project_ids: Collection[str]
) -> list[Row]:
    """The issue types, if an issue names one that is not known. Raises ApiError."""
    if met.types <= set(state.get("issue_types") or ()):
        return []
    found = lists.read_issue_types(client, project_ids)
    # Those that are in no list are not asked for again and again.
    state["issue_types"] = sorted({row["id"] for row in found} | met.types)
    return found


def boards_and_sprints(
    state: State,
    client: JiraClient,
    known: Known,
    agile: Agile,
    met: Met,
    synced_at: datetime,
    project_ids: Collection[str] | None,
    *,
    again: bool,
) -> Found:
    """Sprints (with their boards) that our issues name but that are in no list of ours, and
    boards and sprints that are gone. `project_ids`: None for all of the site.
    `again`: also those whose state was closed when they were read last. Raises ApiError.
    """
    # What is known of such sprints: their state, or "gone".
    others: dict[str, str] = state.setdefault("other_sprints", {})
    wanted = {id_ for id_ in met.sprints if others.get(str(id_)) not in ("closed", "gone")}
    wanted |= {int(id_) for id_, was in others.items() if was not in ("closed", "gone")}
    if again:
        wanted |= {int(id_) for id_, was in others.items() if was != "gone"}
    listed = set(agile.sprints) | agile.there
    wanted -= listed
    sprints: list[Row] = []
    lost: set[int] = set()
    for id_ in sorted(wanted):
        row = agile.of_others.get(id_) or lists.read_sprint(client, id_)
        others[str(id_)] = row["state"] if row else "gone"
        if row:
            sprints.append(row)
        else:
            lost.add(id_)
    their_boards: list[int] = state.setdefault("other_boards", [])
    ours = {board["id"] for board in agile.boards}
    boards: list[Row] = []
    for board_id in {row["origin_board_id"] for row in sprints} - ours - {None}:
        if board_id not in their_boards or again:
            board = lists.read_board(client, board_id)
            boards += [board] if board else []
        if board_id not in their_boards:
            their_boards.append(board_id)
    if agile.is_complete:
        for row in known.rows("sprints"):
            if row["id"] in listed or row["origin_board_id"] not in ours:
                continue
            # Asked for once more: a sprint can move to another board.
            found = lists.read_sprint(client, row["id"])
            if found is None:
                lost.add(row["id"])
            else:
                sprints.append(found)
    gone = marked(known, "sprints", synced_at, lambda row: row["id"] in lost)
    yield "sprints", sprints + gone
    is_ours = (lambda row: True) if project_ids is None else (
        lambda row: row["project_id"] in project_ids
    )  # fmt: skip
    gone = marked(
        known,
        "boards",
        synced_at,
        lambda row: row["id"] not in ours and row["id"] not in their_boards and is_ours(row),
    )
    yield "boards", boards + gone


def accounts(client: JiraClient, known: Known, met: list[Row], *, refresh: bool) -> list[Row]:
    """The accounts met, and with `refresh` all known ones, as Jira shows them now.

    Payloads of issues may hide the e-mail address that the account itself shows, so new accounts
    without one, and those that had one, are asked for. Raises ApiError.
    """
    before = {row["id"]: row for row in known.rows("users")}
    rows = {row["id"]: row for row in met}
    wanted = {
        id_
        for id_, row in rows.items()
        if row["email"] is None and (id_ not in before or before[id_]["email"])
    }
    if refresh:
        wanted |= set(before)
    rows.update({row["id"]: row for row in lists.read_users(client, wanted)})
    return list(rows.values())
