"""Folders of recorded GitLab payloads, served like a living instance.

Files, all optional but at least one: merge_requests, merge_request_commits and merge_request_notes
(objects of lists by iid), issues, deployments, pipeline, pipeline_details, job (.json).

Which project a record belongs to is told by its web address: the recorded project ids were all
made 12345678. The first project keeps that number, each other gets the next one, in the payloads
too. Commits, pipelines and jobs inside other payloads are records as well. Notes and commits of
merge requests that were not recorded (of other projects) are not served. What was not recorded is
empty; the default branch has the commits of merged merge requests and of its own jobs. The moment
asked for does not matter.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from demo.gitlab_catalog import Catalog, Node, ProjectView, stamp
from demo.recorded import RecordedError

FIRST_PROJECT = 12345678
_FIRST_GROUP = 9_000_001
_FILES = ("merge_requests", "issues", "deployments", "pipeline_details", "pipeline", "job")
_KINDS = {"pipeline_details": "pipelines", "pipeline": "pipelines", "job": "jobs"}
_EPOCH = "1970-01-01T00:00:00.000Z"
_ADDRESS = re.compile(r"^https?://[^/]+/(.+?)/-/")


def recorded_source(*folders: Path) -> Callable[[datetime], Catalog]:
    """Gives the same catalog for every moment; RecordedError if there is nothing to serve.

    A folder without payloads stands for the folders in it.
    """
    found: list[Path] = []
    for folder in folders:
        has_files = any((folder / f"{name}.json").is_file() for name in _FILES)
        found += [folder] if has_files else sorted(one for one in folder.glob("*") if one.is_dir())
    catalog = RecordedCatalog(found)
    if not catalog.views_by_path:
        names = ", ".join(map(str, folders))
        raise RecordedError(f"{names}: no GitLab payloads there; name a folder of recorded ones")

    def at(moment: datetime) -> Catalog:
        catalog.now = moment
        return catalog

    return at


def _read(path: Path) -> Any:
    if not path.is_file():
        return None
    try:
        return json.loads(path.read_text())
    except ValueError as error:
        raise RecordedError(f"{path}: {error}") from None


def _walk(value: Any) -> Iterator[Node]:
    """All objects inside a payload, itself included."""
    if isinstance(value, dict):
        yield value
        for one in value.values():
            yield from _walk(one)
    elif isinstance(value, list):
        for one in value:
            yield from _walk(one)


class RecordedCatalog(Catalog):
    """All recorded projects with the groups that their paths name."""

    def __init__(self, folders: list[Path]) -> None:
        super().__init__()
        self.now = datetime.now(UTC)
        self.views_by_path: dict[str, RecordedView] = {}
        users: dict[int, Node] = {}
        group_ids: dict[str, int] = {}
        for name in _FILES:
            for folder in folders:
                for record in _read(folder / f"{name}.json") or ():
                    path = _path_of(record)
                    view = self.views_by_path.get(path)
                    if view is None:
                        number = FIRST_PROJECT + len(self.views_by_path)
                        view = self.views_by_path[path] = RecordedView(self, number, path)
                    view.add(_KINDS.get(name, name), record)
                    for one in _walk(record):
                        if "username" in one and "id" in one:
                            users[one["id"]] = {**users.get(one["id"], {}), **one}
                        group, address = one.get("group_id"), str(one.get("web_url"))
                        if group and "/groups/" in address:
                            group_ids[address.split("/groups/")[1].split("/-/")[0]] = group
        for folder in folders:
            for part in ("commits", "notes"):
                for iid, rows in (_read(folder / f"merge_request_{part}.json") or {}).items():
                    for view in self.views_by_path.values():
                        view.add_part(part, int(iid), rows)
        self.users = {key: _full(users[key]) for key in sorted(users)}
        self.viewer = next(iter(self.users.values()), _full({"id": 1, "username": "root"}))
        self._make_groups(group_ids)
        self._ids = {view.number: view for view in self.views_by_path.values()}
        for view in self.views_by_path.values():
            view.finish()

    def _make_groups(self, known: dict[str, int]) -> None:
        groups: dict[int, Node] = {}
        ids: dict[str, int] = {}
        for path in sorted(self.views_by_path):
            parts = path.split("/")[:-1]
            for depth in range(1, len(parts) + 1):
                full = "/".join(parts[:depth])
                if full in ids:
                    continue
                ids[full] = known.get(full, _FIRST_GROUP + len(ids))
                above = "/".join(parts[: depth - 1])
                groups[ids[full]] = {
                    "id": ids[full], "web_url": f"https://gitlab.com/groups/{full}",
                    "name": parts[depth - 1], "path": parts[depth - 1], "description": "",
                    "visibility": "private", "archived": False, "avatar_url": None,
                    "full_name": " / ".join(parts[:depth]), "full_path": full,
                    "created_at": None, "parent_id": ids.get(above),
                }  # fmt: skip
        self.groups = groups
        self._group_ids = ids

    def group_of(self, path: str) -> Node:
        """The group that a project is in."""
        return self.groups[self._group_ids[path.rpartition("/")[0]]]

    def project_ids(self, group: int) -> list[int]:
        """Ids of the projects directly in a group."""
        return [
            view.number for path, view in self.views_by_path.items()
            if self.group_of(path)["id"] == group
        ]  # fmt: skip

    def project(self, identity: int) -> ProjectView | None:
        """A project by its id."""
        return self._ids.get(identity)

    def project_of_path(self, path: str) -> ProjectView | None:
        """A project by its full path, in any case."""
        wanted = path.lower()
        return next((v for p, v in self.views_by_path.items() if p.lower() == wanted), None)

    def members(self, group: int) -> list[Node]:
        """None: members were not recorded."""
        return []


def _path_of(record: Node) -> str:
    """The full path of the record's project, from an address in it."""
    inner = record.get("deployable") or {}
    for address in (record.get("web_url"), inner.get("web_url"),
                    (inner.get("pipeline") or {}).get("web_url")):  # fmt: skip
        match = _ADDRESS.match(address or "")
        if match:
            return match[1]
    raise RecordedError(f"record {record.get('id')}: no address tells its project")


