"""Organizations and users, their repositories and teams."""

from __future__ import annotations

from typing import Any

from ingestion.github import rows
from ingestion.github.reading import Reading, extend, next_page
from ingestion.github.repository import Repository
from ingestion.http import BadReply, Forbidden, NotFound
from ingestion.settings import GithubConnection, SettingsError


class UnknownOwner(NotFound, SettingsError):
    """The settings name an owner that does not exist, or is hidden."""


def read_repositories(
    reading: Reading, connection: GithubConnection, login: str
) -> tuple[dict[str, Any], list[Repository]]:
    """Hands over the repositories of an owner that the settings want; returns the owner and them.

    Raises ApiError: UnknownOwner when there is none.
    """
    after = None
    found: dict[str, Repository] = {}
    while True:
        data = _page(reading, login, after)
        owner = data.get("repositoryOwner")
        if owner is None:
            raise UnknownOwner(
                f'[[github]] "{connection.name}", owners: there is no organization or user '
                f'"{login}", or the token may not see it'
            )
        page = owner.pop("repositories", None)
        if page is None:
            raise BadReply(f"the repositories of {login} could not be read")
        for node in rows.nodes(page):
            if not connection.wants(node["nameWithOwner"]) or node["id"] in found:
                continue
            found[node["id"]] = Repository.from_node(node)
            reading.put("repositories", [rows.repository(node, owner)])
        after = next_page(page, after)
        if after is None:
            return owner, list(found.values())


def _page(reading: Reading, login: str, after: str | None) -> dict[str, Any]:
    before = dict(reading.problems)
    for lists in (True, False):
        variables = {"login": login, "after": after, "lists": lists}
        data = reading.query("repositories", variables, meets_people=False)
        if reading.problems.keys() == before.keys():
            break
        # A repository with a list that may not be read is missing whole; what may not be read is
        # found again, and recorded, when its turn comes.
        if lists:
            reading.problems = dict(before)
    return data


def read_teams(reading: Reading, login: str) -> None:
    """Hands over the teams of an organization with their members and repositories.

    Raises ApiError, and hands over nothing then: Forbidden without the right to read them.
    """
    after = None
    teams: dict[str, dict[str, Any]] = {}
    organization_id = ""
    before = set(reading.problems)
    while True:
        organization = reading.query("teams", {"login": login, "after": after})["organization"]
        page = (organization or {}).get("teams")
        hidden = [line for line in reading.problems if line not in before]
        # Half a list would look like members who left.
        if organization is None or page is None or hidden:
            raise Forbidden("; ".join(hidden) or f"{login} is no organization")
        organization_id = organization["id"]
        for node in rows.nodes(page):
            teams[node["id"]] = node
        after = next_page(page, after)
        if after is None:
            break
    for team in teams.values():
        _complete(reading, team)
        _put(reading, team, organization_id)


def _complete(reading: Reading, team: dict[str, Any]) -> None:
    while open_lists := {
        name: after
        for name in ("members", "repositories")
        if (after := next_page(team.get(name))) is not None
    }:
        variables: dict[str, Any] = {"id": team["id"]}
        for name in ("members", "repositories"):
            variables[name] = name in open_lists
            variables[f"{name}After"] = open_lists.get(name)
        more = reading.node("team_lists", variables)
        for name in open_lists:
            extend(team, name, more.get(name))


def _put(reading: Reading, team: dict[str, Any], organization_id: str) -> None:
    def edges(name: str) -> list[dict[str, Any]]:
        found = [e for e in (team.get(name) or {}).get("edges") or [] if e and e.get("node")]
        return list({edge["node"]["id"]: edge for edge in found}.values())

    reading.put("teams", [rows.team(team, organization_id)])
    reading.put("team_members", [rows.team_member(e, team["id"]) for e in edges("members")])
    reading.put(
        "team_repositories", [rows.team_repository(e, team["id"]) for e in edges("repositories")]
    )
