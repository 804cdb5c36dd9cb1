"""Lists that shift, are long, or answer in other ways than documented."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ingestion.gitlab import paging
from ingestion.gitlab.windows import Window
from ingestion.http import BadReply, Overloaded, Reply

START = datetime(2026, 1, 1, tzinfo=UTC)


def moment(seconds: float) -> str:
    return paging.iso(START + timedelta(seconds=seconds))


class Server:
    """A list ordered by change; `before` is called before each page."""

    def __init__(self, items: list[dict[str, Any]]) -> None:
        self.items = items
        self.asked: list[dict[str, Any]] = []
        self.before: Callable[[int], None] = lambda number: None
        self.most = 100

    def __call__(self, path: str, params: Any, *, fragile: bool) -> Reply:
        self.before(len(self.asked))
        self.asked.append(dict(params))
        if params["per_page"] > self.most:
            raise Overloaded("too much")
        shown = [i for i in self.items if i["updated_at"] >= params.get("updated_after", "")]
        shown.sort(key=lambda i: (i["updated_at"], i["id"]))
        size, page = params["per_page"], params["page"]
        part = shown[(page - 1) * size : page * size]
        more = str(page + 1) if len(shown) > page * size else ""
        return Reply(200, {"x-next-page": more}, part)


def read(server: Server) -> list[tuple[int, str]]:
    pages = paging.by_change(server, "/list", {}, START)
    return [(item["id"], item["updated_at"]) for page in pages for item in page]


def test_a_list_by_change_is_read_without_numbers() -> None:
    server = Server([{"id": n, "updated_at": moment(n * 60)} for n in range(250)])

    found = read(server)

    assert [id_ for id_, _ in found] == list(range(250))
    assert {asked["page"] for asked in server.asked} == {1}
    assert {asked["sort"] for asked in server.asked} == {"asc"}


def test_what_changes_while_the_list_is_read_hides_nothing() -> None:
    server = Server([{"id": n, "updated_at": moment(n * 60)} for n in range(250)])

    def change(number: int) -> None:
        # All of the first page moves to the end: by numbers, items 100 to 199 would be skipped.
        if number == 1:
            for item in server.items[:100]:
                item["updated_at"] = moment(90_000 + item["id"])

    server.before = change
    found = read(server)

    assert {id_ for id_, _ in found} == set(range(250))
    assert len([1 for id_, _ in found if id_ < 100]) == 200


def test_more_than_a_page_within_a_second_is_read_by_numbers_and_checked() -> None:
    items = [{"id": n, "updated_at": moment(5)} for n in range(350)]
    server = Server([*items, {"id": 999, "updated_at": moment(60)}])

    def change(number: int) -> None:
        # While the second page of that second is on its way, the first moves away and all others
        # move up.
        if server.asked and server.asked[-1]["page"] == 1 and number == 2:
            for item in server.items[:100]:
                item["updated_at"] = moment(120)

    server.before = change
    found = read(server)

    assert {id_ for id_, _ in found} == {*range(350), 999}


def test_an_overload_makes_the_pages_smaller_and_loses_nothing() -> None:
    server = Server([{"id": n, "updated_at": moment(n * 60)} for n in range(250)])
    server.before = lambda number: setattr(server, "most", 25 if number >= 1 else 100)

    assert [id_ for id_, _ in read(server)] == list(range(250))
    assert server.asked[-1]["per_page"] == 25


def test_a_numbered_list_goes_on_at_its_place_with_smaller_pages() -> None:
    server = Server([{"id": n, "updated_at": moment(n)} for n in range(230)])
    server.before = lambda number: setattr(server, "most", 5 if number == 1 else 50)

    found = [item["id"] for page, _ in paging.numbered(server, "/list") for item in page]

    assert found == list(range(230))


def test_a_server_that_can_no_more_is_said() -> None:
    server = Server([{"id": 1, "updated_at": moment(1)}])
    server.most = 1

    with pytest.raises(Overloaded):
        list(paging.numbered(server, "/list"))


@pytest.mark.parametrize(
    ("headers", "count", "expected"),
    [
        ({"x-next-page": "2"}, 100, True),
        ({"x-next-page": ""}, 100, False),
        ({"link": '<https://git.test/x?page=2>; rel="next"'}, 100, True),
        ({"link": '<https://git.test/x?page=1>; rel="first"'}, 100, False),
        # A proxy dropped them all: only a full page may be followed by another.
        ({}, 100, True),
        ({}, 99, False),
    ],
)
def test_whether_a_list_goes_on(headers: dict[str, str], count: int, expected: bool) -> None:
    assert paging.has_more(Reply(200, headers, []), count, 100) is expected


def test_only_the_query_of_a_keyset_link_is_used() -> None:
    asked: list[dict[str, Any]] = []

    def ask(path: str, params: Any, *, fragile: bool) -> Reply:
        asked.append(dict(params))
        if "id_before" in params:
            return Reply(200, {}, [])
        link = "<http://inside:8080/api/v4/projects/1/jobs?id_before=5&per_page=100&sort=desc"
        return Reply(
            200, {"link": f'{link}&order_by=id&pagination=keyset>; rel="next"'}, [{"id": 5}]
        )

    pages = list(paging.keyset(ask, "/projects/1/jobs", {"order_by": "id", "sort": "desc"}))

    assert pages == [[{"id": 5}]]
    assert asked[0]["pagination"] == "keyset"
    assert asked[1]["id_before"] == "5"


def test_a_keyset_link_that_does_not_advance_is_no_endless_loop() -> None:
    def ask(path: str, params: Any, *, fragile: bool) -> Reply:
        query = "&".join(f"{key}={value}" for key, value in params.items())
        return Reply(200, {"link": f'<http://x/?{query}>; rel="next"'}, [{"id": 5}])

    with pytest.raises(BadReply, match="same page"):
        list(paging.keyset(ask, "/jobs", {"order_by": "id", "sort": "desc"}))


def test_a_reply_that_is_no_list_is_refused() -> None:
    with pytest.raises(BadReply, match="no list"):
        list(paging.numbered(lambda *_, **__: Reply(200, {}, {"message": "?"}), "/list"))


def test_a_window_goes_back_a_little_and_knows_what_it_has_read() -> None:
    first = Window({}, START)
    assert (first.start, first.is_first) == (START, True)
    old, new = {"id": 1, "updated_at": moment(0)}, {"id": 2, "updated_at": moment(3600)}
    for item in (old, new):
        first.took(item)

    second = Window(first.state(), START)

    assert second.start == START + timedelta(minutes=50)
    assert second.is_known(new)
    assert not second.is_known(old)  # before the overlap: never listed again
    assert not second.is_known({**new, "updated_at": moment(3601)})
    assert Window({}, START).state() == {}


def test_an_item_read_at_once_after_its_change_is_read_again() -> None:
    settles = timedelta(minutes=2)
    item = {"id": 1, "updated_at": moment(3600)}
    at_once = Window({}, START, settles_after=settles)
    at_once.took(item, START + timedelta(seconds=3630))
    later = Window({}, START, settles_after=settles)
    later.took(item, START + timedelta(seconds=3600 + 130))

    assert not Window(at_once.state(), START).is_known(item)
    assert Window(later.state(), START).is_known(item)
