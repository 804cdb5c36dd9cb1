"""A company's story as GitHub would show it at one moment: nothing that happens later shows."""

from __future__ import annotations

from bisect import bisect_right
from collections import OrderedDict
from datetime import datetime
from typing import Any

from demo.catalog import Catalog, Node, RepositoryView, git_actor, iso
from demo.company import Company
from demo.ids import node_id, parse_node_id
from demo.model import (
    Account,
    Comment,
    Deployment,
    Issue,
    PullRequest,
    RepositoryStory,
    Review,
    Tag,
    WorkflowRun,
)

_KEPT_VIEWS = 100  # repositories in memory at the same time
_STATES = {"SUCCESS": "ACTIVE"}


class CompanyCatalog(Catalog):
    """A company as of a moment; repositories are prepared when first asked for."""

    def __init__(self, company: Company, now: datetime) -> None:
        self.company, self.now = company, now
        owner = company.owner
        web = f"https://github.com/{owner.login}"
        self.owners = [
            {
                "__typename": owner.kind, "id": owner.id, "databaseId": owner.database_id,
                "login": owner.login, "name": owner.name, "description": None, "url": web,
                "resourcePath": f"/{owner.login}", "createdAt": iso(owner.created_at),
                "updatedAt": iso(owner.created_at),
            }
        ]  # fmt: skip
        self.accounts = [account_node(one) for one in company.accounts if not one.is_deleted]
        self._accounts = {node["id"]: node for node in self.accounts}
        self.viewer = self.accounts[0]
        here = [index for index in range(len(company.names)) if company.source(index) == "github"]
        self._names = sorted(company.names[index] for index in here)
        self._indexes = {company.names[index].lower(): index for index in here}
        self._views: OrderedDict[int, CompanyView] = OrderedDict()
        self.teams = self._team_nodes()

    def account(self, account: Account | None) -> Node | None:
        """The node of an account; None for one that is deleted."""
        return None if account is None else self._accounts.get(account.id)

    def names(self, owner: str) -> list[str]:
        """Repository names in alphabetical order."""
        if owner.lower() != self.company.owner.login:
            return []
        return list(self._names)

    def repository(self, owner: str, name: str) -> RepositoryView | None:
        """A repository by its name, in any case."""
        index = self._indexes.get(name.lower())
        if index is None or owner.lower() != self.company.owner.login:
            return None
        return self.view(index)

    def view(self, index: int) -> CompanyView:
        """The repository with this index."""
        view = self._views.get(index)
        if view is None:
            view = self._views[index] = CompanyView(self, self.company.story(index))
            if len(self._views) > _KEPT_VIEWS:
                self._views.popitem(last=False)
        return view

    def repository_of_id(self, identity: str) -> RepositoryView | None:
        """The repository whose database id is the first part of the node id."""
        parsed = parse_node_id(identity)
        if parsed is None or not parsed[1] or not isinstance(parsed[1][0], int):
            return None
        index = parsed[1][0] - 100_000
        is_here = 0 <= index < len(self.company.names) and self.company.source(index) == "github"
        return self.view(index) if is_here else None

    def commit_of_id(self, identity: str) -> Node | None:
        """A commit by its node id."""
        parsed = parse_node_id(identity)
        view = self.repository_of_id(identity)
        if view is None or parsed is None or len(parsed[1]) != 2:
            return None
        return view.commit(str(parsed[1][1]))

    def _team_nodes(self) -> list[Node]:
        nodes: dict[str, Node] = {}
        for team in self.company.teams:
            if team.created_at > self.now:
                continue
            permissions = dict(nodes[team.parent_slug]["_permissions"]) if team.parent_slug else {}
            permissions.update(team.permissions)  # those of the team above are inherited
            nodes[team.slug] = {
                "__typename": "Team", "id": team.id, "databaseId": team.database_id,
                "slug": team.slug, "name": team.name, "description": None,
                "combinedSlug": f"{self.company.owner.login}/{team.slug}",
                "createdAt": iso(team.created_at), "updatedAt": iso(team.created_at),
                "url": f"https://github.com/orgs/{self.company.owner.login}/teams/{team.slug}",
                "parentTeam": nodes[team.parent_slug] if team.parent_slug else None,
                "organization": self.owners[0],
                "_members": [
                    (self._accounts[one.account.id], one.role)
                    for one in team.members
                    if one.account.id in self._accounts
                ],
                "_permissions": permissions,
            }  # fmt: skip
        return list(nodes.values())


