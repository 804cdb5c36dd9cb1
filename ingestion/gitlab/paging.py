"""GitLab's lists, read so that nothing is skipped (docs/decisions/0010-gitlab-paging.md).

Three ways, by what a list offers (docs.gitlab.com/api/rest, Pagination): by key where GitLab has
keyset paging; by the time of the last change where a list can be ordered and cut by it; by number
for the rest, which are short or do not shift.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlsplit

from ingestion.http import ApiError, BadReply, Overloaded, Reply
from ingestion.loading import timestamp

Item = dict[str, Any]
# Each divides the one before, so that pages of another size meet where the last one ended.
_SIZES = (100, 50, 25, 5)
# updated_after is meant to include its moment; a second spares the trust, and doubles are known.
_STEP_BACK = timedelta(seconds=1)
_MOST_PASSES = 20


class Ask(Protocol):
    """Sends a GET; `fragile`: an overload is raised at once, for the caller can ask for less."""

    def __call__(self, path: str, params: Mapping[str, Any], *, fragile: bool) -> Reply: ...


def iso(moment: datetime) -> str:
    """A moment as GitLab's parameters take it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03}Z"


def items_of(reply: Reply, path: str) -> list[Item]:
    """The items of a page. Raises BadReply when it is no list of objects."""
    if not isinstance(reply.data, list) or not all(isinstance(i, dict) for i in reply.data):
        raise BadReply(f"{path} is no list of objects")
    return reply.data


def in_history(items: Iterable[Item], since: datetime, until: datetime | None = None) -> list[Item]:
    """The items created since then; one that does not say when is none (a fragment)."""
    dated = [(item, timestamp(item.get("created_at"))) for item in items]
    return [
        item
        for item, created in dated
        if created is not None and created >= since and (until is None or created < until)
    ]


def has_more(reply: Reply, count: int, size: int) -> bool:
    """Whether a numbered list goes on: by x-next-page, else by Link, else by a full page.

    Proxies drop headers, and above 10,000 rows GitLab leaves the totals out.
    """
    following = reply.headers.get("x-next-page")
    if following is not None:
        return bool(following.strip())
    if "link" in reply.headers:
        return reply.next_url is not None
    return count >= size


def numbered(
    ask: Ask, path: str, params: Mapping[str, Any] | None = None
) -> Iterator[tuple[list[Item], Reply]]:
    """The pages of a list by number, smaller ones after an overload. Raises ApiError."""
    level = position = 0
    while True:
        size = _SIZES[level]
        query = {**(params or {}), "per_page": size, "page": position // size + 1}
        try:
            reply = ask(path, query, fragile=level + 1 < len(_SIZES))
        except Overloaded:
            if level + 1 == len(_SIZES):
                raise
            level += 1
            continue
        found = items_of(reply, path)
        yield found, reply
        if not has_more(reply, len(found), size):
            return
        position += size


def keyset(
    ask: Ask, path: str, params: Mapping[str, Any], tail: dict[str, Any] | None = None
) -> Iterator[list[Item]]:
    """The pages of a list by key; `params` say order_by and sort. Raises ApiError.

    Of the Link header only the query is used: behind a proxy its host may be another one.
    `tail`: the query of the page to begin with, if not empty; has that of the last one at the end.
    """
    query: dict[str, Any] = {**params, "pagination": "keyset", **(tail or {})}
    level = 0
    while True:
        query["per_page"] = _SIZES[level]
        try:
            reply = ask(path, query, fragile=level + 1 < len(_SIZES))
        except Overloaded:
            if level + 1 == len(_SIZES):
                raise
            level += 1
            continue
        except ApiError as error:
            # An old server that has no keyset paging for this list.
            if ": 405 " in str(error) and query.keys() == {*params, "pagination", "per_page"}:
                yield from (found for found, _ in numbered(ask, path, params))
                return
            raise
        found = items_of(reply, path)
        if tail is not None:
            tail.clear()
            tail.update(query)
        if found:
            yield found
        if not found or reply.next_url is None:
            return
        following = dict(parse_qsl(urlsplit(reply.next_url).query))
        if {**following, "per_page": None} == {**_texts(query), "per_page": None}:
            raise BadReply(f"{path} names the same page as its next one")
        query = dict(following)


def _texts(query: Mapping[str, Any]) -> dict[str, str]:
    return {key: str(value) for key, value in query.items()}


def by_change(
    ask: Ask, path: str, params: Mapping[str, Any], start: datetime
) -> Iterator[list[Item]]:
    """The items changed since `start`, oldest change first, each as often as it changed meanwhile.

    Every page is the first page of what changed since the last item of the page before. Numbers
    would skip: what changes while the list is read moves to its end, and what came after it moves
    up. Only where more than a page changed within a second are pages counted, and then read again
    until nothing new is found. Raises ApiError.
    """
    level = 0
    seen: dict[Any, str | None] = {}
    while True:
        following = start
        page, passes, is_new, ends = 1, 1, False, False
        while True:
            size = _SIZES[level]
            query = {
                **params,
                "order_by": "updated_at",
                "sort": "asc",
                "updated_after": iso(start),
                "per_page": size,
                "page": page,
            }
            try:
                reply = ask(path, query, fragile=level + 1 < len(_SIZES))
            except Overloaded:
                if level + 1 == len(_SIZES):
                    raise
                level, page = level + 1, 1
                continue
            found = items_of(reply, path)
            fresh = [i for i in found if seen.get(i.get("id"), "") != i.get("updated_at")]
            seen.update((i.get("id"), i.get("updated_at")) for i in fresh)
            is_new = is_new or bool(fresh)
            if fresh:
                yield fresh
            ends = not has_more(reply, len(found), size)
            newest = max(
                filter(None, (timestamp(i.get("updated_at")) for i in found)), default=None
            )
            if newest is not None:
                following = max(following, newest - _STEP_BACK)
            if not ends and following <= start:
                page += 1
                continue
            if page > 1 and is_new and passes < _MOST_PASSES:
                page, passes, is_new = 1, passes + 1, False
                following = start
                continue
            break
        if ends:
            return
        start = following
        seen = {id_: at for id_, at in seen.items() if (timestamp(at) or start) >= start}
