"""Issues of one page of a search, each with its history, worklogs, links and references.

An issue is handed over with all of it, or not at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from ingestion.http import Forbidden, NotFound
from ingestion.http.errors import one_line
from ingestion.jira import rows
from ingestion.jira.client import API
from ingestion.jira.reading import Sync
from ingestion.loading import Collector
from ingestion.loading.batches import Row

# Under the second name since Jira calls issues work items; old entries keep the first.
REMOTE_LINK = ("RemoteIssueLink", "RemoteWorkItemLink")
_MOVED = ("project", "Key")


def hand_over(
    sync: Sync,
    reading: Collector,
    payloads: Sequence[dict[str, Any]],
    links_since: datetime | None = None,
) -> None:
    """Hands over issues with all that is theirs. Raises ApiError.

    `links_since`: remote links are asked for where the history names a change of one since then
    (None: at any time). The history is the only thing that tells of them, and one request an
    issue would double the cost of everything else.
    """
    if not payloads:
        return
    ids = [str(payload["id"]) for payload in payloads]
    changes = _changes(sync, reading, ids)
    extras = list(sync.fan_out.map(lambda payload: _Extras(sync, reading, payload), payloads))
    linked = [id_ for id_ in ids if _names_remote_link(changes[id_], links_since)]
    remote = list(sync.fan_out.map(lambda id_: _remote_links(sync, reading, id_), linked))
    found: list[Row] = []
    for payload, extra in zip(payloads, extras, strict=True):
        sync.accounts.meet(payload["fields"])
        found.append(rows.issue(payload, sync.fields, extra.comments, bodies=sync.store_bodies))
        reading.put("worklogs", (rows.worklog(str(payload["id"]), w) for w in extra.worklogs))
        links = payload["fields"].get("issuelinks") or []
        reading.put("issue_links", rows.issue_links(str(payload["id"]), links))
    reading.put("issues", found)
    for id_ in ids:
        reading.put("issue_changes", changes[id_])
    reading.put("remote_links", (row for links in remote for row in links))
    _note(sync, payloads, found, changes)


def _changes(sync: Sync, reading: Collector, ids: Sequence[str]) -> dict[str, list[Row]]:
    """Rows of issue_changes by issue."""
    found: dict[str, list[Row]] = {id_: [] for id_ in ids}
    for issue_id, entries in sync.histories.of(ids):
        sync.accounts.meet([entry.get("author") for entry in entries])
        for entry in entries:
            found.setdefault(issue_id, []).extend(
                rows.changes(issue_id, entry, sync.fields, bodies=sync.store_bodies)
            )
    reading.asked()
    return found


class _Extras:
    """The comments and worklogs of an issue: what came with it, if that is all, else asked for."""

    def __init__(self, sync: Sync, reading: Collector, payload: dict[str, Any]) -> None:
        self._sync, self._reading = sync, reading
        self._id = str(payload["id"])
        values = payload["fields"]
        # Searches give 20 worklogs and at times fewer comments than there are.
        self.comments = self._all(values.get("comment"), "comment", "comments", 100)
        self.worklogs = self._all(values.get("worklog"), "worklog", "worklogs", 1000)

    def _all(self, inline: Any, path: str, key: str, page: int) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (inline or {}).get(key) or []
        if len(found) < int((inline or {}).get("total") or 0):
            found = self._complete(path, key, page, found)
        self._sync.accounts.meet(found)
        return found

    def _complete(
        self, path: str, key: str, page: int, inline: list[dict[str, Any]]
    ) -> list[dict[str, Any]]:
        self._reading.asked()
        try:
            url = f"{API}/issue/{self._id}/{path}"
            return list(self._sync.client.listed(url, key=key, page=page))
        except (NotFound, Forbidden) as error:
            self._reading.problem(f"{key} of {self._id}: {one_line(error)}")
            return inline


def _names_remote_link(found: Sequence[Row], since: datetime | None) -> bool:
    def is_recent(row: Row) -> bool:
        return since is None or row["created_at"] is None or row["created_at"] >= since

    if any(row["field"] in _MOVED and is_recent(row) for row in found):
        since = None  # it may come from a project that is not read
    return any(row["field"] in REMOTE_LINK and is_recent(row) for row in found)


def _remote_links(sync: Sync, reading: Collector, issue_id: str) -> list[Row]:
    reading.asked()
    try:
        payloads = sync.client.get(f"{API}/issue/{issue_id}/remotelink")
    except (NotFound, Forbidden) as error:
        # Issue linking can be switched off for a site.
        reading.problem(f"remote links of {issue_id}: {one_line(error)}")
        return []
    return [row for payload in payloads or [] if (row := rows.remote_link(issue_id, payload))]


def _note(
    sync: Sync,
    payloads: Sequence[dict[str, Any]],
    found: Sequence[Row],
    changes: dict[str, list[Row]],
) -> None:
    current = {
        str(payload["fields"]["status"]["id"]): rows.status(payload["fields"]["status"])
        for payload in payloads
        if (payload["fields"].get("status") or {}).get("name")
    }
    all_changes = [row for rows_ in changes.values() for row in rows_]
    sprints = [id_ for row in found for id_ in row["sprint_ids"]]
    sprints += [id_ for row in all_changes for id_ in rows.sprints_of_change(row, sync.fields)]
    statuses = [id_ for row in all_changes for id_ in rows.statuses_of_change(row)]
    types = {str((p["fields"].get("issuetype") or {}).get("id") or "") for p in payloads} - {""}
    sync.met.note((row["id"] for row in found), sprints, statuses, types, current)
