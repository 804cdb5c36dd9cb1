"""`sei explain` and the views behind it, on a company reckoned by hand (tests/fixtures)."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable
from dataclasses import replace
from io import StringIO

import psycopg
import pytest

from orchestration import cli
from orchestration.warehouse import Warehouse
from tests.fixtures.facts import UNEQUAL
from tests.fixtures.small_world import CHECKOUT, SmallWorld, write
from transform.schemas import OUTPUTS, Column
from transform.views import FACTS, VIEWS, prepare_views
from transform.warehouse import prepare

pytestmark = pytest.mark.integration

Sei = Callable[..., tuple[int, str, str]]


@pytest.fixture
def sei(
    small_world: SmallWorld, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Sei:
    """sei(arguments …): exit status, output, errors; in this process."""
    for name, value in small_world.environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["sei", *arguments])
        status = 0
        try:
            cli.main()
        except SystemExit as end:
            status = int(end.code or 0)
        said = capsys.readouterr()
        return status, said.out, said.err

    return run


def explained(sei: Sei, *arguments: str) -> dict:
    status, out, err = sei("explain", *arguments, "--json")
    assert status == 0, err
    return json.loads(out)


def test_every_number_is_what_the_rows_behind_it_make(small_world: SmallWorld) -> None:
    assert small_world.query(UNEQUAL) == []
    metrics, entities, grains, partial = small_world.query(
        "select count(distinct metric), count(distinct entity_type), count(distinct grain),"
        " count(*) filter (where is_partial) > 0 from metrics.dora"
    )[0]
    assert (metrics, entities, grains, partial) == (10, 4, 6, True)
    facts = small_world.query("select distinct metric from metrics.dora_facts")
    assert len(facts) == 10


def test_a_fact_that_is_missing_would_be_noticed(small_world: SmallWorld) -> None:
    with psycopg.connect(small_world.warehouse.url("metrician")) as connection:
        connection.execute(
            "delete from metrics.deployment_changes where pull_request_id = 'github:p5'"
        )
        assert connection.execute(UNEQUAL.encode()).fetchone()
        connection.rollback()


def test_views_stay_when_dbt_replaces_the_marts(small_world: SmallWorld) -> None:
    statement = "select * from metrics.dora_facts_described order by 1, 2, 3, 4, 5"
    before = small_world.query(statement)
    write(small_world.warehouse.url("modeller"))
    assert small_world.query(statement) == before
    assert before


def test_an_upgrade_replaces_views_and_leaves_those_of_analysts(warehouse: Warehouse) -> None:
    def there(connection: psycopg.Connection) -> list[tuple]:
        return connection.execute(
            "select 'view', c.oid, obj_description(c.oid, 'pg_class') from pg_class as c"
            " where relname like 'dora_facts%' and relkind = 'v'"
            " union all select proname, oid, null from pg_proc where proname like 'dora_facts%'"
            " order by 1, 2"
        ).fetchall()

    with psycopg.connect(warehouse.url("metrician"), autocommit=True) as connection:
        prepare(connection, list(OUTPUTS.values()))
        prepare_views(connection, VIEWS)
        first = there(connection)
        assert len(first) == len(VIEWS) + 1
        prepare_views(connection, VIEWS)
        assert there(connection) == first
        connection.execute("create view metrics.of_mine as select * from metrics.dora_facts")
        extra = (*FACTS.columns, Column("extra", "bigint", True, "More."))
        newer = [
            replace(
                view,
                columns=(*view.columns, extra[-1]),
                query=f"select *, 1::bigint from ({view.query}) as q",
            )
            for view in VIEWS
        ]
        prepare_views(connection, newer)
        assert [row[:2] for row in there(connection) if row[0] == "view"] == [
            row[:2] for row in first if row[0] == "view"
        ]
        assert len(there(connection)) == len(first)
        connection.execute("select extra from metrics.dora_facts, metrics.of_mine")
        described = connection.execute(
            "select col_description('metrics.dora_facts'::regclass, 1)"
        ).fetchone()
        assert described == (FACTS.columns[0].description,)


def test_a_lead_time_is_told_with_its_changes_and_which_of_them_it_is(sei: Sei) -> None:
    status, out, err = sei("explain", "checkout", "lead-time", "2026-W41")
    assert (status, err) == (0, "")
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert lines[0] == (
        "change lead time of checkout (service, production), week 2026-W41, 2026-10-04 to "
        "2026-10-10, America/New_York"
    )
    assert lines[1] == "10.0 h – ok, elite (bands of 2024)"
    assert "half took at most 10.0 h from their first commit" in lines[2]
    table = [line for line in lines if line.startswith("2026-")]
    assert table == [
        "2026-10-05 11:00 acme/checkout#1 2.0 h 60 min 4.0 h 5.0 h 12.0 h p75 "
        "https://github.test/acme/checkout/pull/1",
        "2026-10-05 11:00 acme/checkout#2 60 min – – 4.0 h 24.0 h p90 "
        "https://github.test/acme/checkout/pull/2",
        # finished at 3:30 of the sixth in UTC
        "2026-10-05 23:30 acme/checkout push – – – – 6.0 h "
        "https://github.test/acme/checkout/commit/push",
        "2026-10-05 23:30 acme/checkout#4 – – – 2.5 h – negative "
        "https://github.test/acme/checkout/pull/4",
        "2026-10-09 06:00 acme/checkout#5 60 min 60 min 7.0 h 60 min 10.0 h median "
        "https://github.test/acme/checkout/pull/5",
    ]
    assert "1 change that would end before the begin: a negative span is none" in lines
    assert "1 change by bots (metrics.exclude_bots)" in lines
    assert "2 of 7 pull requests (1 not deployed yet, 1 not in the default branch)" in lines


def test_failed_deployments_are_told_with_why_and_when_it_was_over(sei: Sei) -> None:
    found = explained(sei, "checkout", "change_fail_rate", "2026-W41", "--environment", "production:production")  # fmt: skip # noqa: E501
    assert found["number"]["value"] == 0.75
    assert [
        (row["deployment_id"], row["failure_reasons"], row["link_method"]) for row in found["rows"]
    ] == [
        ("github:D1", ["incident"], "window"),
        ("github:D2", ["rollback"], None),
        ("github:D3", [], None),
        ("github:D4", ["incident"], "explicit_deployment"),
    ]
    status, out, _ = sei("explain", "checkout", "recovery", "2026-W41")
    assert status == 0
    assert "3.0 h – insufficient data" in out
    assert "1 deployment failed and not recovered yet" in out
    assert [line.split()[1] for line in out.splitlines() if "not yet" in line] == ["06:00"]


def test_incidents_are_told_with_how_they_were_linked(sei: Sei) -> None:
    found = explained(sei, "--team", "Engineering", "restore", "90d")
    assert [
        (row["issue_key"], row["hours"], row["deployment_ids"], row["link_method"], row["marks"])
        for row in found["rows"]
    ] == [
        ("acme/checkout#3", 24.0, [], None, ["p75", "p90"]),
        ("acme/checkout#1", 2.0, ["github:D1"], "window", ["median"]),
    ]
    assert found["left_out"] == [{"row_count": 1, "what": "incidents", "why": "still open"}]


def test_the_organization_counts_a_change_once_and_says_who_could_not_be_judged(sei: Sei) -> None:
    found = explained(sei, "--organization", "lead", "2026-10")
    shipped = [row["fact_id"] for row in found["rows"]]
    assert sorted(shipped) == sorted(
        ["github:p1", "github:p2", "github:p4", "github:p5", "gitlab:q7", f"{CHECKOUT}:push"]
    )
    assert found["coverage"]["incident_service_unknown"] == 1
    gitlab = next(row for row in found["rows"] if row["fact_id"] == "gitlab:q7")
    assert gitlab["link"] == "https://gitlab.test/acme/search/-/merge_requests/7"
    assert gitlab["deployment_link"] == "https://gitlab.test/acme/search/-/releases/v-F1"
    failed = explained(sei, "--organization", "change-fail-rate", "2026-10")
    assert failed["left_out"] == [
        {
            "row_count": 3,
            "what": "deployments",
            "why": "where no incident source could tell of a failure (search)",
        }
    ]


def test_nothing_that_could_tell_is_told_as_such(sei: Sei) -> None:
    status, out, _ = sei("explain", "docs", "frequency", "30d")
    assert status == 0
    assert "No value, since nothing connected tells of deployments there" in out


def test_rows_come_as_csv(sei: Sei) -> None:
    status, out, _ = sei("explain", "--repository", "checkout", "rework", "2026-W41", "--csv")
    assert status == 0
    rows = list(csv.DictReader(StringIO(out)))
    assert {row["deployment_id"]: row["rework_reasons"] for row in rows} == {
        "github:D1": "",
        "github:D2": "",
        "github:D3": "rollback",
        "github:D4": "hotfix",
        "github:E1": "",
    }
    status, out, _ = sei("explain", "--organization", "frequency", "2026-09", "--csv")
    assert (status, len(out.splitlines())) == (0, 1)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["chekout", "lead", "30d"], 'no service is called "chekout"; the nearest are: checkout'),
        (["checkout", "velocity", "30d"], 'no metric is called "velocity"'),
        (["checkout", "lead", "fortnight"], '"fortnight" is no period; say 2026-10-05'),
        (["checkout", "lead", "2025-10"], "the first is from 2026-09-01, the last from 2026-10-01"),
        (["checkout", "lead", "30d@2026-10-05"], "that end before 2026-09-27 to 2026-10-20"),
        (["checkout", "lead", "30d", "--environment", "eu"], "production:production-eu"),
        (["checkout"], "say a service, a metric and a period"),
        (["checkout", "lead", "30d", "--json", "--csv"], "--json or --csv, not both"),
    ],
)
def test_a_question_that_has_no_answer_is_one_line(
    sei: Sei, arguments: list[str], told: str
) -> None:
    status, out, err = sei("explain", *arguments)
    assert (status, out) == (2, "")
    assert err.count("\n") == 1
    assert told in err


def test_the_report_says_what_could_not_be_linked_and_where_to_read_more(sei: Sei) -> None:
    status, out, _ = sei("report")
    assert status == 0
    line = out.splitlines()[-1]
    assert line.startswith("could not be linked: 2 of 8 pull requests (1 not deployed yet, ")
    assert line.endswith("sei report --coverage says what to do")


def test_coverage_is_told_by_service_with_advice(sei: Sei) -> None:
    status, out, _ = sei("report", "--coverage")
    assert status == 0
    assert (
        "search\n"
        "  1 of 1 direct push (1 already in the first deployment known)\n"
        "  deployments: 1 of an unknown commit\n"
        "  services: 1 without an incident source\n"
    ) in out
    assert "of no known service\n  1 of 1 incident (1 of an unknown service)\n" in out
    assert "services without a deployment source\n    Add a [[deployment_rules]] entry" in out
    status, out, _ = sei("report", "--coverage", "--entity", "docs", "--json")
    rows = json.loads(out)
    assert [row["reason"] for row in rows] == [
        "service_without_deployment_source",
        "service_without_incident_source",
    ]
    assert all(row["is_gap"] and row["advice"] for row in rows)


def test_without_metrics_the_way_to_them_is_told(
    sei: Sei, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEI_WAREHOUSE_URL", warehouse.url())
    for arguments in (["explain", "checkout", "lead", "30d"], ["report", "--coverage"]):
        status, _, err = sei(*arguments)
        assert status == 2
        assert "there are no metrics yet: sei run" in err
