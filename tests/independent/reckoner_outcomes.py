"""Second, independent computation: what came of each production deployment."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta

from tests.independent.reckoner_facts import Facts, Row, hours
from tests.independent.reckoner_shipping import Places, Shipping

# A change: a hash with its repository, the id of a pull request without.
Named = tuple[str | None, str]

METHODS = ("explicit_deployment", "explicit_commit", "explicit_pull_request", "window")


@dataclass
class Blame:
    """Which incidents are linked to which deployments."""

    # Deployment -> incident -> methods.
    of: dict[str, dict[str, set[str]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(set))
    )


def _named(facts: Facts, places: Places, told: Shipping, reference: Row) -> list[Row]:
    """The deployments that an incident's reference leads to."""
    by_id = {d["deployment_id"]: d for d in facts.deployments}
    if reference["kind"] == "deployment":
        return [by_id[one] for one in [reference["deployment_id"]] if one in by_id]

    def shippers(pulls: set[str]) -> set[str]:
        return {r["deployment_id"] for r in told.rows if r["pull_request_id"] in pulls}

    if reference["kind"] == "pull_request":
        return [by_id[one] for one in sorted(shippers({reference["pull_request_id"]}))]
    repository, sha = reference["repository_id"], reference["commit_sha"]
    # The commit by which a change was found shipped with it.
    found = {
        r["deployment_id"]
        for r in told.rows
        if r["repository_id"] == repository and r["commit_sha"] == sha
    }
    of = places.of_commit(repository, sha)
    for (service, _, place), line in told.lines.items():
        if place != repository or not places.ships(service, repository, of):
            continue
        for one in line:
            if sha not in told.fresh[one["deployment_id"]]:
                continue
            since = told.since.get(one["deployment_id"])
            commit = facts.commits.get((repository, sha))
            if one["deployment_id"] in told.baselines:
                if sha == one["commit_sha"]:
                    found.add(one["deployment_id"])
            elif since is None or (commit is not None and commit["committed_at"] > since):
                found.add(one["deployment_id"])
    if not found:
        # A commit of a squashed branch counts as its pull request.
        found = shippers(
            {
                c["pull_request_id"]
                for c in facts.tables["bridge_pull_request_commits"]
                if c["repository_id"] == repository and c["sha"] == sha
            }
        )
    return [by_id[one] for one in sorted(found)]


def blame(facts: Facts, places: Places, told: Shipping) -> Blame:
    """Links every incident, explicitly or by the window."""
    references: dict[str, list[Row]] = defaultdict(list)
    for reference in facts.tables["bridge_incident_references"]:
        references[reference["incident_id"]].append(reference)
    position = {
        d["deployment_id"]: place for line in told.lines.values() for place, d in enumerate(line)
    }
    blamed = Blame()
    for incident in facts.incidents:
        opened, service = incident["opened_at"], incident["service_id"]
        is_explicit = False
        for reference in references[incident["incident_id"]]:
            # What started after the opening is named as the fix.
            left = [
                d
                for d in _named(facts, places, told, reference)
                if (d["started_at"] or d["finished_at"]) <= opened
            ]
            # A deployment that is named is meant; of those that shipped the same, the own.
            own = [d for d in left if d["service_id"] == service]
            for one in own or left:
                is_explicit = True
                blamed.of[one["deployment_id"]][incident["incident_id"]].add(
                    "explicit_" + reference["kind"]
                )
        if is_explicit or service is None:
            continue
        window = facts.settings["incident_link_window_hours"]
        before = [
            d
            for d in facts.deployments
            if d["service_id"] == service
            and d["finished_at"] < opened
            and (window is None or opened - d["finished_at"] <= timedelta(hours=window))
        ]
        if before:
            last = max(
                before,
                key=lambda d: (d["finished_at"], position[d["deployment_id"]], d["deployment_id"]),
            )
            blamed.of[last["deployment_id"]][incident["incident_id"]].add("window")
    return blamed


class Reverts:
    """Which changes undo which."""

    def __init__(self, facts: Facts) -> None:
        # Change -> those that undo it.
        self.of: dict[Named, set[Named]] = defaultdict(set)
        for row in facts.tables["bridge_pull_request_reverts"]:
            self.of[None, row["reverted_pull_request_id"]].add((None, row["pull_request_id"]))
        for row in facts.tables["bridge_commit_reverts"]:
            undone: Named = (None, row["reverted_pull_request_id"])
            if row["reverted_pull_request_id"] is None:
                undone = (row["repository_id"], row["reverted_sha"])
            self.of[undone].add((row["repository_id"], row["sha"]))
        self.undoing = {one for undoers in self.of.values() for one in undoers}


def key(row: Row) -> Named:
    """The change of a row of deployment_changes."""
    if row["pull_request_id"] is not None:
        return None, row["pull_request_id"]
    return row["repository_id"], row["change_id"]


