"""Groups with their subgroups and members, and the projects in them; what is gone is marked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, MutableMapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ingestion.gitlab import rows
from ingestion.gitlab.client import part
from ingestion.gitlab.paging import Item
from ingestion.gitlab.project import Project
from ingestion.gitlab.reading import Reading
from ingestion.http import Forbidden, NotFound
from ingestion.loading import timestamp
from ingestion.loading.batches import Row
from ingestion.settings import SettingsError

_IN_ORDER = {"order_by": "id", "sort": "asc"}


class UnknownGroup(NotFound, SettingsError):
    """The settings name a group that does not exist, or is hidden."""


@dataclass
class Root:
    """A group of the settings that is below no other one of them, with all that is in it."""

    number: int
    full_name: str
    projects: list[Project] = field(default_factory=list)
    rows: dict[str, Row] = field(default_factory=dict)
    """Rows of projects, by their key in the state."""
    groups: list[int] = field(default_factory=list)
    all_ids: set[int] = field(default_factory=set)
    """Of all projects listed, wanted or not."""

    @property
    def id(self) -> str:
        """Its key in the state."""
        return f"group:{self.number}"


def roots(full_paths: Iterable[str]) -> list[str]:
    """The groups that have to be listed: not those below another one."""
    paths = list(dict.fromkeys(path.strip("/") for path in full_paths))
    return [
        path
        for path in paths
        if not any(path.lower().startswith(other.lower() + "/") for other in paths if other != path)
    ]


def read_root(
    reading: Reading, full_path: str, wants: Callable[[str], bool], named: Iterable[str]
) -> tuple[Root, list[Item]]:
    """The group with its projects, and all groups from it down; `named`: those of the settings.

    Raises ApiError: UnknownGroup when there is none.
    """
    try:
        node = reading.get(f"/groups/{part(full_path)}", {"with_projects": "false"}).data
    except NotFound:
        raise UnknownGroup(
            f'[[gitlab]] "{reading.sync.connection}", groups: there is no group "{full_path}", '
            "or the token may not see it"
        ) from None
    found = {node["id"]: node}
    found.update((group["id"], group) for group in _below(reading, node["id"]))
    root = Root(node["id"], node["full_path"], groups=list(found))
    params = {**_IN_ORDER, "include_subgroups": "true", "with_shared": "false"}
    for item in reading.items(f"/groups/{node['id']}/projects", params):
        _take(root, item, wants)
    return root, list(found.values())


def _below(reading: Reading, group_id: int) -> list[Item]:
    """All groups below one."""
    try:
        return list(reading.items(f"/groups/{group_id}/descendant_groups", _IN_ORDER))
    except NotFound:
        # GitLab before 13.5 lists only one level.
        found = list(reading.items(f"/groups/{group_id}/subgroups", _IN_ORDER))
        return [one for group in found for one in [group, *_below(reading, group["id"])]]


def _take(root: Root, item: Item, wants: Callable[[str], bool]) -> None:
    if item["id"] in root.all_ids:
        return
    root.all_ids.add(item["id"])
    if wants(item["path_with_namespace"]):
        project = Project.from_node(item)
        root.projects.append(project)
        root.rows[project.id] = rows.project(item, root.number)


def read_members(reading: Reading, group_id: int) -> None:
    """Hands over the immediate members of a group, or none of them. Raises ApiError."""
    found = {item["id"]: item for item in reading.items(f"/groups/{group_id}/members")}
    reading.put("group_members", [rows.group_member(item, group_id) for item in found.values()])


def add_skipped(
    reading: Reading, root: Root, known: Mapping[str, Mapping[str, Any]], wants: Callable[..., bool]
) -> list[str]:
    """The projects that the root had in the last sync and has no longer.

    The list is by number: when a project is deleted while it is read, the rest moves up and one
    is skipped. So each missing one is asked for; one that is still there is taken in after all.
    Raises ApiError.
    """
    gone = []
    for key, state in known.items():
        if state.get("root") != root.number or int(key) in root.all_ids or state.get("gone_at"):
            continue
        try:
            node = reading.get(f"/projects/{key}").data
        except (NotFound, Forbidden):
            gone.append(key)
            continue
        if str(node.get("path_with_namespace")).lower().startswith(root.full_name.lower() + "/"):
            _take(root, node, wants)
        else:
            gone.append(key)
    return gone


def group_rows(
    nodes: Iterable[Item],
    state: MutableMapping[str, Any],
    root: Root,
    named: Iterable[str],
    synced_at: datetime,
) -> list[Row]:
    """Rows of groups, those included that are gone since the last sync; brings `state` up to date.

    `state` by id: {"row", "root", "members_synced_at", "gone_at"}.
    """
    names = {path.strip("/").lower() for path in named}
    found = []
    seen = set()
    for node in nodes:
        key = str(node["id"])
        seen.add(key)
        kept = state.setdefault(key, {})
        kept.pop("gone_at", None)
        synced = timestamp(kept.get("members_synced_at"))
        row = rows.group(node, node["full_path"].lower() in names, synced)
        kept.update(row=as_json(row), root=root.number)
        found.append(row)
    for key, kept in state.items():
        if kept.get("root") == root.number and key not in seen and not kept.get("gone_at"):
            kept["gone_at"] = synced_at.isoformat()
            found.append({**from_json(kept["row"]), "deleted_at": synced_at})
    return found


def as_json(row: Row) -> Row:
    """A row as the state can keep it."""
    return {k: v.isoformat() if isinstance(v, datetime) else v for k, v in row.items()}


def from_json(row: Mapping[str, Any]) -> Row:
    """A row of the state."""
    return {k: timestamp(v) if k.endswith("_at") else v for k, v in row.items()}
