"""Two loads of one source at the same time: the second waits, or says why it does not."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from ingestion.loading import LoadError, lock
from tests.fixtures.spoiled_company import Contents, SpoiledCompany, contents, difference

pytestmark = pytest.mark.integration

HELD = (
    "select count(*) from pg_locks where locktype = 'advisory' and granted"
    " and database = (select oid from pg_database where datname = current_database())"
)


def held(url: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute(HELD.encode()).fetchone()
    assert row is not None
    return int(row[0])


def test_the_second_load_waits_for_the_first(
    company: SpoiledCompany, undisturbed: Callable[[str], Contents], warehouse: Any, make_clock: Any
) -> None:
    expected, url = undisturbed("gitlab"), warehouse.url("loader")
    asked: list[int] = []
    holding, release = threading.Event(), threading.Event()

    def first() -> None:
        with lock.only_load(url, "raw_gitlab", "the first"):
            holding.set()
            release.wait(30)
            asked.append(len(company.proxies["gitlab"].requests))

    company.proxies["gitlab"].begin()
    thread = threading.Thread(target=first)
    thread.start()
    assert holding.wait(30)
    threading.Timer(1.0, release.set).start()
    result = company.load(url, "gitlab", clock=make_clock())
    thread.join()

    assert asked == [0]
    assert result.failures == []
    assert difference(expected, contents(url, "gitlab")) == {}
    assert held(url) == 0


def test_a_load_that_waited_long_enough_is_refused_in_one_line(
    company: SpoiledCompany,
    undisturbed: Callable[[str], Contents],
    warehouse: Any,
    make_clock: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    undisturbed("gitlab")
    url = warehouse.url("loader")
    monkeypatch.setattr(lock, "LONGEST_WAIT", 1)

    with (
        lock.only_load(url, "raw_gitlab", "the first"),
        pytest.raises(LoadError, match="another load into raw_gitlab is under way") as caught,
    ):
        company.load(url, "gitlab", clock=make_clock())

    assert "\n" not in str(caught.value)
    assert company.proxies["gitlab"].requests == []
    assert held(url) == 0


def test_loads_of_two_sources_do_not_wait_for_each_other(
    company: SpoiledCompany, undisturbed: Callable[[str], Contents], warehouse: Any, make_clock: Any
) -> None:
    expected, url = undisturbed("gitlab"), warehouse.url("loader")

    with lock.only_load(url, "raw_github", "another source"):
        assert company.load(url, "gitlab", clock=make_clock()).failures == []

    assert difference(expected, contents(url, "gitlab")) == {}