def account_node(account: Account) -> Node:
    """A User or Bot; GraphQL calls a bot by its name without [bot]."""
    return {
        "__typename": account.kind, "id": account.id, "databaseId": account.database_id,
        "login": account.login, "name": account.name or None,
        "email": account.public_email or "",
        "url": f"https://github.com/{account.login}", "resourcePath": f"/{account.login}",
        "createdAt": iso(account.created_at), "updatedAt": iso(account.created_at),
    }  # fmt: skip


class CompanyView(RepositoryView):
    """A repository of the company as of the catalog's moment."""

    def __init__(self, catalog: CompanyCatalog, story: RepositoryStory) -> None:
        super().__init__()
        self.catalog, self.story, self.now = catalog, story, catalog.now
        self._commits: dict[str, Node | None] = {}
        self._shas: list[str] | None = None
        self.web = f"https://github.com/{story.full_name}"
        self.node = self._repository()
        self.node["_view"] = self
        now = self.now
        self.labels = [self._label(*label) for label in story.labels]
        self._label_nodes = {node["name"]: node for node in self.labels}
        self.pulls = [self._pull(one) for one in story.pulls if one.created_at <= now]
        self.issues = [self._issue(one) for one in story.issues if one.created_at <= now]
        self.tags = [self._tag(one) for one in story.tags if one.created_at <= now]
        self.heads = self._heads()
        by_tag = {ref["name"]: ref for ref in self.tags}
        self.releases = []
        for release in story.releases:
            if release.created_at <= now:
                published = release.published_at
                is_draft = published is None or published > now
                ref = None if is_draft else by_tag.get(release.tag_name)
                self.releases.append({
                    "__typename": "Release", "id": release.id, "databaseId": release.database_id,
                    "name": release.name, "tagName": release.tag_name, "tag": ref,
                    "tagCommit": ref["_commit"] if ref else None, "description": "",
                    "author": self._actor(release.author), "isDraft": is_draft,
                    "isPrerelease": release.is_prerelease, "isLatest": False,
                    "createdAt": iso(release.created_at),
                    "publishedAt": None if is_draft else iso(published),
                    "updatedAt": iso(release.created_at if is_draft else published),
                    "repository": self.node, "url": f"{self.web}/releases/tag/{release.tag_name}",
                })  # fmt: skip
        self.deployments = [
            self._deployment(one) for one in story.deployments if one.created_at <= now
        ]
        self.runs = [self._run(one) for one in reversed(story.runs) if one.created_at <= now]

    def _actor(self, account: Account | None) -> Node | None:
        return self.catalog.account(account)

    def _repository(self) -> Node:
        story, now = self.story, self.now
        times = [story.created_at]
        main = [story.commits[sha].pushed_at for sha in story.main]
        count = bisect_right(main, now)
        self._main_count = count
        times += main[max(count - 1, 0) : count]
        for pull in story.pulls:
            times += [push.at for push in pull.pushes if push.at <= now]
        times += [tag.created_at for tag in story.tags if tag.created_at <= now]
        pushed = max(times)
        is_archived = story.archived_at is not None and story.archived_at <= now
        owner = self.catalog.owners[0]
        return {
            "__typename": "Repository", "id": story.id, "databaseId": story.database_id,
            "name": story.name, "nameWithOwner": story.full_name, "owner": owner,
            "description": story.description, "url": self.web,
            "createdAt": iso(story.created_at),
            "updatedAt": iso(max(pushed, story.archived_at or pushed) if is_archived else pushed),
            "pushedAt": iso(pushed) if count else None,
            "archivedAt": iso(story.archived_at) if is_archived else None,
            "isArchived": is_archived, "isDisabled": False, "isEmpty": not count,
            "isFork": story.is_fork, "isPrivate": story.is_private, "isMirror": False,
            "isTemplate": False, "visibility": "PRIVATE" if story.is_private else "PUBLIC",
            "diskUsage": count * 7, "stargazerCount": 0, "forkCount": 0,
            "primaryLanguage": {
                "__typename": "Language", "id": node_id("LA", len(story.language)),
                "name": story.language, "color": "#3178c6",
            } if story.language else None,
            "_topics": story.topics,
        }  # fmt: skip

    def commit(self, sha: str | None) -> Node | None:
        """The commit, None if unknown at this moment."""
        if sha is None:
            return None
        if sha in self._commits:
            return self._commits[sha]
        commit = self.story.commits.get(sha)
        node: Node | None = None
        if commit is not None and commit.pushed_at <= self.now:
            account = self._actor(commit.author) if commit.has_account else None
            headline, _, rest = commit.message.partition("\n")
            authored, committed = iso(commit.authored_at), iso(commit.committed_at)
            name, email = commit.written_name, commit.written_email
            node = {
                "__typename": "Commit", "id": node_id("C", self.story.database_id, sha),
                "oid": sha, "abbreviatedOid": sha[:7], "additions": commit.additions,
                "deletions": commit.deletions, "changedFiles": commit.changed_files,
                "changedFilesIfAvailable": commit.changed_files,
                "authoredDate": authored, "committedDate": committed,
                "author": git_actor(name, email, authored, account),
                "committer": git_actor(name, email, committed, account),
                "message": commit.message, "messageHeadline": headline,
                "messageBody": rest.lstrip("\n"), "repository": self.node,
                "url": f"{self.web}/commit/{sha}", "commitUrl": f"{self.web}/commit/{sha}",
                "_parents": commit.parents,
            }  # fmt: skip
        self._commits[sha] = node
        return node

    def parents(self, sha: str) -> tuple[str, ...]:
        """Hashes of the parents."""
        return self.story.commits[sha].parents

    def find_sha(self, text: str) -> str | None:
        """The hash that a ref name, a hash or an abbreviation stands for."""
        for ref in (*self.heads, *self.tags):
            if text in (ref["name"], ref["prefix"] + ref["name"]):
                return str(ref["_commit"]["oid"])
        if text == "HEAD" and self.heads:
            return str(self.heads[0]["_commit"]["oid"])
        if self.commit(text) is not None:
            return text
        if 4 <= len(text) < 40:
            if self._shas is None:
                self._shas = sorted(self.story.commits)
            place = bisect_right(self._shas, text)
            found = [sha for sha in self._shas[place : place + 2] if sha.startswith(text)]
            if len(found) == 1 and self.commit(found[0]) is not None:
                return found[0]
        return None

    def pulls_of_commit(self, sha: str) -> list[Node]:
        """The pull request that the commit came in with."""
        number = self.story.commit_pulls.get(sha)
        pull = self.numbered(number) if number is not None else None
        return [pull] if pull is not None else []

    def _heads(self) -> list[Node]:
        story = self.story
        heads = []
        if self._main_count:
            heads.append(self._head(story.default_branch, story.main[self._main_count - 1]))
        lines = {one.name: one.sha for one in story.branches if one.at <= self.now}
        heads += [self._head(name, sha) for name, sha in lines.items()]
        heads += [
            self._head(pull["headRefName"], pull["headRefOid"])
            for pull in self.pulls
            if pull["state"] == "OPEN"
        ]
        return heads

    def _head(self, name: str, sha: str) -> Node:
        commit = self.commit(sha)
        return self._ref(name, "refs/heads/", commit, commit)

    def _ref(self, name: str, prefix: str, target: Any, commit: Node | None) -> Node:
        return {
            "__typename": "Ref", "id": node_id("REF", self.story.database_id, prefix + name),
            "name": name, "prefix": prefix, "target": target, "repository": self.node,
            "_commit": commit, "_date": commit["committedDate"] if commit else "",
        }  # fmt: skip

    def _tag(self, tag: Tag) -> Node:
        commit = self.commit(tag.sha)
        if not tag.is_annotated:
            return self._ref(tag.name, "refs/tags/", commit, commit)
        date = iso(tag.created_at)
        target = {
            "__typename": "Tag", "id": node_id("TA", self.story.database_id, tag.object_sha),
            "oid": tag.object_sha, "abbreviatedOid": tag.object_sha[:7], "name": tag.name,
            "message": f"Version {tag.name}\n", "repository": self.node, "target": commit,
            "commitUrl": f"{self.web}/commit/{tag.object_sha}",
            "tagger": git_actor(
                tag.tagger.name or tag.tagger.login, tag.tagger.email, date,
                self._actor(tag.tagger),
            ),
        }  # fmt: skip
        ref = self._ref(tag.name, "refs/tags/", target, commit)
        ref["_date"] = date
        return ref

    def _label(self, name: str, color: str, is_default: bool) -> Node:
        number = 1 + [one[0] for one in self.story.labels].index(name)
        made = iso(self.story.created_at)
        return {
            "__typename": "Label", "id": node_id("LA", self.story.database_id, number),
            "databaseId": self.story.database_id * 100 + number, "name": name, "color": color,
            "isDefault": is_default, "description": None, "createdAt": made, "updatedAt": made,
            "repository": self.node, "url": f"{self.web}/labels/{number}",
        }  # fmt: skip

    def _pull(self, pull: PullRequest) -> Node:
        now, story = self.now, self.story
        push = next(one for one in reversed(pull.pushes) if one.at <= now)
        commits = [story.commits[sha] for sha in push.shas]
        is_merged = pull.merged_at is not None and pull.merged_at <= now
        is_closed = pull.closed_at is not None and pull.closed_at <= now
        turns = [turn for turn in pull.draft_turns if turn.at <= now]
        is_draft = turns[-1].kind == "CONVERT_TO_DRAFT" if turns else pull.opened_as_draft
        url = f"{self.web}/pull/{pull.number}"
        node: Node = {
            "__typename": "PullRequest", "id": pull.id, "databaseId": pull.database_id,
            "fullDatabaseId": str(pull.database_id), "number": pull.number, "title": pull.title,
            "body": pull.body, "author": self._actor(pull.author),
            "state": "MERGED" if is_merged else "CLOSED" if is_closed else "OPEN",
            "isDraft": is_draft, "baseRefName": pull.base_ref, "headRefName": pull.head_ref,
            "headRefOid": push.shas[-1], "isCrossRepository": False,
            "baseRefOid": story.commits[story.commits[push.shas[0]].parents[0]].sha,
            "additions": sum(one.additions for one in commits),
            "deletions": sum(one.deletions for one in commits),
            "changedFiles": max(one.changed_files for one in commits),
            "createdAt": iso(pull.created_at),
            "updatedAt": iso(pull.touched[bisect_right(pull.touched, now) - 1]),
            "closedAt": iso(pull.closed_at) if is_closed else None, "closed": is_closed,
            "mergedAt": iso(pull.merged_at) if is_merged else None, "merged": is_merged,
            "mergedBy": self._actor(pull.merged_by) if is_merged else None,
            "url": url, "permalink": url, "repository": self.node,
            "_merge": pull.merge_commit_sha if is_merged else None,
            "_shas": push.shas,
            "_labels": [self._label_nodes[one.name] for one in pull.labels if one.at <= now],
            "_closes": pull.closes,
            "_assignees": [],
        }  # fmt: skip
        node["_turns"] = [
            {
                "__typename": "ReadyForReviewEvent" if turn.kind == "READY_FOR_REVIEW"
                else "ConvertToDraftEvent",
                "id": turn.id, "createdAt": iso(turn.at), "actor": node["author"],
                "pullRequest": node,
            }
            for turn in turns
        ]  # fmt: skip
        node["_comments"] = [
            self._comment(one, node, "pullRequest") for one in pull.comments
            if one.created_at <= now
        ]  # fmt: skip
        node["_reviews"] = [
            self._review(one, node) for one in pull.reviews if one.created_at <= now
        ]
        return node

    def _comment(self, comment: Comment, parent: Node, link: str) -> Node:
        at = iso(comment.created_at)
        return {
            "__typename": "IssueComment", "id": comment.id, "databaseId": comment.database_id,
            "fullDatabaseId": str(comment.database_id), "author": self._actor(comment.author),
            "body": comment.body, "createdAt": at, "updatedAt": at, "issue": None,
            "pullRequest": None, "repository": self.node,
            "url": f"{parent['url']}#issuecomment-{comment.database_id}", link: parent,
            "_parent": parent,
        }  # fmt: skip

    def _review(self, review: Review, pull: Node) -> Node:
        submitted = iso(review.submitted_at)
        made = iso(review.created_at)
        node: Node = {
            "__typename": "PullRequestReview", "id": review.id, "databaseId": review.database_id,
            "fullDatabaseId": str(review.database_id), "author": self._actor(review.author),
            "body": review.body, "state": review.state, "submittedAt": submitted,
            "publishedAt": submitted, "createdAt": made, "updatedAt": made, "pullRequest": pull,
            "repository": self.node, "_sha": review.commit_sha,
            "url": f"{pull['url']}#pullrequestreview-{review.database_id}",
        }  # fmt: skip
        node["_comments"] = [
            {
                "__typename": "PullRequestReviewComment", "id": one.id,
                "databaseId": one.database_id, "fullDatabaseId": str(one.database_id),
                "author": self._actor(one.author), "body": one.body,
                "createdAt": (at := iso(one.created_at)), "draftedAt": at, "publishedAt": at,
                "updatedAt": at, "path": "src/main", "_sha": review.commit_sha,
                "pullRequest": pull, "pullRequestReview": node, "repository": self.node,
                "state": "PENDING" if review.state == "PENDING" else "SUBMITTED",
                "url": f"{pull['url']}#discussion_r{one.database_id}",
            }
            for one in review.comments
        ]  # fmt: skip
        return node

    def _issue(self, issue: Issue) -> Node:
        now = self.now
        closings = [one for one in issue.closings if one.at <= now]
        last = closings[-1] if closings else None
        is_reopened = last is not None and last.reopened_at is not None and last.reopened_at <= now
        is_closed = last is not None and not is_reopened
        node: Node = {
            "__typename": "Issue", "id": issue.id, "databaseId": issue.database_id,
            "fullDatabaseId": str(issue.database_id), "number": issue.number,
            "title": issue.title, "body": issue.body, "author": self._actor(issue.author),
            "state": "CLOSED" if is_closed else "OPEN",
            "stateReason": last.reason if is_closed and last else "REOPENED" if last else None,
            "createdAt": iso(issue.created_at),
            "updatedAt": iso(issue.touched[bisect_right(issue.touched, now) - 1]),
            "closedAt": iso(last.at) if is_closed and last else None, "closed": is_closed,
            "repository": self.node, "url": f"{self.web}/issues/{issue.number}",
            "_labels": [self._label_nodes[one.name] for one in issue.labels if one.at <= now],
            "_assignees": [
                node for node in map(self._actor, issue.assignees) if node is not None
            ],
        }  # fmt: skip
        node["_comments"] = [
            self._comment(one, node, "issue") for one in issue.comments if one.created_at <= now
        ]
        return node

    def _deployment(self, deployment: Deployment) -> Node:
        now = self.now
        statuses = [one for one in deployment.statuses if one.at <= now]
        creator = self._actor(deployment.creator) or self.catalog.accounts[0]
        node: Node = {
            "__typename": "Deployment", "id": deployment.id, "databaseId": deployment.database_id,
            "environment": deployment.environment, "latestEnvironment": deployment.environment,
            "originalEnvironment": deployment.environment, "task": deployment.task,
            "commitOid": deployment.sha, "description": None, "payload": None,
            "createdAt": iso(deployment.created_at),
            "updatedAt": iso(statuses[-1].at if statuses else deployment.created_at),
            "state": _STATES.get(statuses[-1].state, statuses[-1].state) if statuses else "PENDING",
            "creator": creator, "repository": self.node, "_ref": deployment.ref,
        }  # fmt: skip
        node["_statuses"] = [
            {
                "__typename": "DeploymentStatus", "id": one.id, "databaseId": one.database_id,
                "state": one.state, "environment": deployment.environment,
                "createdAt": (at := iso(one.at)), "updatedAt": at, "creator": creator,
                "deployment": node, "description": None, "environmentUrl": None, "logUrl": None,
            }
            for one in statuses
        ]  # fmt: skip
        return node

    def _run(self, run: WorkflowRun) -> Node:
        now = self.now
        begun = [one for one in run.attempts if one.started_at <= now] or [run.attempts[0]]
        attempt = begun[-1]
        is_done = attempt.completed_at <= now
        is_queued = attempt.jobs[0].started_at > now
        jobs: list[Node] = []
        updated = run.created_at
        for one in begun:
            for job in one.jobs:
                if job.created_at > now:
                    continue
                has_begun, has_ended = job.started_at <= now, job.completed_at <= now
                times = (job.created_at, job.started_at, job.completed_at)
                updated = max(updated, *(t for t in times if t <= now))
                jobs.append({
                    "id": job.database_id, "run_id": run.database_id, "run_attempt": one.number,
                    "node_id": node_id("CR", self.story.database_id, job.database_id),
                    "head_sha": run.sha, "head_branch": run.branch, "name": job.name,
                    "workflow_name": run.name,
                    "status": _progress(has_begun, has_ended),
                    "conclusion": job.conclusion if has_ended else None,
                    "created_at": iso(job.created_at),
                    "started_at": iso(job.started_at if has_begun else job.created_at),
                    "completed_at": iso(job.completed_at) if has_ended else None,
                    "html_url": f"{self.node['url']}/actions/runs/{run.database_id}"
                    f"/job/{job.database_id}",
                    "labels": ["ubuntu-latest"], "steps": [],
                    "runner_id": None, "runner_name": None,
                })  # fmt: skip
        return {
            "id": run.database_id,
            "node_id": node_id("WFR", self.story.database_id, run.database_id),
            "check_suite_id": run.database_id,
            "check_suite_node_id": node_id("CS", self.story.database_id, run.database_id),
            "name": run.name, "path": run.path, "display_title": run.name, "event": run.event,
            "workflow_id": run.workflow_id, "run_number": run.run_number,
            "run_attempt": attempt.number, "head_branch": run.branch, "head_sha": run.sha,
            "status": "completed" if is_done else "queued" if is_queued else "in_progress",
            "conclusion": attempt.conclusion if is_done else None,
            "created_at": iso(run.created_at), "run_started_at": iso(attempt.started_at),
            "updated_at": iso(updated), "pull_requests": [],
            "actor": self._actor(run.actor), "triggering_actor": self._actor(attempt.actor),
            "_jobs": jobs,
        }  # fmt: skip


def _progress(has_begun: bool, has_ended: bool) -> str:
    return "completed" if has_ended else "in_progress" if has_begun else "queued"
