"""Two computations of thousands of generated histories agree to the last digit.

More of them: SEI_INDEPENDENT_HISTORIES=900 (a world), SEI_INDEPENDENT_WORLDS=all, and others:
SEI_INDEPENDENT_SEED=5000. A difference names its history (c1:h00042…); `alone` runs it by itself.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from pyspark.sql import SparkSession

from tests.independent.comparison import differences
from tests.independent.histories import History
from tests.independent.reckoner import reckon
from tests.independent.reckoner_facts import Row
from tests.independent.spark import computed
from tests.independent.worlds import (
    WORLDS,
    World,
    over_two_connections,
    shifted,
    shuffled,
)

pytestmark = pytest.mark.integration

HISTORIES = int(os.environ.get("SEI_INDEPENDENT_HISTORIES", "150"))
SEED = int(os.environ.get("SEI_INDEPENDENT_SEED", "0"))
# The first is not in it: the test of its images compares it as well.
USUAL = ("New York", "Lord Howe")
CHOSEN = (
    [name for name in WORLDS if name != "Kathmandu"]
    if os.environ.get("SEI_INDEPENDENT_WORLDS") == "all"
    else USUAL
)

Tables = dict[str, list[Row]]


def histories(world: World) -> list[History]:
    return [world.history(SEED + number, number) for number in range(HISTORIES)]


def alone(world: World, number: int) -> Tables:
    """The inputs of one history of the world and nothing else."""
    return world.tables([world.history(SEED + number, number)])


def told(found: list[str]) -> str:
    return "\n".join([f"{len(found)} differences", *(line[:500] for line in found[:20])])


@pytest.mark.parametrize("name", CHOSEN)
def test_both_computations_agree(spark: SparkSession, name: str) -> None:
    world = WORLDS[name]
    tables = world.tables(histories(world))
    actual = computed(spark, tables, world.as_of)
    assert min(len(rows) for rows in actual.values()) > HISTORIES / 2
    found = differences(reckon(tables, world.as_of), actual)
    assert not found, told(found)


WEEKS = timedelta(weeks=52)
# Weeks later they are other months and quarters.
MOVED = {"month", "quarter"}


def history_of(row: Row) -> int | None:
    """The number of the history that a row is of; None: of several."""
    for value in row.values():
        if isinstance(value, str) and (named := re.match(r"c\d:h(\d{5}):", value)):
            return int(named[1])
    return None


def image(tables: Tables, is_kept: Callable[[int], bool]) -> Tables:
    """What the rows of some histories become some weeks later, over two connections."""
    kept = {
        name: [
            row
            for row in rows
            if row.get("grain") not in MOVED
            and (number := history_of(row)) is not None
            and is_kept(number)
        ]
        for name, rows in tables.items()
    }
    return shifted(over_two_connections(kept), WEEKS)


def test_what_is_unrelated_when_it_was_and_how_it_arrived_change_nothing(
    spark: SparkSession,
) -> None:
    world = WORLDS["Kathmandu"]
    told_of = histories(world)
    tables = world.tables(told_of)
    actual = computed(spark, tables, world.as_of)
    found = differences(reckon(tables, world.as_of), actual)
    assert not found, told(found)

    # Half of the histories, in another order, 52 weeks later, each over two connections.
    half = world.tables(told_of[::2])
    moved = shuffled(shifted(over_two_connections(half), WEEKS), SEED)
    again = computed(spark, moved, world.as_of + WEEKS)
    expected = image(actual, lambda number: number % 2 == 0)
    assert min(len(rows) for rows in expected.values()) > HISTORIES / 4
    found = differences(
        expected,
        {
            name: [
                row for row in rows if row.get("grain") not in MOVED and history_of(row) is not None
            ]
            for name, rows in again.items()
        },
    )
    assert not found, told(found)