def outcomes(facts: Facts, told: Shipping, blamed: Blame) -> list[Row]:
    """Rows of metrics.deployment_outcomes."""
    reverts = Reverts(facts)
    shipped: dict[str, list[Row]] = defaultdict(list)
    for row in told.rows:
        shipped[row["deployment_id"]].append(row)
    pulls = {p["pull_request_id"]: p for p in facts.pulls}
    incident_by_id = {i["incident_id"]: i for i in facts.incidents}
    issues = {i["issue_id"] for i in facts.incidents if i["issue_id"] is not None}
    fixes = {
        row["pull_request_id"]
        for row in facts.tables["bridge_pull_request_issues"]
        if row["is_work"] and row["issue_id"] in issues
    }
    window = facts.settings["incident_link_window_hours"]
    rows = []
    for (service, environment, repository), line in told.lines.items():
        back = [goes_back(facts, line, place) for place in range(len(line))]
        for place, one in enumerate(line):
            name = one["deployment_id"]
            commit = one["commit_sha"]
            incidents = sorted(blamed.of.get(name, {}))
            endings: list[Row] = []
            reasons = ["incident"] if incidents else []
            if place + 1 < len(line) and back[place + 1]:
                later = line[place + 1]
                if is_to_older(facts, line, place):
                    reasons.append("rollback")
                    endings.append(later)
            undoers = {one for row in shipped[name] for one in reverts.of.get(key(row), ())}
            reverting = [
                later
                for later in line[place + 1 :]
                if any(key(row) in undoers for row in shipped[later["deployment_id"]])
                and (
                    window is None
                    or later["finished_at"] - one["finished_at"] <= timedelta(hours=window)
                )
            ]
            if reverting and facts.settings["revert_counts_as_failure"]:
                reasons.append("revert")
                endings.append(reverting[0])
            recovered, by = None, None
            if incidents:
                resolved = [incident_by_id[i]["resolved_at"] for i in incidents]
                recovered = None if None in resolved else max(resolved)
            elif endings:
                ending = min(endings, key=line.index)
                recovered, by = ending["finished_at"], ending["deployment_id"]
            its = [r["pull_request_id"] for r in shipped[name] if r["pull_request_id"] is not None]
            rework = []
            if any(pulls[p]["is_hotfix"] for p in its):
                rework.append("hotfix")
            if any(pulls[p]["is_revert"] for p in its) or any(
                key(row) in reverts.undoing for row in shipped[name]
            ):
                rework.append("revert")
            if any(p in fixes for p in its):
                rework.append("incident_fix")
            if back[place]:
                rework.append("rollback")
            methods = {m for found in blamed.of.get(name, {}).values() for m in found}
            rows.append(
                {
                    "deployment_id": name,
                    "service_id": service,
                    "repository_id": repository,
                    "environment": environment,
                    "commit_sha": commit,
                    "finished_at": one["finished_at"],
                    "position": place + 1,
                    "previous_deployment_id": line[place - 1]["deployment_id"] if place else None,
                    "change_count": len(shipped[name]),
                    "is_failed": bool(reasons),
                    "failure_reasons": reasons,
                    "incident_ids": incidents,
                    "link_method": next((m for m in METHODS if m in methods), None),
                    "recovered_at": recovered,
                    "recovered_by_deployment_id": by,
                    "recovery_hours": hours(one["finished_at"], recovered),
                    "is_rework": bool(rework),
                    "rework_reasons": rework,
                    "is_rollback": back[place],
                    "is_baseline": name in told.baselines,
                    "is_commit_known": facts.is_known(repository, commit),
                }
            )
    return rows


def goes_back(facts: Facts, line: list[Row], place: int) -> bool:
    """Whether a deployment of a line is a rollback."""
    commit = line[place]["commit_sha"]
    if not place or commit is None:
        return False
    previous = line[place - 1]["commit_sha"]
    before = [d["commit_sha"] for d in line[:place] if d["commit_sha"] is not None]
    if before and commit == before[-1]:
        # A redeploy goes nowhere; a deployment that names no commit is passed over (0018).
        return False
    return facts.is_older(line[place]["repository_id"], commit, previous) or any(
        earlier["commit_sha"] == commit for earlier in line[:place]
    )


def is_to_older(facts: Facts, line: list[Row], place: int) -> bool:
    """Whether the deployment after this one goes to an older commit than this one's."""
    here, there = line[place]["commit_sha"], line[place + 1]["commit_sha"]
    repository = line[place]["repository_id"]
    if here is None:
        return False
    if facts.is_older(repository, there, here) or facts.is_older(repository, here, there):
        return facts.is_older(repository, there, here)
    # Where neither contains the other: the one deployed first (0018).
    commits = [d["commit_sha"] for d in line]
    return commits.index(there) < commits.index(here)


def incident_outcomes(facts: Facts, blamed: Blame) -> list[Row]:
    """Rows of metrics.incident_outcomes."""
    rows = []
    for incident in facts.incidents:
        name, service = incident["incident_id"], incident["service_id"]
        linked = {d: found[name] for d, found in blamed.of.items() if name in found}
        methods = {m for found in linked.values() for m in found}
        finished = [d["finished_at"] for d in facts.deployments if d["service_id"] == service]
        if linked:
            reason = (
                "incident_linked_by_window"
                if methods == {"window"}
                else "incident_linked_explicitly"
            )
        elif service is None:
            reason = "incident_service_unknown"
        elif not finished:
            reason = "incident_without_deployments"
        elif not any(time < incident["opened_at"] for time in finished):
            reason = "incident_before_first_deployment"
        else:
            reason = "incident_unlinked"
        rows.append(
            {
                "incident_id": name,
                "service_id": service,
                "repository_id": incident["repository_id"],
                "opened_at": incident["opened_at"],
                "resolved_at": incident["resolved_at"],
                "restore_hours": hours(incident["opened_at"], incident["resolved_at"]),
                "reason": reason,
                "link_method": next((m for m in METHODS if m in methods), None),
                "deployment_ids": sorted(linked),
            }
        )
    return rows
