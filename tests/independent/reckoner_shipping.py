"""Second, independent computation: which deployment shipped which change first."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta

from tests.independent.reckoner_facts import UNKNOWN, Facts, Row, hours


@dataclass
class Change:
    """A merged pull request, or a commit of the default branch that belongs to none."""

    kind: str
    id: str
    repository: str
    sha: str | None
    method: str | None
    row: Row
    is_bot: bool
    # None: any service.
    services: set[str] | None


@dataclass
class Shipping:
    """What the walks over the lines told."""

    changes: list[Change] = field(default_factory=list)
    lines: dict[tuple[str, str, str], list[Row]] = field(default_factory=dict)
    # Repository -> services deployed from it.
    deploying: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    # Rows of metrics.deployment_changes.
    rows: list[Row] = field(default_factory=list)
    # Deployment -> hashes that it reached and none before it in its line.
    fresh: dict[str, frozenset[str]] = field(default_factory=dict)
    # Deployment -> what it ships has to be merged later than this.
    since: dict[str, object] = field(default_factory=dict)
    baselines: set[str] = field(default_factory=set)
    # Lines -> all hashes reached.
    reached: dict[tuple[str, str, str], set[str]] = field(default_factory=dict)


class Places:
    """Whose commits and changes are whose (decision 0015)."""

    def __init__(self, facts: Facts) -> None:
        self.whole: dict[str, str] = {}
        self.services: dict[str, set[str]] = defaultdict(set)
        self.split: set[str] = set()
        for row in facts.tables["bridge_service_repositories"]:
            self.services[row["repository_id"]].add(row["service_id"])
            if row["path_prefix"]:
                self.split.add(row["repository_id"])
            else:
                self.whole[row["repository_id"]] = row["service_id"]
        self.touched: dict[tuple[str, str], set[str]] = defaultdict(set)
        for row in facts.tables["bridge_commit_services"]:
            self.touched[row["repository_id"], row["sha"]].add(row["service_id"])
        self._commits_of_pull: dict[str, set[str]] = defaultdict(set)
        for row in facts.tables["fct_commits"]:
            if row["pull_request_id"] is not None:
                self._commits_of_pull[row["pull_request_id"]].add(row["sha"])
        self.facts = facts

    def of_pull(self, pull: Row, sha: str | None) -> set[str] | None:
        """The services of a pull request; None: it may be of any."""
        repository = pull["repository_id"]
        if repository not in self.split:
            return None
        found: set[str] = set()
        for one in self._commits_of_pull[pull["pull_request_id"]] - {sha}:
            commit = self.facts.commits.get((repository, one))
            is_merge = commit is not None and len(commit["parent_shas"] or []) > 1
            if not is_merge:
                found |= self.touched.get((repository, one), set())
        if sha is not None:
            found |= self.touched.get((repository, sha), set())
        return found or self._anyone(repository)

    def of_commit(self, repository: str, sha: str) -> set[str] | None:
        """The services of a commit; None: it may be of any."""
        if repository not in self.split:
            return None
        return self.touched.get((repository, sha)) or self._anyone(repository)

    def _anyone(self, repository: str) -> set[str]:
        # Every service that is deployed from the repository: not the default one beside paths.
        return self.services[repository] - {repository}

    def is_restricted(self, service: str, repository: str) -> bool:
        """Whether deployments of the service ship only what is of the service."""
        return repository in self.split and service in self.services[repository]

    def ships(self, service: str, repository: str, of: set[str] | None) -> bool:
        """Whether the service's deployments ship a change of those services, once reached."""
        return not self.is_restricted(service, repository) or of is None or service in of


def link(facts: Facts, pull: Row) -> tuple[str | None, str | None]:
    """The commit by which a merged pull request is found, and how."""
    if pull["merge_commit_sha"] is not None:
        return pull["merge_commit_sha"], "merge_commit"
    if facts.is_known(pull["repository_id"], pull["head_sha"]):
        return pull["head_sha"], "head_commit"
    number = pull["number"]
    titled = [
        c
        for c in facts.commits_of[pull["repository_id"]]
        if (c["message_headline"] or "").endswith(f"(#{number})")
        or re.match(rf"Merge pull request #{number}(?!\d)", c["message_headline"] or "")
    ]
    if not titled:
        # It may be the very commit of a deployment all the same.
        return (pull["head_sha"], "head_commit") if pull["head_sha"] else (None, None)
    best = min(titled, key=lambda c: (not c["is_on_default_branch"], c["committed_at"], c["sha"]))
    return best["sha"], "title"


def changes(facts: Facts, places: Places) -> list[Change]:
    """All changes."""
    found = []
    for pull in facts.pulls:
        sha, method = link(facts, pull)
        found.append(
            Change(
                "pull_request",
                pull["pull_request_id"],
                pull["repository_id"],
                sha,
                method,
                pull,
                pull["is_bot"],
                places.of_pull(pull, sha),
            )
        )
    for (repository, sha), commit in facts.commits.items():
        if commit["is_on_default_branch"] and commit["pull_request_id"] is None:
            found.append(
                Change(
                    "commit",
                    sha,
                    repository,
                    sha,
                    "commit",
                    commit,
                    commit["author_id"] in facts.bots,
                    places.of_commit(repository, sha),
                )
            )
    return found


