"""The company moves on while its lists are read: what a load misses comes with the next."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.fixtures.misbehaving import Asked, Fault
from tests.fixtures.spoiled_company import SpoiledCompany, contents, difference, spoiled_company

pytestmark = pytest.mark.integration

UNTIL = datetime.now(UTC).replace(microsecond=0)
BEFORE = UNTIL - timedelta(days=4)


@pytest.fixture(scope="module")
def moving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SpoiledCompany]:
    with spoiled_company(tmp_path_factory.mktemp("moving"), UNTIL, now=BEFORE) as made:
        yield made


@pytest.fixture
def move(moving: SpoiledCompany) -> Callable[[datetime], None]:
    def to(moment: datetime) -> None:
        clock = {"now": moment.isoformat()}
        httpx.post(f"{moving.proxies['github'].upstream}/demo/clock", json=clock).raise_for_status()
        for proxy in moving.proxies.values():
            proxy.forget()

    return to


@pytest.mark.parametrize(
    ("source", "before"),
    # After half of the requests; between a project's jobs and its pipelines.
    [("github", ""), ("gitlab", ""), ("gitlab", "/pipelines?"), ("jira", "")],
)
def test_four_days_that_pass_in_the_middle_of_a_load_are_caught_up_by_the_next(
    moving: SpoiledCompany,
    move: Callable[[datetime], None],
    warehouse: Any,
    make_clock: Any,
    source: str,
    before: str,
) -> None:
    url = warehouse.url("loader")

    def load(plan: Callable[[Asked], Fault | None] | None = None) -> None:
        more = {"plan": plan} if plan else {}
        assert moving.load(url, source, clock=make_clock(), timeout=20.0, **more).failures == []

    move(BEFORE)
    moving.forget(url, source)
    load()
    half = len(moving.proxies[source].requests) // 2
    move(UNTIL)
    load()
    expected = contents(url, source)

    move(BEFORE)
    moving.forget(url, source)

    def plan(asked: Asked) -> None:
        if before in asked.target if before else asked.number == half:
            move(UNTIL)  # which forgets this plan

    load(plan)
    load()

    assert difference(expected, contents(url, source)) == {}
