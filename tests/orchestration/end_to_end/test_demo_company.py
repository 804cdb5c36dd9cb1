"""The demo company: what the pipeline computes equals what the storyteller knows, exactly."""

from __future__ import annotations

import pytest

from tests.independent.comparison import reckon_warehouse

pytestmark = pytest.mark.end_to_end


def test_every_change_is_shipped_by_the_deployment_that_shipped_it(told):
    rows = told.query(
        "select deployment_id, change_kind, change_id, lead_time_hours, is_bot"
        " from metrics.deployment_changes"
    )
    computed = {row[:3]: row[3:] for row in rows}
    expected = {
        (one.deployment_id, one.change_kind, one.change_id): (
            pytest.approx(one.lead_time_hours, abs=1e-9),
            one.is_bot,
        )
        for one in told.truth.deployment_changes
    }
    assert expected
    assert computed == expected


def test_every_deployment_came_out_as_it_did(told):
    rows = told.query(
        "select deployment_id, environment, previous_deployment_id, is_failed, failure_reasons,"
        " incident_ids, recovered_at, recovery_hours, is_rework, rework_reasons, is_rollback"
        " from metrics.deployment_outcomes"
    )
    computed = {row[0]: row[1:] for row in rows}
    expected = {
        one.deployment_id: (
            one.environment,
            one.previous_deployment_id,
            one.is_failed,
            list(one.failure_reasons),
            sorted(one.incident_ids),
            one.recovered_at,
            one.recovery_hours
            if one.recovery_hours is None
            else pytest.approx(one.recovery_hours, abs=1e-9),
            one.is_rework,
            list(one.rework_reasons),
            one.is_rollback,
        )
        for one in told.truth.deployment_outcomes
    }
    assert any(one.is_failed for one in told.truth.deployment_outcomes)
    assert computed == expected


def test_every_merged_pull_request_took_the_time_it_took(told):
    rows = told.query(
        "select pull_request_id, is_bot, deployment_id, coding_hours, pickup_hours, review_hours,"
        " deploy_hours, cycle_hours from metrics.pull_request_cycle"
    )
    computed = {row[0]: row[1:] for row in rows}
    assert set(computed) == {one.pull_request_id for one in told.truth.pull_request_cycle}
    for one in told.truth.pull_request_cycle:
        hours = [
            value if value is None else pytest.approx(value, abs=1e-9)
            for value in (
                one.coding_hours,
                one.pickup_hours,
                one.review_hours,
                one.deploy_hours,
                one.cycle_hours,
            )
        ]
        assert computed[one.pull_request_id] == (one.is_bot, one.deployment_id, *hours), one


def test_coverage_counts_what_is_linked_and_what_is_not(told):
    rows = told.query("select service_id, reason, row_count from metrics.linkage_coverage")
    assert {(service, reason): count for service, reason, count in rows} == told.truth.coverage


@pytest.mark.parametrize("grain", ["rolling_30d", "rolling_90d", "month"])
def test_dora_values_are_the_true_ones(told, grain):
    rows = told.query(
        "select entity_type, entity_id, environment, period_start, period_end, metric, value,"
        " numerator, denominator, sample_size, open_count, status, band, unit"
        " from metrics.dora where grain = %s and not is_partial",
        grain,
    )
    computed = {row[:6]: row[6:] for row in rows}
    compared = 0
    for one in told.truth.dora:
        if one.grain != grain or one.is_partial:
            continue
        key = (
            one.entity_type,
            one.entity_id,
            one.environment,
            one.period_start,
            one.period_end,
            one.metric,
        )
        assert key in computed, key
        expected = (
            one.value if one.value is None else pytest.approx(one.value, abs=1e-9),
            one.numerator,
            one.denominator,
            one.sample_size,
            one.open_count,
            one.status,
            one.band,
            one.unit,
        )
        assert computed[key] == expected, key
        compared += 1
    assert compared > 100


def test_an_independent_computation_comes_to_the_same(told):
    import psycopg

    with psycopg.connect(told.installation.warehouse().url()) as connection:
        found = reckon_warehouse(connection)
    assert not found, found[:10]