def ship(facts: Facts, places: Places) -> Shipping:
    """Walks every line and says what each deployment shipped."""
    told = Shipping(changes=changes(facts, places), lines=facts.lines())
    by_repository: dict[str, list[Change]] = defaultdict(list)
    for change in told.changes:
        by_repository[change.repository].append(change)
    for (service, environment, repository), line in told.lines.items():
        told.deploying[repository].add(service)
        reached: set[str] = set()
        known = [facts.is_known(repository, d["commit_sha"]) for d in line]
        first_known = known.index(True) if True in known else None
        for place, one in enumerate(line):
            fresh = facts.reach(repository, one["commit_sha"]) - reached
            reached |= fresh
            told.fresh[one["deployment_id"]] = fresh
            if place == 0:
                told.baselines.add(one["deployment_id"])
            elif place == first_known:
                # Deployments of unknown commits came first: the last of them is the release point.
                told.since[one["deployment_id"]] = line[place - 1]["finished_at"]
            for change in by_repository[repository]:
                if change.sha not in fresh:
                    continue
                if not places.ships(service, repository, change.services):
                    continue
                if _is_shipped(facts, told, one, change):
                    told.rows.append(_row(service, environment, one, change, place == 0))
        told.reached[service, environment, repository] = reached
    return told


def merged(change: Change) -> object:
    """When a change was merged; committed, for a commit."""
    return change.row["merged_at" if change.kind == "pull_request" else "committed_at"]


def _is_shipped(facts: Facts, told: Shipping, one: Row, change: Change) -> bool:
    if one["deployment_id"] in told.baselines:
        if change.kind != "pull_request":
            return False
        window = timedelta(hours=facts.settings["baseline_window_hours"])
        return bool(
            change.sha == one["commit_sha"]
            or one["finished_at"] - window <= change.row["merged_at"] <= one["finished_at"]
        )
    since = told.since.get(one["deployment_id"])
    return since is None or merged(change) > since  # type: ignore[operator]


def _row(service: str, environment: str, one: Row, change: Change, is_baseline: bool) -> Row:
    is_pull = change.kind == "pull_request"
    first = change.row["first_commit_at" if is_pull else "authored_at"]
    return {
        "deployment_id": one["deployment_id"],
        "service_id": service,
        "environment": environment,
        "repository_id": change.repository,
        "change_kind": change.kind,
        "change_id": change.id,
        "pull_request_id": change.id if is_pull else None,
        "commit_sha": change.sha,
        "first_commit_at": first,
        "merged_at": merged(change),
        "deployed_at": one["finished_at"],
        "lead_time_hours": hours(first, one["finished_at"]),
        "link_method": change.method,
        "is_bot": change.is_bot,
        "is_baseline": is_baseline,
    }


def candidates(places: Places, told: Shipping, change: Change) -> set[str]:
    """The services that a change can be of."""
    # A repository that a rule deploys as another service is that service's.
    deploying = told.deploying[change.repository] - {UNKNOWN}
    if change.repository not in places.split:
        return deploying or {places.whole[change.repository]}
    own = places.services[change.repository]
    return (change.services or set()) | (deploying - own)


def cycle(facts: Facts, places: Places, told: Shipping) -> list[Row]:
    """Rows of metrics.pull_request_cycle."""
    first: dict[str, Row] = {}
    for row in sorted(told.rows, key=lambda r: (r["deployed_at"], r["deployment_id"])):
        if row["pull_request_id"] is not None:
            first.setdefault(row["pull_request_id"], row)
    rows = []
    for change in told.changes:
        if change.kind != "pull_request":
            continue
        pull = change.row
        shipped = first.get(change.id)
        of = candidates(places, told, change)
        opened = pull["ready_at"]
        deployed = shipped["deployed_at"] if shipped else None
        rows.append(
            {
                "pull_request_id": change.id,
                "repository_id": change.repository,
                "service_id": shipped["service_id"]
                if shipped
                else (min(of) if len(of) == 1 else None),
                "author_id": pull["author_id"],
                "is_bot": pull["is_bot"],
                "first_commit_at": pull["first_commit_at"],
                "opened_at": opened,
                "first_review_at": pull["first_review_at"],
                "first_approved_at": pull["first_approved_at"],
                "merged_at": pull["merged_at"],
                "deployment_id": shipped["deployment_id"] if shipped else None,
                "deployed_at": deployed,
                "coding_hours": hours(pull["first_commit_at"], opened),
                "pickup_hours": hours(opened, pull["first_review_at"]),
                "review_hours": hours(pull["first_review_at"], pull["merged_at"]),
                "deploy_hours": hours(pull["merged_at"], deployed),
                "cycle_hours": hours(pull["first_commit_at"], deployed),
                "approval_hours": hours(opened, pull["first_approved_at"]),
                "rework_commit_count": pull["commits_after_first_review_count"],
            }
        )
    return rows
