"""A company of any size from a seed: the same seed and start always tell the same story.

`Company.generate(seed, repositories, start, until)` with a later `until` only adds to the story.
Each repository's story is told on its own when first asked for; so is the planning in Jira, which
the repositories' pull requests refer to.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from random import Random
from zoneinfo import ZoneInfo

from demo import organization, site, truth_people
from demo.almanac import Calendar, second, utc
from demo.habits import Habit, habit_of
from demo.ids import node_id
from demo.model import Account, Group, Owner, RepositoryStory, Team
from demo.organization import GITHUB_OWNER, Service, StatedTeam
from demo.people import FOUNDED, Staff, staff
from demo.planning import Planning
from demo.planning_model import JiraIssue, JiraProject, JiraRemoteLink, JiraSite, JiraUser
from demo.story import Storyteller
from demo.tickets import with_remote_links
from demo.truth import ServiceStory, Truth, TruthTeller
from demo.truth_planning import PlanningTruth
from demo.world import Crew, Place, World

LOGIN = GITHUB_OWNER
TIMEZONE = "Europe/Berlin"
WEEK_STARTS_ON = "monday"
_KEPT_STORIES = 200  # a repository with two years of history takes some megabytes


@dataclass
class Company:
    """People, teams and repositories, each with its whole story until `until`."""

    seed: int
    start: date
    until: datetime
    owner: Owner
    staff: Staff
    teams: tuple[Team, ...]  # GitHub's
    groups: tuple[Group, ...]  # GitLab's
    services: tuple[Service, ...]  # of the settings
    stated_teams: tuple[StatedTeam, ...]
    names: tuple[str, ...]  # of the repositories of both sources
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
        calendar = Calendar(ZoneInfo(TIMEZONE), start, until.date())

        def event(day: int) -> datetime:
            return utc(calendar.at(start + timedelta(days=day), 9))

        dealt = [habit_of(index) for index in range(repositories)]
        habits = tuple(_adapted(index, habit) for index, (habit, _) in enumerate(dealt))
        everybody = staff(rng, max(16, repositories * 2 + 6), event)
        reporters = {person.key: person.jira for person in everybody.people if person.jira}
        # People without an account in Jira let support write.
        reporters[""] = [person.jira for person in everybody.people if person.jira][-1]
        teams, crews = organization.crews(rng, dealt, everybody, reporters)
        names = tuple(name for _, name in dealt)
        return cls(
            seed,
            start,
            until.astimezone(UTC),
            Owner(node_id("O", 9_001), 9_001, LOGIN, "Acme 🏭 GmbH", "Organization", FOUNDED),
            everybody,
            teams,
            organization.groups(crews, habits, event),
            organization.services(names),
            organization.stated_teams(teams, everybody),
            names,
            crews,
            habits,
            calendar,
        )

    @property
    def timezone(self) -> str:
        """IANA name of the organization's time zone."""
        return TIMEZONE

    @cached_property
    def accounts(self) -> tuple[Account, ...]:
        """GitHub's accounts; the first one is the token's."""
        people = [account for person in self.staff.people for account in person.github]
        return tuple(sorted(people, key=lambda one: one.person.startswith("bot:")))

    @cached_property
    def gitlab_accounts(self) -> tuple[Account, ...]:
        """GitLab's accounts; the first one is the token's."""
        people = [person.gitlab for person in self.staff.people if person.gitlab]
        return tuple(sorted(people, key=lambda one: one.person.startswith("bot:")))

    def event(self, day: int) -> datetime:
        """The moment at which something happens on a day of the story (0: the first), 9 o'clock."""
        return utc(self._calendar.at(self.start + timedelta(days=day), 9))

    def source(self, index: int) -> str:
        """github or gitlab: where the repository with this index lives."""
        return "gitlab" if organization.is_gitlab(index) else "github"

    def full_name(self, index: int) -> str:
        """owner/name of a repository, or a GitLab project's path with its groups."""
        return f"{self._owner(self._place(index))}/{self.names[index]}"

    def story(self, index: int) -> RepositoryStory:
        """The story of one repository (0 for the first); told again if long not asked for."""
        if index in self._told:
            self._told.move_to_end(index)
        else:
            begin = self._calendar.at(self.start, 0)
            backlog = self.planning.backlog_of(site.project_of(index, len(self.names)))
            place = replace(self._place(index), backlog=backlog)
            world = World(
                self.seed, index, self._habits[index], self._owner(place), self.names[index],
                self._crews[index], self._calendar, begin, second(self.until), place,
            )  # fmt: skip
            self._told[index] = Storyteller(world, self.start).tell()
            if len(self._told) > _KEPT_STORIES:
                self._told.popitem(last=False)
        return self._told[index]

    def _owner(self, place: Place) -> str:
        if place.group_id is None:
            return LOGIN
        return next(group.full_path for group in self.groups if group.id == place.group_id)

    def _place(self, index: int) -> Place:
        """Where a repository lives, and where its people keep incidents and plans."""
        in_jira = any(index in service.repositories for service in self.services)
        if not organization.is_gitlab(index):
            return Place(incidents="jira" if in_jira else "label")
        habit = self._habits[index]
        kept = "jira" if in_jira else "type" if index % 12 == 11 else "label"
        return Place(
            "gitlab", organization.group_of(index, habit), organization.merge_of(habit), kept
        )

    @property
    def stories(self) -> Iterator[RepositoryStory]:
        """All stories, in the order of the repositories."""
        return (self.story(index) for index in range(len(self.names)))

    @property
    def gitlab_stories(self) -> Iterator[RepositoryStory]:
        """The stories of GitLab's projects."""
        return (
            self.story(index) for index in range(len(self.names)) if organization.is_gitlab(index)
        )

    @cached_property
    def jira_projects(self) -> tuple[JiraProject, ...]:
        """The projects of the Jira site."""
        kept = sorted(index for service in self.services for index in service.repositories)
        leads = tuple(person.jira for person in self.staff.people
                      if person.jira and not person.github)  # fmt: skip
        return site.projects(self.names, tuple(kept), leads)

    @cached_property
    def planning(self) -> Planning:
        """What is planned in Jira, told until the end."""
        count = site.scrum_count(len(self.names))
        others = [person.jira for person in self.staff.people if person.jira and not person.github]
        people: dict[str, list[JiraUser]] = {}
        for turn, project in enumerate(self.jira_projects):
            crew = {account.person for index in range(turn, len(self.names), count)
                    for account in self._crews[index].people}  # fmt: skip
            writers = [person.jira for person in self.staff.people
                       if person.jira and person.key in crew]  # fmt: skip
            people[project.id] = [*others, *writers]
        return Planning(
            self.seed, self._calendar, self.start, second(self.until), self.jira_projects, people,
            self.event,
        ).tell()  # fmt: skip

    @cached_property
    def jira(self) -> JiraSite:
        """The Jira site, with the incidents of all repositories."""
        planning = self.planning
        incidents: list[JiraIssue] = []
        links: dict[str, list[JiraRemoteLink]] = {}
        for story in self.stories:
            incidents += story.jira_issues
            for issue_id, link in story.remote_links:
                links.setdefault(issue_id, []).append(link)
        issues = [ticket.freeze() for ticket in planning.tickets]
        issues = [with_remote_links(issue, links.get(issue.id, [])) for issue in issues]
        users = [person.jira for person in self.staff.people if person.jira]
        return JiraSite(
            tuple(users),
            self.jira_projects,
            tuple(room.board for room in planning.rooms),
            tuple(sprint.freeze() for sprint in planning.sprints),
            site.statuses(self.event),
            site.TYPES,
            site.FIELDS,
            site.PRIORITIES,
            site.RESOLUTIONS,
            site.LINK_TYPES,
            tuple(sorted((*issues, *incidents), key=lambda one: int(one.id))),
            tuple(planning.links),
        )

    def truth(self, as_of: datetime | None = None) -> Truth:
        """The true answers as of a moment (default: the end of the story)."""
        moment = self.until if as_of is None else as_of.astimezone(UTC)
        if moment > self.until:
            raise ValueError("as_of: the story is not told that far")
        stories = list(self.stories)
        planning = PlanningTruth(self.jira, moment)
        truth = TruthTeller(
            organization="organization:" + LOGIN,
            timezone=TIMEZONE,
            start=self.start,
            teams=truth_people.teams(LOGIN, self.stated_teams, self.teams, self.groups, moment),
            services=self._service_stories(),
        ).tell(moment)
        return replace(
            truth,
            identities=truth_people.identities(self.staff.people, stories, moment),
            issues=planning.tell_issues(self.services),
            sprint_scope=planning.tell_sprints(),
            issue_links=planning.tell_links(stories),
        )

    def _service_stories(self) -> Iterator[ServiceStory]:
        """The services of the settings, and each other repository as one of its own."""
        stated = {team.name: team.id for team in self.stated_teams}
        taken: set[int] = set()
        for service in self.services:
            taken.update(service.repositories)
            owner = stated.get(service.team or "") or self._owner_of(service.repositories[0])
            stories = tuple(self.story(index) for index in service.repositories)
            yield ServiceStory(service.id, owner, stories)
        for index in range(len(self.names)):
            if index not in taken:
                story = self.story(index)
                yield ServiceStory(f"{story.source}:{story.id}", self._owner_of(index), (story,))

    def _owner_of(self, index: int) -> str | None:
        """The team with the highest permission on it, or the group that it is in."""
        into = truth_people.absorbed(self.stated_teams)
        group_id = self._place(index).group_id
        if group_id is not None:
            group = next(one for one in self.groups if one.id == group_id)
            return into.get(f"gitlab:{group.full_path}", f"gitlab:{group.id}")
        team = truth_people.owner_by_permission(self.teams, self.names[index])
        return into.get(f"github:{LOGIN}/{team.slug}", f"github:{team.id}") if team else None


def _adapted(index: int, habit: Habit) -> Habit:
    """The habit as it is lived: on GitLab the quiet ones publish releases."""
    if organization.is_gitlab(index) and habit.key == "quiet":
        return replace(habit, source="releases", pulls=0.6, failure=0.4)
    return habit


def default_period(now: datetime, months: int) -> tuple[date, datetime]:
    """Start and end of a story of some months that ends now (whole seconds)."""
    until = utc(second(now))
    year, month = divmod(until.year * 12 + until.month - 1 - months, 12)
    day = min(until.day, 28)
    return date(year, month + 1, day), until
