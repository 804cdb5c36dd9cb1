"""Merge requests and issues of a whole group: one list each, whatever the number of projects.

Only a project that is new here, or whose merge requests could not be read last time, is read by
itself until it has caught up.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from ingestion.gitlab import incidents, merge_requests, rows
from ingestion.gitlab.groups import Root
from ingestion.gitlab.paging import Item
from ingestion.gitlab.project import Project
from ingestion.gitlab.reading import Reading
from ingestion.gitlab.windows import OVERLAP, Window
from ingestion.http import ApiError, BadReply, Overloaded, Stopped, Unauthorized
from ingestion.http.errors import one_line
from ingestion.loading import Failure, timestamp, unexpected_shape

logger = logging.getLogger(__name__)

State = dict[str, Any]
LISTS = ("merge_requests", "issues")
# A project in which that many merge requests can't be read is left for the next sync.
_MOST_FAILURES = 3
# A merge request that can't be read is tried in that many syncs.
_MOST_TRIES = 5
_MOST_REMEMBERED = 500
_PARAMS = {"scope": "all", "state": "all"}


class Work:
    """Reads the lists of one group. `is_unfinished`: the round's time was over before their end."""

    def __init__(self, reading: Reading, root: Root, state: State) -> None:
        self.reading = reading
        self.root = root
        self.projects = {project.number: project for project in root.projects}
        self.old = state
        self.is_unfinished = False
        covered = {int(id_) for id_ in state.get("projects") or []}
        behind: dict[str, State] = dict(state.get("behind") or {})
        if state:
            behind.update((str(n), {}) for n in self.projects if n not in covered)
        self.behind = {id_: kept for id_, kept in behind.items() if int(id_) in self.projects}
        # By id: project, number, tries, and how it looked.
        self.again: dict[str, list[Any]] = dict(state.get("again") or {})
        self.is_one_by_one = bool(state.get("is_one_by_one"))
        self.windows: dict[str, State] = {name: dict(state.get(name) or {}) for name in LISTS}
        # How far older history was read in a round before this one.
        self.older: dict[str, State] = dict(state.get("older") or {})
        self._since = state.get("since")
        self._failed: dict[int, int] = {}
        self._tried: set[str] = set()
        self._caught_up: dict[str, str | None] = {}

    def state(self) -> State:
        """What is kept for the next sync."""
        return {
            **self.windows,
            "since": self._since,
            "older": self.older,
            "projects": sorted(self.projects),
            "behind": self.behind,
            "again": dict(list(self.again.items())[-_MOST_REMEMBERED:]),
            "is_one_by_one": self.is_one_by_one,
        }

    def read(self) -> None:
        """Hands over what changed. Raises ApiError for what concerns the whole group."""
        since = self.reading.sync.since.isoformat()
        if self.reading.sync.until is not None:
            if self._read_older():
                self._since, self.older = since, {}
            return
        self._since = since
        if not self.projects:
            return
        self._read_again()
        for name in LISTS:
            if not self.is_one_by_one:
                self._read_group(name)
            if self.is_unfinished:
                return
        for id_ in list(self.behind):
            self._read_behind(self.projects[int(id_)])
            if self.is_unfinished:
                return

    def _read_group(self, name: str) -> None:
        before = dict(self.windows[name])
        window = self._window(name, before)
        path = f"/groups/{self.root.number}/{name}"
        # Without it merge requests and issues of archived projects are left out.
        params = {**_PARAMS, "non_archived": "false"}
        try:
            for items in self.reading.by_change(path, params, window.start):
                is_new = self._take(name, items, window, is_group=True)
                self.windows[name] = dict(window.state())
                if is_new and self.reading.sync.is_late():
                    self.is_unfinished = True
                    return
        except Overloaded as error:
            # A group too large for its server: from now on each project by itself, from where the
            # list of the group broke off.
            logger.warning("%s: %s; read project by project", self.root.full_name, one_line(error))
            self.is_one_by_one = True
            for project in self.projects.values():
                windows = {name: dict(self.windows[name]) for name in LISTS}
                self.behind.setdefault(project.id, windows)
            return
        self.windows[name] = dict(window.state()) or before

    def _read_older(self) -> bool:
        """Reads the lists' older history; whether that came to its end."""
        group = f"/groups/{self.root.number}"
        # A project that is behind is taken too: what it lacks may be older than it knows.
        for name in LISTS if self.projects else ():
            params = {**_PARAMS, "non_archived": "false"}
            if not self.is_one_by_one:
                try:
                    if not self._read_older_list(f"{group}/{name}", name, name, params):
                        return False
                    continue
                except Overloaded as error:
                    logger.warning("%s: %s; project by project", self.root.full_name, error)
            for project in self.projects.values():
                if not project.may_have(name):
                    continue
                path, key = f"{project.path}/{name}", f"{name} of {project.id}"
                try:
                    if not self._read_older_list(path, name, key, _PARAMS):
                        return False
                except ApiError as error:
                    if not merge_requests.is_nothing_there(error, project, name):
                        raise
        return not self._broken()

    def _read_older_list(self, path: str, name: str, key: str, params: dict[str, str]) -> bool:
        window = self._window(name, self.older.get(key) or {})
        for items in self.reading.by_change(path, params, window.start):
            is_new = self._take(name, items, window, is_group=False)
            self.older[key] = dict(window.state())
            if is_new and self.reading.sync.is_late():
                self.is_unfinished = True
                return False
        return True

    def _read_behind(self, project: Project) -> None:
        kept = self.behind[project.id]
        is_complete = True
        for name in LISTS:
            if not project.may_have(name):
                continue
            if name == "merge_requests" and project.number in self._broken():
                is_complete = False
                continue
            is_complete = self._read_list(project, name, kept) and is_complete
            if self.is_unfinished:
                return
        if is_complete and not self.is_one_by_one:
            del self.behind[project.id]

    def _read_list(self, project: Project, name: str, kept: State) -> bool:
        """Whether a list of one project could be read to its end."""
        window = self._window(name, kept.get(name) or {})
        try:
            for items in self.reading.by_change(f"{project.path}/{name}", _PARAMS, window.start):
                is_new = self._take(name, items, window, is_group=False)
                if project.number in self._broken():
                    return False
                kept[name] = dict(window.state())
                if is_new and self.reading.sync.is_late():
                    self.is_unfinished = True
                    return False
        except (Unauthorized, Stopped):
            raise
        except ApiError as error:
            if not merge_requests.is_nothing_there(error, project, name):
                self._fail(project, name, error)
                return False
        return True

    def _window(self, name: str, state: State) -> Window:
        # Approvals and notes within a minute of another change do not move updated_at.
        settles = timedelta(minutes=2) if name == "merge_requests" else timedelta(0)
        return Window(state, self.reading.sync.since, settles_after=settles)  # type: ignore[arg-type]

    def _take(self, name: str, items: list[Item], window: Window, *, is_group: bool) -> bool:
        """Hands over the items that are not known; returns whether there was any."""
        fresh = []
        for item in items:
            number = item.get("project_id")
            is_elsewhere = is_group and str(number) in self.behind
            is_left = name == "merge_requests" and self._is_left(item)
            if number not in self.projects or is_elsewhere or is_left or window.is_known(item):
                window.took(item)
            elif int(number) not in self._broken():
                fresh.append(item)
        if name == "issues":
            self._take_issues(fresh)
        else:
            self._take_merge_requests(fresh)
        self.reading.flush()
        for item in fresh:
            window.took(item, self.reading.server_time)
        return bool(fresh)

    def _take_issues(self, items: list[Item]) -> None:
        bodies = self.reading.sync.store_bodies
        said = self.reading.sync.fan_out.map(self._comments, items)
        for item, comments in zip(items, said, strict=True):
            project = self.projects[item["project_id"]]
            if isinstance(comments, ApiError):
                # The issue itself is known; what was said below it is read when it changes again.
                reason = one_line(comments, 300)
                self.reading.failures.append(
                    Failure(project.full_name, "notes of issues", reason, is_partial=True)
                )
                comments = []
            row = rows.issue(item, project.full_name, bodies, comments)
            self.reading.put("issues", [row])

    def _comments(self, item: Item) -> list[str] | ApiError:
        if not self.reading.sync.may_be_incident(item):
            return []
        try:
            return incidents.comments(self.reading, self.projects[item["project_id"]], item)
        except (Unauthorized, Stopped):
            raise
        except ApiError as error:
            return error

    def _take_merge_requests(self, items: list[Item]) -> None:
        for item, found in self._details(items):
            project = self.projects[item["project_id"]]
            if isinstance(found, merge_requests.Details):
                self.again.pop(str(item["id"]), None)
                merge_requests.put(self.reading, project, item, found)
                continue
            if project.number in self._broken():
                continue
            self._fail(project, "merge_requests", found)
            self._tried.add(str(item["id"]))
            tries = (self.again.get(str(item["id"])) or [0, 0, 0])[2] + 1
            changed_at = item.get("updated_at")
            self.again[str(item["id"])] = [project.number, item["iid"], tries, changed_at]
            if project.number in self._broken() and project.id not in self.behind:
                changed = timestamp(item.get("updated_at"))
                newest = (changed + OVERLAP).isoformat() if changed else None
                self.behind[project.id] = {
                    "merge_requests": {"newest": newest} if newest else {},
                    "issues": dict(self.windows["issues"]),
                }

    def _details(
        self, items: list[Item]
    ) -> Iterator[tuple[Item, merge_requests.Details | ApiError]]:
        def read(item: Item) -> merge_requests.Details | ApiError:
            try:
                return merge_requests.details(
                    self.reading, self.projects[item["project_id"]], item["iid"]
                )
            except (Unauthorized, Stopped):
                raise
            except ApiError as error:
                return error
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                return BadReply(unexpected_shape(error))

        yield from zip(items, self.reading.sync.fan_out.map(read, items), strict=True)

    def _read_again(self) -> None:
        """Merge requests that could not be read last time, by their numbers."""
        for id_, (number, iid, tries, changed_at) in list(self.again.items()):
            project = self.projects.get(number)
            if project is None:
                del self.again[id_]
            if project is None or tries >= _MOST_TRIES:
                continue
            try:
                item = self.reading.get(f"{project.path}/merge_requests/{iid}").data
            except (Unauthorized, Stopped):
                raise
            except ApiError as error:
                if merge_requests.is_nothing_there(error, project, "merge_requests"):
                    del self.again[id_]
                else:
                    self._tried.add(id_)
                    self.again[id_] = [number, iid, tries + 1, changed_at]
                    self._fail(project, "merge_requests", error)
                continue
            self._take_merge_requests([item])
            self.reading.flush()
            if id_ not in self.again:
                self._caught_up[id_] = item.get("updated_at")

    def _is_left(self, item: Item) -> bool:
        """Whether a merge request was tried in this sync already, or often enough as it is now."""
        id_, changed_at = str(item["id"]), item.get("updated_at")
        _, _, tries, as_it_was = self.again.get(id_) or (0, 0, 0, None)
        is_given_up = tries >= _MOST_TRIES and as_it_was == changed_at
        is_read = id_ in self._caught_up and self._caught_up[id_] == changed_at
        return id_ in self._tried or is_given_up or is_read

    def _broken(self) -> set[int]:
        return {number for number, count in self._failed.items() if count >= _MOST_FAILURES}

    def _fail(self, project: Project, name: str, error: ApiError) -> None:
        self._failed[project.number] = self._failed.get(project.number, 0) + 1
        logger.warning("%s: %s: %s", project.full_name, name, one_line(error))
        self.reading.failures.append(
            Failure(project.full_name, name, one_line(error, 300), is_partial=True)
        )
