"""Teams of the sources and of the settings, and who owns what."""

from __future__ import annotations

from datetime import UTC, datetime

from demo.company import Company
from demo.model import Account, Group, GroupMember, Membership, Team
from demo.organization import StatedTeam
from demo.truth_people import TeamTruth, teams

T0, T1 = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
ADA = Account("U_1", 1, "ada", "Ada", "", person="ada")
BEN = Account("7", 7, "ben", "Ben", "", source="gitlab", person="ben")
CLO = Account("8", 8, "clo", "Clo", "", source="gitlab", person="clo")


def test_a_team_of_the_settings_takes_the_place_of_those_it_absorbs() -> None:
    stated = (
        StatedTeam("All", None, ("gitlab:acme",)),
        StatedTeam("Pay", "All", ("github:acme/pay", "gitlab:acme/pay"), ("x",), ("eve",)),
    )
    github = (
        Team("T_pay", 1, "pay", "Pay", None, T0, (Membership(ADA, "MEMBER"),), ()),
        Team("T_sub", 2, "sub", "Sub", "pay", T0, (Membership(ADA, "MEMBER"),), ()),
    )
    gitlab = (
        Group(1, "acme", "acme", "Acme", None, T0, ()),
        Group(2, "pay", "acme/pay", "Pay", 1, T0, (GroupMember(BEN, 30, T0),
                                                   GroupMember(CLO, 30, T1))),
        Group(3, "ops", "acme/ops", "Ops", 1, T0, (GroupMember(BEN, 30, T0),)),
    )  # fmt: skip
    assert teams("acme", stated, github, gitlab, T0) == (
        TeamTruth("team:all", "All", None, ()),
        TeamTruth("team:pay", "Pay", "team:all", ("ada", "ben", "eve")),
        TeamTruth("github:T_sub", "Sub", "team:pay", ("ada",)),
        TeamTruth("gitlab:3", "Ops", "team:all", ("ben",)),
    )
    later = teams("acme", stated, github, gitlab, T1)
    assert later[1].persons == ("ada", "ben", "clo", "eve")


def test_owners_in_the_default_company(company: Company) -> None:
    # Of the settings: Checkout is said to be Payments'; Storefront is the GitHub team's with ADMIN
    # (repository 1 of 8 teams: the second one, Storefront); Gateway is in the group Edge. The
    # project notifications lies in the group acme itself, which is Engineering.
    truth = company.truth()
    storefront = next(team for team in company.teams if team.slug == "storefront")
    edge = next(group for group in company.groups if group.path == "edge")
    assert truth.owners["service:checkout"] == "team:payments"
    assert truth.owners["service:storefront"] == f"github:{storefront.id}"
    assert truth.owners["service:gateway"] == f"gitlab:{edge.id}"
    assert truth.owners["gitlab:100011"] == "team:engineering"
    ids = {team.team_id for team in truth.teams}
    assert {owner for owner in truth.owners.values() if owner} <= ids


def test_teams_of_the_default_company_hang_together(company: Company) -> None:
    told = {team.team_id: team for team in company.truth().teams}
    roots = [team.team_id for team in told.values() if team.parent_team_id is None]
    assert roots == ["team:engineering"]
    assert all(team.parent_team_id in told for team in told.values() if team.parent_team_id)
    assert told["team:payments"].parent_team_id == "team:engineering"
    assert "person:0" in told["team:payments"].persons
