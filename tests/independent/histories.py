"""Random histories of little companies, as the rows of marts that the metrics are computed from.

A history is told by its seed: the same seed, name and frame always give the same rows.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from tests.independent.reckoner_facts import Row

HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)
# How long histories are; most are short, since every day is a row for every entity and metric.
SPANS = (6, 6, 20, 30, 30, 50, 50, 75, 100, 240)


@dataclass(frozen=True)
class Frame:
    """What histories of one world share: when it is, and the edges that windows have."""

    as_of: datetime
    # Times at which something odd happens: midnights, changes of daylight saving.
    edges: tuple[datetime, ...] = ()
    window: float | None = 168.0
    long: bool = False


@dataclass
class Repository:
    """A repository while its history is told."""

    id: str
    commits: dict[str, Row] = field(default_factory=dict)
    # What nobody loaded: squashed branches, force-pushed ones, what is older than the history.
    lost: set[str] = field(default_factory=set)
    main: str | None = None
    release: str | None = None
    # All that main pointed to, in order.
    mains: list[str] = field(default_factory=list)
    pulls: list[Row] = field(default_factory=list)
    is_split: bool = False
    whole: str = ""
    sharing: list[str] = field(default_factory=list)


class History:
    """The rows of one history: `tables` by the name of the input."""

    def __init__(self, seed: int, name: str, frame: Frame) -> None:
        self.random = Random(seed)
        self.name, self.frame = name, frame
        self.tables: dict[str, list[Row]] = defaultdict(list)
        spans = (*SPANS, 600, 2400) if frame.long else SPANS
        self.begin = frame.as_of - self.pick(spans) * HOUR
        self.used: list[datetime] = [*frame.edges, frame.as_of]
        self.repositories: list[Repository] = []
        self.deployments: list[Row] = []
        self._number = 0
        self._company()
        for repository in self.repositories:
            if self.maybe(0.93):
                self._code(repository)
        for repository in self.repositories:
            self._reverts(repository)
            self._deploy(repository)
        self._incidents()
        for repository in self.repositories:
            self._write(repository)
        self._sources()

    # -- chances

    def maybe(self, chance: float) -> bool:
        return self.random.random() < chance

    def pick(self, options: Any) -> Any:
        return self.random.choice(list(options))

    def count(self, most: int) -> int:
        return self.random.randint(0, most)

    def next(self) -> int:
        self._number += 1
        return self._number

    def time(self, after: datetime | None = None, within: float = 30) -> datetime:
        """A time: of the history at large, or some hours after another; often one used before."""
        if self.maybe(0.08):
            return self.pick(self.used) + self.pick((0, 0, 0, -1, 1)) * SECOND
        if after is None:
            seconds = int((self.frame.as_of - self.begin).total_seconds())
            found = self.begin + self.random.randint(0, seconds + seconds // 12) * SECOND
        else:
            found = after + int(self.random.random() ** 3 * within * 3600) * SECOND
        self.used.append(found)
        return found

    def sometimes(self, chance: float, value: Any) -> Any:
        """The value, or null."""
        return value if self.maybe(chance) else None

    # -- who and what

    def _company(self) -> None:
        name = self.name
        teams = [f"{name}:t{i}" for i in range(self.count(3))]
        for i, team in enumerate(teams):
            self.tables["dim_teams"].append(
                {
                    "team_id": team,
                    "organization_id": "organization:all",
                    "name": team,
                    "parent_team_id": self.pick([None, *teams[:i]]),
                }
            )
        self.people = [f"{name}:d{i}" for i in range(3)]
        for i, person in enumerate(self.people):
            self.tables["dim_developers"].append({"developer_id": person, "is_bot": i == 2})
        for i in range(self.pick((1, 1, 2, 2, 3))):
            self.repositories.append(Repository(f"{name}:r{i}"))
            self.tables["dim_repositories"].append(
                {
                    "repository_id": self.repositories[-1].id,
                    "organization_id": "organization:all",
                    "full_name": f"all/{name}-{i}",
                }
            )
        self.services: list[str] = []
        shared = f"{name}:s0"
        for repository in self.repositories:
            repository.whole = self.pick([repository.id, repository.id, shared])
            self._serves(repository.whole, repository.id, "")
            repository.is_split = self.maybe(0.25)
            if repository.is_split:
                for path in ("a", "b")[: self.pick((1, 2))]:
                    service = self.pick([f"{repository.id}:{path}", f"{name}:s1"])
                    if service not in repository.sharing:
                        self._serves(service, repository.id, f"services/{path}/")
                        repository.sharing.append(service)
                if repository.whole == shared:
                    repository.sharing.append(shared)
        self.manifests = f"{name}:s2"
        if self.maybe(0.15):
            # Named by rules only: it has no repository.
            self.services.append(self.manifests)
        for service in self.services:
            self.tables["dim_services"].append(
                {
                    "service_id": service,
                    "organization_id": "organization:all",
                    "name": service,
                    "team_id": self.pick([None, *teams]),
                    "has_deployment_source": self.maybe(0.4),
                    "has_incident_source": self.maybe(0.5),
                }
            )

    def _serves(self, service: str, repository: str, path: str) -> None:
        if service not in self.services:
            self.services.append(service)
        self.tables["bridge_service_repositories"].append(
            {"service_id": service, "repository_id": repository, "path_prefix": path}
        )

    # -- code

    def commit(
        self, repository: Repository, parents: list[str], at: datetime, headline: str = ""
    ) -> str:
        sha = f"{self.random.getrandbits(40):010x}"
        repository.commits[sha] = {
            "repository_id": repository.id,
            "sha": sha,
            "author_id": self.pick([*self.people, None]),
            "authored_at": at - self.count(5) * HOUR if self.maybe(0.9) else at + HOUR,
            "committed_at": at,
            "parent_shas": parents,
            "message_headline": headline or f"change {sha}",
            "is_on_default_branch": False,
            "pull_request_id": None,
        }
        return sha

    def _advance(self, repository: Repository, sha: str) -> None:
        repository.main = sha
        repository.mains.append(sha)

    def _code(self, repository: Repository) -> None:
        at = self.begin
        within = 2 * (self.frame.as_of - self.begin) / HOUR / 8
        for _ in range(self.random.randint(1, 11)):
            at = self.time(at, within)
            tips = [repository.main] if repository.main else []
            act = self.random.random()
            if act < 0.62 and tips:
                self._pull(repository, at)
            elif act < 0.68:
                # An orphan root, merged or (force-pushed) the new history.
                root = self.commit(repository, [], at)
                if self.maybe(0.6):
                    root = self.commit(repository, [*tips, root], at)
                self._advance(repository, root)
            elif act < 0.74 and tips:
                sides = [self.commit(repository, tips, at) for _ in range(3)]
                self._advance(repository, self.commit(repository, [*tips, *sides], at))
            elif act < 0.78 and len(repository.mains) > 1:
                # Force-pushed back: what was on main is on no branch now.
                self._advance(repository, self.pick(repository.mains))
            else:
                self._advance(repository, self.commit(repository, tips, at))
            if repository.main and self.maybe(0.12):
                base = repository.release or self.pick(repository.mains)
                repository.release = self.commit(repository, [base], at, "cherry-picked")

    def _pull(self, repository: Repository, at: datetime) -> None:
        number = self.next()
        name = f"{repository.id}:p{number}"
        into_main = self.maybe(0.85)
        base = repository.main if into_main else repository.release or repository.main
        fork = self.pick(repository.mains) if self.maybe(0.5) else base
        assert base is not None
        assert fork is not None
        branch: list[str] = []
        tip = fork
        for _ in range(self.random.randint(1, 3)):
            tip = self.commit(repository, [tip], at - self.count(9) * HOUR)
            branch.append(tip)
            if self.maybe(0.15):
                # Main merged into the branch: other people's work.
                tip = self.commit(repository, [tip, repository.main or base], at)
                branch.append(tip)
        how = self.pick(("merge", "squash", "squash", "rebase", "forward"))
        headline = self.pick((f"Change (#{number})", f"Merge pull request #{number} from x", "x"))
        own: list[str] = []
        if how == "merge":
            merged = self.commit(repository, [base, tip], at, headline)
            own = [*branch, merged]
        elif how == "squash":
            merged = self.commit(repository, [base], at, headline)
            own = [merged]
            repository.lost |= set(branch) if self.maybe(0.9) else set()
        elif how == "rebase":
            merged = base
            for _ in branch:
                merged = self.commit(repository, [merged], at, headline)
                own.append(merged)
            repository.lost |= set(branch)
        else:
            merged = tip
            own = branch
        is_merged = self.maybe(0.93)
        if is_merged and into_main:
            self._advance(repository, merged)
        elif is_merged:
            repository.release = merged
        opened = at - self.count(30) * HOUR
        authored = [repository.commits[c]["authored_at"] for c in branch]
        author = self.pick([*self.people, None])
        if is_merged:
            for sha in [*branch, *own]:
                repository.commits[sha]["pull_request_id"] = self.sometimes(0.95, name)
        for sha in branch:
            if self.maybe(0.95):
                self.tables["bridge_pull_request_commits"].append(
                    {"pull_request_id": name, "repository_id": repository.id, "sha": sha}
                )
        reviewed = opened + self.random.randint(-2, 20) * HOUR
        told = self.maybe(0.8)
        pull = {
            "pull_request_id": name,
            "repository_id": repository.id,
            "number": number,
            "author_id": author,
            "is_bot": author == self.people[2],
            "head_sha": self.sometimes(0.8, branch[-1]),
            "merge_commit_sha": merged if told and is_merged else None,
            "is_hotfix": self.maybe(0.1),
            "is_revert": self.maybe(0.05),
            "created_at": opened,
            "ready_at": self.sometimes(0.95, opened + self.count(2) * HOUR),
            "first_commit_at": self.sometimes(0.95, min(authored)),
            "first_review_at": reviewed if self.maybe(0.7) and reviewed <= at else None,
            "first_approved_at": reviewed if self.maybe(0.5) and reviewed <= at else None,
            "merged_at": at if is_merged else None,
            "commits_after_first_review_count": self.pick((None, 0, 2)),
            "merged_to_default_branch": is_merged and into_main,
        }
        repository.pulls.append(pull)
        self.tables["fct_pull_requests"].append(pull)

    def _reverts(self, repository: Repository) -> None:
        merged = [p for p in repository.pulls if p["merged_at"] is not None]
        pairs = {
            (a["pull_request_id"], b["pull_request_id"])
            for b, a in zip(merged, merged[self.pick((1, 1, 2)) :], strict=False)
            if self.maybe(0.4)
        }
        for pull in merged:
            # Who undoes something says so, whether or not it was found.
            pull["is_revert"] |= any(one == pull["pull_request_id"] for one, _ in pairs)
        for one, undone in sorted(pairs):
            self.tables["bridge_pull_request_reverts"].append(
                {"pull_request_id": one, "reverted_pull_request_id": undone}
            )
        pushed = [s for s, c in repository.commits.items() if c["pull_request_id"] is None]
        for sha in pushed:
            if not self.maybe(0.15):
                continue
            other = self.pick(repository.commits)
            self.tables["bridge_commit_reverts"].append(
                {
                    "repository_id": repository.id,
                    "sha": sha,
                    "reverted_sha": other,
                    "reverted_pull_request_id": repository.commits[other]["pull_request_id"],
                }
            )

    # -- deployments

    def _deploy(self, repository: Repository) -> None:
        environments = self.pick((["production"], ["production"], ["eu", "us"]))
        others: list[str | None] = [None, self.manifests, self.pick(self.services)]
        line = list(repository.mains)
        place = 0
        at = self.begin
        for _ in range(self.count(12)):
            at = self.time(at, (self.frame.as_of - self.begin) / HOUR / 3)
            finished = at if self.maybe(0.85) else self.time()
            act = self.random.random()
            place = min(max(place + self.pick((0, 1, 1, 2, 3, -1, -2)), 0), max(len(line) - 1, 0))
            sha: str | None = line[place] if line else None
            if act < 0.12 and repository.commits:
                sha = self.pick(repository.commits)
            elif act < 0.18 and repository.release:
                sha = repository.release
            elif act < 0.22:
                sha = self.pick((None, "gone0", "gone1"))
            number = self.next()
            base: Row = {
                "deployment_id": f"{repository.id}:D{number}",
                "repository_id": repository.id,
                "service_id": repository.whole,
                "environment": self.pick(environments),
                "environment_tier": "production" if self.maybe(0.92) else "staging",
                "status": "success" if self.maybe(0.92) else self.pick(("failure", "canceled")),
                "commit_sha": sha,
                "started_at": self.sometimes(0.95, finished - self.count(2) * HOUR / 2),
                "finished_at": finished,
            }
            if self.maybe(0.03):
                base |= {"status": "in_progress", "finished_at": None}
            rows = [base]
            if self.maybe(0.06):
                base["service_id"] = self.pick(others)
            elif repository.sharing:
                rows = [
                    {**base, "deployment_id": f"{base['deployment_id']}#{s}", "service_id": s}
                    for s in repository.sharing
                ]
            self.deployments += rows
            self.tables["fct_deployments"] += rows

    # -- incidents

    def _incidents(self) -> None:
        pulls = [p for r in self.repositories for p in r.pulls]
        issues: list[str] = []
        for _ in range(self.pick((0, 0, 1, 2, 3, 5))):
            name = f"{self.name}:i{self.next()}"
            opened = self.time()
            done = [d["finished_at"] for d in self.deployments if d["finished_at"]]
            if done and self.maybe(0.6):
                # Just after a deployment, at its very second, or at the edge of the window.
                far = self.frame.window if self.frame.window is not None else 200.0
                away = self.pick((0, 1, 600, 7200, far * 3600, far * 3600 + 1, far * 3600 - 1))
                opened = self.pick(done) + away * SECOND
            resolved = opened + self.random.randint(-600, 100_000) * SECOND
            issues.append(f"{name}:issue")
            service = self.pick([*self.services, *self.services, None])
            self.tables["fct_incidents"].append(
                {
                    "incident_id": name,
                    "service_id": service,
                    "repository_id": self.pick([None, *(r.id for r in self.repositories)]),
                    "opened_at": opened,
                    "resolved_at": self.sometimes(0.75, resolved),
                    "issue_id": issues[-1],
                }
            )
            for _ in range(self.pick((0, 0, 0, 1, 1, 2))):
                self._reference(name, service, pulls)
        for pull in pulls:
            if issues and self.maybe(0.15):
                self.tables["bridge_pull_request_issues"].append(
                    {
                        "pull_request_id": pull["pull_request_id"],
                        "issue_id": self.pick([*issues, f"{self.name}:other"]),
                        "is_work": self.maybe(0.8),
                    }
                )

    def _reference(self, incident: str, service: str | None, pulls: list[Row]) -> None:
        row: Row = dict.fromkeys(("deployment_id", "repository_id", "commit_sha"))
        row |= {"incident_id": incident, "pull_request_id": None}
        kind = self.pick(("deployment", "commit", "pull_request"))
        coded = [r for r in self.repositories if r.commits]
        if kind == "deployment" and self.deployments:
            # It stands for those of all services that share the repository, or for the own alone.
            event = self.pick(self.deployments)["deployment_id"].split("#")[0]
            named = [d for d in self.deployments if d["deployment_id"].split("#")[0] == event]
            own = [d for d in named if d["service_id"] == service]
            for one in own or named:
                self.tables["bridge_incident_references"].append(
                    {**row, "kind": kind, "deployment_id": one["deployment_id"]}
                )
            return
        elif kind == "pull_request" and pulls:
            pull = self.pick(pulls)
            row["repository_id"] = pull["repository_id"]
            row["pull_request_id"] = pull["pull_request_id"]
        elif kind == "commit" and coded:
            repository = self.pick(coded)
            row["repository_id"] = repository.id
            row["commit_sha"] = self.pick(repository.commits)
        else:
            return
        row["kind"] = kind
        self.tables["bridge_incident_references"].append(row)

    def _sources(self) -> None:
        """What has rows has a source of them, as the models see to."""
        deployed = {d["service_id"] for d in self.deployments}
        watched = {i["service_id"] for i in self.tables["fct_incidents"]}
        for service in self.tables["dim_services"]:
            service["has_deployment_source"] |= service["service_id"] in deployed
            service["has_incident_source"] |= service["service_id"] in watched

    # -- what was loaded of it

    def _write(self, repository: Repository) -> None:
        reached: set[str] = set()
        left = [repository.main] if repository.main else []
        while left:
            sha = left.pop()
            if sha is not None and sha not in reached:
                reached.add(sha)
                left += repository.commits[sha]["parent_shas"]
        lost = set(repository.lost) - reached
        if self.maybe(0.2):
            # A shallow history: what is older was not loaded.
            since = self.begin + (self.frame.as_of - self.begin) * self.random.random() / 2
            lost |= {s for s, c in repository.commits.items() if c["committed_at"] < since}
        if self.maybe(0.1):
            lost |= {s for s in repository.commits if self.maybe(0.1)}
        if repository.is_split:
            # Incidents name known commits only, and all of these have their services.
            self.tables["bridge_incident_references"] = [
                r
                for r in self.tables["bridge_incident_references"]
                if r["repository_id"] != repository.id or r["commit_sha"] not in lost
            ]
        for sha, commit in repository.commits.items():
            if sha in lost:
                continue
            commit["is_on_default_branch"] = sha in reached
            self.tables["fct_commits"].append(commit)
            if repository.is_split:
                of = [s for s in repository.sharing if self.maybe(0.5)] or [repository.whole]
                for service in of:
                    self.tables["bridge_commit_services"].append(
                        {"repository_id": repository.id, "sha": sha, "service_id": service}
                    )
