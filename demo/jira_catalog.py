"""What a Jira Cloud site can be asked for at one moment, in the API's own shapes, with indexes.

A company's story and a folder of recorded payloads both become a `JiraCatalog`; every endpoint is
answered from it alone. Keys that begin with `_` are ours: links for the endpoints, never sent.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

Node = dict[str, Any]
_KEPT = 32

CATEGORIES: dict[str, Node] = {
    key: {"id": number, "key": key, "colorName": color, "name": name}
    for number, key, color, name in (
        (1, "undefined", "medium-gray", "No Category"),
        (2, "new", "blue-gray", "To Do"),
        (3, "done", "green", "Done"),
        (4, "indeterminate", "yellow", "In Progress"),
    )
}


def milliseconds(moment: datetime) -> int:
    """Milliseconds since 1970 of an aware datetime."""
    return round(moment.timestamp() * 1000)


def platform_time(at: int, zone: ZoneInfo) -> str:
    """2021-01-25T11:09:27.985+0800: the platform API's times, in the account's zone."""
    moment = datetime.fromtimestamp(at // 1000, zone)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{at % 1000:03}{moment:%z}"


def agile_time(at: int) -> str:
    """2021-01-25T03:09:27.985Z: the agile API's times of sprints."""
    return f"{datetime.fromtimestamp(at // 1000, UTC):%Y-%m-%dT%H:%M:%S}.{at % 1000:03}Z"


def parsed(text: str) -> int:
    """Milliseconds since 1970 of any of the two."""
    return milliseconds(datetime.fromisoformat(text))


def shown(node: Node) -> Node:
    """The node as it is sent: without our own keys, which only the outermost object has."""
    return {key: value for key, value in node.items() if key[0] != "_"}


def text_document(text: str) -> Node | None:
    """Text as an Atlassian document: one paragraph a line; None for no text."""
    if not text:
        return None
    lines = text.split("\n")
    return {
        "type": "doc", "version": 1,
        "content": [
            {"type": "paragraph", "content": [{"type": "text", "text": line}] if line else []}
            for line in lines
        ],
    }  # fmt: skip


def document_text(document: Any) -> Any:
    """An Atlassian document as text, for the agile API, which has none; texts stay."""
    if not isinstance(document, dict):
        return document
    blocks = document.get("content") or []
    return "\n".join(
        "".join(str(part.get("text", "")) for part in block.get("content") or ())
        for block in blocks
    )


class JiraIssue:
    """An issue at one moment. What searches need is at hand; payloads are made when asked for."""

    __slots__ = ("created", "former_keys", "id", "key", "project_id", "sprint_ids", "updated")

    def __init__(
        self,
        identity: int,
        key: str,
        project_id: str,
        created: int,
        updated: int,
        sprint_ids: Sequence[int] = (),
        former_keys: Sequence[str] = (),
    ) -> None:
        self.id, self.key, self.project_id = identity, key, project_id
        self.created, self.updated = created, updated  # milliseconds since 1970
        self.sprint_ids, self.former_keys = tuple(sprint_ids), tuple(former_keys)

    @property
    def place(self) -> tuple[str, int]:
        """Project key and number: how Jira orders keys."""
        project, _, number = self.key.rpartition("-")
        return project, int(number)

    def fields(self) -> Node:
        """All fields with their values, without `comment` and `worklog`."""
        raise NotImplementedError

    def changelog(self) -> Sequence[Node]:
        """Its history, oldest first; each entry has its time as `_at` too."""
        raise NotImplementedError

    def comments(self) -> Sequence[Node]:
        """Its comments, oldest first."""
        return ()

    def worklogs(self) -> Sequence[Node]:
        """Its worklogs, oldest first; each has `_updated` and `_started`."""
        return ()

    def remote_links(self) -> Sequence[Node]:
        """Its links to things outside."""
        return ()


class PayloadIssue(JiraIssue):
    """An issue whose payloads are there already."""

    __slots__ = ("_changelog", "_comments", "_fields", "_links", "_worklogs")

    def __init__(
        self,
        identity: int,
        key: str,
        fields: Node,
        *,
        changelog: Iterable[Node] = (),
        comments: Iterable[Node] = (),
        worklogs: Iterable[Node] = (),
        links: Iterable[Node] = (),
        sprint_ids: Sequence[int] = (),
        former_keys: Sequence[str] = (),
    ) -> None:
        super().__init__(
            identity, key, str(fields["project"]["id"]), parsed(fields["created"]),
            parsed(fields["updated"]), sprint_ids, former_keys,
        )  # fmt: skip
        self._fields = fields
        entries = [{**one, "_at": parsed(one["created"])} for one in changelog]
        self._changelog = sorted(entries, key=lambda one: (one["_at"], int(one["id"])))
        self._comments, self._links = list(comments), list(links)
        self._worklogs = [
            {**one, "_updated": parsed(one["updated"]), "_started": parsed(one["started"])}
            for one in worklogs
        ]

    def fields(self) -> Node:
        """As given."""
        return self._fields

    def changelog(self) -> Sequence[Node]:
        """As given, in order."""
        return self._changelog

    def comments(self) -> Sequence[Node]:
        """As given."""
        return self._comments

    def worklogs(self) -> Sequence[Node]:
        """As given."""
        return self._worklogs

    def remote_links(self) -> Sequence[Node]:
        """As given."""
        return self._links


