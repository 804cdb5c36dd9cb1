"""A folder of recorded payloads of a board, served like a living site.

Files, all but issues.json optional: issues (agile-style, with inline changelogs and worklogs),
issue_changelogs and worklogs (lists by issue id), projects, sprints, status, issue_types, users.
What they do not tell is left out, not invented: there are no priorities but those of issues, and
the fields are those that issues and changelogs name. Repeated records are served once, the first
of them. Payloads stay as recorded, odd ones too.

Histories and worklogs of issues that were not recorded themselves are reached by issue id only
if `with_stubs`: then such an issue is served with what its changes tell, in the board's project.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from demo.jira_catalog import JiraCatalog, Node, PayloadIssue
from demo.jira_recorded_fields import fields_of
from demo.recorded import RecordedError

__all__ = ["RecordedError", "recorded_source"]

AGILE_ONLY = ("epic", "sprint", "closedSprints", "flagged")  # not in the platform API
SPRINT = "customfield_10020"


def recorded_source(
    folder: Path, *, board: int | None = None, with_stubs: bool = False
) -> Callable[[datetime], JiraCatalog]:
    """Gives the same catalog for every moment; RecordedError if the folder is unfit.

    `board`: id of the board (default: the number in the folder's name).
    """
    if not (folder / "issues.json").is_file():
        raise RecordedError(f"{folder}: no issues.json there; name a folder of recorded payloads")
    if board is None:
        digits = re.search(r"\d+$", folder.name)
        board = int(digits[0]) if digits else 1
    catalog = _catalog(_Recording(folder), board, with_stubs)

    def at(moment: datetime) -> JiraCatalog:
        catalog.now = moment
        return catalog

    return at


class _Recording:
    """The files, each record once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.issues = self.rows("issues")
        self.histories: dict[str, list[Node]] = self.read("issue_changelogs", {})
        self.worklogs: dict[str, list[Node]] = self.read("worklogs", {})

    def read(self, name: str, default: Any) -> Any:
        """The content of a file; the default if there is none."""
        path = self.folder / f"{name}.json"
        if not path.is_file():
            return default
        try:
            return json.loads(path.read_text())
        except ValueError as error:
            raise RecordedError(f"{path}: {error}") from None

    def rows(self, name: str, key: str = "id") -> list[Node]:
        """The records of a list, each once."""
        rows: dict[str, Node] = {}
        for one in self.read(name, []):
            rows.setdefault(str(one[key]), one)
        return list(rows.values())


def _catalog(recording: _Recording, board: int, with_stubs: bool) -> JiraCatalog:
    users = {one["accountId"]: one for one in recording.rows("users", "accountId")}
    listed = set(users)
    for account in _accounts([recording.issues, recording.histories, recording.worklogs]):
        users.setdefault(account["accountId"], account)
    zones = [str(one["timeZone"]) for one in users.values() if one.get("timeZone")]
    zone = ZoneInfo(max(set(zones), key=zones.count)) if zones else ZoneInfo("UTC")
    catalog = JiraCatalog(datetime.now(UTC), zone)
    catalog.users = [
        {**one, "_unlisted": bool(listed) and one["accountId"] not in listed}
        for one in users.values()
    ]
    catalog.viewer = next(
        (one for one in catalog.users if one["active"] and one["accountType"] == "atlassian"),
        catalog.users[0],
    )
    catalog.projects = recording.rows("projects")
    catalog.issue_types = _issue_types(recording)
    catalog.statuses = recording.rows("status")
    priorities = [one["fields"].get("priority") for one in recording.issues]
    resolutions = [one["fields"].get("resolution") for one in recording.issues]
    catalog.resolutions = list({one["id"]: one for one in resolutions if one}.values())
    catalog.priorities = list({one["id"]: one for one in priorities if one}.values())
    catalog.issues = [_issue(one, recording) for one in recording.issues]
    if with_stubs:
        catalog.issues += _stubs(recording)
    catalog.fields = fields_of(recording.issues, list(recording.histories.values()))
    catalog.sprints = [{**one, "_board_ids": [board]} for one in recording.rows("sprints")]
    catalog.boards = [_board(board, recording)]
    return catalog.index()


def _issue_types(recording: _Recording) -> list[Node]:
    rows = recording.rows("issue_types")
    known = {one["id"] for one in rows}
    used = [one["fields"]["issuetype"] for one in recording.issues]
    return rows + list({one["id"]: one for one in used if one["id"] not in known}.values())


def _board(board: int, recording: _Recording) -> Node:
    """The board: its name is not recorded, its project is that of its issues."""
    found: Node = {
        "id": board, "name": f"Board {board}", "type": "scrum",
        "_project_ids": sorted({one["fields"]["project"]["id"] for one in recording.issues}),
        "_issue_ids": {int(one["id"]) for one in recording.issues}, "_estimation": None,
    }  # fmt: skip
    if recording.issues:
        project = recording.issues[0]["fields"]["project"]
        found["location"] = {
            "projectId": int(project["id"]), "displayName": f"{project['name']} ({project['key']})",
            "projectName": project["name"], "projectKey": project["key"],
            "projectTypeKey": project["projectTypeKey"],
            "name": f"{project['name']} ({project['key']})",
        }  # fmt: skip
    return found


def _issue(payload: Node, recording: _Recording) -> PayloadIssue:
    fields = {
        key: value
        for key, value in payload["fields"].items()
        if key not in (*AGILE_ONLY, "comment", "worklog")
    }
    fields = {key: value for key, value in fields.items() if key != "parent" or value}
    identity = str(payload["id"])
    histories = [
        *payload.get("changelog", {}).get("histories", ()),
        *recording.histories.get(identity, ()),
    ]
    worklogs = [
        *(payload["fields"].get("worklog") or {}).get("worklogs", ()),
        *recording.worklogs.get(identity, ()),
    ]
    comments = (payload["fields"].get("comment") or {}).get("comments", [])
    former = [
        item["fromString"] for entry in histories for item in entry["items"]
        if item["field"] == "Key" and item.get("fromString")
    ]  # fmt: skip
    return PayloadIssue(
        int(identity), payload["key"], fields, changelog=_once(histories), comments=comments,
        worklogs=_once(worklogs), former_keys=former,
        sprint_ids=[int(one["id"]) for one in fields.get(SPRINT) or ()],
    )  # fmt: skip


def _once(rows: Iterable[Node]) -> list[Node]:
    return list({str(one["id"]): one for one in rows}.values())


def _stubs(recording: _Recording) -> list[PayloadIssue]:
    """Issues of which only histories or worklogs were recorded, with no more than these tell."""
    known = {str(one["id"]) for one in recording.issues}
    project = recording.issues[0]["fields"]["project"]
    found = []
    for identity in sorted({*recording.histories, *recording.worklogs} - known, key=int):
        histories = sorted(recording.histories.get(identity, ()), key=lambda one: one["created"])
        worklogs = recording.worklogs.get(identity, [])
        times = sorted(one["created"] for one in [*histories, *worklogs])
        status = next(
            (item for entry in reversed(histories) for item in entry["items"]
             if item["field"] == "status"),
            None,
        )  # fmt: skip
        fields: Node = {
            "project": project, "summary": "", "created": times[0], "updated": times[-1],
            "status": {"id": status["to"], "name": status["toString"]} if status else None,
        }  # fmt: skip
        found.append(
            PayloadIssue(
                int(identity), f"{project['key']}-{identity}", fields, changelog=histories,
                worklogs=worklogs,
            )
        )  # fmt: skip
    return found


def _accounts(value: Any) -> Iterable[Node]:
    """Every account in the payloads."""
    if isinstance(value, dict):
        if value.get("accountId") and "displayName" in value:
            yield value
        for one in value.values():
            yield from _accounts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _accounts(one)
