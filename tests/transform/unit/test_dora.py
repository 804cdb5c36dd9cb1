"""metrics.dora from observations: pooling, periods, medians, statuses, bands, gaps."""

from __future__ import annotations

import dataclasses
import random
from datetime import UTC, date, datetime

import numpy as np
import pyarrow as pa
import pytest
from pyspark.sql import functions as F

from transform.dora.bands import bands_of
from transform.dora.calendar import local_date
from transform.dora.entities import Entity, Membership
from transform.dora.pooling import parts, pooled, pooled_here, pools, summarizer, told_of
from transform.dora.series import PERCENTS, lower_percentile, means, percentiles
from transform.dora.summary import OBSERVED, summarize
from transform.dora.table import METRICS, observe_all, terms_of
from transform.grouping import Told, apply_cogrouped, apply_grouped
from transform.schemas import DORA, INPUTS

PLACED = pa.schema([("service_id", pa.string()), ("repository_id", pa.string()), *OBSERVED])
AS_OF = datetime(2026, 3, 20, 12, tzinfo=UTC)


def band(metric, name, low, high, low_inclusive=True, high_inclusive=False):
    return {
        "year": 2024, "metric": metric, "band": name, "from_value": low, "to_value": high,
        "from_inclusive": low_inclusive, "to_inclusive": high_inclusive,
    }  # fmt: skip


FREQUENCY_BANDS = [
    band("deployment_frequency", "elite", 1.0, None),
    band("deployment_frequency", "high", 1 / 7, 1.0),
    band("deployment_frequency", "medium", 1 / 30, 1 / 7),
    band("deployment_frequency", "low", None, 1 / 30),
]


def observations(rows, settings):
    dated = [{**row, "local_date": local_date(row["happened_at"], settings.zone)} for row in rows]
    return pa.Table.from_pylist(dated, PLACED)


@pytest.fixture
def values(settings):
    """values(observations, …): {(entity, environment, grain, start, metric): row}."""

    def build(observed, entities, memberships, settings=settings, as_of=AS_OF):
        terms = terms_of(settings, FREQUENCY_BANDS, as_of, as_of)
        table = [
            row
            for its, rows in pooled_here(
                observations(observed, settings), entities, memberships, sources
            )
            for told in told_of(its, rows, lambda entity, rows: summarize(entity, rows, terms))
            for row in told.to_pylist()
        ]
        keys = [
            (r["entity_id"], r["environment"], r["grain"], r["period_start"], r["metric"])
            for r in table
        ]
        assert len(set(keys)) == len(keys)
        return dict(zip(keys, table, strict=True))

    return build


def sources(entity):
    return entity.has_deployment_source, entity.has_incident_source, entity.has_both


def seen(metric, thing, when, service="S", environment="production", **more):
    return {
        "metric": metric, "service_id": service, "repository_id": f"R-{service}",
        "environment": environment, "thing": thing, "happened_at": when, **more,
    }  # fmt: skip


def day(number, hour=12):
    return datetime(2026, 3, number, hour, tzinfo=UTC)


SERVICE = [Entity("service", "S", True, True, True)]
OF_SERVICE = [Membership("service", "S", "service", "S")]
MARCH = date(2026, 3, 1)


def test_every_metric_has_a_row_in_every_period_from_the_first_fact_on(values):
    table = values([seen("deployment_frequency", "d", day(10))], SERVICE, OF_SERVICE)
    assert len(METRICS) == 10
    days = {key[3] for key in table if key[2] == "day"}
    assert days == {date(2026, 3, number) for number in range(10, 21)}
    for grain in {key[2] for key in table}:
        starts = {key[3] for key in table if key[2] == grain}
        for start in starts:
            assert len([k for k in table if k[2] == grain and k[3] == start]) == 10


def test_a_partial_period_is_divided_by_the_days_begun(values):
    found = values(
        [seen("deployment_frequency", f"d{n}", day(n)) for n in (2, 3, 3 + 1, 18)],
        SERVICE,
        OF_SERVICE,
    )[("S", "production", "month", MARCH, "deployment_frequency")]
    assert (found["numerator"], found["denominator"], found["value"]) == (4, 20, 0.2)
    assert (found["is_partial"], found["status"], found["band"]) == (True, "ok", "high")
    assert (found["band_year"], found["unit"], found["deployment_days"]) == (2024, "per day", 4)
    assert found["typical_gap_hours"] == 24


def test_nothing_happened_is_null_not_zero(values):
    table = values([seen("deployment_frequency", "d", day(10))], SERVICE, OF_SERVICE)
    found = table[("S", "production", "day", date(2026, 3, 11), "deployment_frequency")]
    assert (found["value"], found["numerator"], found["status"]) == (None, 0, "no_data")
    found = table[("S", "production", "month", MARCH, "change_fail_rate")]
    assert (found["value"], found["denominator"], found["status"]) == (None, 0, "no_data")