class JiraCatalog:
    """A site at one moment. Fill the lists, then call `index`.

    projects: as GET /project/{id} shows them; `_hidden`: not for the account that asks.
    statuses: as GET /status; `_deleted`: only in old changelogs.
    boards: `_project_ids`, `_issue_ids` (a set, None: all issues of its projects),
    `_estimation` (a field's id or None), `_columns` (name and status ids).
    users: `_unlisted`: found by id only, as accounts that are no more.
    sprints: as the agile API shows them; `_board_ids`: the boards that list them.
    """

    def __init__(self, now: datetime, zone: ZoneInfo) -> None:
        self.now, self.zone = now, zone
        self.viewer: Node = {}
        self.projects: list[Node] = []
        self.fields: list[Node] = []
        self.issue_types: list[Node] = []
        self.statuses: list[Node] = []
        self.priorities: list[Node] = []
        self.resolutions: list[Node] = []
        self.link_types: list[Node] = []
        self.users: list[Node] = []
        self.boards: list[Node] = []
        self.sprints: list[Node] = []
        self.issues: list[JiraIssue] = []
        self.deleted_worklogs: list[tuple[int, int]] = []  # (milliseconds, id)
        self._kept: OrderedDict[Any, Any] = OrderedDict()

    def index(self) -> JiraCatalog:
        """Make the indexes; gives the catalog back."""
        self.visible_projects = [one for one in self.projects if not one.get("_hidden")]
        self._projects: dict[str, Node] = {}
        for project in self.visible_projects:
            for name in (project["name"].lower(), project["key"].lower(), str(project["id"])):
                self._projects[name] = project
        visible = {str(one["id"]) for one in self.visible_projects}
        self.issues = sorted(
            (one for one in self.issues if one.project_id in visible), key=lambda one: one.id
        )
        self.by_id = {one.id: one for one in self.issues}
        self._by_key: dict[str, JiraIssue] = {}
        for issue in self.issues:
            for key in issue.former_keys:
                self._by_key[key.upper()] = issue
        for issue in self.issues:
            self._by_key[issue.key.upper()] = issue
        self.users_by_id = {one["accountId"]: one for one in self.users}
        self.boards_by_id = {one["id"]: one for one in self.boards}
        self.sprints_by_id = {one["id"]: one for one in self.sprints}
        self._in_sprint: dict[int, list[JiraIssue]] = {}
        for issue in self.issues:
            for sprint in issue.sprint_ids:
                self._in_sprint.setdefault(sprint, []).append(issue)
        self._worklogs: list[tuple[int, int, Node]] | None = None
        return self

    def kept(self, question: Any, answer: Callable[[], Any]) -> Any:
        """The answer to a question; the latest ones are kept, since pages are cut from them."""
        found = self._kept.get(question)
        if found is None:
            found = self._kept[question] = answer()
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return found

    def project(self, text: str) -> Node | None:
        """A project that may be seen, by id, key or name."""
        return self._projects.get(text.lower())

    def issue(self, text: str) -> JiraIssue | None:
        """An issue by id or by any key it ever had."""
        if text.isdecimal():
            return self.by_id.get(int(text))
        return self._by_key.get(text.upper())

    def in_sprint(self, sprint_id: int) -> list[JiraIssue]:
        """Issues that are in a sprint or were when it closed, by id."""
        return self._in_sprint.get(sprint_id, [])

    def on_board(self, board: Node) -> list[JiraIssue]:
        """Issues of the board's filter, by id."""
        chosen = board.get("_issue_ids")
        if chosen is not None:
            return [one for one in self.issues if one.id in chosen]
        projects = set(board["_project_ids"])
        return [one for one in self.issues if one.project_id in projects]

    def worklogs(self) -> list[tuple[int, int, Node]]:
        """All worklogs as (milliseconds of the last edit, id, worklog), in that order."""
        if self._worklogs is None:
            self._worklogs = sorted(
                ((one["_updated"], int(one["id"]), one) for issue in self.issues
                 for one in issue.worklogs()),
                key=lambda row: row[:2],
            )  # fmt: skip
        return self._worklogs


def since(rows: Sequence[tuple[Any, ...]], at: int) -> int:
    """Index of the first row whose time is after `at`; rows begin with their time."""
    return bisect_right(rows, at, key=lambda row: row[0])
