"""How the company is divided: crews, GitHub teams, GitLab groups, services, and what the settings
say of them. Repositories are dealt to the sources here as well."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from random import Random

from demo import words
from demo.habits import Habit
from demo.ids import node_id
from demo.model import Account, Group, GroupMember, Membership, Team
from demo.people import APART, FOUNDED, TWICE, Person, Staff
from demo.planning_model import JiraUser
from demo.site import OPERATIONS, title_of
from demo.world import Crew

GITHUB_OWNER = "acme"
_ROOT, _PAYMENTS, _PLATFORM, _EDGE = 7001, 7002, 7003, 7004
# Who owns what on GitLab, and how changes get onto its default branches.
_GROUPS = {"daily": _PAYMENTS, "regions": _EDGE, "undeployed": _PLATFORM, "quiet": _ROOT}
_MERGES = {
    "daily": "ff", "regions": "merge", "undeployed": "squash_merge", "quiet": "squash",
    "trunk": "squash_merge", "weekly": "merge", "library": "squash", "monolith": "merge",
    "tags": "ff", "lines": "squash", "archived": "merge", "empty": "squash",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Service:
    """A service of the settings: repositories by index, and where Jira keeps its incidents."""

    name: str
    repositories: tuple[int, ...]
    team: str | None = None
    jira_projects: tuple[str, ...] = ()
    jira_components: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """As in the marts."""
        return "service:" + self.name.lower().replace(" ", "-")


@dataclass(frozen=True, slots=True)
class StatedTeam:
    """A team of the settings: what it absorbs, and whom the settings add."""

    name: str
    parent: str | None
    same: tuple[str, ...]  # "github:acme/payments", "gitlab:acme/payments"
    members: tuple[str, ...] = ()  # as written in the settings
    persons: tuple[str, ...] = ()  # the same people, by key

    @property
    def id(self) -> str:
        """As in the marts."""
        return "team:" + self.name.lower().replace(" ", "-")


def is_gitlab(index: int) -> bool:
    """Every third repository lives on GitLab; which ones turns with each round of habits."""
    return (index + index // 12) % 3 == 2


def group_of(index: int, habit: Habit) -> int:
    """Id of the GitLab group that a repository is in."""
    if index < 12:
        return _GROUPS[habit.key]
    return (_PAYMENTS, _PLATFORM, _EDGE, _ROOT)[index % 4]


def merge_of(habit: Habit) -> str:
    """GitLab's merge method for a habit."""
    return _MERGES[habit.key]


def services(names: tuple[str, ...]) -> tuple[Service, ...]:
    """The services of the settings; all other repositories are services of their own."""
    found = []
    for first in range(0, len(names), 12):
        if first + 2 < len(names):
            both = (first, first + 2)
            titles = tuple(title_of(names[index]) for index in both)
            found.append(Service(titles[0], both, "Payments", (), titles))
        if first + 1 < len(names):
            title = title_of(names[first + 1])
            found.append(Service(title, (first + 1,), None, (OPERATIONS,), (title,)))
        if first + 5 < len(names):
            title = title_of(names[first + 5])
            found.append(Service(title, (first + 5,), None, (), (title,)))
    return tuple(found)