def test_a_small_sample_gives_the_value_without_a_band(values):
    found = values(
        [seen("deployment_frequency", f"d{n}", day(n)) for n in (2, 3)], SERVICE, OF_SERVICE
    )[("S", "production", "month", MARCH, "deployment_frequency")]
    assert (found["value"], found["status"], found["band"], found["band_year"]) == (
        0.1, "insufficient_data", None, None,
    )  # fmt: skip


def test_without_a_source_nothing_is_told(values):
    entities = [
        Entity("service", "S", True, False, False),
        Entity("service", "T", False, True, False),
    ]
    members = [*OF_SERVICE, Membership("service", "T", "service", "T")]
    table = values([seen("coding_time", "p", day(2), "T", None, hours=1.0)], entities, members)

    def status(service, metric):
        row = table[(service, "production", "month", MARCH, metric)]
        assert row["numerator"] is None or row["status"] != "no_source"
        return row["status"]

    assert status("S", "change_fail_rate") == "no_source"
    assert status("S", "time_to_restore_service") == "no_source"
    assert status("S", "deployment_frequency") == "no_data"
    assert status("T", "deployment_frequency") == "no_source"
    assert status("T", "change_lead_time") == "no_source"
    assert status("T", "time_to_restore_service") == "no_data"
    assert status("T", "coding_time") == "insufficient_data"


def test_the_median_is_the_lower_one_and_null_spans_are_not_in_it(values):
    spans = [4.0, 1.0, 3.0, 2.0, None]
    found = values(
        [
            seen(
                "failed_deployment_recovery_time", f"d{n}", day(2), hours=span, is_open=span is None
            )
            for n, span in enumerate(spans)
        ],
        SERVICE,
        OF_SERVICE,
    )[("S", "production", "month", MARCH, "failed_deployment_recovery_time")]
    assert (found["value"], found["p75"], found["p90"], found["mean"]) == (2.0, 3.0, 4.0, 2.5)
    assert (found["numerator"], found["denominator"], found["sample_size"]) == (4, 5, 4)
    assert found["open_count"] == 1


def test_a_team_pools_rows_instead_of_averaging_averages(values):
    members = [Membership("service", s, "team", "T") for s in ("A", "B")]
    observed = [seen("change_lead_time", f"a{n}", day(2), "A", hours=1.0) for n in range(9)] + [
        seen("change_lead_time", "b", day(2), "B", hours=100.0)
    ]
    found = values(observed, [Entity("team", "T", True, True, True)], members)[
        ("T", "production", "month", MARCH, "change_lead_time")
    ]
    assert (found["value"], found["sample_size"]) == (1.0, 10)


def test_a_change_counts_once_and_first_but_for_each_environment_on_its_own(values):
    observed = [
        seen("change_lead_time", "P", day(5), environment="eu", hours=5.0),
        seen("change_lead_time", "P", day(3), environment="us", hours=3.0),
        seen("deployment_frequency", "d1", day(5), environment="eu"),
        seen("deployment_frequency", "d2", day(3), environment="us"),
    ]
    table = values(observed, SERVICE, OF_SERVICE)

    def lead(environment):
        row = table[("S", environment, "month", MARCH, "change_lead_time")]
        return row["value"], row["sample_size"]

    assert lead("production") == (3.0, 1)
    assert lead("production:eu") == (5.0, 1)
    assert lead("production:us") == (3.0, 1)
    frequency = table[("S", "production", "month", MARCH, "deployment_frequency")]
    assert frequency["numerator"] == 2
    # What belongs to no environment is told for all of them together only.
    assert ("S", "production:eu", "month", MARCH, "coding_time") not in table


def test_days_are_cut_in_the_organizations_zone(values, settings):
    # 23:30 in UTC on the 9th is the 10th in Berlin.
    observed = [seen("deployment_frequency", "d", datetime(2026, 3, 9, 23, 30, tzinfo=UTC))]
    berlin = dataclasses.replace(settings, timezone="Europe/Berlin")
    table = values(observed, SERVICE, OF_SERVICE, berlin)
    found = table[("S", "production", "day", date(2026, 3, 10), "deployment_frequency")]
    assert found["numerator"] == 1


def test_an_entity_without_any_fact_has_its_running_periods(values):
    table = values([], SERVICE, OF_SERVICE)
    assert {(key[2], key[3]) for key in table} == {
        ("day", date(2026, 3, 20)),
        ("week", date(2026, 3, 16)),
        ("month", MARCH),
        ("quarter", date(2026, 1, 1)),
        ("rolling_30d", date(2026, 2, 18)),
        ("rolling_90d", date(2025, 12, 20)),
    }


