"""Who is who, and who is in which team: the true answers, told from what the company made up.

Account ids are those of the marts: `github:<node id>`, `gitlab:<user id>`, `jira:<account id>`, and
`<source>:git:<md5 of the lower-case e-mail>` for an address in commits.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from demo.model import Account, Group, RepositoryStory, Team
from demo.organization import StatedTeam
from demo.people import NOTHING, Person


@dataclass(frozen=True, slots=True)
class Identity:
    """A person or bot and all accounts that are theirs.

    `account_ids`: accounts of the sources; one that never did anything may be missing in the
    warehouse. `git_account_ids`: addresses in commits, if they are accounts of their own there.
    `groups`: the accounts again, those together of which the sources and the settings tell that
    they are one person's; what is in different groups cannot be known to belong together.
    """

    person: str
    name: str
    is_bot: bool
    account_ids: tuple[str, ...]
    git_account_ids: tuple[str, ...]
    groups: tuple[tuple[str, ...], ...]

    @property
    def joins(self) -> int:
        """How many joins make one person of the accounts."""
        return max(len(self.account_ids) - 1, 0)

    @property
    def knowable_joins(self) -> int:
        """How many of them can be known."""
        return sum(len(group) - 1 for group in self.groups)


@dataclass(frozen=True, slots=True)
class TeamTruth:
    """A team as in dim_teams: one of the settings, or of a source if no such team absorbs it.

    `persons` are the keys of the people who are members at the moment.
    """

    team_id: str
    name: str
    parent_team_id: str | None
    persons: tuple[str, ...]


def account_id(account: Account) -> str:
    """As in the marts."""
    return f"{account.source}:{account.id}"


def git_account_id(source: str, email: str) -> str:
    """As in the marts, for an address that belongs to no account."""
    return f"{source}:git:{hashlib.md5(email.lower().encode()).hexdigest()}"


def identities(
    people: Iterable[Person], stories: Iterable[RepositoryStory], as_of: datetime
) -> tuple[Identity, ...]:
    """All people and bots with their accounts."""
    written: dict[str, set[str]] = {}
    for story in stories:
        for commit in story.commits.values():
            if commit.pushed_at <= as_of:
                found = git_account_id(story.source, commit.written_email)
                written.setdefault(commit.author.person, set()).add(found)
    return tuple(_identity(person, written.get(person.key, set()), as_of) for person in people)


def _identity(person: Person, written: set[str], as_of: datetime) -> Identity:
    ids = {f"github:{one.login}": account_id(one) for one in person.github if not one.is_deleted}
    if person.gitlab:
        ids[f"gitlab:{person.gitlab.login}"] = account_id(person.gitlab)
    if person.jira:
        ids[f"jira:{person.jira.id}"] = f"jira:{person.jira.id}"
    groups = [{one} for one in ids.values()]
    for tie in person.ties:
        if tie.by == NOTHING:
            continue
        ends = {ids[tie.one], ids[tie.other]}
        joined = set[str]().union(*(group for group in groups if group & ends))
        groups = [group for group in groups if not group & ends] + [joined]
    return Identity(
        person.key, person.name, person.is_bot, tuple(ids.values()), tuple(sorted(written)),
        tuple(sorted(tuple(sorted(group)) for group in groups)),
    )  # fmt: skip


def absorbed(stated: Iterable[StatedTeam]) -> dict[str, str]:
    """ "connection:path" of teams and groups of the sources → id of the settings' team."""
    return {name: team.id for team in stated for name in team.same}


def teams(
    owner: str,
    stated: tuple[StatedTeam, ...],
    github: tuple[Team, ...],
    gitlab: tuple[Group, ...],
    as_of: datetime,
) -> tuple[TeamTruth, ...]:
    """All teams: what a team of the settings absorbs is no team of its own, its people and the
    teams below it are the settings' team's."""
    into = absorbed(stated)
    names = {team.name: team.id for team in stated}
    people: dict[str, dict[str, None]] = {team.id: dict.fromkeys(team.persons) for team in stated}
    found = [(team.id, team.name, names.get(team.parent or "")) for team in stated]
    ids: dict[str | int, str] = {}
    for team in github:
        ids[team.slug] = into.get(f"github:{owner}/{team.slug}", f"github:{team.id}")
    for group in gitlab:
        ids[group.id] = into.get(f"gitlab:{group.full_path}", f"gitlab:{group.id}")
    known = {identity for identity, _, _ in found}
    for team in github:
        identity = ids[team.slug]
        if identity not in known:
            found.append((identity, team.name, ids.get(team.parent_slug or "")))
        its = people.setdefault(identity, {})
        its.update(dict.fromkeys(one.account.person for one in team.members))
    for group in gitlab:
        identity = ids[group.id]
        if identity not in known:
            found.append((identity, group.name, ids.get(group.parent_id or "")))
        its = people.setdefault(identity, {})
        its.update(dict.fromkeys(one.account.person for one in group.members if one.since <= as_of))
    return tuple(
        TeamTruth(identity, name, parent, tuple(sorted(people[identity])))
        for identity, name, parent in found
    )


def owner_by_permission(teams: Iterable[Team], repository: str) -> Team | None:
    """The only team with the highest of ADMIN, MAINTAIN, WRITE; None otherwise."""
    for wanted in ("ADMIN", "MAINTAIN", "WRITE"):
        holders = [team for team in teams if (repository, wanted) in team.permissions]
        if holders:
            return holders[0] if len(holders) == 1 else None
    return None
