"""A company's story as GitLab would show it at one moment: nothing that happens later shows."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Protocol, runtime_checkable

from demo.gitlab_catalog import Catalog, Node, ProjectView, Sketch, stamp
from demo.gitlab_notes import (
    approvals,
    issue_events,
    issue_notes,
    merge_request_events,
    merge_request_notes,
)
from demo.gitlab_payloads import (
    WEB,
    activity_of,
    changes_of,
    commit_node,
    group_node,
    is_open,
    issue_node,
    label_node,
    merge_request_node,
    project_node,
    state_of,
    told,
    touched_at,
    user_basic,
    user_full,
)
from demo.gitlab_runs import (
    deployment_node,
    environment_ids,
    environment_node,
    job_nodes,
    pipeline_node,
)
from demo.model import Account, Group, Issue, PullRequest, RepositoryStory, Tag


@runtime_checkable
class Story(Protocol):
    """A company with projects on GitLab, told until a moment."""

    until: datetime

    @property
    def groups(self) -> Sequence[Group]:
        """All groups."""
        ...

    @property
    def gitlab_accounts(self) -> Sequence[Account]:
        """All accounts, people's and bots'."""
        ...

    @property
    def gitlab_stories(self) -> Iterable[RepositoryStory]:
        """The stories of the projects."""
        ...


def company_source(company: Story) -> Callable[[datetime], Catalog]:
    """Gives the catalog of a moment; ValueError after the end of the story."""
    instance = Instance(company.gitlab_accounts, company.groups, lambda: company.gitlab_stories)

    def at(moment: datetime) -> Catalog:
        if moment > company.until:
            raise ValueError(f"the story is told until {company.until.isoformat()} only")
        return CompanyCatalog(instance, moment)

    return at


class Instance:
    """All that is the same at every moment; the stories are told when first asked for."""

    def __init__(
        self, accounts: Sequence[Account], groups: Sequence[Group],
        stories: Callable[[], Iterable[RepositoryStory]],
    ) -> None:  # fmt: skip
        self.accounts, self.groups, self._stories = accounts, groups, stories

    @cached_property
    def projects(self) -> dict[int, Prepared]:
        """The projects by id."""
        return {one.database_id: Prepared(one) for one in self._stories()}

    @cached_property
    def paths(self) -> dict[str, int]:
        """Their ids by path with namespace, in lower case."""
        return {one.story.full_name.lower(): key for key, one in self.projects.items()}

    @cached_property
    def of_group(self) -> dict[int, list[int]]:
        """Their ids by group."""
        found: dict[int, list[int]] = {}
        for key, one in self.projects.items():
            found.setdefault(one.story.group_id or 0, []).append(key)
        return found


class Prepared:
    """A story with what does not depend on the moment."""

    def __init__(self, story: RepositoryStory) -> None:
        self.story = story
        self.commits: dict[str, Node] = {}
        self.closers: dict[int, list[PullRequest]] = {}  # by the number of the issue they close
        for pull in story.pulls:
            for number in pull.closes:
                self.closers.setdefault(number, []).append(pull)
        self._moved: list[datetime] | None = None

    @property
    def moved(self) -> list[datetime]:
        """When last_activity_at moved."""
        if self._moved is None:
            self._moved = activity_of(self.story)
        return self._moved


class CompanyCatalog(Catalog):
    """A company's GitLab as of a moment; projects are prepared when first asked for."""

    def __init__(self, instance: Instance, now: datetime) -> None:
        super().__init__()
        self.instance, self.now = instance, now
        accounts = [
            one for one in instance.accounts if one.created_at is None or one.created_at <= now
        ]
        self.users: Mapping[int, Node] = {one.database_id: user_full(one, now) for one in accounts}
        self.viewer = next(iter(self.users.values()))
        there = {one.id: one for one in instance.groups if one.created_at <= now}
        self.groups = {
            key: group_node(group, self._names(there, group)) for key, group in there.items()
        }
        self._members: dict[int, list[Node]] = {}
        self._stories = {group.id: group for group in there.values()}
        self._views: dict[int, CompanyView] = {}

    def prepare(self) -> None:
        """Have all stories told."""
        for one in self.instance.projects.values():
            one.moved  # noqa: B018 - worked out when first asked for

    def _names(self, groups: Mapping[int, Group], group: Group) -> list[str]:
        above = groups.get(group.parent_id) if group.parent_id is not None else None
        return [*(self._names(groups, above) if above else []), group.name]

    def project_ids(self, group: int) -> list[int]:
        """Ids of the projects directly in a group."""
        return [
            key for key in self.instance.of_group.get(group, [])
            if self.instance.projects[key].story.created_at <= self.now
        ]  # fmt: skip

    def project(self, identity: int) -> ProjectView | None:
        """A project by its id."""
        view = self._views.get(identity)
        if view is None:
            prepared = self.instance.projects.get(identity)
            if prepared is None or prepared.story.created_at > self.now:
                return None
            view = self._views[identity] = CompanyView(self, prepared)
        return view

    def project_of_path(self, path: str) -> ProjectView | None:
        """A project by its full path, in any case."""
        identity = self.instance.paths.get(path.lower())
        return None if identity is None else self.project(identity)

    def members(self, group: int) -> list[Node]:
        """The direct members of a group."""
        if group not in self._members:
            rows = [
                {
                    **user_basic(one.account, self.now), "access_level": one.access_level,
                    "created_at": stamp(one.since), "expires_at": None,
                    "membership_state": "active", "group_saml_identity": None,
                    "is_using_seat": True,
                }
                for one in self._stories[group].members
                if one.since <= self.now and (one.until is None or one.until > self.now)
            ]  # fmt: skip
            self._members[group] = sorted(rows, key=lambda row: int(row["id"]))
        return self._members[group]


