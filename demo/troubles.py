"""Incidents that are kept in Jira: issues of the project Operations, told along with a repository.

The issues of the other projects are told in planning.py; these here follow the deployments.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from demo.model import Account
from demo.planning_model import IssueState, JiraStatus, JiraUser
from demo.site import (
    DONE,
    INCIDENT,
    INVESTIGATING,
    OPEN,
    OPERATIONS,
    OPERATIONS_ID,
    PRIORITIES,
    RESOLVED,
    SERVICE_REQUEST,
    component,
    reporter_of,
)
from demo.tickets import (
    Spell,
    Ticket,
    assignee_item,
    resolution_item,
    status_item,
    type_item,
)

if TYPE_CHECKING:
    from demo.incidents import Trouble
    from demo.world import World

INCIDENT_IDS = 5_000_000
_PER_REPOSITORY = 10_000  # ids and keys


@dataclass
class IncidentTicket:
    """The issue of Jira behind an incident."""

    ticket: Ticket
    spell: Spell

    @classmethod
    def open(cls, world: World, count: int, trouble: Trouble, is_late: bool) -> IncidentTicket:
        """A new incident; `is_late`: a service request at first."""
        number = world.index * _PER_REPOSITORY + count + 1
        key = f"{OPERATIONS}-{number}"
        author = _user(world, trouble.author)
        state = IssueState(
            key, OPERATIONS_ID, (SERVICE_REQUEST if is_late else INCIDENT).id, OPEN.id,
            trouble.title, trouble.body, world.rng.choices(PRIORITIES[:4], (1, 3, 4, 2))[0].id,
            component_ids=(component(OPERATIONS_ID, world.index, world.name).id,),
        )  # fmt: skip
        ticket = Ticket.open(INCIDENT_IDS + number, world.now, author, state)
        if world.chance(0.7):
            assignee = _user(world, world.somebody())
            ticket.change(world.now, author, assignee_item(None, assignee))
            ticket.change(world.now + 150, assignee, status_item(OPEN, INVESTIGATING, world.now))
        return cls(ticket, Spell(world.now, None, ticket.id, key, is_incident=True))

    def remark(self, world: World, text: str) -> None:
        """A comment."""
        self.ticket.comment(world.now, _user(world, world.somebody()), text)

    def call_it_an_incident(self, world: World) -> None:
        """The service request becomes an incident."""
        user = _user(world, world.somebody())
        self.ticket.change(world.now, user, type_item(SERVICE_REQUEST, INCIDENT))

    def resolve(self, world: World) -> None:
        """Resolved; the resolution is set with the status."""
        old = next(one for one in (OPEN, INVESTIGATING) if one.id == self.ticket.state.status_id)
        self._turn(world, old, RESOLVED)

    def reopen(self, world: World) -> None:
        """It was not over: the resolution goes."""
        self._turn(world, RESOLVED, INVESTIGATING)

    def _turn(self, world: World, old: JiraStatus, new: JiraStatus) -> None:
        user = _user(world, world.somebody())
        is_over = new is RESOLVED
        resolution = resolution_item(None, DONE) if is_over else resolution_item(DONE, None)
        self.ticket.change(world.now, user, status_item(old, new, world.now), resolution)


def _user(world: World, account: Account) -> JiraUser:
    return reporter_of(world.crew.reporters, account)
