"""Telling of what goes wrong: incidents as labelled issues, how they end, and lone undoings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from demo import words
from demo.almanac import DAY, HOUR, MINUTE, utc
from demo.deployments import Deployments
from demo.ids import sha1
from demo.model import (
    Account,
    Blame,
    Change,
    Closing,
    Comment,
    Incident,
    Issue,
    Labelling,
    Shipment,
)
from demo.pulls import Pull, Pulls
from demo.tickets import Spell
from demo.troubles import IncidentTicket
from demo.world import Environment, World


@dataclass
class Trouble:
    """An issue while it lives; an incident if it ever gets the label."""

    id: str
    database_id: int
    number: int
    title: str
    body: str
    author: Account
    created: int
    touched: list[int]
    labels: list[Labelling] = field(default_factory=list)
    assignees: tuple[Account, ...] = ()
    comments: list[Comment] = field(default_factory=list)
    closings: list[Closing] = field(default_factory=list)
    blames: list[Blame] = field(default_factory=list)
    may_reopen: bool = True
    kind: str = "issue"
    severity: str | None = None
    ticket: IncidentTicket | None = None  # it is kept in Jira

    @property
    def is_open(self) -> bool:
        """Not closed, or reopened since."""
        return not self.closings or self.closings[-1].reopened_at is not None

    def freeze(self) -> Issue:
        """The same as an immutable fact."""
        return Issue(
            self.id, self.database_id, self.number, self.title, self.body, self.author,
            utc(self.created), tuple(utc(at) for at in sorted(self.touched)), self.assignees,
            tuple(self.labels), tuple(self.comments), tuple(self.closings), self.kind,
            self.severity,
        )  # fmt: skip

    def incident(self) -> Incident | None:
        """What the storyteller knows of it, if it is an incident."""
        if self.kind == "incident":
            return Incident(self.number, self.id, utc(self.created), utc(self.created),
                            tuple(self.closings), tuple(self.blames))  # fmt: skip
        for label in self.labels:
            if label.name == "incident":
                return Incident(
                    self.number, self.id, utc(self.created), label.at, tuple(self.closings),
                    tuple(self.blames), "jira" if self.ticket else "",
                )  # fmt: skip
        return None


class Incidents:
    """Opens issues, and lets deployments fail."""

    def __init__(self, world: World, pulls: Pulls, deployments: Deployments) -> None:
        self.world, self.pulls, self.deployments = world, pulls, deployments
        self.all: list[Trouble] = []
        self.by_number: dict[int, Trouble] = {}
        self.kept_in_jira: list[Trouble] = []
        deployments.on_shipment.append(self.shipped)
        pulls.on_merge.append(self.merged)
        self.deploy_soon: Callable[[], None] = lambda: None

    def open(self, title: str, body: str, labels: tuple[str, ...] = ()) -> Trouble:
        """A new issue."""
        world, now = self.world, self.world.now
        identity, database_id = world.identify("I")
        trouble = Trouble(
            identity, database_id, world.next_number("issue"), title, body, world.somebody(), now,
            [now], [Labelling(name, utc(now)) for name in labels],
        )  # fmt: skip
        if world.chance(0.4):
            trouble.assignees = (world.somebody(),)
        self.all.append(trouble)
        self.by_number[trouble.number] = trouble
        return trouble

    def open_trouble(self, title: str, body: str, is_late: bool = False) -> Trouble:
        """A new incident, where this repository's people keep them; `is_late`: it is not called one
        at first."""
        world = self.world
        keeper = world.place.incidents
        if keeper == "jira":
            labels = [] if is_late else [Labelling("incident", utc(world.now))]
            trouble = Trouble("", 0, 0, title, body, world.somebody(), world.now, [world.now],
                              labels)  # fmt: skip
            trouble.ticket = IncidentTicket.open(world, len(self.kept_in_jira), trouble, is_late)
            trouble.id = trouble.ticket.ticket.id
            self.kept_in_jira.append(trouble)
        elif keeper == "type":
            trouble = self.open(title, body)
            trouble.kind = "incident"
            trouble.severity = world.rng.choice(("CRITICAL", "HIGH", "MEDIUM", "LOW", "UNKNOWN"))
            is_late = False
        else:
            trouble = self.open(title, body, () if is_late else ("incident",))
        if is_late:
            world.at(world.now + 25 * MINUTE, self._label, trouble)
        return trouble

    def open_ordinary(self) -> None:
        """A bug or a wish."""
        world = self.world
        label = world.rng.choice(("bug", "enhancement", "documentation", "customer 🧑‍💻"))
        trouble = self.open(self.pulls.title(), "As discussed.", (label,))
        if world.chance(0.6):
            world.at(world.later(90), self.close, trouble, "COMPLETED")
        elif world.chance(0.2):
            world.at(world.later(30), self.close, trouble, "NOT_PLANNED")
        for _ in range(world.poisson(0.8)):
            world.at(world.later(12), self.remark, trouble, world.rng.choice(words.REMARKS))

    def remark(self, trouble: Trouble, text: str) -> None:
        """A comment in the conversation."""
        world = self.world
        if trouble.ticket:
            trouble.ticket.remark(world, text)
            return
        identity, database_id = world.identify("IC")
        trouble.comments.append(
            Comment(identity, database_id, world.somebody(), utc(world.now), text)
        )
        trouble.touched.append(world.now)

    def close(self, trouble: Trouble, reason: str = "COMPLETED") -> None:
        """Close it; now and then it is opened again and closed later."""
        world = self.world
        if not trouble.is_open:
            return
        trouble.closings.append(Closing(utc(world.now), reason))
        trouble.touched.append(world.now)
        if trouble.ticket:
            trouble.ticket.resolve(world)
        if trouble.may_reopen and world.chance(0.1):
            trouble.may_reopen = False
            world.at(world.later(5), self.reopen, trouble)

    def reopen(self, trouble: Trouble) -> None:
        """It was not over."""
        world = self.world
        last = trouble.closings[-1]
        if last.reopened_at is None:
            trouble.closings[-1] = Closing(last.at, last.reason, utc(world.now))
            trouble.touched.append(world.now)
            if trouble.ticket:
                trouble.ticket.reopen(world)
            world.at(world.later(8), self.close, trouble)

    def merged(self, pull: Pull) -> None:
        """GitHub closes what a pull request fixes when it lands on the default branch."""
        if pull.base == self.world.habit.default_branch:
            for number in pull.closes:
                self.close(self.by_number[number])
            if pull.trouble:  # a rule in Jira does so, a minute later
                fixed = next(one for one in self.kept_in_jira if one.id == pull.trouble)
                self.world.at(self.world.now + MINUTE, self.close, fixed)
        if pull.base.startswith("release/") and pull.change is not None:
            self.deployments.merged_into_line(pull.base, pull.change)
        if pull.quick and (pull.hotfix or pull.reverts):
            self.world.at(self.world.now + 4 * MINUTE, self.deploy_soon)

    def shipped(self, shipment: Shipment) -> None:
        """Throw the dice over a production deployment."""
        world, rng = self.world, self.world.rng
        if shipment.is_first or shipment.is_rollback:
            return
        fate = rng.random()
        failure = world.habit.failure
        if fate < failure:
            delay = 5 * MINUTE + int(rng.expovariate(1.0) * 3 * HOUR)
            if rng.random() < 0.06:
                delay = 7 * DAY + int(rng.random() * 12 * DAY)  # longer than anybody is blamed
            world.at(world.now + delay, self.open_incident, shipment)
            if rng.random() < 0.12:
                world.at(world.now + delay + 50 * MINUTE, self.open_incident, shipment)
        elif fate < failure + 0.02:
            world.at(world.now + 15 * MINUTE + rng.randrange(HOUR), self.roll_back, shipment)
        elif fate < failure + 0.05 and shipment.changes:
            world.at(world.later(30), self.undo_one, shipment, None)
        elif fate < failure + 0.07:
            world.at(world.now + HOUR, self.deployments.redeploy, self._environment(shipment))

    def _environment(self, shipment: Shipment) -> Environment:
        return self.world.environments[shipment.environment]

    def open_incident(self, shipment: Shipment) -> None:
        """An incident after a deployment; some say what they blame, in different ways."""
        world, rng = self.world, self.world.rng
        body, comment = self._accuse(shipment)
        is_late = rng.random() < 0.08
        is_accused = body is not None
        if body is None:
            body = rng.choice(("Alerts are firing.", "Reported by support 🔥.", ""))
        if rng.random() < 0.03:  # no such commit
            body += f" Seen since {sha1('nothing', world.name, world.now)[:10]}a1."
        trouble = self.open_trouble(rng.choice(words.SYMPTOMS), body, is_late)
        if is_accused:
            trouble.blames.append(Blame(shipment.deployment_id, utc(world.now)))
            self._link(trouble, shipment, body)
        if comment:
            world.at(world.now + 12 * MINUTE, self._accuse_later, trouble, shipment, comment)
        self._remedy(trouble, shipment)

    def open_lone_incident(self) -> None:
        """Something breaks without a deployment."""
        trouble = self.open_trouble(self.world.rng.choice(words.SYMPTOMS), "Provider outage.")
        self.world.at(self.world.now + 10 * MINUTE + int(self.world.rng.expovariate(1 / 7200)),
                      self.close, trouble)  # fmt: skip

    def _label(self, trouble: Trouble) -> None:
        trouble.labels.append(Labelling("incident", utc(self.world.now)))
        trouble.touched.append(self.world.now)
        if trouble.ticket:
            trouble.ticket.call_it_an_incident(self.world)

    def _accuse(self, shipment: Shipment) -> tuple[str | None, str | None]:
        """Text for the body, or a later comment, that names something the deployment shipped."""
        world, rng = self.world, self.world.rng
        is_alone = len(self.deployments.production()) == 1
        texts: list[str] = []
        if world.habit.source == "deployments":
            number = next(
                going.database_id
                for going in reversed(self.deployments.all)
                if going.id == shipment.deployment_id
            )
            url = world.say.deployment_url(number)
            if world.is_gitlab and world.place.incidents != "jira":
                url = world.say.deployment_api_url(world.database_id, number)
            texts.append(f"Since {url} it is broken.")
        if is_alone and shipment.changes:
            change = rng.choice(shipment.changes)
            if change.kind == "pull_request":
                pull = self.pulls.by_change[change.id]
                *names, url = world.say.references(pull.number)
                texts.append(f"See {url} for the cause.")
                if world.place.incidents != "jira":  # there a number alone says nothing
                    texts += [f"Caused by {name}, I think." for name in names]
            if _is_plainly_a_sha(change.sha[:8]):
                texts.append(f"Bisected to {change.sha[:8]}.")
            texts.append(f"The culprit is {change.sha}")
        if not texts or rng.random() < 0.35:
            return None, None
        text = rng.choice(texts)
        return (None, text) if rng.random() < 0.2 else (text, None)

    def _accuse_later(self, trouble: Trouble, shipment: Shipment, text: str) -> None:
        self.remark(trouble, text)
        trouble.blames.append(Blame(shipment.deployment_id, utc(self.world.now)))
        self._link(trouble, shipment, text)

    def _link(self, trouble: Trouble, shipment: Shipment, text: str) -> None:
        """An address in a text of Jira links the issue and the pull request, cause that it is."""
        if trouble.ticket is None:
            return
        for change in shipment.changes:
            pull = self.pulls.by_change.get(change.id)
            if pull and self.world.say.pull_url(pull.number) in text.split():
                self.pulls.name(pull, trouble.ticket.spell, "remote_link")

    def _remedy(self, trouble: Trouble, shipment: Shipment) -> None:
        """How it ends."""
        world, rng = self.world, self.world.rng
        fate = rng.random()
        soon = world.now + 6 * MINUTE + int(rng.expovariate(1 / (25 * MINUTE)))
        if fate < 0.22:
            world.at(soon, self.roll_back, shipment)
            world.at(soon + 40 * MINUTE, self.close, trouble)
        elif fate < 0.47 or (fate < 0.8 and self.deployments.line is not None):
            world.at(soon, self.open_hotfix, trouble)
        elif fate < 0.65:
            world.at(soon, self.undo_one, shipment, trouble)
            world.at(soon + 5 * HOUR, self.close, trouble)
        elif fate < 0.93:
            world.at(soon + int(rng.expovariate(1 / (9 * HOUR))), self.close, trouble)

    def roll_back(self, shipment: Shipment) -> None:
        """Go back to the deployment before, where that can be done."""
        if self.world.habit.source == "deployments":
            self.deployments.roll_back(self._environment(shipment), shipment)

    def open_hotfix(self, trouble: Trouble) -> None:
        """A hurried pull request: known by its label or by its branch; it fixes the issue."""
        world, rng = self.world, self.world.rng
        if trouble.ticket:
            self._open_hotfix_of(trouble.ticket.spell, trouble)
            return
        title = f"Fix: {trouble.title.lower()}"
        head = f"hotfix/{trouble.number}" if rng.random() < 0.6 else None
        labels = ("hotfix",) if head is None or rng.random() < 0.3 else ()
        line = self.deployments.line
        if line is not None and rng.random() < 0.7:
            # Into the release branch first; the default branch gets its own copy later.
            pull = self.pulls.open(
                world.somebody(), title, 1, base=line, from_sha=world.line_tip(line), head=head,
                labels=labels, quick=True, body=f"See #{trouble.number}",
            )  # fmt: skip
            world.at(world.now + 6 * HOUR, self._forward_port, trouble)
        else:
            pull = self.pulls.open(
                world.somebody(), title, 1, head=head, labels=labels, quick=True,
                body=f"Fixes #{trouble.number}", closes=(trouble.number,),
            )  # fmt: skip
        self.pulls.live(pull)

    def _open_hotfix_of(self, spell: Spell, trouble: Trouble) -> None:
        """For an incident that is kept in Jira: its key is in the branch, or in the title."""
        world = self.world
        title = f"Fix: {trouble.title.lower()}"
        if world.chance(0.6):
            pull = self.pulls.open(
                world.somebody(), title, 1, head=f"hotfix/{spell.key}", quick=True
            )
            pull.branched = spell
            self.pulls.name(pull, spell, "branch")
        else:
            pull = self.pulls.open(
                world.somebody(), f"{title} [{spell.key}]", 1, labels=("hotfix",), quick=True
            )
            pull.titled = spell
            self.pulls.name(pull, spell, "title", "commit")
        pull.trouble = spell.issue_id
        self.pulls.live(pull)

    def _forward_port(self, trouble: Trouble) -> None:
        pull = self.pulls.open(
            self.world.somebody(), f"Forward-port: {trouble.title.lower()}", 1, quick=True,
            body=f"Fixes #{trouble.number}", closes=(trouble.number,),
        )  # fmt: skip
        self.pulls.live(pull)

    def undo_one(self, shipment: Shipment, trouble: Trouble | None) -> None:
        """Revert something that the deployment shipped: by the button, or by git revert."""
        world = self.world
        changes = [change for change in shipment.changes if change.reverts is None]
        if not changes:
            return
        change = world.rng.choice(changes)
        if change.kind == "commit" or world.chance(0.3):
            self._git_revert(change)
        elif trouble and trouble.ticket:
            self.pulls.open_revert(change, (), trouble.ticket.spell)
        else:
            self.pulls.open_revert(change, (trouble.number,) if trouble else ())

    def _git_revert(self, change: Change) -> None:
        """A commit pushed straight to the default branch that undoes another one."""
        world, now = self.world, self.world.now
        undone = world.commits[change.sha]
        message = f'Revert "{undone.headline}"\n\nThis reverts commit {undone.sha}'
        message += (
            f", reversing\nchanges made to {undone.parents[0]}." if len(undone.parents) > 1 else "."
        )
        at = world.just_before(45)
        sha = world.commit((world.main[-1],), world.somebody(), at, at, message)
        position = world.extend_main(sha)
        world.waits(
            position,
            Change("commit", sha, sha, world.commits[sha].authored_at, utc(now), reverts=change.id),
        )
        world.at(now + 4 * MINUTE, self.deploy_soon)


def _is_plainly_a_sha(text: str) -> bool:
    """Letters and digits both: no number, no word."""
    return any(c.isdigit() for c in text) and any(c.isalpha() for c in text)
