"""Estimates a first sync of GitHub from counts that cost few requests (docs/sources.md)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from ingestion.github.client import GithubClient
from ingestion.github.first_sync_costs import Counts, counts_of, reckoned, runs_of
from ingestion.github.reading import PAGE_SIZES, next_page
from ingestion.github.rows import nodes
from ingestion.github.wanted_runs import wanted_runs
from ingestion.http import ApiError, Budget, NotFound, PageSize
from ingestion.loading.estimates import MOST_UNITS, Estimate, Need, Stopwatch, duration, spread
from ingestion.loading.history import steps
from ingestion.settings import GithubConnection, Settings

_HOUR = 3600.0


@dataclass
class _Looked:
    """What was seen of all owners."""

    seen: int = 0
    there: int = 0
    organizations: int = 0
    found: list[Counts] = field(default_factory=list)


def estimate(
    client: GithubClient,
    connection: GithubConnection,
    settings: Settings,
    budgets: Sequence[Budget],
    now: datetime,
) -> Estimate:
    """The estimate; `budgets`: what is left of each limit, all tokens together.

    Asks one request per 50 repositories, up to 2,000 repositories, and the number of workflow runs
    of ten of them. Raises ApiError.
    """
    watch = Stopwatch(client.rest.ledger)
    since = settings.history_since(now)
    looked = _Looked()
    for login in connection.owners:
        _look(client, connection, login, since, looked)
    costs = reckoned(
        looked.found,
        runs_of(looked.found, _some_runs(client, looked.found, since)),
        seen=looked.seen,
        there=looked.there,
        owners=len(connection.owners),
        organizations=looked.organizations,
        jobs=lambda name: _wants_jobs(connection, settings, name),
        steps=len(steps(since, now)),
    )
    left = {budget.resource: budget for budget in budgets}
    needs = [
        Need(costs.points, left.get("graphql"), _HOUR),
        Need(costs.core, left.get("core"), _HOUR),
    ]
    asked, pace = watch.read()
    seconds, waits = duration(
        costs.graphql + costs.core, pace, connection.concurrency, needs, now.timestamp()
    )
    notes = []
    if looked.seen < looked.there:
        notes.append(
            f"counted in {looked.seen:,} of {looked.there:,} repositories, the rest extrapolated"
        )
    return Estimate(
        costs.counted,
        {"graphql": costs.graphql, "core": costs.core},
        costs.points,
        seconds,
        waits,
        asked,
        looked.seen,
        notes,
    )


def _wants_jobs(connection: GithubConnection, settings: Settings, full_name: str) -> bool:
    wanted = wanted_runs(connection, settings.deployment_rules, full_name)
    if wanted.jobs == "auto":
        return any(rule.kind == "job" for rule in wanted.rules)
    return wanted.jobs


def _look(
    client: GithubClient,
    connection: GithubConnection,
    login: str,
    since: datetime,
    looked: _Looked,
) -> None:
    """Counts in the repositories of one owner, at least one page of them."""
    after = None
    size = {"first": PageSize(PAGE_SIZES["first_sync"]["first"])}
    while True:
        variables = {"login": login, "after": after, "since": since.strftime("%Y-%m-%dT%H:%M:%SZ")}
        owner = client.query("first_sync", variables, size).data.get("repositoryOwner")
        if owner is None:
            raise NotFound(f'{client.name}: there is no owner "{login}", or it is hidden')
        page = owner["repositories"]
        if after is None:
            looked.there += page["totalCount"]
            looked.organizations += owner["__typename"] == "Organization"
        some = nodes(page)
        looked.seen += len(some)
        looked.found += [counts_of(n, since) for n in some if connection.wants(n["nameWithOwner"])]
        after = next_page(page, after)
        if after is None or looked.seen >= MOST_UNITS:
            return


def _some_runs(client: GithubClient, found: Sequence[Counts], since: datetime) -> dict[str, int]:
    """Workflow runs of some repositories, busy and quiet ones, by name."""
    busy = sorted(found, key=lambda counts: -counts.lists["commits"])
    told: dict[str, int] = {}
    for position in spread(len(busy)):
        name = busy[position].full_name
        params = {"per_page": 1, "created": f">={since:%Y-%m-%d}"}
        try:
            data = client.rest.get(f"/repos/{name}/actions/runs", params).data
        except ApiError:
            continue  # hidden or switched off: no runs will be read either
        told[name] = int((data or {}).get("total_count") or 0)
    return told
