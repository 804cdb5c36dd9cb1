"""The true answers, computed from what the storyteller remembers.

Nothing here walks a commit graph: each `Shipment` already says what it shipped. What remains is
counting, and it is written to be checked by hand against METRICS.md.
"""

from __future__ import annotations

import dataclasses
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from operator import attrgetter
from typing import Any
from zoneinfo import ZoneInfo

from demo.model import Account, Change, Incident, PullRequest, RepositoryStory, Shipment
from demo.truth_people import Identity, TeamTruth
from demo.truth_planning import IssueLink, IssueTruth, SprintScope

LINK_WINDOW = timedelta(days=7)
MINIMUM_SAMPLE = 3
PRODUCTION = "production"  # all production environments pooled

# 2024, holes closed: the first band whose limit holds, else low.
_AT_LEAST_PER_DAY = (("elite", 1.0), ("high", 1 / 7), ("medium", 1 / 30))
_LESS_THAN_HOURS = {
    "change_lead_time": (("elite", 24.0), ("high", 168.0), ("medium", 720.0)),
    "failed_deployment_recovery_time": (("elite", 1.0), ("high", 24.0), ("medium", 168.0)),
}
_AT_MOST_SHARE = (("elite", 0.05), ("high", 0.10), ("medium", 0.20))

_DEPLOYMENT_METRICS = (
    "deployment_frequency",
    "change_lead_time",
    "change_fail_rate",
    "failed_deployment_recovery_time",
    "deployment_rework_rate",
)
_PHASES = ("coding_time", "pickup_time", "review_time", "deploy_time")
_BY_ENVIRONMENT = (*_DEPLOYMENT_METRICS, "deploy_time")
METRICS = (*_DEPLOYMENT_METRICS, "time_to_restore_service", *_PHASES)


@dataclass(frozen=True, slots=True)
class DeploymentChange:
    """A change in the production deployment that shipped it first in that environment."""

    service_id: str
    environment: str
    deployment_id: str
    change_kind: str
    change_id: str  # id of the pull request, or the commit's sha
    commit_sha: str
    first_commit_at: datetime
    merged_at: datetime
    deployed_at: datetime
    lead_time_hours: float | None
    is_bot: bool


@dataclass(frozen=True, slots=True)
class DeploymentOutcome:
    """A production deployment and what came of it."""

    service_id: str
    environment: str
    deployment_id: str
    commit_sha: str
    finished_at: datetime
    previous_deployment_id: str | None
    is_failed: bool
    failure_reasons: tuple[str, ...]  # of incident, rollback, revert, in this order
    incident_ids: tuple[str, ...]  # sorted
    recovered_at: datetime | None
    recovery_hours: float | None
    is_rework: bool
    rework_reasons: tuple[str, ...]  # of hotfix, revert, incident_fix, rollback, in this order
    is_rollback: bool


@dataclass(frozen=True, slots=True)
class PullRequestCycle:
    """A merged pull request with the phases of its way to production, in hours."""

    service_id: str
    pull_request_id: str
    is_bot: bool
    first_commit_at: datetime
    opened_at: datetime | None
    first_review_at: datetime | None
    merged_at: datetime
    deployment_id: str | None
    deployed_at: datetime | None
    coding_hours: float | None
    pickup_hours: float | None
    review_hours: float | None
    deploy_hours: float | None
    cycle_hours: float | None


@dataclass(frozen=True, slots=True)
class Restoration:
    """An incident that is over."""

    service_id: str
    issue_id: str
    opened_at: datetime
    resolved_at: datetime


@dataclass(frozen=True, slots=True)
class IncidentLink:
    """An incident, and the deployments that are blamed for it."""

    issue_id: str
    service_id: str
    opened_at: datetime
    resolved_at: datetime | None
    method: str  # explicit, window or unlinked
    deployment_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DoraValue:
    """One number: an entity, an environment, a period and a metric.

    `numerator` and `denominator` of medians: rows with a span, and all rows.
    """

    entity_type: str
    entity_id: str
    environment: str
    grain: str  # rolling_30d, rolling_90d or month
    period_start: date
    period_end: date
    is_partial: bool
    metric: str
    value: float | None
    unit: str
    numerator: float | None
    denominator: float | None
    sample_size: int
    open_count: int | None
    status: str
    band: str | None


