"""Telling of deployments, releases and tags: what goes out when, what it ships, what goes wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from demo.almanac import DAY, HOUR, MINUTE, second, utc
from demo.ids import sha1
from demo.model import (
    Account,
    BranchHead,
    Change,
    Deployment,
    Release,
    Shipment,
    Status,
    Tag,
)
from demo.world import Environment, World


@dataclass
class Going:
    """A GitHub deployment while it runs."""

    id: str
    database_id: int
    environment: Environment
    position: int
    sha: str
    ref: str
    creator: Account
    created: int
    task: str
    fate: str  # SUCCESS, FAILURE, ERROR, RETRIED or STUCK
    statuses: list[Status] = field(default_factory=list)
    shipment: Shipment | None = None
    begins: int = 0  # when it is to be in progress, and to end
    ends: int = 0
    job: int | None = None  # GitLab

    def freeze(self) -> Deployment:
        """The same as an immutable fact."""
        return Deployment(
            self.id, self.database_id, self.environment.name, self.ref, self.sha, self.creator,
            utc(self.created), tuple(self.statuses), self.task, self.job,
        )  # fmt: skip


class Deployments:
    """Brings what is on the default branch into the environments."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.all: list[Going] = []
        self.tags: list[Tag] = []
        self.releases: list[Release] = []
        self.on_shipment: list[Callable[[Shipment], None]] = []
        self.on_start: list[Callable[[Going], None]] = []
        self.version = [1, 0, 0]
        self.line: str | None = None  # the release branch in use
        self.line_position = -1
        self.line_changes: list[Change] = []
        habit = world.habit
        if habit.source == "deployments":
            names = habit.production + ((habit.staging,) if habit.staging else ())
            for turn, name in enumerate(names):
                # The second region opens later and has a baseline of its own.
                opens = world.start + (40 * DAY if turn == 1 and len(habit.production) > 1 else 0)
                world.environments[name] = Environment(name, name in habit.production, opens)
        elif habit.source in ("releases", "lines", "tags"):
            world.environments["production"] = Environment("production", True, world.start)

    def production(self) -> list[Environment]:
        """The production environments, in the order in which they are deployed to."""
        return [one for one in self.world.environments.values() if one.is_production]

    def forward(self, environment: Environment, tries: int = 3) -> None:
        """Deploy what is new on the default branch, if anything is and nothing else is running."""
        world, rng = self.world, self.world.rng
        if world.now < environment.opens_at:
            return
        if environment.is_busy:
            if tries:
                world.at(world.now + 9 * MINUTE, self.forward, environment, tries - 1)
            return
        position = len(world.main) - 1
        if world.chance(0.1):
            position -= rng.randrange(1, 3)  # the build was of a slightly older commit
        if position <= environment.newest or position < world.old:
            return
        fate = rng.random()
        broken = world.habit.broken
        outcome = (
            "FAILURE" if fate < broken * 0.6
            else "ERROR" if fate < broken * 0.8
            else "RETRIED" if fate < broken * 0.9
            else "STUCK" if fate < broken * 0.95
            else "SUCCESS"
        )  # fmt: skip
        self.start(environment, position, outcome)

    def start(
        self, environment: Environment, position: int, fate: str = "SUCCESS", task: str = "deploy"
    ) -> Going:
        """Create a deployment and plan its statuses."""
        world, rng, now = self.world, self.world.rng, self.world.now
        identity, database_id = world.identify("DE")
        creator = world.crew.deploy_bot if world.chance(0.7) else world.somebody()
        going = Going(
            identity, database_id, environment, position, world.main[position],
            world.habit.default_branch if world.chance(0.8) else world.main[position],
            creator, now, task, fate,
        )  # fmt: skip
        self.all.append(going)
        environment.is_busy = True
        took = 90 + int(rng.expovariate(1 / 200))
        going.begins = now + 15 + rng.randrange(20)
        end = going.ends = now + 40 + took
        world.at(now + 3, self._status, going, "QUEUED")
        world.at(going.begins, self._status, going, "IN_PROGRESS")
        if fate == "SUCCESS":
            world.at(end, self._succeed, going)
        elif fate == "RETRIED" and world.is_gitlab:  # a job run again is another deployment there
            going.fate = "FAILURE"
            world.at(end, self._fail, going)
            world.at(end + 4 * MINUTE, self._again, going)
        elif fate == "RETRIED":  # the same deployment's job run again
            world.at(end, self._status, going, "FAILURE")
            world.at(end + 4 * MINUTE, self._status, going, "IN_PROGRESS")
            world.at(end + 8 * MINUTE, self._succeed, going)
        elif fate == "STUCK":  # for ever in progress
            world.at(now + 2 * HOUR, self._free, environment)
        else:
            world.at(end, self._fail, going)
        for listener in self.on_start:
            listener(going)
        return going

    def _again(self, going: Going) -> None:
        if not going.environment.is_busy and going.position > going.environment.newest:
            self.start(going.environment, going.position)

    def _status(self, going: Going, state: str) -> None:
        identity, database_id = self.world.identify("DS")
        going.statuses.append(
            Status(identity, database_id, state, utc(self.world.now), going.creator)
        )

    def _free(self, environment: Environment) -> None:
        environment.is_busy = False

    def _fail(self, going: Going) -> None:
        world = self.world
        self._status(going, going.fate)
        going.environment.is_busy = False
        if going.position > going.environment.newest:
            world.at(world.now + 20 * MINUTE, self.forward, going.environment)

    def _succeed(self, going: Going) -> None:
        world, environment = self.world, going.environment
        self._status(going, "SUCCESS")
        if world.chance(0.02) and not world.is_gitlab:  # reported twice: the first one counts
            world.at(world.now + 7 * MINUTE, self._status, going, "SUCCESS")
        before = environment.current_deployment
        if before is not None and not world.is_gitlab:
            self._status(before, "INACTIVE")
        environment.is_busy = False
        is_rollback = environment.current is not None and going.position < environment.current
        is_first = environment.current is None
        environment.current = going.position
        environment.newest = max(environment.newest, going.position)
        environment.past.append(going.position)
        environment.current_deployment = going
        if environment.is_production:
            going.shipment = self._ship(
                environment, going.id, going.sha, going.position, world.now, is_first, is_rollback
            )

    def roll_back(self, environment: Environment, shipment: Shipment) -> bool:
        """Back to what ran before, if `shipment` is still what runs; False if that is too late."""
        going = environment.current_deployment
        older = [position for position in environment.past if position < (environment.current or 0)]
        if environment.is_busy or not older or going is None or going.shipment is not shipment:
            return False
        self.start(environment, older[-1])
        return True

    def redeploy(self, environment: Environment) -> None:
        """The same commit once more."""
        is_idle = not environment.is_busy and environment.current is not None
        if is_idle and self.world.habit.source == "deployments":
            self.start(environment, environment.current or 0)

    def _ship(
        self,
        environment: Environment,
        deployment_id: str,
        sha: str,
        position: int,
        finished: int,
        is_first: bool,
        is_rollback: bool = False,
    ) -> Shipment:
        """Take from the queue what this position contains.

        The first deployment of an environment is its baseline: it ships nothing but the pull
        request whose merge commit is exactly the commit deployed.
        """
        world = self.world
        taken: list[Change] = []
        while environment.waiting and environment.waiting[0][0] <= position:
            taken.append(environment.waiting.popleft()[1])
        taken.extend(self.line_changes)
        self.line_changes = []
        swallowed: tuple[str, ...] = ()
        if is_first:
            own = [one for one in taken if one.kind == "pull_request" and one.sha == sha]
            swallowed = tuple(one.id for one in taken if one not in own)
            taken = own
        shipment = Shipment(
            deployment_id, environment.name, sha, utc(finished), utc(world.now), tuple(taken),
            is_rollback, is_first, swallowed,
        )  # fmt: skip
        for change in taken:
            environment.shipped_by[change.id] = deployment_id
        world.shipments.append(shipment)
        for listener in self.on_shipment:
            listener(shipment)
        return shipment

    def next_version(self, part: int) -> str:
        """v1.2.3, one further in the part given (0 major, 1 minor, 2 patch)."""
        self.version = [
            number + 1 if place == part else 0 if place > part else number
            for place, number in enumerate(self.version)
        ]
        return "v" + ".".join(map(str, self.version))

    def bump(self, version: str) -> int:
        """A commit pushed to the default branch for the version; its position."""
        world, now = self.world, self.world.now
        author, at = world.somebody(), world.just_before(70)
        sha = world.commit((world.main[-1],), author, at, at, f"Release {version}", (2, 2))
        position = world.extend_main(sha)
        commit = world.commits[sha]
        world.waits(position, Change("commit", sha, sha, commit.authored_at, utc(now)))
        return position

    def release(self) -> None:
        """A new version of a library: a commit, a tag, a release that is a draft for a while."""
        world = self.world
        if len(world.main) - 1 <= world.environments["production"].newest:
            return
        if world.chance(0.2) and not world.is_gitlab:  # a candidate first: not for production
            name = f"v{self.version[0]}.{self.version[1] + 1}.0-rc.1"
            if name not in {tag.name for tag in self.tags}:
                self._tag(name, world.main[-1], True)
                self._release(name, is_prerelease=True)
        version = self.next_version(1 if world.chance(0.8) else 2)
        position = self.bump(version)
        self._tag(version, world.main[position], world.chance(0.5))
        world.at(world.now + 10 * MINUTE, self._publish, version, position)
        if world.chance(0.1) and not world.is_gitlab:
            self._release(f"v{self.version[0] + 1}.0.0", is_draft=True)  # never published

    def _publish(self, version: str, position: int) -> None:
        world, environment = self.world, self.world.environments["production"]
        identity = self._release(version, drafted=world.now - 9 * MINUTE)
        is_first = environment.current is None
        environment.current = environment.newest = position
        sha = next(tag.sha for tag in reversed(self.tags) if tag.name == version)
        self._ship(environment, identity, sha, position, world.now, is_first)

    def tag_version(self) -> None:
        """A version that is a tag and nothing else; a light one has the time of its commit."""
        world, environment = self.world, self.world.environments["production"]
        if len(world.main) - 1 <= environment.newest:
            return
        version = self.next_version(1 if world.chance(0.7) else 2)
        position = self.bump(version)
        is_annotated = world.chance(0.6)
        self._tag(version, world.main[position], is_annotated)
        if world.chance(0.3):
            self._tag(f"nightly-{world.calendar.day(world.now).isoformat()}", world.main[-1], False)
        is_first = environment.current is None
        environment.current = environment.newest = position
        commit = world.commits[world.main[position]]
        finished = world.now if is_annotated else second(commit.committed_at)
        self._ship(
            environment, f"{world.id}:tag:{version}", world.main[position], position, finished,
            is_first,
        )  # fmt: skip

    def cut_line(self) -> None:
        """A release branch with a commit of its own, released from there."""
        world, now = self.world, self.world.now
        position = len(world.main) - 1
        if position <= world.environments["production"].newest or position < world.old:
            return
        version = self.next_version(1)
        self.line = f"release/{self.version[0]}.{self.version[1]}"
        self.line_position = position
        self.line_changes = []  # what the old branch still had is never released
        self._line_commit(f"Prepare {version}", world.main[position])
        world.at(now + 3 * HOUR, self._release_line, version)

    def _line_commit(self, message: str, parent: str) -> None:
        world, now = self.world, self.world.now
        at = world.just_before(60, parent)
        sha = world.commit((parent,), world.somebody(), at, at, message, (1, 1))
        assert self.line is not None
        world.heads.append(BranchHead(self.line, utc(now), sha))

    def merged_into_line(self, line: str, change: Change) -> None:
        """A pull request went into a release branch: it waits for the branch's next release."""
        world = self.world
        world.heads.append(BranchHead(line, utc(world.now), change.sha))
        if line != self.line:
            return
        self.line_changes.append(change)
        world.at(world.now + 25 * MINUTE, self._release_line, self.next_version(2))

    def _release_line(self, version: str) -> None:
        world, environment = self.world, self.world.environments["production"]
        assert self.line is not None
        if self.line != f"release/{version[1:].rpartition('.')[0]}":
            return  # a newer branch was cut meanwhile
        tip = world.line_tip(self.line)
        self._tag(version, tip, True)
        identity = self._release(version)
        is_first = environment.current is None
        environment.current = environment.newest = self.line_position
        self._ship(environment, identity, tip, self.line_position, world.now, is_first)

    def _tag(self, name: str, sha: str, is_annotated: bool) -> None:
        world = self.world
        self.tags.append(
            Tag(name, sha, utc(world.now), is_annotated, world.devs[0], sha1("tag", name, sha))
        )

    def _release(
        self,
        tag: str,
        *,
        is_prerelease: bool = False,
        is_draft: bool = False,
        drafted: int | None = None,
    ) -> str:
        world, now = self.world, self.world.now
        identity, database_id = world.identify("RE")
        if world.is_gitlab:  # a release has no id of its own there
            identity, drafted = f"{world.id}:release:{tag}", None
        self.releases.append(
            Release(
                identity, database_id, tag, f"Version {tag[1:]}", world.crew.deploy_bot
                if world.chance(0.3) else world.devs[0], utc(drafted or now),
                None if is_draft else utc(now), is_prerelease,
            )
        )  # fmt: skip
        return identity

    def announce(self) -> None:
        """A release besides the deployments, as many write; deployments still are what counts."""
        world = self.world
        if world.shipments and world.main[-1] not in {tag.sha for tag in self.tags}:
            version = self.next_version(1)
            self._tag(version, world.main[-1], False)
            self._release(version)
