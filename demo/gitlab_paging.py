"""GitLab's pages: by number with X-* headers, or by key with nothing but a Link header.

Sources: docs.gitlab.com/api/rest (Pagination) and lib/gitlab/pagination of the public source.
"""

from __future__ import annotations

import base64
import json
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus

from demo.gitlab_rest import Listed, RestError, bad_parameter, shown

MOST_PER_PAGE = 100


@dataclass(frozen=True)
class Bounds:
    """Where GitLab stops counting and paging; smaller ones make tests short."""

    counted_rows: int = 10_000
    offset_rows: int = 50_000


@dataclass
class Page:
    """One page: the rows and the headers that go with them."""

    rows: list[Any]
    headers: dict[str, str]


def page(
    listed: Listed, query: Mapping[str, str], url: str, extra: Mapping[str, str], bounds: Bounds
) -> Page:
    """The page asked for; `extra` are the parameters that GitLab adds to its links."""
    size = _whole(query, "per_page", 20)
    if size > MOST_PER_PAGE:
        size = MOST_PER_PAGE
    if listed.keyset and query.get("pagination") == "keyset":
        return _keyset_page(listed, query, url, extra, size)
    number = _whole(query, "page", 1)
    if listed.keyset and listed.is_limited and number * size > bounds.offset_rows:
        raise RestError(
            405,
            f"Offset pagination has a maximum allowed offset of {bounds.offset_rows} for requests "
            f"that return objects of type {listed.keyset}. Remaining records can be retrieved "
            "using keyset pagination.",
            "error",
        )
    rows = listed.rows[(number - 1) * size : number * size]
    total = len(listed.rows)
    is_counted = listed.is_counted and total <= bounds.counted_rows
    pages = max((total + size - 1) // size, 1)
    # Uncounted: one row more than those shown is taken for granted when the page is full.
    has_next = number < pages if listed.is_counted else len(rows) == size
    asked = {**extra, **query, "per_page": query.get("per_page", "20")}

    def link(target: int, relation: str) -> str:
        return f'<{_address(url, {**asked, "page": str(target)})}>; rel="{relation}"'

    links = []
    if number > 1:
        links.append(link(number - 1, "prev"))
    if has_next:
        links.append(link(number + 1, "next"))
    links.append(link(1, "first"))
    headers = {
        "X-Per-Page": str(size), "X-Page": str(number),
        "X-Next-Page": str(number + 1) if has_next else "",
        "X-Prev-Page": str(number - 1) if number > 1 else "",
    }  # fmt: skip
    if is_counted:
        links.append(link(pages, "last"))
        headers |= {"X-Total": str(total), "X-Total-Pages": str(pages)}
    headers["Link"] = ", ".join(links)
    return Page([_show(listed, row) for row in rows], headers)


def _keyset_page(
    listed: Listed, query: Mapping[str, str], url: str, extra: Mapping[str, str], size: int
) -> Page:
    column = query.get("order_by") or ("id" if listed.is_cursor else "created_at")
    direction = query.get("sort") or "desc"
    if column not in listed.keyset_orders or direction not in listed.keyset_directions:
        raise RestError(
            405, "Keyset pagination is not yet available for this type of request", "error"
        )
    is_descending = direction == "desc"
    asked = {**extra, **query, "per_page": query.get("per_page", "20")}
    headers: dict[str, str] = {}
    if listed.is_cursor:
        start = 0
        if query.get("cursor"):
            start = _behind(listed.rows, _parse(query["cursor"], column), column, is_descending)
        rows = list(listed.rows[start : start + size])
        if start + size < len(listed.rows):
            asked["cursor"] = _cursor(rows[-1], column)
            headers["Link"] = f'<{_address(url, asked)}>; rel="next"'
    else:
        low = _whole(query, "id_after", 0)
        high = _whole(query, "id_before", 1 << 62)
        rows = [row for row in listed.rows if low < row["id"] < high][:size]
        if rows:  # the last page has a link too, to a page with nothing on it
            asked["id_before" if is_descending else "id_after"] = str(rows[-1]["id"])
            headers["Link"] = f'<{_address(url, asked)}>; rel="next"'
    return Page([_show(listed, row) for row in rows], headers)


def _behind(rows: Sequence[Any], mark: tuple[Any, ...], column: str, is_descending: bool) -> int:
    """Index of the first row behind the mark; it need not be there any more."""
    if not is_descending:
        return bisect_right(rows, mark, key=lambda row: _key(row, column))
    if column == "id":
        return bisect_right(rows, -mark[0], key=lambda row: -row["id"])
    keys = [_key(row, column) for row in reversed(rows)]
    return len(keys) - bisect_left(keys, mark)


def _key(row: Any, column: str) -> tuple[Any, ...]:
    return (row["id"],) if column == "id" else (row.get(column) or "", row["id"])


def _cursor(row: Any, column: str) -> str:
    """A cursor as GitLab writes it: base64url of the last row's key, with the direction next."""
    told = {column: str(row.get(column) or ""), "id": str(row["id"]), "_kd": "n"}
    return base64.urlsafe_b64encode(json.dumps(told, separators=(",", ":")).encode()).decode()


def _parse(cursor: str, column: str) -> tuple[Any, ...]:
    try:
        told = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        return (int(told["id"]),) if column == "id" else (told[column], int(told["id"]))
    except (ValueError, KeyError, TypeError):
        raise bad_parameter("cursor", "is invalid") from None


def _show(listed: Listed, row: Any) -> Any:
    return listed.show(row) if listed.show is not None else shown(row)


def _whole(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name)
    if text is None or text == "":
        return default
    try:
        number = int(text)
    except ValueError:
        raise bad_parameter(name, "is invalid") from None
    if number < 1:
        raise bad_parameter(name)
    return number


def _address(url: str, query: Mapping[str, str]) -> str:
    """The address with its parameters in alphabetical order, as Rails writes them."""
    pairs = sorted(query.items())
    return url + "?" + "&".join(f"{quote_plus(key)}={quote_plus(value)}" for key, value in pairs)