@dataclass(frozen=True, slots=True)
class Truth:
    """All true answers as of a moment. Ids are those of the marts, the connections are called
    github, gitlab and jira."""

    as_of: datetime
    deployment_changes: tuple[DeploymentChange, ...]
    deployment_outcomes: tuple[DeploymentOutcome, ...]
    pull_request_cycle: tuple[PullRequestCycle, ...]
    coverage: dict[tuple[str, str], int]  # (service id, reason) → count
    owners: dict[str, str | None]  # service id → team id
    dora: tuple[DoraValue, ...]
    incidents: tuple[IncidentLink, ...] = ()
    identities: tuple[Identity, ...] = ()
    teams: tuple[TeamTruth, ...] = ()
    issues: tuple[IssueTruth, ...] = ()
    sprint_scope: tuple[SprintScope, ...] = ()
    issue_links: tuple[IssueLink, ...] = ()

    def to_json(self) -> dict[str, object]:
        """Plain lists and dicts; times as ISO 8601."""

        def plain(rows: Iterable[object]) -> list[dict[str, object]]:
            return [
                {
                    name: value.isoformat() if isinstance(value, date) else value
                    for name, value in dataclasses.asdict(row).items()  # type: ignore[call-overload]
                }
                for row in rows
            ]

        return {
            "as_of": self.as_of.isoformat(),
            "deployment_changes": plain(self.deployment_changes),
            "deployment_outcomes": plain(self.deployment_outcomes),
            "pull_request_cycle": plain(self.pull_request_cycle),
            "coverage": [
                {"service_id": service, "reason": reason, "row_count": count}
                for (service, reason), count in sorted(self.coverage.items())
            ],
            "owners": self.owners,
            "dora": plain(self.dora),
            "incidents": plain(self.incidents),
            "identities": plain(self.identities),
            "teams": plain(self.teams),
            "issues": plain(self.issues),
            "sprint_scope": plain(self.sprint_scope),
            "issue_links": plain(self.issue_links),
        }


def hours(start: datetime | None, end: datetime | None) -> float | None:
    """Hours from start to end; None if one is missing or the span is negative."""
    if start is None or end is None or end < start:
        return None
    return (end - start).total_seconds() / 3600


