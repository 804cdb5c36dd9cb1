"""The lists of a whole site: projects, fields, statuses, issue types, boards and their sprints."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from ingestion.http import ApiError, BadReply, Forbidden, NotFound
from ingestion.http.errors import one_line
from ingestion.jira import fields, rows
from ingestion.jira.client import AGILE, API, BadRequest, JiraClient
from ingestion.jira.fields import Fields
from ingestion.jira.one_project import Project
from ingestion.loading.batches import Row
from ingestion.settings import JiraConnection

# Boards of so many projects are asked for one by one; of more, all of the site are.
_MOST_SINGLE_PROJECTS = 20
_BOARD_PAGE = 50
_MOST_CONFIGURATIONS = 10


@dataclass
class Projects:
    """The projects of a site."""

    rows: list[Row]
    """Those that are wanted."""
    units: list[Project]
    """What is to be read: the same, and those that are wanted but not to be had."""
    all_ids: set[str]
    """Ids of all that the account can see."""
    payloads: list[dict[str, Any]]
    """Those that are wanted, as they came."""


def read_projects(client: JiraClient, connection: JiraConnection) -> Projects:
    """The projects; archived ones too, as far as they are shown. Raises ApiError."""
    asked = {"status": ["live", "archived"], "expand": "lead"}
    payloads = list(client.listed(f"{API}/project/search", asked, page=100))
    by_id = {str(payload["id"]): payload for payload in payloads}
    units = {id_: _unit(payload) for id_, payload in by_id.items()}
    all_ids = set(by_id)
    if connection.projects is not None:
        wanted: dict[str, Project] = {}
        by_key = {str(payload["key"]).upper(): id_ for id_, payload in by_id.items()}
        for key in connection.projects:
            id_ = by_key.get(key.upper()) or (key if key in by_id else None)
            if id_ is not None:
                wanted[id_] = units[id_]
                continue
            found = _hidden_project(client, connection, key)
            if isinstance(found, Project):
                wanted[found.id] = found
            else:
                by_id[str(found["id"])] = found
                wanted[str(found["id"])] = _unit(found)
        units = wanted
    known = [by_id[id_] for id_ in units if id_ in by_id]
    return Projects(
        rows=[rows.project(payload) for payload in known],
        units=list(units.values()),
        all_ids=all_ids | {str(payload["id"]) for payload in known},
        payloads=known,
    )


def _hidden_project(
    client: JiraClient, connection: JiraConnection, key: str
) -> Project | dict[str, Any]:
    """A project under a key it had once, or what to say of one that can't be seen."""
    why = f'{client.name}, projects: there is no project "{key}", or the account may not browse it'
    try:
        found = client.get(f"{API}/project/{key}")
    except (NotFound, Forbidden, BadRequest):
        return Project(key, key, problem=why)
    except BadReply:
        raise
    except ApiError as error:
        return Project(key, key, problem=one_line(error))
    return dict(found)


def _unit(payload: dict[str, Any]) -> Project:
    return Project(
        str(payload["id"]), str(payload["key"]), is_archived=bool(payload.get("archived"))
    )


def read_fields(
    client: JiraClient, connection: JiraConnection, state: MutableMapping[str, Any], *, again: bool
) -> Fields:
    """The fields and what they are used as. Raises ApiError, SettingsError.

    `state["estimating"]` keeps how many boards estimate with a field; `again`: ask anew.
    """
    payloads = client.get(f"{API}/field")
    if not isinstance(payloads, list):
        raise BadReply(f"{client.name}: {API}/field gives no list")
    payloads = [payload for payload in payloads if payload.get("id")]
    using: dict[str, int] = {}
    if connection.story_points_field is None and fields.rivals(payloads):
        if again or "estimating" not in state:
            state["estimating"] = _fields_boards_estimate_with(client)
        using = state["estimating"]
    return fields.chosen(payloads, connection, using)


def _fields_boards_estimate_with(client: JiraClient) -> dict[str, int]:
    """How many boards estimate with a field: the only thing that tells twins apart."""
    found: dict[str, int] = {}
    try:
        boards = client.listed(f"{AGILE}/board", {"type": "scrum"})
        for _, board in zip(range(_MOST_CONFIGURATIONS), boards, strict=False):
            made = client.get(f"{AGILE}/board/{board['id']}/configuration")
            id_ = ((made.get("estimation") or {}).get("field") or {}).get("fieldId")
            if id_:
                found[id_] = found.get(id_, 0) + 1
    except ApiError:
        pass  # without the agile API, or the right to see it, age decides
    return found


@dataclass
class Statuses:
    """The statuses of a site."""

    of_ours: list[Row]
    """Those of the whole site and of our team-managed projects."""
    of_others: dict[str, Row]
    """Those of other projects: wanted only if a history of ours names them."""
    is_complete: bool | None = False
    """Whether those without a workflow were told too; None: they were not asked for."""


