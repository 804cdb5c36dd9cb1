"""What people call periods, metrics and services; numbers and gaps in words."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from orchestration.commands import UsageProblem
from orchestration.commands.explain import asked
from orchestration.explanation.coverage import advice, counted, gaps
from orchestration.explanation.names import METRICS, Entity, entity_named, metric_named
from orchestration.explanation.periods import label, wanted
from orchestration.explanation.reading import (
    NEGATIVE,
    OPEN,
    UNKNOWN,
    Explained,
    median_ranks,
    why_no_span,
)
from orchestration.explanation.tables import cells
from transform.views import DESCRIBED

NEW_YORK = ZoneInfo("America/New_York")
# Monday 2026-11-02 00:30 in New York, the night after the clocks were set back.
AFTER_CHANGE = datetime(2026, 11, 2, 5, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "grain", "start", "end"),
    [
        ("2026-10-05", "day", "2026-10-05", "2026-10-06"),
        ("2026-W41", "week", "2026-10-04", "2026-10-11"),
        ("2026w01", "week", "2025-12-28", "2026-01-04"),
        ("2026-10", "month", "2026-10-01", "2026-11-01"),
        ("2026-q4", "quarter", "2026-10-01", "2027-01-01"),
        ("30d", "rolling_30d", "2026-10-03", "2026-11-02"),
        ("90d", "rolling_90d", "2026-08-04", "2026-11-02"),
        ("30d@2026-10-11", "rolling_30d", "2026-09-11", "2026-10-11"),
        ("today", "day", "2026-11-02", "2026-11-03"),
        # 25 hours long
        ("yesterday", "day", "2026-11-01", "2026-11-02"),
        ("last-day", "day", "2026-11-01", "2026-11-02"),
        ("this-week", "week", "2026-11-01", "2026-11-08"),
        ("Last-Week", "week", "2026-10-25", "2026-11-01"),
        ("last_month", "month", "2026-10-01", "2026-11-01"),
        ("last-quarter", "quarter", "2026-07-01", "2026-10-01"),
    ],
)
def test_a_period_is_understood_where_weeks_start_on_sunday(
    text: str, grain: str, start: str, end: str
) -> None:
    found = wanted(text, AFTER_CHANGE, NEW_YORK, "sunday")
    assert (found.grain, found.start.isoformat(), found.end.isoformat()) == (grain, start, end)


@pytest.mark.parametrize(
    ("week_starts_on", "start"),
    [("monday", "2026-10-05"), ("sunday", "2026-10-04"), ("saturday", "2026-10-03")],
)
def test_a_week_has_the_number_of_its_thursdays_iso_week(week_starts_on: str, start: str) -> None:
    found = wanted("2026-W41", AFTER_CHANGE, NEW_YORK, week_starts_on)
    assert found.start == date.fromisoformat(start)
    assert label(found.grain, found.start, found.end).startswith("week 2026-W41, ")


def test_at_midnight_sharp_the_day_before_is_over_and_the_new_one_has_not_begun() -> None:
    midnight = datetime(2026, 11, 2, 5, tzinfo=UTC)
    assert wanted("yesterday", midnight, NEW_YORK, "monday").start == date(2026, 11, 1)
    assert wanted("last-week", midnight, NEW_YORK, "monday").start == date(2026, 10, 26)
    assert wanted("today", midnight, NEW_YORK, "monday").start == date(2026, 11, 1)
    assert wanted("30d", midnight, NEW_YORK, "monday").end == date(2026, 11, 2)


@pytest.mark.parametrize(
    "text", ["", "2026", "2026-13", "2026-02-30", "2026-W54", "2026-Q5", "7d", "30d@", "next-week"]
)
def test_what_is_no_period_is_told_with_what_is_one(text: str) -> None:
    with pytest.raises(UsageProblem, match="is no period; say 2026-10-05, 2026-W41"):
        wanted(text, AFTER_CHANGE, NEW_YORK, "monday")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("change_lead_time", "change_lead_time"),
        ("Change-Lead-Time", "change_lead_time"),
        ("lead", "change_lead_time"),
        ("frequency", "deployment_frequency"),
        ("fail-rate", "change_fail_rate"),
        ("recovery", "failed_deployment_recovery_time"),
        ("deploy_time", "deploy_time"),
        ("restore", "time_to_restore_service"),
    ],
)
def test_a_metric_answers_to_its_name_or_the_begin_of_a_word(text: str, name: str) -> None:
    assert metric_named(text) is METRICS[name]


def test_what_may_be_several_metrics_or_none_is_told() -> None:
    with pytest.raises(UsageProblem, match="change_fail_rate or failed_deployment_recovery_time"):
        metric_named("fail")
    with pytest.raises(UsageProblem, match='"velocity"; there are: deployment_frequency, '):
        metric_named("velocity")


def test_the_metrics_are_those_that_are_computed() -> None:
    from transform.dora.table import METRICS as COMPUTED

    assert {m.name: m.kind for m in COMPUTED} == {m.name: m.kind for m in METRICS.values()}


SERVICES = [
    Entity("service", "github:R_1", "acme/checkout"),
    Entity("service", "service:search", "Search"),
    Entity("service", "github:R_3", "acme/api"),
    Entity("service", "gitlab:3", "other/api"),
    Entity("team", "team:payments", "Payments"),
]


@pytest.mark.parametrize("text", ["acme/checkout", "github:R_1", "ACME/Checkout", "checkout"])
def test_a_service_answers_to_its_name_its_id_or_the_last_part(text: str) -> None:
    assert entity_named(text, "service", SERVICES) is SERVICES[0]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("chekout", 'no service is called "chekout"; the nearest are: acme/checkout'),
        ("zzz", 'no service is called "zzz"; there are: Search, acme/api, acme/checkout'),
        ("payments", 'no service is called "payments", but a team is: --team payments'),
        ("api", 'several services are called "api": say github:R_3 or gitlab:3'),
    ],
)
def test_a_service_that_is_not_there_is_told_with_the_nearest(text: str, told: str) -> None:
    with pytest.raises(UsageProblem, match=told):
        entity_named(text, "service", SERVICES)


def test_a_question_names_who_what_and_when() -> None:
    assert asked(["a", "lead", "30d"], None, None, False) == ("service", "a", "lead", "30d")
    assert asked(["lead", "30d"], "T", None, False) == ("team", "T", "lead", "30d")
    assert asked(["lead", "30d"], None, None, True) == ("organization", None, "lead", "30d")
    for words, team in ((["a", "lead"], None), (["a", "lead", "30d"], "T"), ([], None)):
        with pytest.raises(UsageProblem, match="say a service, a metric and a period"):
            asked(words, team, None, False)
    with pytest.raises(UsageProblem, match="only one of"):
        asked(["lead", "30d"], "T", "R", False)


def test_the_rows_that_are_median_and_percentiles_are_the_lower_ones() -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    hours = [6.0, None, 24.0, 10.0, 12.0]
    facts = [{"hours": value, "happened_at": at} for value in hours]
    assert median_ranks(facts) == {3: ["median"], 4: ["p75"], 2: ["p90"]}
    assert median_ranks(facts[:1]) == {0: ["median", "p75", "p90"]}
    assert median_ranks([]) == {}


def test_of_many_rows_the_latest_are_shown_and_the_median() -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    names = [column.name for column in DESCRIBED.columns]
    facts = [
        {**dict.fromkeys(names), "hours": float(hours), "happened_at": at, "deployed_at": at}
        for hours in (5, 2, 9, 1, 4)
    ]
    metric = METRICS["change_lead_time"]
    now = datetime(2026, 2, 1, tzinfo=UTC)
    explained = Explained(SERVICES[0], metric, {}, facts, [], {}, ZoneInfo("UTC"), now)
    _, lines = cells(explained, 1)
    assert [line[6] for line in lines] == ["5.0 h", "9.0 h", "4.0 h"]
    assert len(cells(explained, 5)[1]) == 5


def test_why_a_row_has_no_span_is_told() -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    fact = {"hours": None, "is_open": None, "first_commit_at": at, "deployed_at": at}
    assert why_no_span("change_lead_time", fact) == NEGATIVE
    assert why_no_span("change_lead_time", {**fact, "first_commit_at": None}) == UNKNOWN
    assert why_no_span("failed_deployment_recovery_time", {**fact, "is_open": True}) == OPEN
    assert why_no_span("change_lead_time", {**fact, "hours": 0.0}) is None


def test_what_could_not_be_linked_is_one_line_a_kind() -> None:
    coverage = {
        "pull_request_shipped": 228,
        "pull_request_not_deployed_yet": 5,
        "pull_request_not_in_default_branch": 7,
        "deployment_commit_unknown": 1,
        "commit_shipped": 9,
        "incident_linked_by_window": 1,
        "service_without_incident_source": 2,
    }
    assert gaps(coverage) == [
        "12 of 240 pull requests (7 not in the default branch, 5 not deployed yet)",
        "deployments: 1 of an unknown commit",
        "services: 2 without an incident source",
    ]
    assert [what for what, _ in advice(coverage)] == [
        "pull requests not deployed yet",
        "pull requests not in the default branch",
        "deployments of an unknown commit",
        "services without an incident source",
    ]
    assert gaps({"pull_request_shipped": 3, "of another version": 1}) == []


@pytest.mark.parametrize(
    ("number", "plural", "text"),
    [(2, "direct pushes", "2 direct pushes"), (1, "direct pushes", "1 direct push"),
     (1, "changes", "1 change"), (0, "incidents", "0 incidents")],
)  # fmt: skip
def test_one_is_no_plural(number: int, plural: str, text: str) -> None:
    assert counted(number, plural) == text