def crews(
    rng: Random, dealt: list[tuple[Habit, str]], staff: Staff, reporters: dict[str, JiraUser]
) -> tuple[tuple[Team, ...], tuple[Crew, ...]]:
    """GitHub's teams below Engineering, and who works on which repository of either source."""
    writers = [person for person in staff.people if person.github and not person.is_bot]
    people = [person.github[0] for person in writers]
    count = max(2, min(len(dealt) * 2 // 3, len(people) // 3))
    found: list[Crew] = []
    members: list[list[Account]] = [people[turn::count] for turn in range(count)]
    permissions: list[list[tuple[str, str]]] = [[] for _ in range(count)]
    everything: list[tuple[str, str]] = []
    for index, (habit, name) in enumerate(dealt):
        team = index % count
        others = rng.sample(people, 2)
        crew = list(dict.fromkeys([*members[team], *others]))[:9]
        if people[3] not in crew and index % 3 == 0:
            crew.append(people[3])
        if is_gitlab(index):
            found.append(_gitlab_crew(crew, staff, index, reporters))
            continue
        if people[TWICE] in crew:
            crew.append(staff.by_key[people[TWICE].person].github[1])
        found.append(_crew(crew, staff.github_bots, reporters))
        everything.append((name, "READ"))
        neighbour = (team + 1) % count
        if habit.owner_permission == "NONE":
            permissions[team].append((name, "TRIAGE"))
        elif habit.owner_permission == "TWO":
            permissions[team].append((name, "ADMIN"))
            permissions[neighbour].append((name, "ADMIN"))
        else:
            permissions[team].append((name, habit.owner_permission))
            permissions[neighbour].append((name, "WRITE"))
    top = Team(
        node_id("T", 9_001, 80_000), 80_000, "engineering", "Engineering", None, FOUNDED,
        tuple(Membership(person, "MEMBER") for person in people[:2]), tuple(everything),
    )  # fmt: skip
    teams = [top]
    for turn in range(count):
        base = words.TEAM_NAMES[turn % len(words.TEAM_NAMES)]
        name = (
            base if turn < len(words.TEAM_NAMES) else f"{base} {turn // len(words.TEAM_NAMES) + 1}"
        )
        number = 80_001 + turn
        present = [person for person in members[turn] if not person.is_deleted]
        teams.append(
            Team(
                node_id("T", 9_001, number), number, name.lower().replace(" ", "-"), name,
                "engineering" if turn % 4 != 3 else teams[-1].slug, FOUNDED,
                tuple(
                    Membership(person, "MAINTAINER" if place == 0 else "MEMBER")
                    for place, person in enumerate(present)
                ),
                tuple(permissions[turn]),
            )
        )  # fmt: skip
    return tuple(teams), tuple(found)


def _gitlab_crew(
    crew: list[Account], staff: Staff, index: int, reporters: dict[str, JiraUser]
) -> Crew:
    """The same people under their GitLab accounts, as far as they have one."""
    found = [staff.by_key[one.person].gitlab for one in crew]
    accounts = [one for one in found if one is not None]
    if index == 2:
        apart = staff.by_key[f"person:{900}"].gitlab
        accounts += [apart] if apart else []
    spare = (person.gitlab for person in staff.people if not person.is_bot)
    for account in spare:
        if len(accounts) < 3 and account is not None and account not in accounts:
            accounts.append(account)
    return _crew(accounts, staff.gitlab_bots, reporters)


def _crew(people: list[Account], bots: tuple[Account, ...], reporters: dict[str, JiraUser]) -> Crew:
    dependencies, reviews, deployments, robot = bots
    return Crew(people, dependencies, reviews, deployments, robot, reporters)


def groups(
    crews: tuple[Crew, ...], habits: tuple[Habit, ...], event: Callable[[int], datetime]
) -> tuple[Group, ...]:
    """GitLab's groups: one root, two below it, and one below one of those."""
    people: dict[int, list[Account]] = {_ROOT: [], _PAYMENTS: [], _PLATFORM: [], _EDGE: []}
    for index, (crew, habit) in enumerate(zip(crews, habits, strict=True)):
        if is_gitlab(index):
            its = people[group_of(index, habit)]
            its += [one for one in crew.people if one not in its]

    def members(group: int) -> tuple[GroupMember, ...]:
        return tuple(
            GroupMember(one, 40 if place == 0 else 30, FOUNDED if place % 4 else event(10 + place))
            for place, one in enumerate(people[group])
        )

    return (
        Group(_ROOT, "acme", "acme", "Acme", None, FOUNDED, members(_ROOT)),
        Group(_PAYMENTS, "payments", "acme/payments", "Payments", _ROOT, FOUNDED,
              members(_PAYMENTS)),
        Group(_PLATFORM, "platform", "acme/platform", "Platform", _ROOT, FOUNDED,
              members(_PLATFORM)),
        Group(_EDGE, "edge", "acme/platform/edge", "Edge", _PLATFORM, FOUNDED, members(_EDGE)),
    )  # fmt: skip


def stated_teams(teams: tuple[Team, ...], staff: Staff) -> tuple[StatedTeam, ...]:
    """Two teams of the settings that are one team here and one group there."""
    one, two = _named(staff, 0), _named(staff, APART)
    github = tuple(
        f"github:{GITHUB_OWNER}/{team.slug}" for team in teams if team.slug == "payments"
    )
    return (
        StatedTeam("Engineering", None, (f"github:{GITHUB_OWNER}/engineering", "gitlab:acme")),
        StatedTeam(
            "Payments", "Engineering", (*github, "gitlab:acme/payments"),
            (one.github[0].public_email or one.logins[0], two.logins[0]), (one.key, two.key),
        ),
    )  # fmt: skip


def _named(staff: Staff, number: int) -> Person:
    return staff.by_key[f"person:{number}"]