def read_statuses(
    client: JiraClient, project_ids: Collection[str], *, everything: bool
) -> Statuses:
    """All statuses that are in a workflow; with `everything` also those that are in none, as far
    as the account may list them. Raises ApiError."""
    payloads: dict[str, dict[str, Any]] = {}
    for payload in client.get(f"{API}/status") or []:
        payloads.setdefault(str(payload["id"]), payload)
    is_complete: bool | None = everything or None
    try:
        # For administrators only; gives statuses without a workflow too.
        for payload in client.listed(f"{API}/statuses/search", page=200) if everything else ():
            payloads.setdefault(str(payload["id"]), payload)
    except (BadRequest, Forbidden, NotFound):
        is_complete = False
    found = [rows.status(payload) for payload in payloads.values()]
    return Statuses(
        [row for row in found if _is_ours(row, project_ids)],
        {row["id"]: row for row in found if not _is_ours(row, project_ids)},
        is_complete,
    )


def read_issue_types(client: JiraClient, project_ids: Collection[str]) -> list[Row]:
    """The issue types of the site and of our team-managed projects; of two with one id the
    first, which is the one in the site's language. Raises ApiError."""
    found: dict[str, Row] = {}
    for payload in client.get(f"{API}/issuetype") or []:
        row = rows.issue_type(payload)
        if _is_ours(row, project_ids):
            found.setdefault(row["id"], row)
    return list(found.values())


def _is_ours(row: Row, project_ids: Collection[str]) -> bool:
    return row["project_id"] is None or row["project_id"] in project_ids


@dataclass
class Agile:
    """Boards and sprints of a site."""

    boards: list[Row] = field(default_factory=list)
    sprints: dict[int, Row] = field(default_factory=dict)
    board_sprints: list[Row] = field(default_factory=list)
    of_others: dict[int, Row] = field(default_factory=dict)
    """Sprints of other projects' boards, in lists of ours: wanted if our issues name them."""
    there: set[int] = field(default_factory=set)
    """Sprints that are known and were not asked for: nothing is concluded from their absence."""
    is_complete: bool = False
    """Whether the sprints of all boards could be read."""
    is_limited: bool = False
    """The settings name projects: sprints made on boards of others are not ours."""

    def listed(self, board: Row, found: Iterable[Row]) -> None:
        """Takes in sprints of the list of a board."""
        ours = {one["id"] for one in self.boards}
        for row in found:
            if self.is_limited and row["origin_board_id"] not in ours:
                self.of_others[row["id"]] = row
                continue
            self.sprints[row["id"]] = row
            self.board_sprints.append({"board_id": board["id"], "sprint_id": row["id"]})


def read_boards(client: JiraClient, keys: Collection[str] | None, ids: Collection[str]) -> Agile:
    """The boards; with `keys` only those located in these projects. Raises ApiError: NotFound or
    Forbidden for a site without the agile API."""
    found: dict[int, Row] = {}
    for payload in _boards(client, keys):
        row = rows.board(payload)
        # A board of another project may show issues of ours; it stays theirs.
        if keys is None or row["project_id"] in ids:
            found[row["id"]] = row
    return Agile(list(found.values()), is_limited=keys is not None)


def _boards(client: JiraClient, keys: Collection[str] | None) -> Iterator[dict[str, Any]]:
    """The boards of the site, or those that these projects are on, whichever is asked sooner."""
    if keys is None or len(keys) > _MOST_SINGLE_PROJECTS:
        yield from client.listed(f"{AGILE}/board")
        return
    if len(keys) > 1:
        first = client.get(f"{AGILE}/board", {"startAt": 0, "maxResults": _BOARD_PAGE})
        total = first.get("total") if isinstance(first, dict) else None
        if isinstance(total, int) and total <= _BOARD_PAGE * len(keys):
            yield from client.listed(f"{AGILE}/board", first=first)
            return
    for key in keys:
        try:
            yield from client.listed(f"{AGILE}/board", {"projectKeyOrId": key})
        except BadRequest:
            continue  # a project that has no software and so no boards


def read_sprints(
    client: JiraClient, board_id: int, states: Collection[str] | None
) -> list[dict[str, Any]] | None:
    """The sprints in the list of a board, of these states or of any; None if it has no sprints.

    Raises ApiError.
    """
    asked = {} if states is None else {"state": ",".join(states)}
    try:
        return list(client.listed(f"{AGILE}/board/{board_id}/sprint", asked))
    except BadRequest:
        return None  # "The board does not support sprints"


def read_sprint(client: JiraClient, sprint_id: int) -> Row | None:
    """One sprint; None if it is gone or hidden. Raises ApiError."""
    try:
        return rows.sprint(client.get(f"{AGILE}/sprint/{sprint_id}"))
    except (NotFound, Forbidden, BadRequest):
        return None


def read_board(client: JiraClient, board_id: int) -> Row | None:
    """One board; None if it is gone or hidden. Raises ApiError."""
    try:
        return rows.board(client.get(f"{AGILE}/board/{board_id}"))
    except (NotFound, Forbidden, BadRequest):
        return None


def read_users(client: JiraClient, ids: Collection[str]) -> list[Row]:
    """These accounts as they are now; forgotten ones are left out. Raises ApiError."""
    found: list[Row] = []
    wanted = sorted(ids)
    for begin in range(0, len(wanted), 100):
        some = wanted[begin : begin + 100]
        for payload in client.listed(f"{API}/user/bulk", {"accountId": some}, page=200):
            found += rows.users(payload)
    return found
