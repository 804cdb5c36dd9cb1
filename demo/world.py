"""One repository while its story is told: the clock, the dice, the commits and what waits to ship.

Events are drawn from a heap in the order of their times, and dice are thrown only while one is
handled. So a story told further begins with exactly the shorter story.
"""

from __future__ import annotations

import heapq
from bisect import bisect_right
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from demo.almanac import DAY, HOUR, Calendar, second, utc
from demo.dialects import GitHubWords, GitLabWords
from demo.habits import Habit
from demo.ids import node_id, sha1
from demo.model import Account, BranchHead, Change, Commit, Shipment
from demo.planning_model import JiraUser
from demo.tickets import Backlog

# Room for the ids of one repository: 31 bits (GraphQL's Int) hold 10,000 such repositories.
IDS_PER_REPOSITORY = 200_000
# All notes of GitLab share one row of numbers.
_NOTES = ("IC", "PRR", "PRRC", "RFRE", "CTDE")


@dataclass
class Crew:
    """Who works on a repository."""

    people: list[Account]
    dependency_bot: Account
    review_bot: Account
    deploy_bot: Account
    robot: Account  # a User that only the settings call a bot
    reporters: dict[str, JiraUser] = field(default_factory=dict)  # person → account in Jira


@dataclass(frozen=True)
class Place:
    """Where a repository lives and where its people keep their work."""

    source: str = "github"
    group_id: int | None = None
    merge: str | None = None  # GitLab: merge, ff, squash or squash_merge
    incidents: str = "label"  # label, type (GitLab's own) or jira
    backlog: Backlog | None = None  # the Jira issues that are being worked on


@dataclass
class Environment:
    """A production or staging environment: what it runs, what waits to be shipped there."""

    name: str
    is_production: bool
    opens_at: int
    is_busy: bool = False
    current: int | None = None  # position on the main line of what runs now
    newest: int = -1  # highest position ever deployed
    past: list[int] = field(default_factory=list)  # positions of all successes, in order
    current_deployment: Any = None
    waiting: deque[tuple[int, Change]] = field(default_factory=deque)
    shipped_by: dict[str, str] = field(default_factory=dict)  # change id → deployment id