def _full(user: Node) -> Node:
    kept = {key: value for key, value in user.items() if value is not None}
    return {"name": user["username"], "state": "active", "locked": False, "avatar_url": None,
            "public_email": "", "bot": False, "created_at": None, **kept}  # fmt: skip


class RecordedView(ProjectView):
    """A recorded project."""

    def __init__(self, catalog: RecordedCatalog, number: int, path: str) -> None:
        super().__init__()
        self.catalog, self.number, self.path = catalog, number, path
        self._recorded: dict[str, dict[Any, Node]] = {}
        self._of_requests: dict[tuple[str, int], list[Node]] = {}
        self._commits: dict[str, Node] = {}
        self._main: list[str] = []

    def add(self, kind: str, record: Node) -> None:
        """A record of this project; of one that occurs twice the fuller one stays."""
        for one in _walk(record):
            for name in ("project_id", "source_project_id", "target_project_id"):
                if one.get(name) == FIRST_PROJECT:
                    one[name] = self.number
        known = self._recorded.setdefault(kind, {})
        if record["id"] not in known or len(record) >= len(known[record["id"]]):
            known[record["id"]] = record
        if kind == "deployments" and record.get("deployable"):
            self.add("jobs", record["deployable"])
        if kind == "jobs":
            self.add("pipelines", {"project_id": self.number, **record["pipeline"]})
            self._add_commit(record.get("commit"))

    def add_part(self, part: str, iid: int, rows: list[Node]) -> None:
        """Commits or notes of a merge request, if it is one of this project's."""
        request = next((r for r in self._all("merge_requests") if r["iid"] == iid), None)
        if request is None:
            return
        if part == "notes":
            rows = [one for one in rows if one["noteable_id"] == request["id"]]
        elif rows and request["sha"] not in {one["id"] for one in rows}:
            return  # of another project's merge request with the same number
        self._of_requests[part, iid] = rows
        if part == "commits":
            for one in rows:
                self._add_commit(one)

    def _all(self, kind: str) -> list[Node]:
        return list(self._recorded.get(kind, {}).values())

    def _add_commit(self, commit: Node | None) -> None:
        if commit is not None:
            at = datetime.fromisoformat(commit["committed_date"]).timestamp()
            self._commits.setdefault(commit["id"], {**commit, "_at": at})

    def finish(self) -> None:
        """The project's own payload, from what is known now."""
        targets = Counter(row["target_branch"] for row in self._all("merge_requests"))
        kinds = ("jobs", "pipelines", "deployments")
        refs = {row["ref"] for kind in kinds for row in self._all(kind)}
        usual = [name for name in ("main", "master") if name in refs]
        branch = targets.most_common(1)[0][0] if targets else usual[0] if usual else None
        on_main = {
            commit["id"]
            for row in self._all("merge_requests")
            if row["state"] == "merged" and row["target_branch"] == branch
            for commit in self._of_requests.get(("commits", row["iid"]), ())
        }
        on_main |= {row["commit"]["id"] for row in self._all("jobs") if row["ref"] == branch}
        on_main &= set(self._commits)
        self._main = sorted(on_main, key=lambda sha: -self._commits[sha]["_at"])
        times = sorted(
            one[name] for kind in self._recorded for one in self._all(kind)
            for name in ("created_at", "updated_at") if one.get(name)
        )  # fmt: skip
        name = self.path.rpartition("/")[2]
        group = self.catalog.group_of(self.path)
        web = f"https://gitlab.com/{self.path}"
        self.node = {
            "id": self.number, "description": None, "name": name,
            "name_with_namespace": self.path.replace("/", " / "), "path": name,
            "path_with_namespace": self.path, "created_at": times[0] if times else _EPOCH,
            "default_branch": branch, "tag_list": [], "topics": [], "web_url": web,
            "ssh_url_to_repo": f"git@gitlab.com:{self.path}.git",
            "http_url_to_repo": f"{web}.git", "readme_url": None, "forks_count": 0,
            "avatar_url": None, "star_count": 0,
            "last_activity_at": times[-1] if times else _EPOCH,
            "updated_at": times[-1] if times else _EPOCH, "visibility": "private",
            "namespace": {
                "id": group["id"], "name": group["name"], "path": group["path"], "kind": "group",
                "full_path": group["full_path"], "parent_id": group["parent_id"],
                "avatar_url": None, "web_url": group["web_url"],
            },
            "empty_repo": not self._commits, "archived": False, "merge_requests_enabled": True,
            "issues_enabled": True, "jobs_enabled": True, "creator_id": None,
        }  # fmt: skip

    def make(self, kind: str) -> list[Node]:
        """The recorded rows; branches and environments are told by other records."""
        if kind == "environments":
            every = (row["environment"] for row in self._all("deployments"))
            found = {one["id"]: one for one in every}
            return [{"state": "available", "tier": tier_of(e["name"]), **e} for e in found.values()]
        if kind == "branches":
            return self._branches()
        if kind == "deployments":
            return [{**row, "_finished_at": _done(row)} for row in self._all("deployments")]
        return self._all(kind)

    def _branches(self) -> list[Node]:
        default = self.node["default_branch"]
        heads = {default: self._main[0]} if self._main else {}
        for row in self._all("merge_requests"):
            if row["state"] == "opened" and row["sha"] in self._commits:
                heads.setdefault(row["source_branch"], row["sha"])
        return [
            {
                "name": name, "commit": _told(self._commits[sha]), "merged": False,
                "protected": name == default, "default": name == default, "can_push": False,
                "web_url": f"{self.node['web_url']}/-/tree/{name}",
            }
            for name, sha in heads.items()
        ]  # fmt: skip

    def make_part(self, kind: str, part: str, row: Node) -> list[Node]:
        """The recorded commits and notes; nothing of what was not recorded."""
        if kind == "merge_requests" and part == "commits":
            return self._of_requests.get(("commits", row["iid"]), [])
        if kind == "merge_requests" and part == "notes":
            return self._of_requests.get(("notes", row["iid"]), [])
        return []

    def commit(self, sha: str) -> Node | None:
        """A recorded commit; none has stats."""
        return self._commits.get(sha)

    def find_sha(self, text: str) -> str | None:
        """A branch's newest commit, or a recorded commit by its (short) hash."""
        branch = self.find("branches", text, "name")
        if branch is not None:
            return str(branch["commit"]["id"])
        if text in self._commits:
            return text
        found = [sha for sha in self._commits if len(text) >= 7 and sha.startswith(text)]
        return found[0] if len(found) == 1 else None

    def heads(self) -> list[str]:
        """All recorded commits."""
        return list(self._commits)

    def history(self, *shas: str) -> list[str]:
        """Of the default branch all its recorded commits, although their parents are unknown."""
        if len(shas) == 1 and self._main and shas[0] == self._main[0]:
            return self._main
        return super().history(*shas)

    def changes(self, sha: str) -> list[Node]:
        """None was recorded."""
        return []

    def merge_requests_of(self, sha: str) -> list[Node]:
        """The merge requests with the commit in them."""
        return [
            row for row in self.rows("merge_requests")
            if sha in (row["merge_commit_sha"], row["squash_commit_sha"])
            or any(one["id"] == sha for one in self.part("merge_requests", "commits", row))
        ]  # fmt: skip


def _told(commit: Node) -> Node:
    return {key: value for key, value in commit.items() if key[0] != "_"}


def _done(row: Node) -> str | None:
    """When the job of a deployment was done, as the deployments' finished_at filters want it."""
    finished = (row.get("deployable") or {}).get("finished_at")
    return stamp(datetime.fromisoformat(finished)) if finished else None


def tier_of(name: str) -> str:
    """The tier that GitLab guesses from an environment's name."""
    for pattern, tier in (
        (r"(?i)(dev|review|trunk)", "development"),
        (r"(?i)(test|tst|int|ac(ce|)pt|qa|qc|control|quality)", "testing"),
        (r"(?i)(st(a|)g|mod(e|)l|pre|demo|non)", "staging"),
        (r"(?i)(pr(o|)d|live)", "production"),
    ):
        if re.search(pattern, name):
            return tier
    return "other"