def test_a_repository_that_refuses_is_named_recorded_and_caught_up(told):
    assert "acme/checkout" in told.said[0]
    rows = told.query(
        "select repository_full_name, status, failed_resource, reason"
        " from raw_github.repository_syncs where status = 'failed'"
    )
    assert [row[:2] for row in rows] == [("acme/checkout", "failed")]
    assert rows[0][2]
    # The terminal may have broken the line.
    assert rows[0][3].split()[:4] == told.said[0].split(f"{rows[0][2]}: ")[1].split()[:4]
    assert "acme/checkout" not in told.said[1]


def test_services_belong_to_the_teams_that_own_them(told):
    rows = told.query("select service_id, team_id from marts.dim_services")
    assert dict(rows) == told.truth.owners


def test_every_table_of_the_public_face_is_there_and_readable_by_analysts(told):
    import psycopg

    with psycopg.connect(told.installation.warehouse().url("reader")) as connection:
        rows = connection.execute(
            "select schemaname || '.' || tablename from pg_tables"
            " where schemaname in ('marts', 'metrics')"
        ).fetchall()
        for (table,) in rows:
            connection.execute(f"select * from {table} limit 1".encode())
    tables = {table for (table,) in rows}
    for table in (
        "marts.dim_organizations", "marts.dim_teams", "marts.dim_developers",
        "marts.bridge_developer_identities", "marts.bridge_team_members",
        "marts.dim_repositories", "marts.dim_services", "marts.bridge_service_repositories",
        "marts.fct_commits", "marts.fct_pull_requests", "marts.bridge_pull_request_commits",
        "marts.fct_pull_request_reviews", "marts.fct_deployments", "marts.fct_incidents",
        "marts.fct_issues", "marts.fct_pipeline_runs", "metrics.deployment_changes",
        "metrics.pull_request_cycle", "metrics.deployment_outcomes", "metrics.linkage_coverage",
        "metrics.dora",
    ):  # fmt: skip
        assert table in tables


def test_no_secret_is_in_the_warehouse_or_the_logs(told):
    token = told.installation.environ["SEI_DEMO_TOKEN"]
    passwords = [
        told.installation.warehouse().url(role).split(":")[2].split("@")[0]
        for role in ("loader", "modeller", "metrician", "inspector", "reader")
    ]
    logs = [
        path.read_text(encoding="utf-8", errors="replace")
        for path in told.installation.home.rglob("*.log")
    ]
    assert logs
    for secret in (token, *passwords):
        assert not any(secret in text for text in logs)
    from psycopg import sql

    warehouse = told.installation.warehouse()
    import psycopg

    for url in (warehouse.url(), warehouse.dagster_url()):
        with psycopg.connect(url) as connection:
            tables = connection.execute(
                "select schemaname, tablename from pg_tables"
                " where schemaname not in ('pg_catalog', 'information_schema')"
            ).fetchall()
            for schema, table in tables:
                name = sql.Identifier(schema, table)
                for secret in (token, *passwords):
                    found = connection.execute(
                        sql.SQL("select 1 from {} as t where t::text like {} limit 1").format(
                            name, sql.Literal(f"%{secret}%")
                        )
                    ).fetchone()
                    assert found is None, (schema, table)


WORK = {
    "github": {"pull_requests", "commits", "issues"},
    "gitlab": {"merge_requests", "commits", "issues"},
    "jira": {"issues", "issue_changes", "worklogs", "issue_links"},
}


@pytest.mark.parametrize("source", ["github", "gitlab", "jira"])
def test_nothing_is_asked_twice_that_did_not_change(told, source):
    first, second, repeated = told.requests[source]
    # Nine days of four months; GitHub's second step also had to catch up all runs of the repository
    # that refused in the first one.
    assert second < first
    assert repeated < first / 4
    assert {table: told.repeated[source][table] for table in WORK[source]} == dict.fromkeys(
        WORK[source], 0
    )