class World:
    """State that the tellers of pull requests, deployments and incidents share."""

    def __init__(
        self,
        seed: int,
        index: int,
        habit: Habit,
        owner: str,
        name: str,
        crew: Crew,
        calendar: Calendar,
        start: int,
        until: int,
        place: Place | None = None,
    ) -> None:
        self.rng = Random(f"{seed}/{name}")
        self.index, self.habit, self.owner, self.name = index, habit, owner, name
        self.crew, self.calendar, self.start, self.until = crew, calendar, start, until
        self.place = place or Place()
        self.is_gitlab = self.place.source == "gitlab"
        self.say: GitHubWords | GitLabWords = (GitLabWords if self.is_gitlab else GitHubWords)(
            f"{owner}/{name}"
        )
        self.method = self.place.merge or habit.merge
        self.database_id = 100_000 + index
        self.id = str(self.database_id) if self.is_gitlab else node_id("R", self.database_id)
        self.now = start
        self._heap: list[tuple[int, int, Callable[..., None], tuple[Any, ...]]] = []
        self._sequence = 0
        self._counters: dict[str, int] = {}
        self.commits: dict[str, Commit] = {}
        self.commit_pulls: dict[str, int] = {}
        self.main: list[str] = []
        self.main_times: list[int] = []
        self.old = 0  # commits of the default branch from before the story
        self.heads: list[BranchHead] = []
        self.merged: list[Change] = []
        self.shipments: list[Shipment] = []
        self.environments: dict[str, Environment] = {}
        self.numbers: dict[str, int] = {}
        self.archived_at: int | None = None
        self.devs = crew.people

    def at(self, when: float, act: Callable[..., None], *arguments: Any) -> None:
        """Have something happen at a second, never before now; after the end it never does."""
        self._sequence += 1
        when = max(int(when), self.now)
        if when <= self.until and (self.archived_at is None or when < self.archived_at):
            heapq.heappush(self._heap, (when, self._sequence, act, arguments))

    def run(self) -> None:
        """Let everything happen, in order."""
        while self._heap:
            self.now, _, act, arguments = heapq.heappop(self._heap)
            if self.archived_at is None or self.now < self.archived_at:
                act(*arguments)

    def chance(self, probability: float) -> bool:
        """True with this probability."""
        return self.rng.random() < probability

    def later(self, mean_hours: float, least: int = 60) -> int:
        """A second some time from now, when people work."""
        ahead = least + int(self.rng.expovariate(1.0) * mean_hours * HOUR)
        return self.calendar.working(self.now + ahead, self.rng)

    def poisson(self, mean: float) -> int:
        """A small whole number with this mean."""
        count, left = 0, self.rng.expovariate(1.0)
        while left < mean:
            count += 1
            left += self.rng.expovariate(1.0)
        return count

    def identify(self, prefix: str) -> tuple[str, int]:
        """Node id (GitLab: the number as text) and database id of the next thing of a kind."""
        if self.is_gitlab and prefix in _NOTES:
            prefix = "NOTE"
        count = self._counters.get(prefix, 0) + 1
        if count >= IDS_PER_REPOSITORY:
            raise ValueError(f"{self.name}: more than {IDS_PER_REPOSITORY} things of one kind")
        self._counters[prefix] = count
        database_id = self.index * IDS_PER_REPOSITORY + count
        if self.is_gitlab:
            return str(database_id), database_id
        return node_id(prefix, self.database_id, database_id), database_id

    def next_number(self, kind: str) -> int:
        """Issues and pull requests share one row of numbers; on GitLab each has its own."""
        kind = kind if self.is_gitlab else ""
        self.numbers[kind] = self.numbers.get(kind, 0) + 1
        return self.numbers[kind]

    def somebody(self, but: Account | None = None) -> Account:
        """One of the crew, not `but`."""
        person = self.rng.choice(self.devs)
        while person is but:
            person = self.rng.choice(self.devs)
        return person

    def just_before(self, seconds: int, *parents: str) -> int:
        """A little before now, but not before the commits given (or the default branch's tip)."""
        found = [self.commits[sha].committed_at for sha in parents or self.main[-1:]]
        return max(self.now - seconds, *(second(at) for at in found))

    def line_tip(self, name: str) -> str:
        """The newest commit of a release branch."""
        return next(head.sha for head in reversed(self.heads) if head.name == name)

    def commit(
        self,
        parents: tuple[str, ...],
        author: Account,
        authored: int,
        committed: int,
        message: str,
        lines: tuple[int, int] | None = None,
        pushed: int | None = None,
        signature: tuple[str, str] | None = None,
    ) -> str:
        """Make a commit; its hash depends on all it holds. `signature`: of a copied commit."""
        if signature is None:
            signature = self._signature(author)
        if lines is None:
            lines = (1 + int(self.rng.expovariate(1 / 40)), int(self.rng.expovariate(1 / 15)))
        sha = sha1("commit", self.owner, self.name, parents, author.login, authored, committed,
                   message, lines)  # fmt: skip
        self.commits[sha] = Commit(
            sha, parents, author, utc(authored), utc(committed),
            utc(self.now if pushed is None else pushed), message, lines[0], lines[1],
            1 + (lines[0] + lines[1]) // 30, signature[1] in author.registered, signature,
        )  # fmt: skip
        return sha

    def copy(self, sha: str, parent: str, committed: int, pushed: int | None = None) -> str:
        """The same commit on top of another one, as a rebase makes it."""
        old = self.commits[sha]
        return self.commit(
            (parent,), old.author, second(old.authored_at), committed, old.message,
            (old.additions, old.deletions), pushed, old.signature,
        )  # fmt: skip

    def _signature(self, author: Account) -> tuple[str, str]:
        """What this commit says of its author: the usual, now and then something else."""
        if not author.signatures:
            return author.name, author.email
        fate = self.rng.random()
        place = 0 if fate < 0.9 else 1 if fate < 0.97 else 2
        return author.signatures[min(place, len(author.signatures) - 1)]

    def extend_main(self, sha: str, at: int | None = None) -> int:
        """Put a commit at the tip of the default branch; its position is given back."""
        self.main.append(sha)
        self.main_times.append(self.now if at is None else at)
        return len(self.main) - 1

    def branch_point(self, at: int) -> str:
        """The tip of the default branch at a second."""
        return self.main[max(bisect_right(self.main_times, at) - 1, 0)]

    def beginning(self) -> None:
        """A few commits from before the story, so that there is something to branch from.

        They are never deployed: whoever reads the history from the story's start on does not get
        them, and could not tell what such a deployment holds.
        """
        parents: tuple[str, ...] = ()
        for step in range(4):
            at = self.start - 30 * DAY + step * 2 * DAY
            sha = self.commit(parents, self.devs[0], at - HOUR, at, ("Initial commit", "Add README",
                              "Set up the build", "First version")[step], pushed=at)  # fmt: skip
            self.extend_main(sha, at)
            parents = (sha,)
        self.old = len(self.main)

    def waits(self, position: int, change: Change) -> None:
        """A change on the default branch: it waits for every production environment."""
        self.merged.append(change)
        self.queue(position, change)

    def queue(self, position: int, change: Change) -> None:
        """Let a change wait without counting it as merged again."""
        for environment in self.environments.values():
            if environment.is_production:
                environment.waiting.append((position, change))
