"""Pages of GitLab's two kinds, without a server."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo.gitlab_catalog import Ordered
from demo.gitlab_paging import Bounds, page
from demo.gitlab_rest import Listed, RestError

URL = "http://here/api/v4/things"


def next_query(headers: dict[str, str]) -> dict[str, str] | None:
    link = next((one for one in headers.get("Link", "").split(", ") if 'rel="next"' in one), None)
    if link is None:
        return None
    pairs = link.split("?", 1)[1].split(">")[0].split("&")
    return dict(pair.split("=", 1) for pair in pairs)


def walk(listed: Listed, query: dict[str, str], bounds: Bounds | None = None) -> list[int]:
    found: list[int] = []
    asked: dict[str, str] | None = query
    while asked is not None:
        asked = {key: value.replace("%3D", "=") for key, value in asked.items()}
        one = page(listed, asked, URL, {}, bounds or Bounds())
        found += [row["id"] for row in one.rows]
        asked = next_query(one.headers)
    return found


@given(st.integers(0, 30), st.integers(1, 12), st.booleans())
def test_links_lead_through_all_rows_once(count: int, size: int, is_counted: bool) -> None:
    rows = [{"id": number} for number in range(count)]
    listed = Listed(rows, is_counted=is_counted)
    assert walk(listed, {"per_page": str(size)}) == list(range(count))
    few = Bounds(counted_rows=3)
    assert walk(listed, {"per_page": str(size)}, few) == list(range(count))


@given(
    st.lists(st.sampled_from(["a", "b", "c", ""]), max_size=25), st.integers(1, 8), st.booleans()
)
def test_cursors_lead_through_rows_with_equal_values_once(
    names: list[str], size: int, is_descending: bool
) -> None:
    rows = [{"id": number, "name": name} for number, name in enumerate(names, 1)]
    ordered = Ordered(rows, "name", is_descending).rows
    listed = Listed(ordered, keyset="Issue", keyset_orders=("name",))
    query = {"pagination": "keyset", "order_by": "name", "per_page": str(size),
             "sort": "desc" if is_descending else "asc"}  # fmt: skip
    assert walk(listed, query) == [row["id"] for row in ordered]


@pytest.mark.parametrize("direction", ["asc", "desc"])
def test_a_cursor_still_leads_on_when_its_row_is_gone(direction: str) -> None:
    rows: list[dict[str, Any]] = Ordered(
        ({"id": number, "name": "x"} for number in range(1, 7)), "name", direction == "desc"
    ).rows
    query = {"pagination": "keyset", "order_by": "id", "sort": direction, "per_page": "2"}
    first = page(Listed(rows, keyset="Job", keyset_orders=("id",)), query, URL, {}, Bounds())
    asked = next_query(first.headers)
    assert asked is not None
    left = rows[:1] + rows[2:]  # the row that the cursor names has been deleted
    asked = {key: value.replace("%3D", "=") for key, value in asked.items()}
    second = page(Listed(left, keyset="Job", keyset_orders=("id",)), asked, URL, {}, Bounds())
    assert second.rows == rows[2:4]


@given(st.lists(st.integers(0, 9), max_size=20), st.integers(0, 9), st.integers(0, 9))
def test_rows_between_two_times_include_both_ends(times: list[int], low: int, high: int) -> None:
    rows = [{"id": number, "at": str(at)} for number, at in enumerate(times, 1)]
    wanted = {row["id"] for row in rows if low <= int(row["at"]) <= high}
    for is_descending in (False, True):
        found = Ordered(rows, "at", is_descending).between(str(low), str(high))
        assert {row["id"] for row in found} == (wanted if low <= high else set())


@pytest.mark.parametrize(("name", "text"), [("page", "0"), ("page", "-1"), ("per_page", "x")])
def test_a_page_that_is_none_is_refused(name: str, text: str) -> None:
    with pytest.raises(RestError) as caught:
        page(Listed([]), {name: text}, URL, {}, Bounds())
    assert (caught.value.status, caught.value.key) == (400, "error")
