"""Telling of the planning in Jira: issues, estimates, boards with two-week sprints, what moves.

Like a repository's story it is drawn from a heap in the order of time, and dice are thrown only
while something is handled, so that a longer story begins with the shorter one. It knows nothing of
the repositories; their pull requests name the issues that are in progress here.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from random import Random
from typing import Any

from demo import words
from demo.almanac import DAY, HOUR, MINUTE, Calendar, utc
from demo.planning_model import (
    IssueState,
    JiraBoard,
    JiraIssueLink,
    JiraIssueType,
    JiraProject,
    JiraSprint,
    JiraStatus,
    JiraUser,
)
from demo.site import (
    BLOCKS,
    CLOSED,
    DONE,
    GERMAN_STATUSES,
    GERMAN_TYPES,
    IN_PROGRESS,
    IN_REVIEW,
    PRIORITIES,
    RELATES,
    SECRET_ID,
    TASK,
    TODO,
    TYPES,
    WONT_DO,
    Event,
    qa,
    ready,
)
from demo.tickets import (
    Backlog,
    Spell,
    Ticket,
    assignee_item,
    flag_item,
    points_item,
    priority_item,
    resolution_item,
    sprint_item,
    status_item,
    words_item,
)

FIRST_ISSUE = 20_000
_POINTS = (1.0, 2.0, 3.0, 5.0, 8.0, 0.5)


@dataclass
class Sprint:
    """A sprint while it lives."""

    id: int
    board: JiraBoard
    number: int
    name: str
    created: int
    planned_start: int
    ends: int
    renames: list[tuple[int, str]] = field(default_factory=list)
    started: int | None = None
    completed: int | None = None
    deleted: int | None = None
    tickets: list[Ticket] = field(default_factory=list)  # in it now

    @property
    def shown(self) -> tuple[int, str]:
        """Id and name as a changelog shows them now."""
        return self.id, self.renames[-1][1] if self.renames else self.name

    def freeze(self) -> JiraSprint:
        """The same as an immutable fact."""
        started = None if self.started is None else utc(self.started)
        completed = None if self.completed is None else utc(self.completed)
        return JiraSprint(
            self.id, self.board.id, self.name, utc(self.created), utc(self.planned_start),
            utc(self.ends), started, completed,
            tuple((utc(at), name) for at, name in self.renames),
            None if self.deleted is None else utc(self.deleted),
        )  # fmt: skip


@dataclass
class Room:
    """A project with its board, while its story is told."""

    project: JiraProject
    board: JiraBoard
    people: list[JiraUser]
    todo: JiraStatus
    ready: JiraStatus
    doing: JiraStatus
    review: JiraStatus
    qa: JiraStatus | None
    done: JiraStatus
    types: tuple[JiraIssueType, ...]  # epic, then standard ones, then the subtask
    backlog: list[Ticket] = field(default_factory=list)
    epics: list[Ticket] = field(default_factory=list)
    sprints: list[Sprint] = field(default_factory=list)
    number: int = 0  # of the last issue
    series: int = 0  # of the last sprint


class Planning:
    """All that is planned on the site."""

    def __init__(
        self,
        seed: int,
        calendar: Calendar,
        first_day: date,
        until: int,
        projects: tuple[JiraProject, ...],
        people: dict[str, list[JiraUser]],
        event: Event,
    ) -> None:
        self.rng = Random(f"{seed}/jira")
        self.calendar, self.first_day, self.until = calendar, first_day, until
        self.start = self.now = calendar.at(first_day, 0)
        self._heap: list[tuple[int, int, Callable[..., None], tuple[Any, ...]]] = []
        self._sequence = 0
        self.tickets: list[Ticket] = []
        self.sprints: list[Sprint] = []
        self.links: list[JiraIssueLink] = []
        self.spells: dict[str, list[Spell]] = {one.id: [] for one in projects}
        self._users = {user.id: user for users in people.values() for user in users}
        self.statuses = {one.id: one for one in (TODO, ready(event), IN_PROGRESS, IN_REVIEW,
                                                qa(event), CLOSED, *GERMAN_STATUSES)}  # fmt: skip
        self.qa_ends = int(event(70).timestamp())
        self.rooms: list[Room] = []
        for turn, project in enumerate(projects):
            if project.points_field is not None:
                self.rooms.append(self._room(turn, project, people[project.id], event))
        self.secret = next(one for one in projects if one.id == SECRET_ID)

    def _room(self, turn: int, project: JiraProject, people: list[JiraUser], event: Event) -> Room:
        kind, name = ("simple", "Tafel") if project.is_simplified else ("scrum", "board")
        board = JiraBoard(1 + turn, f"{project.name} {name}", kind, project.id,
                          project.created_at)  # fmt: skip
        if project.is_simplified:
            todo, doing, review, done = GERMAN_STATUSES
            return Room(project, board, people, todo, todo, doing, review, None, done, GERMAN_TYPES)
        return Room(
            project, board, people, TODO, self.statuses["10001"], IN_PROGRESS, IN_REVIEW,
            self.statuses["10005"], CLOSED,
            tuple(next(one for one in TYPES if one.id == id_) for id_ in project.type_ids),
        )  # fmt: skip

    # Time

    def at(self, when: float, act: Callable[..., None], *arguments: Any) -> None:
        """Have something happen at a second, never before now; after the end it never does."""
        self._sequence += 1
        when = max(int(when), self.now)
        if when <= self.until:
            heapq.heappush(self._heap, (when, self._sequence, act, arguments))

    def later(self, mean_hours: float, least: int = 60) -> int:
        """A second some time from now, when people work."""
        ahead = least + int(self.rng.expovariate(1.0) * mean_hours * HOUR)
        return self.calendar.working(self.now + ahead, self.rng)

    def chance(self, probability: float) -> bool:
        """True with this probability."""
        return self.rng.random() < probability

    def tell(self) -> Planning:
        """Let all days pass."""
        for turn, room in enumerate(self.rooms):
            for _ in range(18):
                self.create(room)
            monday = self.first_day + timedelta(days=(-self.first_day.weekday()) % 7 + 2 * turn % 5)
            self.at(self.start + HOUR, self._draw_up, room, monday)
        for step in range(5):
            self.at(self.start + step * 9 * DAY, self._create_secret)
        self.at(self.start, self._day, self.first_day)
        while self._heap:
            self.now, _, act, arguments = heapq.heappop(self._heap)
            act(*arguments)
        return self

    def _day(self, today: date) -> None:
        tomorrow = today + timedelta(days=1)
        self.at(self.calendar.at(tomorrow, 0), self._day, tomorrow)
        day = (today - self.first_day).days
        for place, room in enumerate(self.rooms):
            if today.weekday() < 5:
                for _ in range(self.rng.choice((0, 1, 1, 1, 2, 3))):
                    self.at(self._sometime(today), self._arrive, room)
                if room.backlog:
                    self.at(self._sometime(today), self._estimate, room)
            # What happens once: kept to certain days, so that every company has it.
            if day == 45 + place:
                self.at(self.calendar.at(today, 11), self._move, room)
            if day in (30 + place, 90 + place):
                self.at(self.calendar.at(today, 14), self._delete, room)
            if day == 20 and room.sprints:
                self.at(self.calendar.at(today, 10), self._delete_a_sprint, room)
        self._fiddle(today)
        if self.calendar.at(today, 0) <= self.qa_ends < self.calendar.at(tomorrow, 0):
            self.at(self.qa_ends, self._leave_qa)

    def _sometime(self, today: date) -> int:
        return self.calendar.at(today, 8) + int(self.rng.triangular(0, 10, 3) * HOUR)

    def _somebody(self, room: Room) -> JiraUser:
        user = self.rng.choice(room.people)
        while not user.is_active(utc(self.now)):
            user = self.rng.choice(room.people)
        return user

    def _user(self, identity: str | None) -> JiraUser | None:
        return None if identity is None else self._users[identity]

    # Issues

    def create(self, room: Room) -> Ticket:
        """A new issue in the backlog, at times with an estimate and an assignee from the start."""
        rng = self.rng
        is_epic = len(room.epics) < 1 + room.number // 60
        kind = room.types[0] if is_epic else rng.choice(room.types[1:-1])
        title = f"{rng.choice(words.VERBS)} {rng.choice(words.THINGS)} {rng.choice(words.TAILS)}"
        if room.project.is_simplified:
            title = f"{rng.choice(words.DINGE)} {rng.choice(words.TUN)}"
        author = self._somebody(room)
        components = room.project.components
        room.number += 1
        state = IssueState(
            f"{room.project.key}-{room.number}", room.project.id, kind.id, room.todo.id,
            title.strip(), rng.choice(("", "As discussed.", "Siehe Workshop 🚀")),
            rng.choices(PRIORITIES, (1, 3, 8, 3, 1))[0].id,
            labels=(rng.choice(words.TOPICS),) if rng.random() < 0.3 else (),
            component_ids=(rng.choice(components).id,)
            if components and rng.random() < 0.7 else (),
            parent_id=rng.choice(room.epics).id
            if not is_epic and room.epics and rng.random() < 0.3 else None,
            story_points=rng.choice(_POINTS) if not is_epic and rng.random() < 0.4 else None,
            original_estimate_seconds=4 * HOUR if rng.random() < 0.2 else None,
        )  # fmt: skip
        ticket = self._open(author, state)
        if is_epic:
            room.epics.append(ticket)
            return ticket
        room.backlog.append(ticket)
        if rng.random() < 0.1:
            self.at(self.later(20), self._remark, room, ticket)
        if rng.random() < 0.04 and len(room.backlog) > 3:
            self._link(ticket, rng.choice(room.backlog[:-1]))
        if rng.random() < 0.03:
            self.at(self.later(300), self._give_up, room, ticket)
        return ticket

    def _arrive(self, room: Room) -> None:
        self.create(room)

    def _open(self, author: JiraUser, state: IssueState) -> Ticket:
        ticket = Ticket.open(FIRST_ISSUE + len(self.tickets) + 1, self.now, author, state)
        self.tickets.append(ticket)
        return ticket

    def _create_secret(self) -> None:
        """An issue of a project that the reading account may not see."""
        author = self.secret.lead
        number = 1 + sum(one.state.project_id == SECRET_ID for one in self.tickets)
        key = f"{self.secret.key}-{number}"
        self._open(author, IssueState(key, SECRET_ID, TASK.id, TODO.id, "Confidential"))

    def _remark(self, room: Room, ticket: Ticket) -> None:
        if ticket.deleted is None:
            ticket.comment(self.now, self._somebody(room), self.rng.choice(words.REMARKS))

    def _link(self, one: Ticket, other: Ticket) -> None:
        kind = self.rng.choice((BLOCKS, RELATES))
        identity = str(10_000 + len(self.links))
        self.links.append(JiraIssueLink(identity, kind.id, one.id, other.id, utc(self.now)))
        # Both ends show it in their changelogs.
        for end, far, text in ((one, other, kind.outward), (other, one, kind.inward)):
            end.change(self.now, one.creator, words_item("Link", far.state.key,
                       f"This issue {text} {far.state.key}"))  # fmt: skip

    def _give_up(self, room: Room, ticket: Ticket) -> None:
        """Resolved without having been done, straight from the backlog."""
        if ticket in room.backlog and ticket.deleted is None:
            room.backlog.remove(ticket)
            old = self.statuses[ticket.state.status_id]
            ticket.change(self.now, self._somebody(room), status_item(old, room.done, self.now),
                          resolution_item(None, WONT_DO))  # fmt: skip

    def _estimate(self, room: Room) -> None:
        """Refinement: some of the backlog get an estimate, or another one."""
        for ticket in room.backlog[:6]:
            if self.chance(0.6 if ticket.state.story_points is None else 0.08):
                self._set_points(room, ticket)

    def _set_points(self, room: Room, ticket: Ticket) -> None:
        old = ticket.state.story_points
        new = self.rng.choice([one for one in _POINTS if one != old])
        ticket.change(self.now, self._somebody(room), points_item(room.project, old, new))

    def _change_status(self, room: Room, ticket: Ticket, new: JiraStatus) -> None:
        """Another status; resolution comes and goes with the last one."""
        old = self.statuses[ticket.state.status_id]
        items = [status_item(old, new, self.now)]
        if (old is room.done) != (new is room.done):
            items.append(
                resolution_item(None, DONE) if new is room.done else resolution_item(DONE, None)
            )
        by = self._user(ticket.state.assignee_id) or self._somebody(room)
        ticket.change(self.now, by, *items)
        self._keep_spell(ticket, old, new)

    def _keep_spell(self, ticket: Ticket, old: JiraStatus, new: JiraStatus) -> None:
        """From the first work on it until it is done it may be named by pull requests."""
        was, is_now = (one.category == "indeterminate" for one in (old, new))
        if was != is_now:
            self._end_spell(ticket)
        if is_now and not was:
            self.spells[ticket.state.project_id].append(
                Spell(self.now, None, ticket.id, ticket.state.key)
            )

    def _end_spell(self, ticket: Ticket) -> None:
        spells = self.spells[ticket.state.project_id]
        for place in range(len(spells) - 1, -1, -1):
            if spells[place].issue_id == ticket.id and spells[place].end is None:
                spells[place] = replace(spells[place], end=self.now)
                return

    # Sprints

    def _draw_up(self, room: Room, monday: date) -> None:
        """The first sprint of a board."""
        self._plan_sprint(room, self.calendar.at(monday, 9, 30))

    def _plan_sprint(self, room: Room, start: int) -> Sprint:
        """A future sprint; what goes into it is chosen before it starts."""
        room.series += 1
        number = room.series
        day = self.calendar.day(start)
        sprint = Sprint(
            len(self.sprints) + 1, room.board, number, f"{room.project.key} Sprint {number}",
            self.now, start, self.calendar.at(day + timedelta(days=14), 9),
        )  # fmt: skip
        self.sprints.append(sprint)
        room.sprints.append(sprint)
        late = DAY + 3 * HOUR if number % 4 == 2 else 4 * MINUTE * (number % 3)
        self.at(start - 3 * HOUR, self._fill, room, sprint, 14)
        if number % 5 == 3:
            name = f"{sprint.name} – {self.rng.choice(words.THINGS)}"
            self.at(start + 3 * DAY, self._rename, sprint, name)
        self.at(start + late, self._start, room, sprint)
        return sprint

    def _rename(self, sprint: Sprint, name: str) -> None:
        sprint.renames.append((self.now, name))

    def _fill(self, room: Room, sprint: Sprint, most: int) -> None:
        """Sprint planning: from the backlog until there is enough."""
        while room.backlog and len(sprint.tickets) < most:
            self._into(room, room.backlog[0], sprint)

    def _into(self, room: Room, ticket: Ticket, sprint: Sprint) -> None:
        """Into a sprint, from the backlog."""
        room.backlog.remove(ticket)
        old = self._sprints_of(ticket)
        author = self._somebody(room)
        ticket.change(self.now, author, sprint_item(old, [*old, sprint.shown]))
        sprint.tickets.append(ticket)
        has_ready = ticket.state.status_id == room.todo.id and room.ready is not room.todo
        if has_ready and self.chance(0.5):
            self._change_status(room, ticket, room.ready)
        if ticket.state.assignee_id is None and self.chance(0.7):
            ticket.change(self.now, author, assignee_item(None, self._somebody(room)))

    def _sprints_of(self, ticket: Ticket) -> list[tuple[int, str]]:
        return [self.sprints[one - 1].shown for one in ticket.state.sprint_ids]

    def _out_of(self, room: Room, ticket: Ticket, sprint: Sprint) -> None:
        """Out of a sprint, back into the backlog."""
        if ticket not in sprint.tickets or ticket.deleted is not None:
            return
        sprint.tickets.remove(ticket)
        old = self._sprints_of(ticket)
        kept = [one for one in old if one[0] != sprint.id]
        ticket.change(self.now, self._somebody(room), sprint_item(old, kept))
        room.backlog.append(ticket)

    def _start(self, room: Room, sprint: Sprint) -> None:
        """The sprint begins; one issue comes in, and one goes, in the very same second."""
        sprint.started = self.now
        if sprint.number % 2 and room.backlog:
            self._into(room, room.backlog[0], sprint)
        untouched = [one for one in sprint.tickets if one.state.status_id == room.todo.id]
        if sprint.number % 4 == 0 and untouched:
            self._out_of(room, untouched[-1], sprint)
        for ticket in list(sprint.tickets):
            self._plan_work(room, ticket, sprint)
        for _ in range(self.rng.choice((0, 1, 2, 3))):
            self.at(self.later(70), self._creep, room, sprint)
        for _ in range(self.rng.choice((0, 1, 1, 2))):
            self.at(self.later(90), self._drop_one, room, sprint)
        for _ in range(2):
            self.at(self.later(80), self._estimate_again, room, sprint)
        close = sprint.ends if sprint.number % 3 else sprint.ends + 6 * HOUR
        following = self._plan_sprint(room, max(close + 20 * MINUTE, self.now + 13 * DAY))
        self.at(close, self._close, room, sprint, following)

    def _creep(self, room: Room, sprint: Sprint) -> None:
        if sprint.completed is None and room.backlog:
            ticket = self.rng.choice(room.backlog)
            self._into(room, ticket, sprint)
            self._plan_work(room, ticket, sprint)

    def _drop_one(self, room: Room, sprint: Sprint) -> None:
        waiting = [
            one for one in sprint.tickets
            if self.statuses[one.state.status_id].category == "new"
        ]  # fmt: skip
        if sprint.completed is None and waiting:
            self._out_of(room, self.rng.choice(waiting), sprint)

    def _estimate_again(self, room: Room, sprint: Sprint) -> None:
        if sprint.completed is None and sprint.tickets:
            self._set_points(room, self.rng.choice(sprint.tickets))

    def _close(self, room: Room, sprint: Sprint, following: Sprint) -> None:
        """The sprint ends; one issue is done in that second, the open ones go to the next one."""
        open_ones = [one for one in sprint.tickets if one.state.status_id != room.done.id]
        if sprint.number % 3 == 1 and open_ones:
            self._change_status(room, open_ones[0], room.done)
        sprint.completed = self.now
        author = self._somebody(room)
        for ticket in list(sprint.tickets):
            if ticket.state.status_id != room.done.id and ticket.deleted is None:
                old = self._sprints_of(ticket)
                ticket.change(self.now, author, sprint_item(old, [*old, following.shown]))
                following.tickets.append(ticket)
        sprint.tickets = []

    def _delete_a_sprint(self, room: Room) -> None:
        """A sprint was prepared by mistake, with two issues in it, and is deleted later."""
        sprint = Sprint(
            len(self.sprints) + 1, room.board, 0, f"{room.project.key} Entwurf", self.now,
            self.now + 60 * DAY, self.now + 74 * DAY,
        )  # fmt: skip
        self.sprints.append(sprint)
        self._fill(room, sprint, 2)
        self.at(self.now + 5 * DAY, self._delete_sprint, room, sprint)

    def _delete_sprint(self, room: Room, sprint: Sprint) -> None:
        for ticket in list(sprint.tickets):
            self._out_of(room, ticket, sprint)
        sprint.deleted = self.now

    # Work

    def _plan_work(self, room: Room, ticket: Ticket, sprint: Sprint) -> None:
        """When it will be taken up in this sprint, if it is not in work already."""
        if self.statuses[ticket.state.status_id].category == "new":
            self.at(self.later(75), self._take_up, room, ticket, sprint)
        else:
            self.at(self.later(20), self._carry_on, room, ticket)

    def _is_in(self, ticket: Ticket, sprint: Sprint) -> bool:
        return ticket in sprint.tickets and ticket.deleted is None

    def _take_up(self, room: Room, ticket: Ticket, sprint: Sprint) -> None:
        """Work begins; it may be blocked, logged, remarked on, split."""
        if not self._is_in(ticket, sprint):
            return
        if self.statuses[ticket.state.status_id].category != "new":
            return
        if ticket.state.assignee_id is None or self.chance(0.1):
            old, new = self._user(ticket.state.assignee_id), self._somebody(room)
            if old is not new:
                ticket.change(self.now, new, assignee_item(old, new))
        self._change_status(room, ticket, room.doing)
        if self.chance(0.1):
            self.at(self.later(6), self._flag, room, ticket, True)
        if self.chance(0.35):
            self.at(self.later(8), self._log, room, ticket, self.now)
        if self.chance(0.15):
            self.at(self.later(10), self._remark, room, ticket)
        if self.chance(0.08):
            self._split(room, ticket)
        self.at(self.later(48), self._carry_on, room, ticket)

    def _split(self, room: Room, ticket: Ticket) -> None:
        """A subtask, done by the way."""
        room.number += 1
        state = IssueState(
            f"{room.project.key}-{room.number}", room.project.id, room.types[-1].id, room.todo.id,
            f"Part of {ticket.state.key}", parent_id=ticket.id,
            assignee_id=ticket.state.assignee_id,
        )  # fmt: skip
        part = self._open(self._somebody(room), state)
        self.at(self.later(8), self._change_status, room, part, room.doing)
        self.at(self.now + 6 * DAY, self._change_status, room, part, room.done)

    def _flag(self, room: Room, ticket: Ticket, is_flagged: bool) -> None:
        """Blocked by something, until it is not."""
        if ticket.state.is_flagged == is_flagged or ticket.deleted is not None:
            return
        ticket.change(self.now, self._somebody(room), flag_item(is_flagged))
        if is_flagged and self.chance(0.9):
            self.at(self.later(16), self._flag, room, ticket, False)

    def _log(self, room: Room, ticket: Ticket, begun: int) -> None:
        author = self._user(ticket.state.assignee_id)
        if author is not None and ticket.deleted is None:
            ticket.log_work(self.now, author, 1800 * self.rng.randrange(1, 16), begun)

    def _carry_on(self, room: Room, ticket: Ticket) -> None:
        """On to the next status; back now and then."""
        if ticket.deleted is not None or ticket.state.project_id != room.project.id:
            return
        status = ticket.state.status_id
        if status == room.doing.id:
            self._change_status(room, ticket, room.review)
            self.at(self.later(20), self._carry_on, room, ticket)
        elif status == room.review.id:
            with_qa = room.qa is not None and self.now < self.qa_ends - 2 * DAY
            if self.chance(0.12):
                self._change_status(room, ticket, room.doing)
                self.at(self.later(10), self._carry_on, room, ticket)
            elif with_qa and room.qa is not None and self.chance(0.4):
                self._change_status(room, ticket, room.qa)
                self.at(self.later(12), self._carry_on, room, ticket)
            else:
                self._finish(room, ticket)
        elif room.qa is not None and status == room.qa.id:
            self._finish(room, ticket)

    def _finish(self, room: Room, ticket: Ticket) -> None:
        self._change_status(room, ticket, room.done)
        if self.chance(0.06):
            self.at(self.later(20), self._reopen, room, ticket)

    def _reopen(self, room: Room, ticket: Ticket) -> None:
        """It was not done after all: straight back into work, in whatever sprint it is in."""
        if ticket.state.status_id == room.done.id and ticket.deleted is None:
            self._change_status(room, ticket, room.doing)
            self.at(self.later(14), self._carry_on, room, ticket)

    # Once only

    def _leave_qa(self) -> None:
        """Everything is moved out of the status that is given up."""
        for room in self.rooms:
            for ticket in self.tickets:
                its_own = ticket.state.project_id == room.project.id and ticket.deleted is None
                if its_own and room.qa is not None and ticket.state.status_id == room.qa.id:
                    self._change_status(room, ticket, room.review)
                    self.at(self.later(5), self._carry_on, room, ticket)

    def _move(self, room: Room) -> None:
        """An issue that is worked on goes to another project: new key, status, type; the id
        stays. If there is none, one of the backlog does."""
        others = [one for one in self.rooms if one is not room]
        in_work = [
            (ticket, sprint)
            for sprint in room.sprints
            if sprint.started is not None and sprint.completed is None
            for ticket in sprint.tickets
            if ticket.state.status_id == room.doing.id and ticket.deleted is None
        ]
        if not others or not (in_work or room.backlog):
            return
        target = others[0]
        if in_work:
            ticket, sprint = self.rng.choice(in_work)
            self._out_of(room, ticket, sprint)
        else:
            ticket = room.backlog[-1]
        room.backlog.remove(ticket)
        target.number += 1
        key, state = f"{target.project.key}-{target.number}", ticket.state
        old_status = self.statuses[state.status_id]
        old_type = next(one for one in TYPES if one.id == state.type_id)
        items = [
            words_item("Key", None, key, state.key),
            words_item("project", target.project.id, target.project.name, room.project.name,
                       room.project.id, "project"),
            words_item("issuetype", target.types[1].id, target.types[1].name, old_type.name,
                       old_type.id, "issuetype"),
            status_item(old_status, target.doing if in_work else target.todo, self.now),
        ]  # fmt: skip
        items += [
            words_item("Component", None, None,
                       next(one.name for one in room.project.components if one.id == gone), gone,
                       "components")
            for gone in state.component_ids
        ]  # fmt: skip
        if state.story_points is not None:
            # The field of the other project is another one.
            items += [points_item(room.project, state.story_points, None),
                      points_item(target.project, None, state.story_points)]  # fmt: skip
        if not room.project.is_simplified and not target.project.is_simplified:
            items = [one for one in items if "oint" not in one.field]
        if in_work:
            self._end_spell(ticket)
        ticket.change(self.now, self._somebody(room), *items)
        if in_work:
            self.spells[target.project.id].append(Spell(self.now, None, ticket.id, key))
            self.at(self.later(60), self._carry_on, target, ticket)
        else:
            target.backlog.append(ticket)

    def _delete(self, room: Room) -> None:
        """An issue is deleted: one from the backlog."""
        plain = [one for one in room.backlog if not any(
            one.id in (link.source_id, link.target_id) for link in self.links)]  # fmt: skip
        if plain:
            room.backlog.remove(plain[-1])
            plain[-1].deleted = self.now

    def _fiddle(self, today: date) -> None:
        """One issue that is changed all the time: soon more entries than a page has."""
        if not self.rooms or not self.rooms[0].epics or today.weekday() > 4:
            return
        self.at(self.calendar.at(today, 9, 5), self._fiddle_with, self.rooms[0].epics[0])
        self.at(self.calendar.at(today, 16, 40), self._fiddle_with, self.rooms[0].epics[0])

    def _fiddle_with(self, ticket: Ticket) -> None:
        old = next(one for one in PRIORITIES if one.id == ticket.state.priority_id)
        new = self.rng.choice([one for one in PRIORITIES if one is not old])
        ticket.change(self.now, self._somebody(self.rooms[0]), priority_item(old, new))
        if len(ticket.changes) == 40:
            self._change_status(self.rooms[0], ticket, self.rooms[0].doing)

    def backlog_of(self, project_id: str) -> Backlog:
        """What is in progress in a project, at any moment."""
        return Backlog(self.spells[project_id])
