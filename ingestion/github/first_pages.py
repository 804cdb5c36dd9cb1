"""The first pages of all lists of a repository that have to be read, with one request.

Most repositories are small, and what changes in an hour is little: then these are the only pages.
Lists that are longer go on with documents of their own.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from ingestion.github.reading import FIRST_PAGES, Reading
from ingestion.github.repository import Repository
from ingestion.http import ApiError, PageSize, Stopped, Unauthorized

# Lists by table: the document that goes on, its field, and the variable with the page's size.
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
    refused: list[str] = []
    try:
        node = reading.sync.client.node(
            "first_pages",
            _asked(reading, repository, long),
            refused.append,
            _sizes(repository, is_first),
        )
    except (Unauthorized, Stopped):
        raise
    except ApiError:
        return
    finally:
        reading.asked()
    if refused:
        return
    reading.sync.people.meet(node)
    for name in long:
        reading.keep(name, _variables(reading, repository, name), node)


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
        return history(reading, repository, repository.head_sha)
    return {"repository": repository.id}


def _asked(reading: Reading, repository: Repository, names: Collection[str]) -> dict[str, Any]:
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
        "bodies": reading.sync.store_bodies,
        **{flag: name in names for flag, name in flags.items()},
    }


def _sizes(repository: Repository, is_first: bool) -> dict[str, PageSize]:
    """Page sizes, none longer than its list: GitHub counts what could come back."""
    sizes = dict(FIRST_PAGES if is_first else _LATER)
    for name, (_, variable) in _LISTS.items():
        count = repository.counts.get(name)
        if variable is not None and count is not None:
            sizes[variable] = max(min(sizes[variable], count), 1)
    return {name: PageSize(size) for name, size in sizes.items()}
