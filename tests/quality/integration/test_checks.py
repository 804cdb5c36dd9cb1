"""Every check holds for good rows and fails for a broken one."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from quality.checkpoint import run, validate
from quality.claims import CheckSpec, RowCount, Rows, Values
from quality.suites import DOORS, check_specs, raw, raw_github

pytestmark = pytest.mark.integration

SPECS = {(spec.table, spec.name): (door, spec) for door in DOORS for spec in check_specs(door)}

_DORA = "update metrics.dora set "
_ONE_RATIO = (
    " where metric = 'change_fail_rate' and value is not null and entity_type = 'service'"
    " and grain = 'month'"
)
_ONE_LEAD_TIME = _ONE_RATIO.replace("change_fail_rate", "change_lead_time")

# How to break what the check claims, by (table, check).
BREAKING: dict[tuple[str, str], str] = {
    ("raw_github.repository_syncs", "every_connection_was_synced_in_the_last_36_hours"): (
        "update raw_github.repository_syncs set synced_at = now() - interval '37 hours'"
    ),
    ("raw_github.repositories", "connection_is_in_the_settings"): (
        "update raw_settings.connections set connection = 'renamed'"
    ),
    ("raw_github.repositories", "head_commit_is_loaded"): (
        "update raw_github.repositories set head_sha = 'c3' where id = 'R1'"
    ),
    ("raw_github.pull_requests", "merged_ones_say_when"): (
        "update raw_github.pull_requests set merged_at = null"
    ),
    ("raw_github.pull_requests", "merge_commit_is_loaded"): (
        "delete from raw_github.commits where sha = 'c2'"
    ),
    ("raw_github.commits", "authored_after_1990"): (
        "update raw_github.commits set authored_at = '1970-01-01 00:00+00' where sha = 'c1'"
    ),
    ("raw_github.issues", "closed_ones_say_when"): (
        "update raw_github.issues set closed_at = now() where state = 'OPEN'"
    ),
    ("raw_github.pull_request_reviews", "submitted_ones_say_when"): (
        "update raw_github.pull_request_reviews set submitted_at = null"
    ),
    ("raw_github.workflow_runs", "completed_ones_have_a_conclusion"): (
        "update raw_github.workflow_runs set conclusion = null"
    ),
    ("raw_github.deployment_statuses", "status_is_not_before_its_deployment"): (
        "update raw_github.deployments set created_at = now()"
    ),
    ("raw_github.pull_request_reviews", "review_is_not_before_its_pull_request"): (
        "update raw_github.pull_requests set created_at = now()"
    ),
    ("raw_gitlab.project_syncs", "every_connection_was_synced_in_the_last_36_hours"): (
        "delete from raw_gitlab.project_syncs"
    ),
    ("raw_gitlab.projects", "connection_is_in_the_settings"): (
        "update raw_settings.connections set connection = 'renamed'"
    ),
    (
        "raw_gitlab.projects",
        "head_commit_is_loaded",
    ): "update raw_gitlab.projects set head_sha = 'x'",
    ("raw_gitlab.merge_requests", "merged_ones_say_when"): (
        "update raw_gitlab.merge_requests set merged_at = null"
    ),
    # The branch's own commit is not the one that came to the default branch.
    ("raw_gitlab.merge_requests", "merge_commit_is_loaded"): (
        "update raw_gitlab.merge_requests set squash_commit_sha = null"
    ),
    ("raw_gitlab.issues", "closed_ones_say_when"): "update raw_gitlab.issues set closed_at = null",
    ("raw_gitlab.commits", "authored_after_1990"): (
        "update raw_gitlab.commits set authored_at = '1970-01-01 00:00+00' where sha = 'g1'"
    ),
    ("raw_gitlab.jobs", "job_is_of_its_project"): "update raw_gitlab.pipelines set project_id = 8",
    ("raw_jira.project_syncs", "every_connection_was_synced_in_the_last_36_hours"): (
        "update raw_jira.project_syncs set synced_at = now() - interval '37 hours'"
    ),
    ("raw_jira.projects", "connection_is_in_the_settings"): (
        "update raw_settings.connections set connection = 'renamed'"
    ),
    ("raw_jira.sprints", "states_fit_their_times"): (
        "update raw_jira.sprints set completed_at = null"
    ),
    ("raw_jira.issues", "histories_lead_to_the_status_shown"): (
        "delete from raw_jira.issue_changes where change_id = '10'"
    ),
    (
        "raw_jira.issues",
        "sprints_of_issues_are_loaded",
    ): "delete from raw_jira.sprints where id = 3",
    ("raw_jira.fields", "a_field_is_read_as_story_points"): (
        "update raw_jira.fields set used_as = null"
    ),
    ("raw_jira.worklogs", "seconds_are_not_negative"): (
        "update raw_jira.worklogs set seconds_spent = -1"
    ),
    ("marts.fct_pull_requests", "every_loaded_merge_request_is_there"): (
        "delete from marts.fct_pull_requests where pull_request_id = 'gitlab:71'"
    ),
    ("marts.fct_issues", "every_loaded_issue_is_there"): (
        "delete from marts.fct_issues where issue_id = 'jira:10'"
    ),
    ("marts.fct_issues", "status_is_the_last_of_its_history"): (
        "update marts.fct_issues set status_category = 'to_do'"
    ),
    ("marts.bridge_sprint_issues", "added_before_the_sprint_closed"): (
        "update marts.bridge_sprint_issues set added_at = now() where removed_at is null"
    ),
    # In one row a begin that is too early, in the others a second row without an end.
    ("marts.fct_issue_status_changes", "intervals_do_not_overlap"): (
        "update marts.fct_issue_status_changes set entered_at = entered_at - interval '1 hour'"
        " where position = 3"
    ),
    **{
        (f"marts.{table}", "intervals_do_not_overlap"): f"update marts.{table} set {end} = null"
        for table, end in (
            ("fct_issue_estimate_changes", "valid_to"),
            ("fct_issue_assignee_changes", "valid_to"),
            ("fct_issue_blocked_changes", "unblocked_at"),
            ("bridge_sprint_issues", "removed_at"),
            ("bridge_team_members", "valid_to"),
        )
    },
    ("marts.dim_developers", "no_name_is_an_address"): (
        "update marts.dim_developers set name = 'Jane <jane.doe+x@mail.acme.test>'"
    ),
    ("marts.bridge_developer_identities", "no_name_is_an_address"): (
        "update marts.bridge_developer_identities set login = 'Jane@Acme.TEST' where login = 'jane'"
    ),
    ("marts.dim_teams", "no_name_is_an_address"): "update marts.dim_teams set name = 'x@acme.test'",
    ("marts.bridge_commit_services", "changed_files_are_known"): (
        "update marts.bridge_commit_services set reason = 'unknown'"
    ),
    ("marts.fct_pull_requests", "every_loaded_pull_request_is_there"): (
        "delete from marts.fct_pull_requests where number = 2"
    ),
    ("marts.fct_deployments", "a_production_environment_is_recognised"): (
        "update marts.fct_deployments set environment_tier = 'other'"
    ),
    ("marts.fct_deployments", "commit_is_known"): "delete from marts.fct_commits where sha = 'c2'",
    ("metrics.dora", "lead_time_is_not_negative"): _DORA + "value = -0.5" + _ONE_LEAD_TIME,
    ("metrics.dora", "durations_are_not_negative"): (
        _DORA + "metric = 'review_time', p75 = -1, p90 = null" + _ONE_LEAD_TIME
    ),
    ("metrics.dora", "ratios_are_between_zero_and_one"): _DORA + "value = 1.01" + _ONE_RATIO,
    ("metrics.dora", "numerator_does_not_exceed_denominator"): (
        _DORA + "numerator = denominator + 1" + _ONE_RATIO
    ),
    ("metrics.dora", "value_is_numerator_over_denominator"): _DORA + "value = 0.4" + _ONE_RATIO,
    ("metrics.dora", "counts_are_not_negative"): _DORA + "open_count = -1" + _ONE_RATIO,
    ("metrics.dora", "percentiles_are_in_order"): _DORA + "p75 = 9" + _ONE_LEAD_TIME,
    ("metrics.dora", "null_has_a_reason"): (
        _DORA + "value = 0 where metric = 'deployment_frequency' and status = 'no_data'"
    ),
    ("metrics.dora", "small_samples_say_so"): _DORA + "sample_size = 1" + _ONE_RATIO,
    ("metrics.dora", "band_is_earned"): (
        _DORA + "band = 'low', band_year = 2024 where status = 'insufficient_data'"
    ),
    ("metrics.dora", "band_follows_its_boundaries"): _DORA + "band = 'elite'" + _ONE_RATIO,
    ("metrics.dora", "periods_have_no_holes"): (
        "delete from metrics.dora where entity_type = 'service' and grain = 'day'"
        " and period_start = '2026-03-04' and metric = 'change_fail_rate'"
    ),
    ("metrics.dora", "periods_have_their_length"): (
        _DORA + "period_end = period_end - 1 where grain = 'month' and period_start = '2026-02-01'"
    ),
    ("metrics.dora", "only_the_last_period_is_partial"): (
        _DORA + "is_partial = true where grain = 'day' and period_start = '2026-03-02'"
    ),
    ("metrics.dora", "all_rows_have_one_definition"): (
        _DORA + "definition_version = definition_version - 1" + _ONE_RATIO
    ),
    ("metrics.dora", "services_add_up_to_the_organization"): (
        _DORA + "numerator = 0 where entity_type = 'service' and grain = 'quarter'"
        " and metric = 'deployment_frequency'"
    ),
    # A day of UTC is not a day of Berlin.
    ("metrics.dora", "deployment_counts_match_the_marts"): (
        "update marts.dim_organizations set timezone = 'UTC'"
    ),
    ("metrics.dora", "no_entity_type_has_vanished"): (
        "delete from metrics.dora where entity_type = 'service' and grain = 'week'"
    ),
    ("metrics.dora", "rows_have_not_dropped"): (
        "delete from metrics.dora where grain = 'day' and period_start < '2026-03-04'"
    ),
    # Too few of them here to lose some: the last run had more.
    ("metrics.dora", "ok_values_have_not_dropped"): (
        "update quality.table_volumes set row_count = row_count + 5"
        " where slice = 'service/month/ok'"
    ),
    ("metrics.deployment_changes", "change_ships_once"): (
        "insert into metrics.deployment_changes select (changes.again).* from (select"
        ' jsonb_populate_record(c, \'{"deployment_id": "github:D2"}\') as again'
        " from metrics.deployment_changes as c) as changes"
    ),
    ("metrics.deployment_changes", "lead_time_is_not_negative"): (
        "update metrics.deployment_changes set lead_time_hours = -10"
    ),
    ("metrics.deployment_changes", "lead_time_is_its_span"): (
        "update metrics.deployment_changes set lead_time_hours = 10.01"
    ),
    ("metrics.deployment_changes", "deployment_is_to_production"): (
        "update marts.fct_deployments set environment_tier = 'staging'"
    ),
    ("metrics.deployment_changes", "pull_request_is_merged"): (
        "update marts.fct_pull_requests set merged_at = null"
    ),
    ("metrics.deployment_changes", "merged_before_deployed"): (
        "update metrics.deployment_changes set merged_at = deployed_at + interval '1 second'"
    ),
    ("metrics.pull_request_cycle", "phases_are_not_negative"): (
        "update metrics.pull_request_cycle set pickup_hours = -1"
    ),
    ("metrics.pull_request_cycle", "phases_add_up_to_the_cycle"): (
        "update metrics.pull_request_cycle set pickup_hours = 2"
    ),
    ("metrics.pull_request_cycle", "every_merged_pull_request_is_there"): (
        "update marts.fct_pull_requests set merged_at = now()"
    ),
    ("metrics.deployment_outcomes", "every_production_deployment_is_there"): (
        "delete from metrics.deployment_outcomes where position = 2"
    ),
    ("metrics.deployment_outcomes", "failed_ones_have_a_reason"): (
        "update metrics.deployment_outcomes set failure_reasons = array[]::text[]"
    ),
    ("metrics.deployment_outcomes", "recovery_is_not_negative"): (
        "update metrics.deployment_outcomes set recovery_hours = -3"
    ),
    ("metrics.deployment_outcomes", "only_failed_ones_recover"): (
        "update metrics.deployment_outcomes set recovered_at = now()"
    ),
    ("metrics.deployment_outcomes", "incidents_exist"): "delete from marts.fct_incidents",
    ("metrics.linkage_coverage", "row_count_is_not_negative"): (
        "update metrics.linkage_coverage set row_count = -1"
    ),
}


def _breaking(spec: CheckSpec) -> str | None:
    """A statement that makes the claim false; None where nobody has written one."""
    written = BREAKING.get((spec.table, spec.name))
    if written is not None:
        return written
    table, keys = spec.table, raw.KEYS.get(spec.table, ())
    match spec.claim:
        case Values(column=column):
            one = f"select ctid from {table} where {column} is not null limit 1"
            return f"update {table} set {column} = 'NEWS' where ctid in ({one})"
        case RowCount():
            return f"delete from {table}"
    if spec.name.startswith("every_") and spec.name.endswith("_that_rows_name_is_loaded"):
        return f"delete from {table}"
    if spec.name == "times_are_in_order":
        found = re.search(r"(\w+) < (\w+)", spec.claim.sql)
        assert found is not None
        return f"update {table} set {found[1]} = {found[2]} - interval '1 minute'"
    if spec.name in ("keys_are_unique", "keys_are_unique_and_not_empty"):
        return f"insert into {table} select * from {table}"
    if spec.name == "replies_have_the_fields_known":
        return f"update {table} set accepted_at = null"
    if spec.name == "no_needed_field_vanished_or_changed_its_type":
        drift = f"{table.partition('.')[0]}.schema_drift"
        return f"update {drift} set is_needed = true, accepted_at = null"
    if spec.name == "keys_are_not_empty":
        return f"update {table} set {keys[-1]} = null"
    if spec.name == "happened_before_it_was_read":
        return f"update {table} set synced_at = now() - interval '30 days'"
    for name, column, *_ in raw_github._REFERENCES:
        if f"raw_github.{name}" == table and f"this.{column} is not null" in spec.claim.sql:
            number = isinstance(column, str) and column == "run_id"
            return f"update {table} set {column} = {99 if number else repr('gone')}" + (
                f" where {column} is not null"
            )
    for name, earlier, later, *_ in raw_github._TIMES:
        if f"raw_github.{name}" == table and f"{later} < {earlier}" in spec.claim.sql:
            return f"update {table} set {later} = {earlier} - interval '1 minute'"
    return None


@pytest.fixture(scope="module")
def inspected(shared_house) -> Iterator:
    """The little company after an accepted run at every door; each test finds it whole."""
    for door in DOORS:
        outcomes = run(door, shared_house.url, "before")
        assert [(o.table, o.check, o.metadata) for o in outcomes if not o.passed] == []
        assert [o.metadata["note"] for o in outcomes if "note" in o.metadata] == []
    shared_house.keep("quality.table_volumes")
    return shared_house


def test_every_check_has_a_way_to_break_it():
    assert [where for where, (_, spec) in SPECS.items() if _breaking(spec) is None] == []
    assert set(BREAKING) <= set(SPECS)


@pytest.mark.parametrize("where", SPECS, ids=[f"{table}.{name}" for table, name in SPECS])
def test_a_broken_row_is_found(inspected, where: tuple[str, str]):
    door, spec = SPECS[where]
    before = {spec.table: inspected.rows(f"select count(*) from {spec.table}")[0][0]}
    statement = _breaking(spec)
    assert statement is not None
    inspected.execute(statement)
    try:
        outcome = validate(door, inspected.url, [spec], before)[where]
    finally:
        inspected.restore()

    assert not outcome.passed
    assert "note" not in outcome.metadata  # it failed for its reason, not because it can't run
    if isinstance(spec.claim, Rows):
        assert outcome.metadata["unexpected_count"] >= 1
        assert 1 <= len(outcome.metadata["sample"]) <= 5
