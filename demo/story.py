"""The course of the days in one repository, and the finished story."""

from __future__ import annotations

from datetime import date, timedelta

from demo import words
from demo.almanac import HOUR, MINUTE, utc
from demo.deployments import Deployments
from demo.incidents import Incidents
from demo.model import Change, RepositoryStory, Shipment
from demo.pulls import Pull, Pulls
from demo.runs import Runs
from demo.world import World

_WEEKLY = {"weekly": (1,), "three_a_week": (0, 2, 3)}


class Storyteller:
    """Tells one repository's story from the first day until the end."""

    def __init__(self, world: World, first_day: date) -> None:
        self.world = world
        self.first_day = first_day
        self.pushes = 0
        self.pulls = Pulls(world)
        self.deployments = Deployments(world)
        self.incidents = Incidents(world, self.pulls, self.deployments)
        self.runs = Runs(world)
        self.incidents.deploy_soon = self.deploy_soon
        self.pulls.on_merge.append(self.merged)
        self.deployments.on_start.append(self.runs.deploy)
        self.deployments.on_shipment.append(self.shipped)

    def tell(self) -> RepositoryStory:
        """Let all days pass and give back what happened."""
        world = self.world
        habit = world.habit
        if habit.source != "empty":
            world.beginning()
            if habit.archived_after is not None:
                world.archived_at = world.calendar.at(
                    self.first_day + timedelta(days=int(180 * habit.archived_after)), 12
                )
            world.at(world.start, self.day, self.first_day)
            world.run()
        return self._finished()

    def day(self, today: date) -> None:
        """Plan a day at its midnight."""
        world, habit, rng = self.world, self.world.habit, self.world.rng
        world.at(world.calendar.at(today + timedelta(days=1), 0), self.day, today + timedelta(1))
        busy = self._busyness(today)
        for _ in range(world.poisson(habit.pulls * busy)):
            world.at(self._sometime(today), self._open_feature)
        for _ in range(world.poisson(habit.pushes * busy)):
            world.at(self._sometime(today), self.push, 0)
        for _ in range(world.poisson(0.3 * habit.pulls * busy)):
            world.at(self._sometime(today), self.incidents.open_ordinary)
        if habit.dependency_bot and today.weekday() == 0:
            for _ in range(world.poisson(0.9)):
                world.at(world.calendar.at(today, 5, rng.randrange(60)), self._open_dependency)
        if world.chance(0.012 if habit.source != "none" else 0.03):
            world.at(self._sometime(today), self.incidents.open_lone_incident)
        if today.isocalendar().week % 11 != 5:
            self._plan_deployments(today, busy)
        self._plan_edges(today)

    def _busyness(self, today: date) -> float:
        """Weekends are slow, holidays and one week in nine are quiet."""
        if today.month == 12 and today.day >= 23:
            return 0.0
        if (today.isocalendar().week + self.world.index) % 9 == 4:
            return 0.0
        return 1.0 if today.weekday() < 5 else 0.04

    def _sometime(self, today: date) -> int:
        """Mostly in working hours; some people work at midnight."""
        world = self.world
        if world.chance(0.04):
            return world.calendar.at(today, 0, world.rng.randrange(3), world.rng.randrange(60))
        return world.calendar.at(today, 8) + int(world.rng.triangular(0, 11, 4) * HOUR)

    def _plan_deployments(self, today: date, busy: float) -> None:
        """Deployments that follow the calendar; trunk-based ones follow the merges instead."""
        world, habit, at = self.world, self.world.habit, self.world.calendar.at
        week = (today - self.first_day).days // 7
        minute = world.rng.randrange(60)
        if habit.source == "deployments":
            days = _WEEKLY.get(habit.cadence, range(5))
            if habit.cadence != "trunk" and busy and today.weekday() in days:
                if habit.staging:
                    environment = world.environments[habit.staging]
                    world.at(at(today, 9, minute), self.deployments.forward, environment)
                world.at(at(today, 13, minute), self._production)
        elif busy and today.weekday() == 2:
            if habit.source == "releases" and week % 2 == 0:
                world.at(at(today, 15, minute), self.deployments.release)
            elif habit.source == "tags":
                world.at(at(today, 15, minute), self.deployments.tag_version)
            elif habit.source == "lines" and week % 2 == 0:
                world.at(at(today, 10, minute), self.deployments.cut_line)

    def _plan_edges(self, today: date) -> None:
        """Deployments around midnight at the end of months, and in the hours that clocks change."""
        world, at = self.world, self.world.calendar.at
        if world.habit.source != "deployments":
            return
        tomorrow = today + timedelta(days=1)
        if tomorrow.day == 1 and world.habit.cadence in ("trunk", "three_a_week"):
            world.at(at(tomorrow, 0) - 6 * MINUTE, self.push, 0)
            world.at(at(tomorrow, 0) - 5 * MINUTE, self._production)
            world.at(at(tomorrow, 0) + 20, self.push, 0)
            world.at(at(tomorrow, 0) + 30 * MINUTE, self._production)
        if at(tomorrow, 0) - at(today, 0) != 24 * HOUR and world.habit.cadence != "weekly":
            world.at(at(today, 1, 40), self.push, 0)
            world.at(at(today, 2, 30), self._production)
            world.at(at(today, 2, 30, fold=1) + MINUTE, self.push, 0)
            world.at(at(today, 2, 30, fold=1) + 3 * MINUTE, self._production)

    def _open_feature(self) -> None:
        self.pulls.open_feature()
        self._check(self.pulls.all[-1])

    def _open_dependency(self) -> None:
        self.pulls.open_dependency()
        self._check(self.pulls.all[-1])

    def _check(self, pull: Pull) -> None:
        if self.world.chance(0.3):  # fewer than in life: each costs its reader one request
            self.runs.start("CI", "pull_request", pull.head, pull.shas[-1], pull.author)

    def push(self, skew: int) -> None:
        """A commit pushed straight to the default branch; the author's clock is off by `skew`."""
        world, now = self.world, self.world.now
        self.pushes += 1
        if self.pushes == 3:
            skew = 40 * 24 * HOUR  # a clock far ahead: the lead time cannot be told
        at = now - 30 - int(world.rng.expovariate(1 / HOUR))
        committed = world.just_before(5)
        author = world.somebody()
        sha = world.commit((world.main[-1],), author, at + skew, committed, self.pulls.title())
        commit = world.commits[sha]
        world.waits(
            world.extend_main(sha),
            Change("commit", sha, sha, commit.authored_at, utc(now), author.is_bot),
        )
        if world.habit.cadence == "trunk":
            self.deploy_soon()

    def merged(self, pull: Pull) -> None:
        """CI of the default branch, and trunk-based deployment."""
        world = self.world
        if pull.base != world.habit.default_branch:
            return
        if world.chance(0.15):
            self.runs.start("CI", "push", pull.base, world.main[-1], pull.merged_by or pull.author)
        if world.habit.cadence == "trunk" and world.chance(0.85):
            self.deploy_soon()

    def deploy_soon(self) -> None:
        """To staging now and to production after it; other habits release out of turn."""
        world, habit = self.world, self.world.habit
        if habit.source == "deployments":
            if habit.staging and habit.cadence == "trunk":
                world.at(world.now + 2 * MINUTE, self.deployments.forward,
                         world.environments[habit.staging])  # fmt: skip
            world.at(world.now + 12 * MINUTE, self._production)
        elif habit.source == "releases":
            world.at(world.now + 20 * MINUTE, self.deployments.release)
        elif habit.source == "tags":
            world.at(world.now + 20 * MINUTE, self.deployments.tag_version)

    def _production(self) -> None:
        """All production environments, one after the other."""
        world = self.world
        for turn, environment in enumerate(self.deployments.production()):
            world.at(world.now + turn * 45 * MINUTE, self.deployments.forward, environment)

    def shipped(self, shipment: Shipment) -> None:
        """Weekly deployments are announced as releases besides."""
        world = self.world
        if world.habit.key == "weekly" and not shipment.is_first and world.chance(0.5):
            world.at(world.now + 30 * MINUTE, self.deployments.announce)

    def _finished(self) -> RepositoryStory:
        world, habit = self.world, self.world.habit
        kept = self.incidents.kept_in_jira
        told = [trouble.incident() for trouble in (*self.incidents.all, *kept)]
        incidents = [one for one in told if one is not None]
        return RepositoryStory(
            id=world.id,
            database_id=world.database_id,
            owner=world.owner,
            name=world.name,
            description=f"{habit.key} habits",
            habit=habit.key,
            default_branch=habit.default_branch,
            language=habit.language,
            topics=(words.TOPICS[world.index % len(words.TOPICS)],) if habit.language else (),
            created_at=utc(world.start - 40 * 24 * HOUR),
            is_private=habit.is_private,
            is_fork=habit.is_fork,
            archived_at=utc(world.archived_at)
            if world.archived_at is not None and world.archived_at <= world.until
            else None,
            commits=world.commits,
            commit_pulls=world.commit_pulls,
            main=tuple(world.main),
            branches=tuple(world.heads),
            pulls=tuple(pull.freeze() for pull in self.pulls.all),
            issues=tuple(trouble.freeze() for trouble in self.incidents.all),
            labels=words.LABELS,
            deployments=tuple(going.freeze() for going in self.deployments.all),
            tags=tuple(self.deployments.tags),
            releases=tuple(self.deployments.releases),
            runs=tuple(self.runs.all),
            has_deployment_source=bool(world.shipments or self.deployments.all),
            shipments=tuple(world.shipments),
            incidents=tuple(incidents),
            merged=tuple(world.merged),
            source=world.place.source,
            group_id=world.place.group_id,
            merge_method=world.method,
            mentions=tuple(self.pulls.mentions),
            remote_links=tuple(self.pulls.remote_links),
            jira_issues=tuple(trouble.ticket.ticket.freeze() for trouble in kept if trouble.ticket),
        )