class CompanyView(ProjectView):
    """A project of the company as of the catalog's moment."""

    def __init__(self, catalog: CompanyCatalog, prepared: Prepared) -> None:
        super().__init__()
        self.catalog, self.prepared = catalog, prepared
        self.story, self.now = prepared.story, catalog.now
        story = self.story
        self._pulls = {one.number: one for one in story.pulls if one.created_at <= self.now}
        self._issues = {one.number: one for one in story.issues if one.created_at <= self.now}
        pushed = [story.commits[sha].pushed_at for sha in story.main]
        self._main_count = bisect_right(pushed, self.now)
        group = catalog.groups[story.group_id or 0]
        self.node = project_node(story, group, self.now, prepared.moved, not self._main_count)

    # Rows

    def make(self, kind: str) -> list[Node]:
        """All rows of a kind."""
        makers: dict[str, Callable[[], list[Node]]] = {
            "merge_requests": self._make_pulls, "issues": self._make_issues,
            "labels": self._make_labels, "releases": self._make_releases,
            "tags": self._make_tags, "branches": self._make_branches,
            "environments": self._make_environments, "deployments": self._make_deployments,
            "pipelines": self._make_pipelines, "jobs": self._make_jobs, "members": list,
        }  # fmt: skip
        return makers[kind]()

    def _make_pulls(self) -> list[Node]:
        return [self._pull_node(one) for one in self._pulls.values()]

    def _pull_node(self, pull: PullRequest) -> Node:
        known = {
            "id": pull.database_id, "iid": pull.number, "project_id": self.story.database_id,
            "created_at": stamp(pull.created_at), "updated_at": touched_at(pull.touched, self.now),
            "state": state_of(pull, self.now),
        }  # fmt: skip
        return Sketch(known, lambda: merge_request_node(self.story, pull, self.now))

    def _make_issues(self) -> list[Node]:
        return [self._issue_node(one) for one in self._issues.values()]

    def _issue_node(self, issue: Issue) -> Node:
        known = {
            "id": issue.database_id, "iid": issue.number, "project_id": self.story.database_id,
            "created_at": stamp(issue.created_at), "issue_type": issue.kind,
            "updated_at": touched_at(issue.touched, self.now),
            "state": "opened" if is_open(issue, self.now) else "closed",
        }  # fmt: skip
        closers = self.prepared.closers.get(issue.number, ())
        return Sketch(known, lambda: issue_node(self.story, issue, closers, self.now))

    def _make_labels(self) -> list[Node]:
        return [label_node(self.story, *one) for one in enumerate(self.story.labels)]

    def _make_releases(self) -> list[Node]:
        rows: list[Node] = []
        web = f"{WEB}/{self.story.full_name}"
        for one in self.story.releases:
            if one.published_at is None or one.published_at > self.now:
                continue
            tag = self.find("tags", one.tag_name, "name")
            at = stamp(one.published_at)
            rows.append({
                "tag_name": one.tag_name, "name": one.name, "description": "", "created_at": at,
                "released_at": at, "upcoming_release": False,
                "author": user_basic(one.author, self.now), "commit": tag and tag["commit"],
                "milestones": [], "commit_path": None, "tag_path": f"/-/tags/{one.tag_name}",
                "assets": {"count": 0, "sources": [], "links": []}, "evidences": [],
                "_links": {"self": f"{web}/-/releases/{one.tag_name}"},
            })  # fmt: skip
        return rows

    def _make_tags(self) -> list[Node]:
        rows = (self._tag_node(one) for one in self.story.tags if one.created_at <= self.now)
        return [row for row in rows if row is not None]

    def _tag_node(self, tag: Tag) -> Node | None:
        commit = self.commit(tag.sha)
        if commit is None:
            return None
        at = stamp(tag.created_at) if tag.is_annotated else None
        released = any(
            one.tag_name == tag.name and one.published_at and one.published_at <= self.now
            for one in self.story.releases
        )
        return {
            "name": tag.name, "message": f"Version {tag.name}" if tag.is_annotated else "",
            "target": tag.object_sha if tag.is_annotated else tag.sha, "commit": told(commit),
            "release": {"tag_name": tag.name, "description": ""} if released else None,
            "protected": False, "created_at": at,
            "_date": at or stamp(datetime.fromisoformat(commit["committed_date"])),
        }  # fmt: skip

    def _make_branches(self) -> list[Node]:
        story = self.story
        heads: dict[str, str] = {}
        if self._main_count:
            heads[story.default_branch] = story.main[self._main_count - 1]
        heads |= {one.name: one.sha for one in story.branches if one.at <= self.now}
        for row in self.rows("merge_requests"):
            if row["state"] == "opened":
                heads.setdefault(row["source_branch"], row["sha"])
        return [
            {
                "name": name, "merged": False, "protected": name == story.default_branch,
                "developers_can_push": False, "developers_can_merge": False, "can_push": False,
                "default": name == story.default_branch, "commit": told(commit),
                "web_url": f"{WEB}/{story.full_name}/-/tree/{name}",
            }
            for name, sha in heads.items()
            if (commit := self.commit(sha)) is not None
        ]  # fmt: skip

    def _make_environments(self) -> list[Node]:
        times: dict[str, list[datetime]] = {}
        for one in self.story.deployments:
            if one.created_at <= self.now:
                times.setdefault(one.environment, []).append(one.created_at)
        ids = environment_ids(self.story)
        return [environment_node(self.story, name, ids[name], at) for name, at in times.items()]

    def _make_deployments(self) -> list[Node]:
        jobs = {int(row["id"]): row for row in self.rows("jobs")}
        return [
            deployment_node(
                self.story, one, iid, self.find("environments", one.environment, "name") or {},
                jobs, self.commit(one.sha), self.now,
            )
            for iid, one in enumerate(self.story.deployments, 1)
            if one.created_at <= self.now
        ]  # fmt: skip

    def _make_pipelines(self) -> list[Node]:
        tags = frozenset(one.name for one in self.story.tags)
        return [
            pipeline_node(self.story, one, self.now, tags)
            for one in self.story.runs if one.created_at <= self.now
        ]  # fmt: skip

    def _make_jobs(self) -> list[Node]:
        rows: list[Node] = []
        for run in self.story.runs:
            pipeline = self.find("pipelines", run.database_id)
            commit = self.commit(run.sha)
            if pipeline is not None and commit is not None:
                rows += job_nodes(self.story, run, pipeline, commit, self.now)
        return rows

    # Parts

    def make_part(self, kind: str, part: str, row: Node) -> list[Node]:
        """A list inside a merge request or issue."""
        if kind == "issues":
            return self._issue_part(part, self._issues[row["iid"]])
        pull = self._pulls[row["iid"]]
        if part == "notes":
            return merge_request_notes(self.story, pull, self.now)
        if part == "approvals":
            return approvals(pull, self.now)
        if part == "state_events":
            return merge_request_events(self.story, pull, self.now)
        if part == "closes":
            found = (self.find("issues", number, "iid") for number in pull.closes)
            return [one for one in found if one is not None]
        push = next(one for one in reversed(pull.pushes) if one.at <= self.now)
        commits = (self.commit(sha) for sha in reversed(push.shas))
        # Newest first; GitLab keeps no parents with the commits of a merge request.
        return [{**one, "parent_ids": []} for one in commits if one is not None]

    def _issue_part(self, part: str, issue: Issue) -> list[Node]:
        if part == "notes":
            return issue_notes(self.story, issue, self._closers(issue), self.now)
        if part == "state_events":
            return issue_events(self.story, issue, self.now)
        pulls = self._closers(issue)
        found = (self.find("merge_requests", one.number, "iid") for one in pulls)
        return [one for one in found if one is not None]

    def _closers(self, issue: Issue) -> Sequence[PullRequest]:
        return self.prepared.closers.get(issue.number, ())

    # Commits

    def commit(self, sha: str) -> Node | None:
        """The commit, None if unknown at this moment."""
        commit = self.story.commits.get(sha)
        if commit is None or commit.pushed_at > self.now:
            return None
        node = self.prepared.commits.get(sha)
        if node is None:
            node = self.prepared.commits[sha] = commit_node(self.story, commit)
        return node

    def find_sha(self, text: str) -> str | None:
        """The hash that a branch, tag, hash or abbreviation stands for."""
        for prefix in ("refs/heads/", "refs/tags/"):
            text = text.removeprefix(prefix)
        if text == "HEAD":
            text = self.story.default_branch
        for kind in ("branches", "tags"):
            row = self.find(kind, text, "name")
            if row is not None:
                return str(row["commit"]["id"])
        if self.commit(text) is not None:
            return text
        if 7 <= len(text) < 40:
            found = [sha for sha in self.story.commits if sha.startswith(text)]
            return found[0] if len(found) == 1 and self.commit(found[0]) else None
        return None

    def heads(self) -> list[str]:
        """The commits of all branches and tags."""
        rows = (*self.rows("branches"), *self.rows("tags"))
        return list(dict.fromkeys(str(row["commit"]["id"]) for row in rows))

    def changes(self, sha: str) -> list[Node]:
        """The changed files of a commit."""
        return changes_of(self.story.commits[sha])

    def merge_requests_of(self, sha: str) -> list[Node]:
        """The merge request that the commit came in with."""
        number = self.story.commit_pulls.get(sha)
        row = self.find("merge_requests", number, "iid") if number is not None else None
        return [row] if row is not None else []
