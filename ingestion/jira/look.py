"""One search over all projects for what changed: a quiet site costs one request, however large."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from ingestion.http import ApiError, Stopped, Unauthorized
from ingestion.http.errors import one_line
from ingestion.jira import jql, one_project
from ingestion.jira.reading import Sync

logger = logging.getLogger(__name__)

Payload = dict[str, Any]
_PROJECTS_A_QUERY = 500
# After a long rest there is more to read than a look ahead can save.
_MOST_PAGES = 3
_PAGE = 1000


def look(
    sync: Sync, project_ids: Sequence[str], start: datetime, known: Mapping[str, Any]
) -> dict[str, list[Payload] | None] | None:
    """The projects with changes from `start` on that are not stored (`known`: states by id).

    With all their changed issues where these fit into one page; with None where each project has
    to be searched by itself. None if it can't be found out, or takes too long.
    """
    found: dict[str, list[Payload] | None] = {}
    for begin in range(0, len(project_ids), _PROJECTS_A_QUERY):
        some = project_ids[begin : begin + _PROJECTS_A_QUERY]
        try:
            of_some = _look(sync, jql.changed_anywhere(some, start), known)
        except (Unauthorized, Stopped):
            raise
        except ApiError as error:
            # One of the projects can't be searched any more: each is tried by itself.
            logger.info("changes can't be looked for: %s", one_line(error))
            return None
        if of_some is None:
            return None
        found.update(of_some)
    return found


def _look(
    sync: Sync, query: str, known: Mapping[str, Any]
) -> dict[str, list[Payload] | None] | None:
    payloads, token = sync.client.search(query, sync.fields.asked())
    by_project: dict[str, list[Payload]] = {}
    for payload in payloads:
        by_project.setdefault(_project(payload), []).append(payload)
    fresh = {id_: _changed(id_, some, known) for id_, some in by_project.items()}
    if token is None:
        for some in fresh.values():
            sync.histories.expect(str(payload["id"]) for payload in some)
        return {id_: by_project[id_] for id_, some in fresh.items() if some}
    found: set[str] = set()
    token = None
    for _ in range(_MOST_PAGES):
        payloads, token = sync.client.search(query, ["project", "updated"], token=token, page=_PAGE)
        found.update(_project(p) for p in payloads if _changed(_project(p), [p], known))
        if token is None:
            return dict.fromkeys(found)
    return None


def _project(payload: Payload) -> str:
    return str(payload["fields"]["project"]["id"])


def _changed(id_: str, payloads: Sequence[Payload], known: Mapping[str, Any]) -> list[Payload]:
    return one_project.changed(payloads, (known.get(id_) or {}).get("recent") or {})
