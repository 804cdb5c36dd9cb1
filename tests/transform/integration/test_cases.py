"""Every hand-worked page of tests/transform/cases against the computation.

All pages with the same settings are one company of many organizations and are computed at once;
so each page is also a test that what is unrelated changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as csv
import pytest
from pyspark.sql import functions as F

from tests.transform.case_pages import AS_OF, CASES, Expected, Page, read_pages
from transform.compute import DIRECTORY, compute
from transform.metric_settings import MetricSettings
from transform.schemas import INPUTS, OUTPUTS, UNKNOWN_SERVICE

pytestmark = pytest.mark.integration

PAGES = {page.name: page for page in read_pages()}
BANDS = CASES.parents[2] / "dbt_project" / "seeds" / "dora_bands.csv"

Tables = dict[str, pa.Table]


@pytest.fixture(scope="module")
def computed(spark: Any) -> Callable[[MetricSettings], Tables]:
    """computed(settings): the metrics tables of all pages that have these settings."""
    done: dict[MetricSettings, Tables] = {}

    def of(settings: MetricSettings) -> Tables:
        if settings not in done:
            its = [page for page in PAGES.values() if page.settings == settings]
            done[settings] = _computed(spark, settings, its)
        return done[settings]

    return of


def _computed(spark: Any, settings: MetricSettings, pages: list[Page]) -> Tables:
    rows = {name: [row for page in pages for row in page.marts[name]] for name in INPUTS}
    rows["dim_metric_settings"] = [vars(settings)]
    rows["dora_bands"] = _bands()
    frames = {
        name: spark.createDataFrame(
            pa.Table.from_pylist(rows[name], table.arrow_schema()), table.spark_schema()
        )
        for name, table in INPUTS.items()
        if name not in DIRECTORY
    }
    directory = {name: rows[name] for name in DIRECTORY}
    tables = compute(spark, frames, directory, AS_OF, AS_OF, small=True)
    tables = compute(spark, frames, directory, AS_OF, AS_OF, small=True)
    # Of a hundred thousand values only those of the periods that some page speaks of.
    spoken_of = {
        (row[expected.columns.index("grain")], row[expected.columns.index("period_start")])
        for expected in (e for page in pages for e in page.expected if e.table == "dora")
        for row in expected.rows
    }
    in_words = F.concat_ws(" ", "grain", F.col("period_start").cast("string"))
    wanted = in_words.isin([f"{grain} {start}" for grain, start in sorted(spoken_of)])
    tables["dora"] = tables["dora"].filter(wanted)
    names = {expected.table for page in pages for expected in page.expected}
    return {name: tables[name].toArrow() for name in names}


def _bands() -> list[dict[str, Any]]:
    # The table that users get.
    return csv.read_csv(BANDS).select(INPUTS["dora_bands"].column_names()).to_pylist()


def _actual(page: Page, expected: Expected, table: pa.Table) -> list[tuple[Any, ...]]:
    """The page's rows of the table, in the columns expected."""
    owner = "entity_id" if expected.table == "dora" else "service_id"
    if expected.table == "pull_request_cycle":
        owner = "pull_request_id"
    its = table.filter(pc.starts_with(table.column(owner), f"{page.name}/"))
    if expected.table == "dora":
        whole = table.filter(pc.equal(table.column(owner), page.name))
        its = pa.concat_tables([its, whole])
    elif expected.table == "linkage_coverage" and page.name == SPEAKS_OF_UNKNOWN:
        unknown = table.filter(pc.equal(table.column(owner), UNKNOWN_SERVICE))
        its = pa.concat_tables([its, unknown])
    found = [tuple(row[c] for c in expected.columns) for row in its.to_pylist()]
    if expected.table != "dora":
        return found
    # A thousand rows a page: only those that it speaks of.
    key = [place for place, c in enumerate(expected.columns) if c in OUTPUTS["dora"].key]
    wanted = {tuple(row[place] for place in key) for row in expected.rows}
    return [row for row in found if tuple(row[place] for place in key) in wanted]


# All pages share the service "unknown", so one of them has to speak for it.
SPEAKS_OF_UNKNOWN = "incident-of-unknown-service"


@pytest.mark.parametrize("name", PAGES)
def test_the_page_says_what_is_computed(name, computed):
    page = PAGES[name]
    tables = computed(page.settings)
    for expected in page.expected:
        found = _actual(page, expected, tables[expected.table])
        assert _readable(expected, found) == _readable(expected, expected.rows), expected.table


def _readable(expected: Expected, rows: list[tuple[Any, ...]]) -> list[dict[str, Any]]:
    """As dictionaries, in one order, for a difference that can be read."""
    return [dict(zip(expected.columns, row, strict=True)) for row in sorted(rows, key=repr)]