def test_values_on_a_bound_fall_into_the_band_that_includes_it():
    rates = [
        band("change_fail_rate", "elite", None, 0.05, False, True),
        band("change_fail_rate", "high", 0.05, 0.1, False, True),
    ]
    bands = [*FREQUENCY_BANDS, *rates]

    def found(metric, values, year=2024):
        return bands_of(np.array(values), metric, bands, year).tolist()

    assert found("deployment_frequency", [1.0, 0.99]) == ["elite", "high"]
    assert found("change_fail_rate", [0.05, 0.06, np.nan]) == ["elite", "high", None]
    assert found("coding_time", [1.0]) == [None]
    assert found("deployment_frequency", [1.0], 2025) == [None]


def test_percentiles_are_those_of_percentile_disc(spark):
    chance = random.Random(7)
    groups = {n: [float(chance.randrange(50)) for _ in range(n)] for n in range(1, 121)}
    rows = [(group, hours) for group, its in groups.items() for hours in its]
    theirs = (
        spark.createDataFrame(rows, "grp int, hours double")
        .groupBy("grp")
        .agg(
            *[
                F.expr(f"percentile_disc({p / 100}) within group (order by hours)").alias(f"p{p}")
                for p in PERCENTS
            ]
        )
        .collect()
    )
    assert len(theirs) == 120
    ends = np.cumsum([0, *map(len, groups.values())])
    ours = percentiles(np.array([hours for _, hours in rows]), ends[:-1], ends[1:], PERCENTS)
    for row in theirs:
        assert [ours[p][row["grp"] - 1] for p in PERCENTS] == list(row[1:])
        ordered = np.sort(np.array(groups[row["grp"]]))
        assert [lower_percentile(ordered, p) for p in PERCENTS] == list(row[1:])


def test_slices_may_overlap_and_be_empty():
    values = np.array([3.0, 1.0, 2.0])
    low, high = np.array([[0, 1], [3, 1]]), np.array([[3, 2], [3, 3]])
    found = percentiles(values, low, high, (50, 90))
    np.testing.assert_array_equal(found[50], [[2.0, 1.0], [np.nan, 1.0]])
    np.testing.assert_array_equal(found[90], [[3.0, 1.0], [np.nan, 2.0]])
    np.testing.assert_array_equal(means(values, low, high), [[2.0, 1.0], [np.nan, 1.5]])


def test_a_mean_of_more_microseconds_than_a_double_holds_is_rounded_once():
    hours = [1e6 + n / 3_600_000_000 for n in range(3000)]
    micros = sum(round(h * 3_600_000_000) for h in hours)
    found = means(np.array(hours), np.array([0]), np.array([3000]))
    assert found.tolist() == [micros / (3000 * 3_600_000_000)]


def test_rows_are_the_same_here_and_on_the_executors(spark, settings):
    observed = observations(
        [
            seen("deployment_frequency", "d1", day(5), "A", "eu"),
            seen("deployment_frequency", "d2", day(6), "B", "us"),
            seen("change_lead_time", "P", day(6), "B", "us", hours=2.5),
            {**seen("coding_time", "P", day(6), environment=None, hours=1.0), "service_id": None},
        ],
        settings,
    )
    entities = [
        Entity("organization", "O", False, False, False),
        Entity("service", "A", True, True, True),
        Entity("service", "without rows", True, True, True),
        # Of the same rows as A and told as A is, of the same rows and told otherwise.
        Entity("repository", "R-A", True, True, True),
        Entity("team", "T", False, False, False),
    ]
    members = [
        *(Membership("service", name, "organization", "O") for name in "AB"),
        *(Membership("repository", f"R-{name}", "organization", "O") for name in "ABS"),
        Membership("service", "A", "service", "A"),
        Membership("repository", "R-A", "repository", "R-A"),
        Membership("service", "A", "team", "T"),
    ]
    assert sorted(map(str, [p[:2] for p in parts(observed)])) == [
        "('A', 'R-A')", "('B', 'R-B')", "(None, 'R-S')",
    ]  # fmt: skip
    terms = terms_of(settings, FREQUENCY_BANDS, AS_OF, AS_OF)

    def summary(entity, rows):
        return summarize(entity, rows, terms).select(DORA.column_names())

    found = pools([p[:2] for p in parts(observed)], entities, members, sources)
    assert [[e.entity_id for e in pool.entities] for pool in found] == [
        ["O"], ["A", "R-A"], ["without rows"], ["T"],
    ]  # fmt: skip
    # One by one, without any pool, is what both have to come to.
    alone = pa.concat_tables(
        summary(*its, rows)
        for entity in entities
        for its, rows in pooled_here(observed, [entity], members, sources)
    )
    here = pa.concat_tables(
        table
        for its, rows in pooled_here(observed, entities, members, sources)
        for table in told_of(its, rows, summary)
    )
    frame, its_entities = pooled(spark, spark.createDataFrame(observed), entities, members, sources)
    there = Told(frame, summarizer(its_entities, summary), DORA.spark_schema()).frame()
    order = [(name, "ascending") for name in DORA.key]
    assert there.toArrow().sort_by(order).to_pylist() == here.sort_by(order).to_pylist()
    assert here.sort_by(order).to_pylist() == alone.sort_by(order).to_pylist()
    assert {"production", "production:eu", "production:us"} == {
        row["environment"] for row in here.to_pylist() if row["entity_id"] == "O"
    }


