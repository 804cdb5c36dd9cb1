"""Whatever the network and the providers do: after it the warehouse is that of a quiet day.

The real sources, over real HTTP through a proxy that misbehaves, into a real Postgres. Waits pass
on a clock of their own. `make faults` has the long version: each fault alone at every kind of
request, and more seeds.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from ingestion.github.reading import PAGE_SIZES
from tests.fixtures import faults
from tests.fixtures.misbehaving import Fault, Plan, drawn, each_kind, in_turn
from tests.fixtures.spoiled_company import Contents, SpoiledCompany, contents, difference

pytestmark = pytest.mark.integration

SEEDS = int(os.environ.get("SEI_FAULT_SEEDS", "1"))
LIMITS = {
    "github": faults.GITHUB_LIMITS,
    "gitlab": faults.GITLAB_LIMITS,
    "jira": faults.JIRA_LIMITS,
}
SOURCES = list(LIMITS)
QUICK: Mapping[str, Mapping[str, Fault]] = {
    source: {**limits, **faults.SERVER, **faults.NETWORK, **faults.BODIES}
    for source, limits in LIMITS.items()
}
ALONE = [(source, name) for source in SOURCES for name in QUICK[source]]
ALONE += [("github", name) for name in faults.GRAPHQL]

Undisturbed = Callable[[str], Contents]


class Loads:
    """Loads through the proxies, each into tables of its own, and what is asserted of them."""

    def __init__(self, company: SpoiledCompany, undisturbed: Undisturbed, url: str) -> None:
        self.company, self._undisturbed, self._url = company, undisturbed, url

    def equal(self, source: str, plan: Plan, clock: Any, **more: Any) -> list[str]:
        """Asserts that a load by that plan brings what a quiet one does; names of the faults."""
        expected = self._undisturbed(source)
        result = self.company.load(self._url, source, plan, clock=clock, **more)
        proxy = self.company.proxies[source]
        assert proxy.outlasted == []
        assert result.failures == []
        assert difference(expected, contents(self._url, source)) == {}
        return [name for _, name in proxy.injected]


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """GitHub's, so that enough is asked for every fault to find a request."""
    for sizes in PAGE_SIZES.values():
        for name, size in sizes.items():
            monkeypatch.setitem(sizes, name, min(size, 4))


@pytest.fixture
def loads(company: SpoiledCompany, undisturbed: Undisturbed, warehouse: Any) -> Loads:
    return Loads(company, undisturbed, warehouse.url("loader"))


@pytest.mark.parametrize("source", SOURCES)
def test_one_of_every_fault_leaves_nothing_out(loads: Loads, make_clock: Any, source: str) -> None:
    """In an order that leaves room for retries between them."""
    every = {**QUICK[source], **faults.SLOW}

    met = loads.equal(source, in_turn(".", [*every.values()], every=2), make_clock())

    assert sorted(met) == sorted(every)


def test_errors_in_good_replies_of_graphql_leave_nothing_out(loads: Loads, make_clock: Any) -> None:
    # Each twice, since a reply without a list has no part that could fail.
    plan = in_turn("graphql", [*faults.GRAPHQL.values()] * 2, every=3)

    assert len(loads.equal("github", plan, make_clock())) == 2 * len(faults.GRAPHQL)


@pytest.mark.parametrize("seed", range(SEEDS))
@pytest.mark.parametrize("source", SOURCES)
def test_faults_at_random_leave_nothing_out(
    loads: Loads, make_clock: Any, source: str, seed: int
) -> None:
    assert len(loads.equal(source, drawn(seed, QUICK[source], 0.2), make_clock())) >= 5


@pytest.mark.skipif(SEEDS == 1, reason="long; make faults")
@pytest.mark.parametrize(("source", "name"), ALONE)
def test_a_fault_at_every_kind_of_request_leaves_nothing_out(
    loads: Loads, make_clock: Any, source: str, name: str
) -> None:
    is_graphql = name in faults.GRAPHQL
    fault = (faults.GRAPHQL if is_graphql else QUICK[source])[name]

    assert loads.equal(source, each_kind("graphql" if is_graphql else ".", fault), make_clock())


@pytest.mark.parametrize("hours", [-3, 3])
@pytest.mark.parametrize("source", SOURCES)
def test_a_clock_that_is_hours_off_neither_loses_rows_nor_waits_for_hours(
    loads: Loads, make_clock: Any, source: str, hours: int
) -> None:
    """Ours is; the servers' headers tell theirs."""
    clock = make_clock(time.time() + hours * 3600)
    started = clock.now()
    told = [f for name, f in LIMITS[source].items() if name.startswith(("the last", "429 with"))]

    loads.equal(
        source,
        in_turn(".", told, every=7),
        clock,
        synced_at=datetime.fromtimestamp(started, UTC),
    )

    assert clock.now() - started < 3000
