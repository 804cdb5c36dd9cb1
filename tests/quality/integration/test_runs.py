"""A run of a door: what it keeps, what it compares with, what it survives."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from quality import checkpoint
from quality.__main__ import main
from quality.checkpoint import QualityError, run, validate
from quality.claims import CheckOutcome, CheckSpec
from quality.results import prune
from quality.suites import DOORS, check_specs

pytestmark = pytest.mark.integration


def _failed(outcomes: list[CheckOutcome]) -> dict[str, CheckOutcome]:
    return {f"{o.table}.{o.check}": o for o in outcomes if not o.passed}


@pytest.mark.parametrize("door", DOORS)
def test_empty_tables_pass(empty_house, door):
    outcomes = run(door, empty_house.url, "first")

    assert _failed(outcomes) == {}
    assert [o.metadata["note"] for o in outcomes if "note" in o.metadata] == []


@pytest.mark.parametrize("door", DOORS)
def test_a_warehouse_without_tables_passes(warehouse, door):
    outcomes = run(door, warehouse.url("inspector"), "first")

    assert _failed(outcomes) == {}
    assert all("does not exist yet" in outcome.metadata["note"] for outcome in outcomes)


def test_a_company_without_releases_passes(house):
    house.execute("delete from raw_github.releases; drop table raw_github.tags")

    assert _failed(run("raw", house.url, "first")) == {}


def test_a_source_that_is_not_connected_costs_nothing(house, monkeypatch):
    for (table,) in house.rows(
        "select schemaname || '.' || tablename from pg_tables"
        " where schemaname in ('raw_gitlab', 'raw_jira')"
    ):
        house.execute(f"delete from {table}")
    house.execute("delete from raw_settings.connections where source <> 'github'")
    asked: list[CheckSpec] = []

    def recorded(door, url, specs, *more):
        asked.extend(specs)
        return validate(door, url, specs, *more)

    monkeypatch.setattr(checkpoint, "validate", recorded)

    assert _failed(run("raw", house.url, "first")) == {}
    # Only whether its connections were read: the settings may have one that never was.
    assert {(s.table, s.name) for s in asked if not s.table.startswith("raw_github.")} == {
        (f"raw_{source}.project_syncs", "every_connection_was_synced_in_the_last_36_hours")
        for source in ("gitlab", "jira")
    }


def test_a_table_that_lost_all_rows_stops_the_work_without_being_asked(house):
    run("raw", house.url, "first")
    house.execute("delete from raw_jira.worklogs")

    failed = _failed(run("raw", house.url, "second"))

    assert set(failed) == {"raw_jira.worklogs.keeps_at_least_half_of_its_rows"}
    assert failed.popitem()[1].blocking


def test_every_check_of_a_door_has_its_outcome_in_order(house):
    outcomes = run("metrics", house.url, "first")

    assert [(o.table, o.check) for o in outcomes] == [
        (spec.table, spec.name) for spec in check_specs("metrics")
    ]


def test_outcomes_do_not_depend_on_the_order_of_the_suite(house):
    house.execute("update metrics.dora set value = 2 where unit = 'ratio' and value is not null")
    specs = check_specs("metrics")

    forwards = validate("metrics", house.url, specs, {})
    backwards = validate("metrics", house.url, specs[::-1], {})

    assert forwards == backwards
    assert not forwards["metrics.dora", "ratios_are_between_zero_and_one"].passed
    assert forwards["metrics.dora", "lead_time_is_not_negative"].passed


def test_results_are_kept(house):
    house.execute("update raw_github.pull_requests set state = 'merged' where id = 'PR1'")

    outcomes = run("raw", house.url, "first")

    kept = house.rows(
        "select table_schema || '.' || table_name, check_name, passed, blocking, severity"
        " from quality.check_results where run_id = 'first' and door = 'raw'"
    )
    assert sorted(kept) == sorted(
        (o.table, o.check, o.passed, o.blocking, o.severity) for o in outcomes
    )
    assert house.rows(
        "select observed_value, unexpected_count from quality.check_results"
        " where check_name = 'state_is_known' and table_name = 'pull_requests'"
    ) == [(["merged"], 1)]


def test_a_run_repeated_replaces_its_own_results_only(house):
    for run_id in ("first", "second", "second"):
        run("marts", house.url, run_id)

    counts = house.rows("select run_id, count(*) from quality.check_results group by 1")
    assert sorted(counts) == [(run_id, len(check_specs("marts"))) for run_id in ("first", "second")]
    assert len(house.rows("select * from quality.latest_check_results")) == len(
        check_specs("marts")
    )


def test_emptied_after_rows_blocks(house):
    run("raw", house.url, "first")
    house.execute("delete from raw_github.labels")

    found = _failed(run("raw", house.url, "second"))

    drop = found["raw_github.labels.keeps_at_least_half_of_its_rows"]
    assert drop.blocking
    assert drop.metadata == {"observed_value": 0, "row_count": 0, "row_count_before": 1}


def test_a_vanished_table_blocks(house):
    run("raw", house.url, "first")
    house.execute("drop table raw_github.labels")

    assert "raw_github.labels.keeps_at_least_half_of_its_rows" in _failed(
        run("raw", house.url, "second")
    )


def test_a_small_loss_warns_and_does_not_block(house):
    house.execute(
        "insert into raw_github.labels (connection, id, repository_id, name, synced_at)"
        " select 'github', 'L' || n, 'R1', 'label', now() from generate_series(2, 100) as n"
    )
    run("raw", house.url, "first")
    house.execute("delete from raw_github.labels where id < 'L3'")

    found = _failed(run("raw", house.url, "second"))

    assert list(found) == ["raw_github.labels.has_not_lost_rows"]
    assert not found["raw_github.labels.has_not_lost_rows"].blocking


def test_a_blocked_run_is_not_what_the_next_is_compared_with(house):
    run("raw", house.url, "first")
    house.execute("delete from raw_github.labels")
    run("raw", house.url, "second")

    assert (
        _failed(run("raw", house.url, "third"))["raw_github.labels.has_not_lost_rows"].metadata[
            "row_count_before"
        ]
        == 1
    )


def test_an_accepted_drop_blocks_no_more(house, capsys: pytest.CaptureFixture[str]):
    environ = {"SEI_QUALITY_URL": house.url}
    run("raw", house.url, "first")
    house.execute("delete from raw_github.labels")
    assert main(["run", "--door", "raw"], environ) == 1

    assert main(["accept", "--door", "raw"], environ) == 0

    assert main(["run", "--door", "raw"], environ) == 0
    assert "raw: later runs are compared with run manual-" in capsys.readouterr().out


def test_a_missing_rolling_window_is_a_hole(house):
    house.execute(
        "update metrics.dora set period_end = period_end - 2, period_start = period_start - 2"
        " where grain = 'rolling_30d' and period_end = '2026-03-02'"
    )

    holes = _failed(run("metrics", house.url, "first"))

    assert list(holes) == ["metrics.dora.periods_have_no_holes"]
    assert {row["grain"] for row in holes["metrics.dora.periods_have_no_holes"].metadata["sample"]}\
        == {"rolling_30d"}  # fmt: skip


def test_metrics_that_lose_an_entity_type_silently_block(house):
    run("metrics", house.url, "first")
    house.execute("delete from metrics.dora where entity_type = 'service'")

    vanished = _failed(run("metrics", house.url, "second"))[
        "metrics.dora.no_entity_type_has_vanished"
    ]

    assert vanished.blocking
    assert vanished.metadata["unexpected_count"] == 6  # one per grain
    assert vanished.metadata["sample"][0]["rows_now"] == 0


def test_what_is_tolerated_is_a_share_of_the_rows(house):
    house.execute(
        "insert into raw_github.issues (connection, id, repository_id, number, state, created_at,"
        " closed_at, synced_at) select 'github', 'I' || n, 'R1', n, 'CLOSED', now() - interval"
        " '3 days', now() - interval '2 days', now() from generate_series(10, 300) as n"
    )
    backwards = "update raw_github.issues set closed_at = created_at - interval '1 day' where {}"

    house.execute(backwards.format("id in ('I10', 'I11')"))
    tolerated = _failed(run("raw", house.url, "first"))
    house.execute(backwards.format("number between 10 and 20"))
    too_many = _failed(run("raw", house.url, "second"))

    assert tolerated == {}
    outcome = too_many["raw_github.issues.closed_is_not_before_created"]
    assert outcome.metadata["unexpected_count"] == 11
    assert len(outcome.metadata["sample"]) == 5
    assert not outcome.blocking


def test_a_check_that_cannot_run_fails_alone_and_says_why(house):
    house.execute("alter table raw_github.issues drop column closed_at")

    found = _failed(run("raw", house.url, "first"))

    assert list(found) == [
        "raw_github.issues.closed_is_not_before_created",
        "raw_github.issues.closed_ones_say_when",
    ]
    assert "closed_at" in found["raw_github.issues.closed_ones_say_when"].metadata["note"]


def test_neither_secrets_nor_texts_are_kept(house, tmp_path: Path):
    house.execute(
        "insert into raw_github.pull_requests select * from raw_github.pull_requests;"
        "update raw_github.pull_requests set merged_at = null, created_at = now() + interval '1 h';"
        "alter table raw_github.users drop column type"
    )
    outcomes = run("raw", house.url, "first", gx_home=tmp_path, build_docs=True)

    password = urlsplit(house.url).password
    assert password
    kept = house.rows("select to_jsonb(r)::text from quality.check_results as r")
    written = [path.read_text(errors="replace") for path in tmp_path.rglob("*.html")]
    told = "\n".join([str(outcomes), str(kept), *written])
    assert len(_failed(outcomes)) > 3
    for secret in (password, "Secret plans", "jane"):
        assert secret not in told


def test_the_data_docs_are_pages_per_door(house, tmp_path: Path, capsys):
    environ = {"SEI_QUALITY_URL": house.url, "SEI_HOME": str(tmp_path)}

    assert main(["docs"], environ) == 0

    front = tmp_path / "gx" / "docs" / "index.html"
    assert capsys.readouterr().out.strip() == str(front)
    for door in DOORS:
        assert f'href="{door}/index.html"' in front.read_text()
        pages = [path.read_text() for path in (front.parent / door).rglob("*.html")]
        assert any(check_specs(door)[0].name in page for page in pages)


def test_outcomes_can_be_read_by_a_program(house, capsys):
    status = main(["run", "--door", "marts", "--json"], {"SEI_QUALITY_URL": house.url})

    assert status == 0
    assert {row["table"].split(".")[0] for row in json.loads(capsys.readouterr().out)} == {"marts"}


def test_analysts_read_the_results(house):
    run("marts", house.url, "first")

    with psycopg.connect(house.warehouse.url("reader")) as connection:
        count = connection.execute("select count(*) from quality.latest_check_results").fetchone()

    assert count == (len(check_specs("marts")),)


def test_a_role_that_may_not_read_is_told_in_one_line(house):
    with pytest.raises(QualityError, match="permission denied") as refused:
        run("raw", house.warehouse.url("reader"), "first")

    assert "\n" not in str(refused.value)


def test_old_results_are_dropped_but_not_what_is_compared_with(house):
    run("raw", house.url, "old")
    with psycopg.connect(house.url) as connection:
        for table in ("check_results", "table_volumes"):
            connection.execute(
                f"update quality.{table} set checked_at = checked_at - interval '3 years'".encode()
            )
        prune(connection, datetime.now(UTC) - timedelta(days=365))
    house.execute("delete from raw_github.labels")

    found = _failed(run("raw", house.url, "new"))

    assert "raw_github.labels.keeps_at_least_half_of_its_rows" in found
    assert house.rows("select distinct run_id from quality.check_results") == [("new",)]
    assert {r for (r,) in house.rows("select run_id from quality.table_volumes")} == {"old", "new"}


def test_a_program_without_a_file_runs_the_checks_too(house):
    # Regression: PySpark, imported by Great Expectations, ends a process whose main module has no
    # file. Dagster executes every run of the UI and of schedules in such a process.
    program = "import sys; from quality.checkpoint import run; run('marts', sys.argv[1], 'first')"

    told = subprocess.run(
        [sys.executable, "-c", program, house.url], capture_output=True, text=True, check=False
    )

    assert told.returncode == 0, told.stderr
    assert house.rows("select distinct run_id from quality.check_results") == [("first",)]