@pytest.mark.parametrize("here", [True, False], ids=["here", "executors"])
def test_groups_are_the_same_here_and_on_the_executors(spark, frame, here):
    rows = frame("name string, number int", *({"name": n, "number": i}
                 for i, n in enumerate(["b", "a", None, "b", "c"])))  # fmt: skip
    others = frame("name string, number int", {"name": "b", "number": 10})

    def count(key, group):
        return told(key, [group.num_rows])

    def count_both(key, left, right):
        return told(key, [left.num_rows, right.num_rows])

    def told(key, sizes):
        return pa.table({"name": pa.array([key[0].as_py()], pa.string()), "sizes": [sizes]})

    schema = "name string, sizes array<bigint>"
    one = apply_grouped(spark, rows, ["name"], count, schema, here=here)
    two = apply_cogrouped(spark, rows, others, ["name"], count_both, schema, here=here)
    assert {r["name"]: r["sizes"] for r in one.collect()} == {
        "a": [1], "b": [2], "c": [1], None: [1],
    }  # fmt: skip
    assert {r["name"]: r["sizes"] for r in two.collect()} == {
        "a": [1, 0], "b": [2, 1], "c": [1, 0], None: [1, 0],
    }  # fmt: skip


def test_bots_are_in_lead_time_unless_excluded_and_never_in_phases(frame, settings, at):
    from transform.schemas import DEPLOYMENT_CHANGES, DEPLOYMENT_OUTCOMES, PULL_REQUEST_CYCLE

    change = {
        "deployment_id": "D", "service_id": "S", "environment": "production",
        "repository_id": "R", "change_kind": "pull_request", "merged_at": at(1),
        "deployed_at": at(2), "lead_time_hours": 2.0,
    }  # fmt: skip
    changes = frame(
        DEPLOYMENT_CHANGES.spark_schema(),
        {**change, "change_id": "P1", "pull_request_id": "P1", "is_bot": True},
        {**change, "change_id": "P2", "pull_request_id": "P2", "is_bot": False},
    )
    cycle = frame(
        PULL_REQUEST_CYCLE.spark_schema(),
        *(
            {"pull_request_id": name, "repository_id": "R", "is_bot": name == "P1",
             "merged_at": at(1), "coding_hours": 1.0}
            for name in ("P1", "P2")
        ),
    )  # fmt: skip
    outcome = {
        "deployment_id": "D", "service_id": "S", "repository_id": "R", "finished_at": at(2),
        "environment": "production", "is_failed": False, "is_rework": False,
    }  # fmt: skip
    outcomes = frame(
        DEPLOYMENT_OUTCOMES.spark_schema(),
        outcome,
        {**outcome, "deployment_id": "E", "service_id": "no incident source"},
    )
    incidents = frame(INPUTS["fct_incidents"].spark_schema())
    services = frame(
        INPUTS["dim_services"].spark_schema(),
        {"service_id": "S", "has_incident_source": True},
        {"service_id": "no incident source", "has_incident_source": False},
    )

    def counts(chosen):
        rows = observe_all(outcomes, changes, cycle, incidents, services, chosen).collect()
        found: dict[str, int] = {}
        for row in rows:
            found[row["metric"]] = found.get(row["metric"], 0) + 1
        return found

    everyone = counts(settings)
    assert everyone["change_lead_time"] == 2
    assert (everyone["coding_time"], everyone["deploy_time"]) == (1, 1)
    # Without an incident source it can't be told which deployments failed.
    assert (everyone["deployment_frequency"], everyone["change_fail_rate"]) == (2, 1)
    humans = counts(dataclasses.replace(settings, exclude_bots=True))
    assert humans["change_lead_time"] == 1
