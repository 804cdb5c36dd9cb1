"""The first pages of all lists of a repository that have to be read, with one request.

Most repositories are small, and what changes in an hour is little: then these are the only pages.
In a first sync the next pages of longer lists come together too, so that a repository costs the
pages of its longest list; so do those of older history, from where the reading before ended. What
is longer still goes on with documents of its own.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from ingestion.github import rows
from ingestion.github.reading import FIRST_PAGES, Reading
from ingestion.github.repository import Repository
from ingestion.http import ApiError, PageSize, Stopped, Unauthorized

# Lists by table: the field, and the variable with the page's size.
_LISTS = {
    "pull_requests": ("pullRequests", "pulls"),
    "issues": ("issues", "conversations"),
    "commits": ("object", "history"),
    "deployments": ("deployments", "deployed"),
    "releases": ("releases", None),
    "tags": ("refs", None),
    "labels": ("labels", None),
}
_EMPTY: dict[str, Any] = {"totalCount": 0, "nodes": [], "pageInfo": {"hasNextPage": False}}
# Lists whose next pages come together, and by what they are ordered: nothing older than the start
# of the history is wanted of them (GitHub sees to that in a history of commits).
GO_ON = {
    "pull_requests": "updatedAt",
    "issues": "updatedAt",
    "commits": None,
    "deployments": "createdAt",
}
# They are in memory until they are handed over.
MOST_AHEAD = 10
# What is new since an hour or a day is shorter than a page; points are by the page's size.
_LATER = {**FIRST_PAGES, "pulls": 15, "conversations": 25, "deployed": 25}


def read(
    reading: Reading, repository: Repository, wanted: Collection[str], *, is_first: bool
) -> None:
    """Keeps the first pages of these lists (by table), for `reading.connection` to take.

    A list that can't be read so is left to be asked for alone, which tells what is wrong with it.
    Raises Unauthorized, Stopped.
    """
    long: list[str] = []
    for name in wanted:
        if repository.counts.get(name) == 0:
            reading.keep(name, _variables(reading, repository, name), {_LISTS[name][0]: _EMPTY})
        else:
            long.append(name)
    if len(long) < 2:
        return
    after: dict[str, str | None] = dict.fromkeys(long)
    if reading.sync.until:
        after = {name: reading.tails.after(name) for name in long}
    for _ in range(MOST_AHEAD if is_first else 1):
        sizes = _sizes(repository, after, is_first)
        asked = [size.size for size in sizes.values()]
        node = _node(reading, repository, after, sizes)
        if node is None:
            return
        for name, begun in after.items():
            variables = _variables(reading, repository, name)
            reading.keep(name, {**variables, "after": begun}, node)
        after = _going_on(node, after, reading.sync.since)
        # One alone goes on with its own document, and so do pages that were too large together.
        if len(after) < 2 or asked != [size.size for size in sizes.values()]:
            return


def _node(
    reading: Reading,
    repository: Repository,
    after: Mapping[str, str | None],
    sizes: Mapping[str, PageSize],
) -> dict[str, Any] | None:
    """The repository with a page of each list, None if they can't be read so."""
    refused: list[str] = []
    try:
        node = reading.sync.client.node(
            "first_pages",
            _asked(reading, repository, after),
            refused.append,
            sizes,
        )
    except (Unauthorized, Stopped):
        raise
    except ApiError:
        return None
    finally:
        reading.asked()
    if refused:
        return None
    reading.sync.people.meet(node)
    return node


def _going_on(
    node: Mapping[str, Any], asked: Mapping[str, str | None], since: datetime
) -> dict[str, str | None]:
    """The lists of which more is wanted than what is in these pages, and where they go on."""
    found: dict[str, str | None] = {}
    for name, dated_by in GO_ON.items():
        if name not in asked:
            continue
        page = node.get(_LISTS[name][0]) or {}
        page = page.get("history") or {} if name == "commits" else page
        info = page.get("pageInfo") or {}
        oldest: Mapping[str, Any] = next(reversed(rows.nodes(page)), {})
        moment = rows.timestamp(oldest.get(dated_by)) if dated_by else None
        is_wanted = dated_by is None or (moment is not None and moment >= since)
        # A page that says it goes on, but not where, is told by its reader.
        if info.get("hasNextPage") and info.get("endCursor") and is_wanted:
            found[name] = info["endCursor"]
    return {n: after for n, after in found.items() if after != asked[n]}


def history(
    reading: Reading, repository: Repository, oid: str, until: datetime | None = None
) -> dict[str, Any]:
    """The variables of the history of a commit since the start of what is read, to a time."""
    return {
        "repository": repository.id,
        "oid": oid,
        "since": _git_time(reading.sync.since),
        "until": until and _git_time(until),
    }


def _git_time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _variables(reading: Reading, repository: Repository, name: str) -> dict[str, Any]:
    if name == "commits" and repository.head_sha is not None:
        return history(reading, repository, repository.head_sha, reading.sync.until)
    return {"repository": repository.id}


def _asked(
    reading: Reading, repository: Repository, after: Mapping[str, str | None]
) -> dict[str, Any]:
    flags = {
        "pullRequests": "pull_requests",
        **{
            name: name
            for name in ("issues", "commits", "deployments", "releases", "tags", "labels")
        },
    }
    return {
        "repository": repository.id,
        "oid": repository.head_sha,
        "since": _git_time(reading.sync.since),
        "until": reading.sync.until and _git_time(reading.sync.until),
        "bodies": reading.sync.store_bodies,
        **{flag: name in after for flag, name in flags.items()},
        **{f"{_LISTS[name][1]}After": after.get(name) for name in GO_ON},
    }


def _sizes(repository: Repository, names: Collection[str], is_first: bool) -> dict[str, PageSize]:
    """Page sizes, none longer than its list: GitHub counts what could come back."""
    sizes = dict(FIRST_PAGES if is_first else _LATER)
    for name, (_, variable) in _LISTS.items():
        count = repository.counts.get(name) if name in names else 0
        if variable is not None and count is not None:
            sizes[variable] = max(min(sizes[variable], count), 1)
    return {name: PageSize(size) for name, size in sizes.items()}
