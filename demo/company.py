"""A company of any size from a seed: the same seed and start always tell the same story.

`Company.generate(seed, repositories, start, until)` with a later `until` only adds to the story.
Each repository's story is told on its own when first asked for.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from random import Random
from zoneinfo import ZoneInfo

from demo import words
from demo.almanac import Calendar, second, utc
from demo.habits import Habit, habit_of
from demo.ids import node_id
from demo.model import Account, Membership, Owner, RepositoryStory, Team
from demo.story import Storyteller
from demo.truth import Truth, TruthTeller
from demo.world import Crew, World

LOGIN = "acme"
TIMEZONE = "Europe/Berlin"
WEEK_STARTS_ON = "monday"
FOUNDED = datetime(2015, 4, 1, 9, tzinfo=UTC)
_KEPT_STORIES = 200  # a repository with two years of history takes some megabytes


@dataclass
class Company:
    """People, teams and repositories, each with its whole story until `until`."""

    seed: int
    start: date
    until: datetime
    owner: Owner
    accounts: tuple[Account, ...]
    teams: tuple[Team, ...]
    names: tuple[str, ...]  # of the repositories
    _crews: tuple[Crew, ...] = field(repr=False)
    _habits: tuple[Habit, ...] = field(repr=False)
    _calendar: Calendar = field(repr=False)
    _told: OrderedDict[int, RepositoryStory] = field(default_factory=OrderedDict, repr=False)

    @classmethod
    def generate(cls, seed: int, repositories: int, start: date, until: datetime) -> Company:
        """A company whose story begins at local midnight of `start` and ends at `until` (aware)."""
        if until.tzinfo is None:
            raise ValueError("until: give a time zone")
        if repositories < 1:
            raise ValueError("repositories: at least one")
        rng = Random(f"{seed}/company")
        dealt = [habit_of(index) for index in range(repositories)]
        bots = _bots()
        people = [_person(rng, number) for number in range(max(16, repositories * 2 + 6))]
        # Somebody who left: GitHub knows nothing of the account any more.
        gone = people[3]
        people[3] = Account(gone.id, gone.database_id, gone.login, gone.name, gone.email,
                            is_deleted=True, created_at=gone.created_at)  # fmt: skip
        teams, crews = _teams(rng, dealt, people, bots)
        return cls(
            seed,
            start,
            until.astimezone(UTC),
            Owner(node_id("O", 9_001), 9_001, LOGIN, "Acme 🏭 GmbH", "Organization", FOUNDED),
            (*people, *bots),
            teams,
            tuple(name for _, name in dealt),
            crews,
            tuple(habit for habit, _ in dealt),
            Calendar(ZoneInfo(TIMEZONE), start, until.date()),
        )

    @property
    def timezone(self) -> str:
        """IANA name of the organization's time zone."""
        return TIMEZONE

    def story(self, index: int) -> RepositoryStory:
        """The story of one repository (0 for the first); told again if long not asked for."""
        if index in self._told:
            self._told.move_to_end(index)
        else:
            begin = self._calendar.at(self.start, 0)
            world = World(
                self.seed, index, self._habits[index], LOGIN, self.names[index],
                self._crews[index], self._calendar, begin, second(self.until),
            )  # fmt: skip
            self._told[index] = Storyteller(world, self.start).tell()
            if len(self._told) > _KEPT_STORIES:
                self._told.popitem(last=False)
        return self._told[index]

    @property
    def stories(self) -> Iterator[RepositoryStory]:
        """All stories, in the order of the repositories."""
        return (self.story(index) for index in range(len(self.names)))

    def truth(self, as_of: datetime | None = None) -> Truth:
        """The true answers as of a moment (default: the end of the story)."""
        moment = self.until if as_of is None else as_of.astimezone(UTC)
        if moment > self.until:
            raise ValueError("as_of: the story is not told that far")
        return TruthTeller(
            organization="organization:" + LOGIN,
            timezone=TIMEZONE,
            start=self.start,
            teams=self.teams,
            stories=self.stories,
        ).tell(moment)


def _person(rng: Random, number: int) -> Account:
    first, last = rng.choice(words.FIRST_NAMES), rng.choice(words.LAST_NAMES)
    plain = "".join(c for c in f"{first}{last[0]}".lower() if c.isascii() and c.isalpha())
    login = f"{plain}-{number}"
    return Account(
        node_id("U", 50_000 + number), 50_000 + number, login, f"{first} {last}",
        f"{login}@acme.test", created_at=FOUNDED,
    )  # fmt: skip


def _bots() -> tuple[Account, ...]:
    def bot(number: int, login: str) -> Account:
        email = f"{number}+{login}[bot]@users.noreply.github.com"
        return Account(node_id("BOT", number), number, login, f"{login}[bot]", email, "Bot",
                       created_at=FOUNDED)  # fmt: skip

    robot = Account(node_id("U", 60_001), 60_001, "release-robot", "Release Robot",
                    "robot@acme.test", is_bot_by_settings=True, created_at=FOUNDED)  # fmt: skip
    return (
        bot(70_001, "dependabot"),
        bot(70_002, "acme-reviewer"),
        bot(70_003, "acme-deployer"),
        robot,
    )


def _teams(
    rng: Random,
    dealt: list[tuple[Habit, str]],
    people: list[Account],
    bots: tuple[Account, ...],
) -> tuple[tuple[Team, ...], tuple[Crew, ...]]:
    """Teams below Engineering, and who works on which repository."""
    count = max(2, min(len(dealt) * 2 // 3, len(people) // 3))
    crews: list[Crew] = []
    members: list[list[Account]] = [people[turn::count] for turn in range(count)]
    permissions: list[list[tuple[str, str]]] = [[] for _ in range(count)]
    everything: list[tuple[str, str]] = []
    for index, (habit, name) in enumerate(dealt):
        team = index % count
        others = rng.sample(people, 2)
        crew = list(dict.fromkeys([*members[team], *others]))[:9]
        if people[3] not in crew and index % 3 == 0:
            crew.append(people[3])
        crews.append(Crew(crew, bots[0], bots[1], bots[2], bots[3]))
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
    return tuple(teams), tuple(crews)


def default_period(now: datetime, months: int) -> tuple[date, datetime]:
    """Start and end of a story of some months that ends now (whole seconds)."""
    until = utc(second(now))
    year, month = divmod(until.year * 12 + until.month - 1 - months, 12)
    day = min(until.day, 28)
    return date(year, month + 1, day), until
