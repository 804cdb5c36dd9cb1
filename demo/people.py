"""Who works for the company, and under which accounts: on GitHub, GitLab, in Jira and in commits.

Most people can be told to be one person by an e-mail address or by a full name that nobody else
has. The first ones are traps: two of the same name, a login that is somebody else's, an alias.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from random import Random

from demo import words
from demo.ids import node_id, sha1
from demo.model import Account
from demo.planning_model import JiraUser

FOUNDED = datetime(2015, 4, 1, 9, tzinfo=UTC)
DOMAIN = "acme.test"

# What gives an account of a person away as that person's, beside the account before it.
EMAIL, NAME, LOGIN, STATED, NOTHING = "email", "full_name", "login", "stated", "nothing"

ALIAS, TWICE, GONE, NAMESAKE, LENDER, BORROWER, APART, UNKNOWN, LEFT, NAMELESS = (
    1, 2, 3, 6, 7, 8, 9, 10, 11, 12)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tie:
    """Two accounts of a person, and what tells that they belong together (nothing: they can't)."""

    one: str  # "github:login", "gitlab:username" or "jira:account id"
    other: str
    by: str


@dataclass(frozen=True)
class Person:
    """A person or bot with all accounts; `ties` holds accounts − 1 pairs that join them all."""

    key: str
    name: str
    github: tuple[Account, ...] = ()
    gitlab: Account | None = None
    jira: JiraUser | None = None
    ties: tuple[Tie, ...] = ()
    is_bot: bool = False

    @property
    def logins(self) -> tuple[str, ...]:
        """connection:login of all accounts that exist, as the settings name them."""
        found = [f"github:{one.login}" for one in self.github if not one.is_deleted]
        found += [f"gitlab:{self.gitlab.login}"] if self.gitlab else []
        return (*found, f"jira:{self.jira.id}") if self.jira else tuple(found)


@dataclass(frozen=True)
class Staff:
    """Everybody: the ones who write code first, then those with other work, then bots."""

    people: tuple[Person, ...]
    github_bots: tuple[Account, ...]
    gitlab_bots: tuple[Account, ...]
    same: tuple[tuple[str, ...], ...]  # what the settings have to say
    different: tuple[tuple[str, ...], ...]
    by_key: dict[str, Person] = field(repr=False, default_factory=dict)


def _plain(text: str) -> str:
    return "".join(c for c in text.lower() if c.isascii() and c.isalpha())


def staff(rng: Random, count: int, event: Callable[[int], datetime]) -> Staff:
    """`count` people who write code, and a few more; `event` gives the moment of a day's morning
    (0: the first of the story)."""
    names = _names(rng, count)
    is_unique = {name: names.count(name) == 1 for name in names}
    people = [_person(rng, number, name, is_unique[name], event)
              for number, name in enumerate(names)]  # fmt: skip
    # Somebody else of this name, whom no source can tell apart: the settings have to.
    lender = people[LENDER].github[0]
    people[BORROWER] = _with_username(people[BORROWER], lender.login)
    apart = _gitlab_account(900, people[APART].name, "person:900", None, None)
    people.append(Person("person:900", people[APART].name, gitlab=apart))
    for number, (name, title) in enumerate(words.PLANNERS):
        key = f"person:{901 + number}"
        user = JiraUser(_account_id(key), key, f"{name} ({title})" if title else name,
                        f"{_plain(name)}@{DOMAIN}", created_at=FOUNDED)  # fmt: skip
        people.append(Person(key, name, jira=user))
    github_bots, gitlab_bots = _bots()
    robots = (github_bots[3], gitlab_bots[3])
    people.append(
        Person(
            "bot:release-robot", robots[0].name, (robots[0],), robots[1], is_bot=True,
            ties=(Tie(f"github:{robots[0].login}", f"gitlab:{robots[1].login}", LOGIN),),
        )
    )  # fmt: skip
    people += [Person(one.person, one.name, (one,), is_bot=True) for one in github_bots[:3]]
    people += [Person(one.person, one.name, gitlab=one, is_bot=True) for one in gitlab_bots[:3]]
    stated = tuple(
        person.logins for person in people if any(tie.by == STATED for tie in person.ties)
    )
    kept_apart = ((people[APART].logins[0], f"gitlab:{apart.login}"),)
    return Staff(
        tuple(people), github_bots, gitlab_bots, stated, kept_apart,
        {person.key: person for person in people},
    )  # fmt: skip


def _names(rng: Random, count: int) -> list[str]:
    """Full names, all different as long as there are enough, but for one pair."""
    names: list[str] = []
    taken: set[str] = set()
    for number in range(count):
        for _ in range(20):
            name = f"{rng.choice(words.FIRST_NAMES)} {rng.choice(words.LAST_NAMES)}"
            if name not in taken:
                break
        taken.add(name)
        names.append(names[NAMESAKE - 1] if number == NAMESAKE else name)
    return names


def _person(
    rng: Random, number: int, name: str, is_unique: bool, event: Callable[[int], datetime]
) -> Person:
    key = f"person:{number}"
    first, last = name.split(" ")
    plain = _plain(first + last[0])
    login = f"{plain}-{number}"
    work = f"{_plain(first)}.{_plain(last)}{number}@{DOMAIN}"
    own = f"{plain}{number}@mail.test"
    database_id = 50_000 + number
    hidden = f"{database_id}+{login}@users.noreply.github.com"
    laptop = f"{plain}{number}@laptop.local"  # registered nowhere
    # By which address the GitHub account is known to be this person's work address, if at all.
    habit = rng.choices(("work", "hidden", "own"), (6, 2, 2))[0]
    shows = rng.random() < 0.4
    is_open = number in (0, 2, NAMESAKE - 1, NAMESAKE, LENDER, BORROWER, APART) or not is_unique
    if is_open:
        habit, shows = "work", True
    if number in (ALIAS, NAMELESS):
        habit, shows = "hidden", False
    usual = {"work": work, "hidden": hidden, "own": own}[habit]
    shown_name = login if number == NAMELESS else name
    github = Account(
        node_id("U", database_id), database_id, login, "" if number == NAMELESS else name, usual,
        is_deleted=number == GONE, created_at=FOUNDED, person=key,
        public_email=work if shows else None,
        signatures=tuple((shown_name, one) for one in (usual, hidden, laptop)),
        registered=(work, own, hidden),
    )  # fmt: skip
    told = {usual} | ({work} if shows else set())  # addresses that lead to the GitHub account
    accounts: tuple[Account, ...] = (github,)
    ties: list[Tie] = []
    if number == TWICE:
        second = replace(
            github, id=node_id("U", 59_002), database_id=59_002, login=f"{plain}-old",
            email=own, name=plain, public_email=None, registered=(own,),
            signatures=((plain, own),),
        )  # fmt: skip
        accounts += (second,)
        ties.append(Tie(f"github:{login}", f"github:{second.login}", STATED))
    gitlab = None
    if number % 5 != 4 and number not in (GONE, APART):
        by = EMAIL if is_open or (work in told and rng.random() < 0.5) else NAME
        by = {ALIAS: STATED, UNKNOWN: NOTHING, NAMELESS: LOGIN}.get(number, by)
        alias = {ALIAS: "nightowl", UNKNOWN: "kn0x"}.get(number)
        # A nameless account on GitHub has a login of the same spelling here.
        tail = "" if is_unique and number % 2 == 0 else str(number)
        username = login if by == LOGIN else alias or f"{_plain(first)}.{_plain(last)}{tail}"
        gitlab = _gitlab_account(
            number, alias or name, key, username, work if by == EMAIL else None
        )
        gitlab = replace(
            gitlab,
            signatures=_signatures(gitlab, work, hidden, plain, number),
            blocked_at=event(75) if number == LEFT else None,
        )
        ties.append(Tie(f"github:{login}", f"gitlab:{gitlab.login}", by))
    jira = None
    if number % 7 != 6 or is_open:
        hides = not is_open and is_unique and number not in (NAMELESS,) and rng.random() < 0.45
        by = EMAIL if not hides and work in told else NAME
        by = {ALIAS: STATED, NAMELESS: NOTHING}.get(number, by)
        shown = hides or number in (ALIAS, GONE)
        jira = JiraUser(
            _account_id(key), key, name, None if shown else work,
            created_at=FOUNDED, deactivated_at=event(75) if number == LEFT else None,
            anonymised_at=event(60) if number == GONE else None,
            time_zone="Asia/Tokyo" if number == 5 else "Europe/Berlin",
        )  # fmt: skip
        if number == NAMELESS and gitlab is not None:
            ties.append(Tie(f"gitlab:{gitlab.login}", f"jira:{jira.id}", NAME))
        elif number != GONE:
            ties.append(Tie(f"github:{login}", f"jira:{jira.id}", by))
    return Person(key, name, accounts, gitlab, jira, tuple(ties))


def _signatures(
    account: Account, work: str, github_hidden: str, plain: str, number: int
) -> tuple[tuple[str, str], ...]:
    """What commits on GitLab carry: the work address or GitLab's own, at times GitHub's."""
    hidden = f"{account.database_id}-{account.login}@users.noreply.gitlab.com"
    if account.login in ("nightowl", "kn0x"):
        return ((account.name, hidden),)
    usual = work if number % 3 else hidden
    others = (github_hidden if number % 2 else work, f"{plain}{number}@laptop.local")
    return ((account.name, usual), *((account.name, other) for other in others))


def _gitlab_account(
    number: int, name: str, key: str, username: str | None, public_email: str | None
) -> Account:
    # The numbers are those of others on GitHub: only the kind of address tells which is meant.
    database_id = 50_001 + number
    first, _, last = name.partition(" ")
    login = username or f"{_plain(first)}.{_plain(last)}.{number}"
    hidden = f"{database_id}-{login}@users.noreply.gitlab.com"
    return Account(
        str(database_id), database_id, login, name, hidden, created_at=FOUNDED, source="gitlab",
        person=key, public_email=public_email, signatures=((name, hidden),),
    )  # fmt: skip


def _with_username(person: Person, username: str) -> Person:
    """The person under another GitLab username."""
    assert person.gitlab is not None
    old = person.gitlab.login
    gitlab = replace(person.gitlab, login=username)
    ties = tuple(
        replace(tie, other=f"gitlab:{username}") if tie.other == f"gitlab:{old}" else tie
        for tie in person.ties
    )
    signatures = tuple(
        (name, email.replace(f"-{old}@", f"-{username}@")) for name, email in gitlab.signatures
    )
    gitlab = replace(gitlab, signatures=signatures, email=signatures[0][1])
    return replace(person, gitlab=gitlab, ties=ties)


def _account_id(key: str) -> str:
    """An Atlassian account id: 24 hexadecimal digits."""
    return sha1("atlassian", key)[:24]


def _bots() -> tuple[tuple[Account, ...], tuple[Account, ...]]:
    """Dependencies, reviews, deployments, and the robot that only the settings call a bot."""

    def github(number: int, login: str) -> Account:
        email = f"{number}+{login}[bot]@users.noreply.github.com"
        return Account(node_id("BOT", number), number, login, f"{login}[bot]", email, "Bot",
                       created_at=FOUNDED, person=f"bot:{login}", registered=(email,),
                       signatures=((f"{login}[bot]", email),))  # fmt: skip

    def gitlab(number: int, name: str) -> Account:
        login = f"group_7001_bot_{sha1('bot', name)[:12]}"
        email = f"{login}@noreply.gitlab.com"
        return Account(str(number), number, login, name, email, "Bot", created_at=FOUNDED,
                       source="gitlab", person=f"bot:{name}",
                       signatures=((name, email),))  # fmt: skip

    # The robot has no address that anybody sees, on either side.
    robot = Account(node_id("U", 60_001), 60_001, "release-robot", "Release Robot",
                    "60001+release-robot@users.noreply.github.com", is_bot_by_settings=True,
                    created_at=FOUNDED, person="bot:release-robot",
                    registered=("60001+release-robot@users.noreply.github.com",))  # fmt: skip
    other = Account("60777", 60_777, "release-robot", "Release Robot",
                    "60777-release-robot@users.noreply.gitlab.com", is_bot_by_settings=True,
                    created_at=FOUNDED, source="gitlab", person="bot:release-robot")  # fmt: skip
    return (
        (github(70_001, "dependabot"), github(70_002, "acme-reviewer"),
         github(70_003, "acme-deployer"), robot),
        (gitlab(71_001, "renovate"), gitlab(71_002, "merge-reviewer"),
         gitlab(71_003, "pipeline-deployer"), other),
    )  # fmt: skip
