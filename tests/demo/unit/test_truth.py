"""The truth of tiny stories, worked out by hand in the comments."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from demo.model import (
    Account,
    Blame,
    Change,
    Closing,
    Comment,
    Deployment,
    DraftTurn,
    Incident,
    PullRequest,
    Push,
    RepositoryStory,
    Review,
    Shipment,
    Team,
)
from demo.truth import (
    DoraValue,
    ServiceStory,
    Truth,
    TruthTeller,
    band,
    first_response,
    hours,
    lower_median,
    ready_at,
    resolved_at,
)
from demo.truth_people import TeamTruth, owner_by_permission

ADA = Account("U_ada", 1, "ada", "Ada", "ada@acme.test")
BEN = Account("U_ben", 2, "ben", "Ben", "ben@acme.test")
GONE = Account("U_gone", 3, "gone", "Gone", "gone@acme.test", is_deleted=True)
BOT = Account("BOT_1", 4, "reviewer", "reviewer[bot]", "bot@acme.test", "Bot")
ROBOT = Account("U_robot", 5, "robot", "Robot", "robot@acme.test", is_bot_by_settings=True)


def at(day: int, hour: int = 12, minute: int = 0, month: int = 3) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


def change(name: str, first: datetime, merged: datetime, **more: object) -> Change:
    return Change("pull_request", name, f"sha-{name}", first, merged, **more)  # type: ignore[arg-type]


def shipment(name: str, finished: datetime, *changes: Change, **more: object) -> Shipment:
    more = {"environment": "production", "known_at": finished, **more}
    return Shipment(
        deployment_id=name,
        commit_sha=f"sha-{name}",
        finished_at=finished,
        changes=changes,
        **more,  # type: ignore[arg-type]
    )


def story(*shipments: Shipment, **more: object) -> RepositoryStory:
    merged = tuple(one for each in shipments for one in each.changes)
    return RepositoryStory(
        id="R_shop", database_id=1, owner="acme", name="shop", description="", habit="",
        default_branch="main", language=None, topics=(), created_at=at(1),
        shipments=shipments, **{"merged": merged, **more},  # type: ignore[arg-type]
    )  # fmt: skip


TEAM = TeamTruth("github:T_shop", "Shop", None, ("ada",))


def tell(
    *stories: RepositoryStory, as_of: datetime, teams: tuple[TeamTruth, ...] = (TEAM,)
) -> Truth:
    """The truth of repositories that are services of their own and belong to one team."""
    services = [ServiceStory(f"github:{one.id}", "github:T_shop", (one,)) for one in stories]
    return tell_of(*services, as_of=as_of, teams=teams)


def tell_of(
    *services: ServiceStory, as_of: datetime, teams: tuple[TeamTruth, ...] = (TEAM,)
) -> Truth:
    start = date(2026, 3, 1)
    return TruthTeller("organization:acme", "Europe/Berlin", start, teams, services).tell(as_of)


def value(
    truth: Truth, metric: str, grain: str = "rolling_90d", entity: str = "github:R_shop",
    environment: str = "production", start: date | None = None,
) -> DoraValue:  # fmt: skip
    (found,) = [
        one for one in truth.dora
        if (one.metric, one.grain, one.entity_id, one.environment)
        == (metric, grain, entity, environment)
        and (start is None or one.period_start == start)
    ]  # fmt: skip
    return found


def test_lead_time_runs_from_the_first_commit_to_the_deployment() -> None:
    # p1: 2 March 12:00 → 5 March 12:00 = 72 h; p2: 5 March 06:00 → 5 March 12:00 = 6 h;
    # p3: 6 March 12:00 → 7 March 12:00 = 24 h. Sorted 6, 24, 72: the middle one is 24.
    truth = tell(
        story(
            shipment("d1", at(5), change("p1", at(2), at(4)), change("p2", at(5, 6), at(5, 11))),
            shipment("d2", at(7), change("p3", at(6), at(7, 9))),
        ),
        as_of=at(20),
    )
    assert [row.lead_time_hours for row in truth.deployment_changes] == [72, 6, 24]
    lead = value(truth, "change_lead_time")
    assert (lead.value, lead.sample_size, lead.status) == (24, 3, "ok")
    assert lead.band == "high"  # not less than a day, less than a week


def test_deployment_frequency_counts_days_and_whole_days_only() -> None:
    # Window of 90 days that ends at Berlin midnight of 20 March = 19 March 23:00 UTC.
    truth = tell(
        story(shipment("d1", at(5)), shipment("d2", at(7)), shipment("d3", at(19, 23, 30))),
        as_of=at(20, 10),
    )
    frequency = value(truth, "deployment_frequency")
    assert (frequency.numerator, frequency.denominator) == (2, 90)
    assert frequency.value == pytest.approx(2 / 90)
    assert (frequency.status, frequency.band) == ("insufficient_data", None)
    assert frequency.period_end == date(2026, 3, 20)
    month = value(truth, "deployment_frequency", "month", start=date(2026, 3, 1))
    assert (month.numerator, month.denominator, month.is_partial) == (3, 20, True)


def test_a_month_is_cut_at_local_midnight() -> None:
    # 31 March 22:30 UTC is 1 April 00:30 in Berlin (summer time since 29 March).
    told = story(shipment("d0", at(5)), shipment("d1", at(31, 22, 30)))
    truth = tell(told, as_of=at(20, month=5))
    assert value(truth, "deployment_frequency", "month", start=date(2026, 3, 1)).numerator == 1
    april = value(truth, "deployment_frequency", "month", start=date(2026, 4, 1))
    assert (april.numerator, april.denominator) == (1, 30)


def test_an_incident_blames_the_latest_deployment_before_it_within_the_window() -> None:
    # d1 5 March, d2 7 March. The incident of 8 March (closed after 2 h) is d2's: it finished
    # 24 h before, so it took 26 h to recover. The one of 20 March is 13 days late: unlinked.
    first = Incident(1, "I_1", at(8), at(8), (Closing(at(8, 14)),))
    second = Incident(2, "I_2", at(20), at(20), (Closing(at(20, 13)),))
    truth = tell(
        story(shipment("d1", at(5)), shipment("d2", at(7)), incidents=(first, second)),
        as_of=at(25),
    )
    good, bad = truth.deployment_outcomes
    assert not good.is_failed
    assert (bad.failure_reasons, bad.incident_ids) == (("incident",), ("github:I_1",))
    assert (bad.recovered_at, bad.recovery_hours) == (at(8, 14), 26)
    rate = value(truth, "change_fail_rate")
    assert (rate.value, rate.numerator, rate.denominator) == (0.5, 1, 2)
    assert truth.coverage["github:R_shop", "incident_linked_by_window"] == 1
    assert truth.coverage["github:R_shop", "incident_unlinked"] == 1
    restore = value(truth, "time_to_restore_service")  # 2 h and 1 h: the lower one
    assert (restore.value, restore.sample_size) == (1, 2)


def test_a_named_deployment_is_blamed_instead_of_the_latest_one() -> None:
    named = Incident(1, "I_1", at(8), at(8), (), (Blame("d1", at(9)),))
    told = story(shipment("d1", at(5)), shipment("d2", at(7)), incidents=(named,))
    before, after = tell(told, as_of=at(8, 13)), tell(told, as_of=at(10))
    assert [one.is_failed for one in before.deployment_outcomes] == [False, True]
    assert [one.is_failed for one in after.deployment_outcomes] == [True, False]


def test_a_deployment_has_not_recovered_while_one_of_its_incidents_is_open() -> None:
    closed = Incident(1, "I_1", at(5, 13), at(5, 13), (Closing(at(5, 14)),))
    reopened = Incident(2, "I_2", at(5, 13), at(5, 13),
                        (Closing(at(5, 15), reopened_at=at(5, 16)), Closing(at(8))))  # fmt: skip
    told = story(shipment("d1", at(5)), incidents=(closed, reopened))
    (early,) = tell(told, as_of=at(6)).deployment_outcomes
    assert (early.is_failed, early.recovered_at) == (True, None)
    recovery = value(tell(told, as_of=at(7)), "failed_deployment_recovery_time")
    assert (recovery.value, recovery.open_count, recovery.status) == (None, 1, "no_data")
    (late,) = tell(told, as_of=at(9)).deployment_outcomes
    assert late.recovery_hours == 72


def test_a_rollback_makes_the_deployment_before_it_a_failed_one() -> None:
    truth = tell(
        story(
            shipment("d1", at(5)),
            shipment("d2", at(7, 12)),
            shipment("d3", at(7, 13), is_rollback=True),
        ),
        as_of=at(20),
    )
    d1, d2, d3 = truth.deployment_outcomes
    assert [one.is_failed for one in (d1, d2, d3)] == [False, True, False]
    assert (d2.failure_reasons, d2.recovery_hours) == (("rollback",), 1)
    assert (d3.is_rework, d3.rework_reasons) == (True, ("rollback",))
    assert value(truth, "deployment_rework_rate").numerator == 1


def test_a_revert_shipped_within_a_week_makes_the_deployment_a_failed_one() -> None:
    bad = change("p1", at(4), at(5, 10))
    soon = story(
        shipment("d1", at(5), bad),
        shipment("d2", at(6), change("p2", at(5, 20), at(6, 9), reverts="p1")),
    )
    late = story(
        shipment("d1", at(5), bad),
        shipment("d2", at(13), change("p2", at(12), at(13, 9), reverts="p1")),
    )
    d1, d2 = tell(soon, as_of=at(20)).deployment_outcomes
    assert (d1.failure_reasons, d1.recovery_hours) == (("revert",), 24)
    assert (d2.is_failed, d2.rework_reasons) == (False, ("revert",))
    d1, d2 = tell(late, as_of=at(20)).deployment_outcomes
    assert (d1.is_failed, d2.is_rework) == (False, True)


def test_a_change_and_its_revert_in_one_deployment_are_no_failure() -> None:
    told = story(
        shipment("d1", at(5), change("p1", at(4), at(4)), change("p2", at(4), at(5), reverts="p1"))
    )
    (d1,) = tell(told, as_of=at(20)).deployment_outcomes
    assert (d1.is_failed, d1.is_rework) == (False, True)


def test_hotfixes_and_incident_fixes_are_rework() -> None:
    incident = Incident(9, "I_9", at(2), at(2))
    told = story(
        shipment("d1", at(5), change("p1", at(4), at(4), is_hotfix=True)),
        shipment("d2", at(6), change("p2", at(5), at(5), closes=(9,))),
        shipment("d3", at(7), change("p3", at(6), at(6), closes=(8,))),  # 8 is no incident
        incidents=(incident,),
    )
    reasons = [one.rework_reasons for one in tell(told, as_of=at(20)).deployment_outcomes]
    assert reasons == [("hotfix",), ("incident_fix",), ()]


def test_a_change_in_two_regions_counts_once_where_it_came_first() -> None:
    p1 = change("p1", at(4), at(5))
    told = story(
        shipment("eu", at(5, 13), p1, environment="production-eu"),
        shipment("us", at(5, 15), p1, environment="production-us"),
    )
    truth = tell(told, as_of=at(20))
    pooled = value(truth, "change_lead_time")
    assert (pooled.value, pooled.sample_size) == (25, 1)
    assert value(truth, "deployment_frequency").numerator == 2
    us = value(truth, "change_lead_time", environment="production:production-us")
    assert us.value == 27


def test_nothing_known_is_not_zero() -> None:
    merged = {"pulls": (pull(),), "merged": (change("p1", at(2), at(3, 10)),)}
    silent = story(**merged)
    staging = Deployment("D", 1, "staging", "main", "x", ADA, at(3), ())
    staging_only = story(deployments=(staging,), **merged)
    for metric in ("deployment_frequency", "change_lead_time", "change_fail_rate", "deploy_time"):
        assert value(tell(silent, as_of=at(20)), metric).status == "no_source"
        nothing = value(tell(staging_only, as_of=at(20)), metric)
        assert (nothing.value, nothing.status) == (None, "no_data")
    assert value(tell(silent, as_of=at(20)), "time_to_restore_service").status == "no_data"


def test_what_is_shown_later_than_as_of_is_not_known_yet() -> None:
    told = story(shipment("d1", at(5), known_at=at(6)))
    assert tell(told, as_of=at(5, 18)).deployment_outcomes == ()
    assert len(tell(told, as_of=at(7)).deployment_outcomes) == 1


def test_the_owner_is_the_only_team_with_the_highest_permission() -> None:
    def team(name: str, permission: str) -> Team:
        return Team(f"T_{name}", 1, name, name, None, at(1), (), (("shop", permission),))

    def owner(*teams: Team) -> str | None:
        found = owner_by_permission(teams, "shop")
        return found.id if found else None

    assert owner(team("a", "ADMIN"), team("b", "MAINTAIN")) == "T_a"
    assert owner(team("a", "WRITE"), team("b", "MAINTAIN")) == "T_b"
    assert owner(team("a", "ADMIN"), team("b", "ADMIN"), team("c", "WRITE")) is None
    assert owner(team("a", "READ"), team("b", "TRIAGE")) is None


def test_nothing_is_said_of_periods_before_the_first_fact() -> None:
    truth = tell(story(shipment("d1", at(2, month=4))), as_of=at(20, month=5))
    months = {one.period_start for one in truth.dora if one.grain == "month"}
    assert months == {date(2026, 4, 1), date(2026, 5, 1)}


def test_a_team_pools_the_rows_of_its_services_and_of_the_teams_below() -> None:
    one = story(shipment("d1", at(5), change("p1", at(4), at(4))))
    above = TeamTruth("team:all", "All", None, ())
    below = TeamTruth("github:T_shop", "Shop", "team:all", ())
    truth = tell(one, as_of=at(20), teams=(above, below))
    for entity in ("github:T_shop", "team:all", "organization:acme"):
        assert value(truth, "change_lead_time", entity=entity).value == 24


def pull(**more: object) -> PullRequest:
    base = {
        "id": "p1", "database_id": 1, "number": 1, "title": "", "body": "", "author": ADA,
        "base_ref": "main", "head_ref": "x", "created_at": at(2, 10),
        "pushes": (Push(at(2, 10), ("s",)),), "touched": (at(2, 10),),
        "merged_at": at(3, 10), "closed_at": at(3, 10), "merge_commit_sha": "sha-p1",
    }  # fmt: skip
    return PullRequest(**{**base, **more})  # type: ignore[arg-type]


def said(author: Account | None, moment: datetime) -> Comment:
    return Comment("IC", 1, author, moment, "")


def test_only_another_human_before_the_merge_is_a_response() -> None:
    one = pull(
        comments=(said(ADA, at(2, 11)), said(BOT, at(2, 12)), said(ROBOT, at(2, 12, 30)),
                  said(GONE, at(2, 13)), said(None, at(2, 13, 30)), said(BEN, at(2, 18))),
        reviews=(Review("r1", 1, BEN, "PENDING", at(2, 14), None, "s", ""),
                 Review("r2", 2, BEN, "APPROVED", at(2, 16), at(2, 16), "s", ""),
                 Review("r3", 3, BEN, "APPROVED", at(4), at(4), "s", "")),
    )  # fmt: skip
    assert first_response(one) == at(2, 16)
    late = pull(reviews=(Review("r3", 3, BEN, "APPROVED", at(4), at(4), "s", ""),))
    assert first_response(late) is None


def test_a_draft_is_opened_when_it_is_first_ready() -> None:
    turns = (
        DraftTurn("1", "READY_FOR_REVIEW", at(2, 15)),
        DraftTurn("2", "CONVERT_TO_DRAFT", at(2, 16)),
        DraftTurn("3", "READY_FOR_REVIEW", at(2, 17)),
    )
    assert ready_at(pull()) == at(2, 10)
    assert ready_at(pull(opened_as_draft=True, draft_turns=turns)) == at(2, 15)
    assert ready_at(pull(opened_as_draft=True)) is None
    # Opened ready, turned into a draft later: it was opened when it was created.
    assert ready_at(pull(draft_turns=turns[1:])) == at(2, 10)


def test_the_phases_of_a_pull_request_add_up_to_its_cycle() -> None:
    # written 2 March 08:00, opened 10:00, reviewed 16:00, merged 3 March 10:00, live 3 March 12:00
    one = pull(reviews=(Review("r", 1, BEN, "APPROVED", at(2, 16), at(2, 16), "s", ""),))
    told = story(shipment("d1", at(3), change("p1", at(2, 8), at(3, 10))), pulls=(one,))
    (cycle,) = tell(told, as_of=at(20)).pull_request_cycle
    assert (cycle.coding_hours, cycle.pickup_hours, cycle.review_hours, cycle.deploy_hours) == (
        2,
        6,
        18,
        2,
    )
    assert cycle.cycle_hours == 28


def test_a_service_on_both_sources_has_one_row_of_deployments_for_its_incidents() -> None:
    # web (GitHub) deploys on the 5th and rolls back on the 8th; pay (GitLab) deploys on the 6th and
    # 7th. The incident of the 7th, kept in Jira under web, is pay's deployment two hours before it:
    # opened 14:00, resolved 17:00, so d3 (12:00) took 5 h. web's rollback is about d1 alone.
    incident = Incident(0, "500", at(7, 14), at(7, 14), (Closing(at(7, 17)),), source="jira")
    web = story(shipment("d1", at(5)), shipment("d4", at(8), is_rollback=True),
                incidents=(incident,))  # fmt: skip
    pay = replace(
        story(shipment("d2", at(6), change("1", at(5), at(6))),
              shipment("d3", at(7), change("2", at(6), at(7)))),
        id="77", source="gitlab",
    )  # fmt: skip
    both = ServiceStory("service:shop", "team:shop", (web, pay))
    truth = tell_of(both, as_of=at(20), teams=(TeamTruth("team:shop", "Shop", None, ()),))
    outcomes = {one.deployment_id: one for one in truth.deployment_outcomes}
    assert set(outcomes) == {"github:d1", "github:d4", "gitlab:d2", "gitlab:d3"}
    assert outcomes["github:d1"].failure_reasons == ("rollback",)
    assert outcomes["github:d4"].previous_deployment_id == "github:d1"
    assert outcomes["gitlab:d3"].previous_deployment_id == "gitlab:d2"
    assert outcomes["gitlab:d3"].incident_ids == ("jira:500",)
    assert outcomes["gitlab:d3"].recovery_hours == 5
    assert outcomes["gitlab:d2"].failure_reasons == ()
    assert [one.change_id for one in truth.deployment_changes] == ["gitlab:1", "gitlab:2"]
    (link,) = truth.incidents
    assert (link.method, link.deployment_ids) == ("window", ("gitlab:d3",))
    assert value(truth, "deployment_frequency", entity="team:shop").numerator == 4
    assert truth.coverage == {
        ("service:shop", "pull_request_shipped"): 2,
        ("service:shop", "incident_linked_by_window"): 1,
    }


def test_a_change_that_names_an_incident_of_jira_fixes_it() -> None:
    incident = Incident(0, "500", at(2), at(2), source="jira")
    told = story(
        shipment("d1", at(5), change("p1", at(4), at(4), fixes=("500",))),
        shipment("d2", at(6), change("p2", at(5), at(5), fixes=("501",))),
        incidents=(incident,),
    )
    reasons = [one.rework_reasons for one in tell(told, as_of=at(20)).deployment_outcomes]
    assert reasons == [("incident_fix",), ()]


def test_a_second_account_of_the_author_is_nobody_else() -> None:
    author, other = replace(ADA, person="ada"), replace(ADA, id="U_2", login="ada2", person="ada")
    one = pull(author=author, comments=(said(other, at(2, 11)), said(BEN, at(2, 15))))
    assert first_response(one) == at(2, 15)


def test_small_things() -> None:
    assert lower_median([4, 1, 3, 2]) == 2
    assert lower_median([]) is None
    assert hours(at(2), at(1)) is None
    assert hours(None, at(1)) is None
    assert hours(at(2), at(2) + timedelta(seconds=1)) == 1 / 3600
    assert resolved_at(Incident(1, "i", at(1), at(1)), at(9)) is None
    assert [band("deployment_frequency", one) for one in (1, 1 / 7, 1 / 30, 0.03)] == [
        "elite", "high", "medium", "low"]  # fmt: skip
    assert [band("change_lead_time", one) for one in (23.9, 24, 168, 720)] == [
        "elite", "high", "medium", "low"]  # fmt: skip
    assert [band("change_fail_rate", one) for one in (0.05, 0.1, 0.2, 0.21)] == [
        "elite", "high", "medium", "low"]  # fmt: skip
    assert band("deployment_rework_rate", 0.1) is None