def lower_median(values: Iterable[float]) -> float | None:
    """The middle value; of two middle values the lower one."""
    ordered = sorted(values)
    return ordered[(len(ordered) - 1) // 2] if ordered else None


@dataclass(frozen=True)
class ServiceStory:
    """A service: its id, the team that owns it, and the stories of its repositories."""

    service_id: str
    owner: str | None
    stories: tuple[RepositoryStory, ...]


@dataclass(frozen=True)
class ServiceTruth:
    """Everything true of one service, before it is cut into periods."""

    service_id: str
    owner: str | None
    has_source: bool
    changes: tuple[DeploymentChange, ...]
    outcomes: tuple[DeploymentOutcome, ...]
    cycles: tuple[PullRequestCycle, ...]
    restorations: tuple[Restoration, ...]
    coverage: dict[str, int]
    incidents: tuple[IncidentLink, ...]


def told_in(story: RepositoryStory, as_of: datetime) -> tuple[list[Shipment], list[Incident]]:
    """Deployments and incidents of a repository known by then, under their ids in the marts."""
    prefix = f"{story.source}:"
    shipments = [
        dataclasses.replace(one, deployment_id=prefix + one.deployment_id)
        for one in story.shipments
        if one.known_at <= as_of
    ]
    incidents = [
        dataclasses.replace(
            one,
            issue_id=f"{one.source or story.source}:{one.issue_id}",
            blames=tuple(
                dataclasses.replace(blame, deployment_id=prefix + blame.deployment_id)
                for blame in one.blames
            ),
        )
        for one in story.incidents
        if one.labelled_at <= as_of
    ]
    return sorted(shipments, key=_finished), incidents


def tell_service(service: ServiceStory, as_of: datetime) -> ServiceTruth:
    """What is true of one service as of a moment.

    Each repository has a line of deployments per environment of its own; an incident counts
    against the latest deployment of any of them.
    """
    told = [(story, *told_in(story, as_of)) for story in service.stories]
    shipments = sorted((one for _, its, _ in told for one in its), key=_finished)
    incidents = [one for _, _, its in told for one in its]
    links = {one.issue_id: linked_deployments(one, shipments, as_of) for one in incidents}
    blamed: dict[str, list[Incident]] = {}
    for one in incidents:
        for deployment_id in links[one.issue_id][1]:
            blamed.setdefault(deployment_id, []).append(one)
    known = {one.issue_id for one in incidents}
    changes: list[DeploymentChange] = []
    outcomes: list[DeploymentOutcome] = []
    cycles: list[PullRequestCycle] = []
    for story, its_shipments, _ in told:
        its_changes = _changes(service.service_id, story, its_shipments)
        fixes = _incident_fixes(story, known)
        lines: dict[str, list[Shipment]] = {}
        for shipment in its_shipments:
            lines.setdefault(shipment.environment, []).append(shipment)
        changes += its_changes
        outcomes += [
            outcome(service.service_id, line, place, blamed.get(line[place].deployment_id, []),
                    fixes, as_of)
            for line in lines.values()
            for place in range(len(line))
        ]  # fmt: skip
        cycles += _cycles(service.service_id, story, its_changes, as_of)
    restorations = [
        Restoration(service.service_id, one.issue_id, one.opened_at, resolved)
        for one in incidents
        if (resolved := resolved_at(one, as_of)) is not None
    ]
    has_source = bool(shipments) or any(
        one.created_at <= as_of for story in service.stories for one in story.deployments
    )
    return ServiceTruth(
        service.service_id,
        service.owner,
        has_source,
        tuple(changes),
        tuple(outcomes),
        tuple(cycles),
        tuple(restorations),
        _coverage(service, shipments, incidents, links, has_source, as_of),
        tuple(
            IncidentLink(
                one.issue_id, service.service_id, one.opened_at, resolved_at(one, as_of),
                *links[one.issue_id],
            )
            for one in incidents
        ),
    )  # fmt: skip


def _change_id(story: RepositoryStory, change: Change) -> str:
    return f"{story.source}:{change.id}" if change.kind == "pull_request" else change.id


def _changes(
    service_id: str, story: RepositoryStory, shipments: Sequence[Shipment]
) -> list[DeploymentChange]:
    return [
        DeploymentChange(
            service_id,
            shipment.environment,
            shipment.deployment_id,
            change.kind,
            _change_id(story, change),
            change.sha,
            change.first_commit_at,
            change.merged_at,
            shipment.finished_at,
            hours(change.first_commit_at, shipment.finished_at),
            change.is_bot,
        )
        for shipment in shipments
        for change in shipment.changes
    ]


def _incident_fixes(story: RepositoryStory, incidents: set[str]) -> set[str]:
    """Ids (the story's) of the changes that close or name an incident."""
    numbers = {one.number: f"{story.source}:{one.issue_id}" for one in story.incidents}
    return {
        change.id
        for change in story.merged
        if any(numbers.get(number) in incidents for number in change.closes)
        or any(f"jira:{fixed}" in incidents for fixed in change.fixes)
    }


def resolved_at(incident: Incident, as_of: datetime) -> datetime | None:
    """When the incident was closed for good as far as one knows; None while it is open."""
    past = [closing for closing in incident.closings if closing.at <= as_of]
    if not past:
        return None
    last = past[-1]
    is_open_again = last.reopened_at is not None and last.reopened_at <= as_of
    return None if is_open_again else last.at


def linked_deployments(
    incident: Incident, shipments: Sequence[Shipment], as_of: datetime
) -> tuple[str, tuple[str, ...]]:
    """How the incident is linked (explicit, window, unlinked) and to which deployments."""
    named = {blame.deployment_id for blame in incident.blames if blame.said_at <= as_of}
    if named:
        known = tuple(one.deployment_id for one in shipments if one.deployment_id in named)
        if known:
            return "explicit", known
    count = bisect_left(shipments, incident.opened_at, key=lambda one: one.finished_at)
    if count and incident.opened_at - shipments[count - 1].finished_at <= LINK_WINDOW:
        return "window", (shipments[count - 1].deployment_id,)
    return "unlinked", ()


def outcome(
    service_id: str,
    line: Sequence[Shipment],
    place: int,
    mine: Sequence[Incident],
    fixes: set[str],
    as_of: datetime,
) -> DeploymentOutcome:
    """What came of one production deployment.

    `line` holds the deployments to its environment in order, `place` is its own index there,
    `mine` are the incidents linked to it, `fixes` the changes that fix an incident.
    """
    shipment = line[place]
    following = line[place + 1] if place + 1 < len(line) else None
    rolled_back_by = following if following is not None and following.is_rollback else None
    shipped = {change.id for change in shipment.changes}
    reverted_by: Shipment | None = None
    for later in islice(line, place + 1, None):
        if later.finished_at - shipment.finished_at > LINK_WINDOW:
            break
        if any(change.reverts in shipped for change in later.changes):
            reverted_by = later
            break
    reasons = [
        reason
        for reason, holds in (
            ("incident", bool(mine)),
            ("rollback", rolled_back_by is not None),
            ("revert", reverted_by is not None),
        )
        if holds
    ]
    recovered: datetime | None = None
    if mine:
        ends = [resolved_at(one, as_of) for one in mine]
        if None not in ends:
            recovered = max(end for end in ends if end is not None)
    else:
        ways = [one.finished_at for one in (rolled_back_by, reverted_by) if one is not None]
        recovered = min(ways) if ways else None
    rework = [
        reason
        for reason, holds in (
            ("hotfix", any(change.is_hotfix for change in shipment.changes)),
            ("revert", any(change.reverts for change in shipment.changes)),
            ("incident_fix", any(one.id in fixes for one in shipment.changes)),
            ("rollback", shipment.is_rollback),
        )
        if holds
    ]
    return DeploymentOutcome(
        service_id,
        shipment.environment,
        shipment.deployment_id,
        shipment.commit_sha,
        shipment.finished_at,
        line[place - 1].deployment_id if place else None,
        bool(reasons),
        tuple(reasons),
        tuple(sorted(one.issue_id for one in mine)),
        recovered,
        hours(shipment.finished_at, recovered),
        bool(rework),
        tuple(rework),
        shipment.is_rollback,
    )


def _cycles(
    service_id: str,
    story: RepositoryStory,
    changes: Sequence[DeploymentChange],
    as_of: datetime,
) -> list[PullRequestCycle]:
    first: dict[str, DeploymentChange] = {}
    for change in sorted(changes, key=lambda one: one.deployed_at):
        first.setdefault(change.change_id, change)
    merged = {one.id: one for one in story.merged if one.kind == "pull_request"}
    cycles = []
    for pull in story.pulls:
        if pull.merged_at is None or pull.merged_at > as_of:
            continue
        told = merged[pull.id]
        shipped = first.get(f"{story.source}:{pull.id}")
        deployed = shipped.deployed_at if shipped else None
        opened = ready_at(pull)
        response = first_response(pull)
        cycles.append(
            PullRequestCycle(
                service_id,
                f"{story.source}:{pull.id}",
                told.is_bot,
                told.first_commit_at,
                opened,
                response,
                pull.merged_at,
                shipped.deployment_id if shipped else None,
                deployed,
                hours(told.first_commit_at, opened),
                hours(opened, response),
                hours(response, pull.merged_at),
                hours(pull.merged_at, deployed),
                hours(told.first_commit_at, deployed),
            )
        )
    return cycles


def ready_at(pull: PullRequest) -> datetime | None:
    """When it was opened for review: at once, or when a draft was first made ready."""
    if not pull.opened_as_draft:
        return pull.created_at
    return next((turn.at for turn in pull.draft_turns if turn.kind == "READY_FOR_REVIEW"), None)


def first_response(pull: PullRequest) -> datetime | None:
    """First word until the merge of a human, not the author, whose account still exists."""
    words = [(comment.author, comment.created_at) for comment in pull.comments]
    for review in pull.reviews:
        if review.state != "PENDING" and review.submitted_at is not None:
            words.append((review.author, review.submitted_at))
        words.extend((comment.author, comment.created_at) for comment in review.comments)
    times = [
        at
        for author, at in words
        if author is not None
        and not author.is_deleted
        and not author.is_bot
        and not _is_same(author, pull.author)
        and (pull.merged_at is None or at <= pull.merged_at)
    ]
    return min(times, default=None)


def _is_same(one: Account, other: Account) -> bool:
    """One person, by whatever account."""
    return one is other or (bool(one.person) and one.person == other.person)


def _coverage(
    service: ServiceStory,
    shipments: Sequence[Shipment],
    incidents: Sequence[Incident],
    links: dict[str, tuple[str, tuple[str, ...]]],
    has_source: bool,
    as_of: datetime,
) -> dict[str, int]:
    """Counts by reason, named as in metrics.linkage_coverage."""
    shipped = {change.id for one in shipments for change in one.changes}
    swallowed = {identity for one in shipments for identity in one.swallowed}
    counts: dict[str, int] = {}

    def fate(change: Change) -> str:
        if change.id in shipped:
            return "shipped"
        if change.id in swallowed:
            return "baseline"
        if not change.is_into_default_branch:
            return "not_in_default_branch"
        return "not_deployed_yet" if shipments else "without_deployments"

    reasons = [
        f"{change.kind}_{fate(change)}"
        for story in service.stories
        for change in story.merged
        if change.merged_at <= as_of
    ]
    names = {"explicit": "linked_explicitly", "window": "linked_by_window"}

    def blamed(one: Incident) -> str:
        method = links[one.issue_id][0]
        if method in names:
            return names[method]
        if not shipments:
            return "without_deployments"
        return "unlinked" if shipments[0].finished_at < one.opened_at else "before_first_deployment"

    reasons += [f"incident_{blamed(one)}" for one in incidents]
    if not has_source:
        # Every service of the demo has an incident rule.
        reasons.append("service_without_deployment_source")
    for reason in reasons:
        counts[reason] = counts.get(reason, 0) + 1
    return counts


@dataclass(frozen=True)
class TruthTeller:
    """Puts the services together: owners, teams, the organization, periods."""

    organization: str
    timezone: str
    start: date
    teams: tuple[TeamTruth, ...]
    services: Iterable[ServiceStory]

    def tell(self, as_of: datetime) -> Truth:
        """The answers about deployments, incidents and merged changes as of a moment."""
        services = [tell_service(service, as_of) for service in self.services]
        dora: list[DoraValue] = []
        for service in services:
            dora += self._values("service", service.service_id, [service], as_of)
        for team in self.teams:
            family = self.family(team)
            owned = [one for one in services if one.owner in family]
            if owned:
                dora += self._values("team", team.team_id, owned, as_of)
        dora += self._values("organization", self.organization, services, as_of)
        return Truth(
            as_of,
            tuple(row for one in services for row in one.changes),
            tuple(row for one in services for row in one.outcomes),
            tuple(row for one in services for row in one.cycles),
            {
                (one.service_id, reason): count
                for one in services
                for reason, count in one.coverage.items()
            },
            {one.service_id: one.owner for one in services},
            tuple(dora),
            tuple(row for one in services for row in one.incidents),
            teams=self.teams,
        )

    def family(self, team: TeamTruth) -> set[str | None]:
        """Ids of the team and of all below it: what they own is the team's too."""
        children = [one for one in self.teams if one.parent_team_id == team.team_id]
        return {team.team_id}.union(*(self.family(child) for child in children))

    def local_day(self, moment: datetime) -> date:
        """The organization's date of a moment."""
        return moment.astimezone(ZoneInfo(self.timezone)).date()

    def first_day(self, services: Sequence[ServiceTruth], as_of: datetime) -> date:
        """The day of the first deployment, merge by a human or resolved incident; else today."""
        moments = [row.finished_at for one in services for row in one.outcomes]
        moments += [row.merged_at for one in services for row in one.cycles if not row.is_bot]
        moments += [row.resolved_at for one in services for row in one.restorations]
        return max(self.local_day(min(moments, default=as_of)), self.start)

    def periods(self, as_of: datetime) -> list[tuple[str, date, date, bool]]:
        """(grain, start, end, is partial): two rolling windows of whole days, and all months."""
        today = self.local_day(as_of)
        periods = [
            ("rolling_30d", today - timedelta(days=30), today, False),
            ("rolling_90d", today - timedelta(days=90), today, False),
        ]
        first = self.start.replace(day=1)
        while first <= today:
            following = (first + timedelta(days=31)).replace(day=1)
            periods.append(("month", first, following, following > today))
            first = following
        return periods

    def midnight(self, day: date) -> datetime:
        """Local midnight of a day, in UTC."""
        return datetime.combine(day, time(), ZoneInfo(self.timezone)).astimezone(UTC)

    def _values(
        self, kind: str, identity: str, services: Sequence[ServiceTruth], as_of: datetime
    ) -> list[DoraValue]:
        """All metrics of one entity in all periods; several environments also each on its own."""
        environments = sorted({row.environment for one in services for row in one.outcomes})
        values = self._environment(kind, identity, services, None, as_of)
        if len(environments) > 1:
            for name in environments:
                values += self._environment(kind, identity, services, name, as_of)
        return values

    def _environment(
        self,
        kind: str,
        identity: str,
        services: Sequence[ServiceTruth],
        environment: str | None,
        as_of: datetime,
    ) -> list[DoraValue]:
        rows = Rows.of(services, environment)
        first_day = self.first_day(services, as_of)
        label = PRODUCTION if environment is None else f"{PRODUCTION}:{environment}"
        values = []
        for grain, start, end, is_partial in self.periods(as_of):
            if end <= first_day:
                continue  # nothing had happened yet
            # Of a running month the days begun count, today included.
            last = min(end, self.local_day(as_of) + timedelta(days=1))
            days = float((last - start).days)
            cut = rows.between(self.midnight(start), self.midnight(end))
            metrics = METRICS if environment is None else _BY_ENVIRONMENT
            for metric in metrics:
                measured = measure(metric, cut, days)
                values.append(
                    DoraValue(
                        kind, identity, label, grain, start, end, is_partial, metric, **measured
                    )
                )
        return values


@dataclass(frozen=True)
class Rows:
    """The pooled rows of some services, each list in the order of its times."""

    has_source: bool
    outcomes: Sequence[DeploymentOutcome]
    changes: Sequence[DeploymentChange]
    restorations: Sequence[Restoration]
    merged: Sequence[PullRequestCycle]

    @classmethod
    def of(cls, services: Sequence[ServiceTruth], environment: str | None) -> Rows:
        """Rows of one environment, or of all; then a change counts where it came first."""
        outcomes = [
            row
            for one in services
            for row in one.outcomes
            if environment is None or row.environment == environment
        ]
        changes: dict[tuple[str, str], DeploymentChange] = {}
        for one in services:
            for row in sorted(one.changes, key=lambda row: row.deployed_at):
                if environment is None or row.environment == environment:
                    changes.setdefault((row.service_id, row.change_id), row)
        people = [row for one in services for row in one.cycles if not row.is_bot]
        return cls(
            any(one.has_source for one in services),
            sorted(outcomes, key=_finished),
            sorted(changes.values(), key=_shipped),
            sorted((row for one in services for row in one.restorations), key=_resolved),
            sorted(people, key=_merged),
        )

    def between(self, begin: datetime, end: datetime) -> Rows:
        """The rows that fall into a period, the end not included."""

        def cut(rows: Sequence[Any], time_of: Callable[[Any], Any]) -> Sequence[Any]:
            return rows[bisect_left(rows, begin, key=time_of) : bisect_left(rows, end, key=time_of)]

        return Rows(
            self.has_source,
            cut(self.outcomes, _finished),
            cut(self.changes, _shipped),
            cut(self.restorations, _resolved),
            cut(self.merged, _merged),
        )


_finished = attrgetter("finished_at")
_shipped = attrgetter("deployed_at")
_resolved = attrgetter("resolved_at")
_merged = attrgetter("merged_at")


def measure(metric: str, rows: Rows, days: float) -> dict[str, Any]:
    """Value, unit, numerator, denominator, sample_size, open_count, status and band of a metric."""
    if metric == "deployment_frequency":
        count = len(rows.outcomes)
        value = count / days if count and days else None
        return _answer(metric, rows, value, "per day", count, days, count)
    if metric in ("change_fail_rate", "deployment_rework_rate"):
        hit: Callable[[DeploymentOutcome], bool] = (
            (lambda row: row.is_failed)
            if metric == "change_fail_rate"
            else lambda row: row.is_rework
        )
        count, total = sum(map(hit, rows.outcomes)), len(rows.outcomes)
        rate = count / total if total else None
        return _answer(metric, rows, rate, "ratio", count, total, total)
    open_count = None
    if metric == "change_lead_time":
        spans = [row.lead_time_hours for row in rows.changes]
    elif metric == "failed_deployment_recovery_time":
        failed = [row for row in rows.outcomes if row.is_failed]
        spans = [row.recovery_hours for row in failed]
        open_count = sum(row.recovered_at is None for row in failed)
    elif metric == "time_to_restore_service":
        spans = [hours(row.opened_at, row.resolved_at) for row in rows.restorations]
    elif metric == "coding_time":
        spans = [row.coding_hours for row in rows.merged]
    elif metric == "pickup_time":
        spans = [row.pickup_hours for row in rows.merged]
    elif metric == "review_time":
        spans = [row.review_hours for row in rows.merged]
    elif metric == "deploy_time":
        spans = [
            hours(row.merged_at, row.deployed_at)
            for row in rows.changes
            if row.change_kind == "pull_request" and not row.is_bot
        ]
    else:
        raise ValueError(f"no such metric: {metric}")
    known = [span for span in spans if span is not None]
    return _answer(
        metric, rows, lower_median(known), "hours", len(known), len(spans), len(known), open_count
    )


def _answer(
    metric: str,
    rows: Rows,
    value: float | None,
    unit: str,
    numerator: float,
    denominator: float,
    sample_size: int,
    open_count: int | None = None,
) -> dict[str, Any]:
    counts: dict[str, Any] = {"numerator": numerator, "denominator": denominator}
    if value is None and metric in _BY_ENVIRONMENT and not rows.has_source:
        status = "no_source"
        counts, open_count = {"numerator": None, "denominator": None}, None
    elif value is None:
        status = "no_data"
    else:
        status = "insufficient_data" if sample_size < MINIMUM_SAMPLE else "ok"
    return {
        "value": value,
        "unit": unit,
        **counts,
        "sample_size": sample_size,
        "open_count": open_count,
        "status": status,
        "band": band(metric, value) if status == "ok" and value is not None else None,
    }


def band(metric: str, value: float) -> str | None:
    """The 2024 band of a value; None for a metric without bands."""
    if metric == "deployment_frequency":
        return next((name for name, least in _AT_LEAST_PER_DAY if value >= least), "low")
    if metric == "change_fail_rate":
        return next((name for name, most in _AT_MOST_SHARE if value <= most), "low")
    if metric in _LESS_THAN_HOURS:
        return next((name for name, below in _LESS_THAN_HOURS[metric] if value < below), "low")
    return None
