"""Estimates a first sync of Jira from counts that cost few requests (docs/sources.md)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from ingestion.http import Forbidden, NotFound, Unauthorized
from ingestion.jira import jql
from ingestion.jira.client import AGILE, API, SEARCH_PAGE, JiraClient
from ingestion.jira.first_sync_costs import Sample, Site, requests
from ingestion.jira.issues import REMOTE_LINK
from ingestion.loading.estimates import Estimate, Stopwatch, duration
from ingestion.loading.history import steps
from ingestion.settings import JiraConnection, Settings

_PROJECTS_A_QUERY = 500
_LISTS = ("worklog", "comment")


def estimate(
    client: JiraClient,
    connection: JiraConnection,
    settings: Settings,
    project_ids: Sequence[str],
    now: datetime,
) -> Estimate:
    """The estimate; `project_ids`: of the projects to read.

    Asks how many issues there are (a request per 500 projects), for a page of them with their
    histories, and for the number of boards. Raises ApiError.
    """
    watch = Stopwatch(client.rest.ledger)
    since = settings.history_since(now)
    issues = 0
    for begin in range(0, len(project_ids), _PROJECTS_A_QUERY):
        some = project_ids[begin : begin + _PROJECTS_A_QUERY]
        question = {"jql": jql.in_history(some, since)}
        reply = client.rest.request("POST", f"{API}/search/approximate-count", json=question)
        issues += int(reply.data["count"])
    sample = (
        _sample(client, project_ids[:_PROJECTS_A_QUERY], since) if issues else Sample(0, 0, 0, 0)
    )
    boards = _boards(client)
    needed = requests(Site(len(project_ids), issues, boards), sample, len(steps(since, now)))
    asked, pace = watch.read()
    # Jira tells no quota beforehand: only its speed is known.
    seconds, waits = duration(needed, pace, connection.concurrency, [], now.timestamp())
    return Estimate(
        {"projects": len(project_ids), "issues": issues, "boards": boards},
        {"core": needed},
        None,
        seconds,
        waits,
        asked,
        len(project_ids),
    )


def _sample(client: JiraClient, project_ids: Sequence[str], since: datetime) -> Sample:
    """What is seen of one page of issues."""
    payloads, _ = client.search(jql.in_history(project_ids, since), _LISTS, page=SEARCH_PAGE)
    histories: dict[str, list[dict[str, Any]]] = {}
    for id_, entries in client.changelogs([str(payload["id"]) for payload in payloads]):
        histories.setdefault(id_, []).extend(entries)
    linked = [
        id_
        for id_, entries in histories.items()
        if any(item.get("field") in REMOTE_LINK for e in entries for item in e.get("items") or [])
    ]
    lists = [payload["fields"].get(name) or {} for payload in payloads for name in _LISTS]
    long = [one for one in lists if int(one.get("total") or 0) > int(one.get("maxResults") or 0)]
    return Sample(len(payloads), sum(map(len, histories.values())), len(linked), len(long))


def _boards(client: JiraClient) -> int:
    """How many boards the site has; none where there is no Jira Software."""
    try:
        found = client.get(f"{AGILE}/board", {"maxResults": 1})
    except (Forbidden, NotFound, Unauthorized):
        return 0
    return int(found.get("total") or 0)
