"""Which projects have had no pipeline since they were read: asked of GraphQL for 100 at a time.

REST has no list of pipelines above a project, so without this every quiet project costs requests
in every sync. GraphQL only says where to look: rows come from REST alone, and a project that it
does not speak for (an old server, an error, a missing right) is asked for as before. Why so, and
what it leaves open: docs/decisions/0024-what-changed-anywhere.md.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ingestion.gitlab.paging import Item, iso
from ingestion.gitlab.reading import Reading
from ingestion.gitlab.windows import OVERLAP
from ingestion.http import ApiError, Overloaded, Stopped
from ingestion.http.errors import one_line
from ingestion.loading import timestamp

logger = logging.getLogger(__name__)

State = Mapping[str, Any]
# docs.gitlab.com/api/graphql, Limits: 100 nodes a page; fewer where that is too much for a server.
_SIZES = (100, 50, 25)
# A project with more changes than that is read anyway.
_MOST_SHOWN = 20
# Child pipelines are left out unless asked for by their source, as in REST (PipelinesFinder in
# GitLab's source). Of the complexity of 250 that GitLab allows this takes about 50.
_QUERY = """
query changedPipelines($ids: [ID!], $after: Time, $first: Int, $shown: Int) {
  projects(ids: $ids, first: $first) {
    nodes {
      id
      pipelines(updatedAfter: $after, first: $shown) {
        nodes { id updatedAt }
        pageInfo { hasNextPage }
      }
      children: pipelines(source: "parent_pipeline", updatedAfter: $after, first: $shown) {
        nodes { id updatedAt }
        pageInfo { hasNextPage }
      }
    }
  }
}
"""


@dataclass(frozen=True)
class _Watched:
    """A project whose pipelines are known as of a time that the server's clock had passed."""

    number: int
    read_at: datetime
    pipelines: State


def told(
    units: Mapping[str, State], activities: Iterable[datetime | None], now: datetime
) -> datetime | None:
    """A time that the server's clock has passed: the newest it told of anything so far.

    `units`: the states of the last sync, `activities`: of this one's list of projects. The
    server's clock is not compared with ours, but a time beyond ours (`now`) is not believed.
    """
    found = [moment for moment in activities if moment is not None]
    for unit in units.values():
        pipelines = unit.get("pipelines") or {}
        lists = [unit.get(name) for name in ("merge_requests", "issues", "deployments")]
        lists += [pipelines.get(name) for name in ("parents", "children")]
        moments = (timestamp((one or {}).get("newest")) for one in lists)
        found += [moment for moment in moments if moment is not None]
    return min(max(found), now) if found else None


def still(reading: Reading, units: Mapping[str, State]) -> set[str]:
    """Of the projects with these states (by id), those in which no pipeline changed since.

    Pipelines that have not ended are changing, whatever is told: such projects are left out.
    Raises only Stopped.
    """
    watched = []
    for id_, state in units.items():
        pipelines = state.get("pipelines") or {}
        read_at = timestamp(pipelines.get("told_at"))
        has_all = pipelines.get("has_all") and (pipelines.get("has_jobs") or not reading.sync.jobs)
        if read_at is not None and has_all and not pipelines.get("open"):
            watched.append(_Watched(int(id_), read_at, pipelines))
    found: set[str] = set()
    # Those known to the same time together: the oldest of a page says from when on it is asked.
    watched.sort(key=lambda one: (one.read_at, one.number))
    for some, nodes in _pages(reading, watched):
        by_id = {_number(node.get("id")): node for node in nodes if isinstance(node, dict)}
        for one in some:
            node = by_id.get(one.number)
            if node is not None and _is_still(one, node):
                found.add(str(one.number))
    return found


def _pages(
    reading: Reading, watched: Sequence[_Watched]
) -> Iterator[tuple[Sequence[_Watched], list[Item]]]:
    """Projects with what GraphQL tells of them; ends early where it can't be asked."""
    level = begin = 0
    while begin < len(watched):
        some = watched[begin : begin + _SIZES[level]]
        variables = {
            "ids": [f"gid://gitlab/Project/{one.number}" for one in some],
            "after": iso(some[0].read_at - OVERLAP),
            "first": len(some),
            "shown": _MOST_SHOWN,
        }
        reading.asked()
        try:
            data = reading.sync.client.graphql("changedPipelines", _QUERY, variables)
        except Stopped:
            raise
        except ApiError as error:
            if isinstance(error, Overloaded) and level + 1 < len(_SIZES):
                level += 1
                continue
            # A refused token is found out by the next request of REST.
            logger.info("%s; projects are asked one by one", one_line(error))
            return
        yield some, ((data.get("projects") or {}).get("nodes")) or []
        begin += len(some)


def _is_still(one: _Watched, node: Item) -> bool:
    for name, key in (("parents", "pipelines"), ("children", "children")):
        shown = node.get(key)
        if not isinstance(shown, dict) or (shown.get("pageInfo") or {}).get("hasNextPage") is not (
            False
        ):
            return False
        window = one.pipelines.get(name) or {}
        if not all(_is_known(pipeline, window) for pipeline in shown.get("nodes") or []):
            return False
    return True


def _is_known(pipeline: Any, window: State) -> bool:
    """Whether a pipeline was read as it is now; GraphQL's times have whole seconds."""
    changed = timestamp(pipeline.get("updatedAt")) if isinstance(pipeline, dict) else None
    newest = timestamp(window.get("newest"))
    if changed is None or newest is None:
        return False
    if changed < newest - OVERLAP:
        return True  # in order of change all before it were read
    known = timestamp((window.get("recent") or {}).get(str(_number(pipeline.get("id")))))
    return known is not None and known.replace(microsecond=0) == changed.replace(microsecond=0)


def _number(global_id: Any) -> int | None:
    """The number in gid://gitlab/Project/1."""
    tail = str(global_id).rpartition("/")[2]
    return int(tail) if tail.isdigit() else None
