"""A folder of recorded REST payloads of one repository, served like a living one.

What a payload does not tell is null or empty; where GraphQL's schema forbids null it is 0 or "".
Repeated records are served once (the last wins). Review comments whose review was not recorded get
one, since GitHub has no comment without a review. The moment asked for does not matter.

Files, all but pulls.json optional: pulls, commits, pull_commits, pull_reviews,
pull_review_comments, issues, issue_comments, tags, releases, deployments, deployment_statuses,
workflow_runs, workflow_jobs (.json); lists, or objects of lists by number.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from demo.catalog import Catalog, Node, RepositoryView, git_actor, iso
from demo.ids import node_id, sha1


class RecordedError(Exception):
    """The folder holds nothing that can be served."""


def recorded_source(folder: Path) -> Callable[[datetime], Catalog]:
    """Gives the same catalog for every moment; RecordedError if the folder is unfit."""
    if not (folder / "pulls.json").is_file():
        raise RecordedError(f"{folder}: no pulls.json there; name a folder of recorded payloads")
    catalog = RecordedCatalog(folder)

    def at(moment: datetime) -> Catalog:
        catalog.now = moment
        return catalog

    return at


def _time(text: str | None) -> str | None:
    return iso(datetime.fromisoformat(text)) if text else None


def _legacy_id(kind: str, number: int) -> str:
    """A node id of the old form, as the recorded ones are."""
    return base64.b64encode(f"0{len(kind)}:{kind}{number}".encode()).decode()


class RecordedCatalog(Catalog):
    """One owner with one repository."""

    def __init__(self, folder: Path) -> None:
        self.now = datetime.now(UTC)
        self.teams = []
        self._accounts: dict[str, Node] = {}
        pulls = _read(folder, "pulls")
        if not pulls:
            raise RecordedError(f"{folder / 'pulls.json'}: no pull request in it")
        repository = pulls[0]["base"]["repo"]
        owner = self.account(repository["owner"])
        assert owner is not None
        self.owners = [owner]
        self.viewer = owner
        self.view = RecordedView(self, folder, repository, pulls)
        self.accounts = list(self._accounts.values())

    def account(self, user: Any) -> Node | None:
        """The node of a recorded user; None for null."""
        if not user:
            return None
        identity = user["node_id"]
        if identity not in self._accounts:
            kind = user.get("type") or "User"
            login = user["login"].removesuffix("[bot]")
            self._accounts[identity] = {
                "__typename": kind, "id": identity, "databaseId": user["id"], "login": login,
                "name": user.get("name"), "email": "", "url": user["html_url"],
                "resourcePath": f"/{login}", "createdAt": "2008-01-01T00:00:00Z",
                "updatedAt": "2008-01-01T00:00:00Z", "description": None,
            }  # fmt: skip
        return self._accounts[identity]

    def names(self, owner: str) -> list[str]:
        """The one repository."""
        return [self.view.node["name"]] if self._is_owner(owner) else []

    def _is_owner(self, login: str) -> bool:
        return login.lower() == str(self.owners[0]["login"]).lower()

    def repository(self, owner: str, name: str) -> RepositoryView | None:
        """The one repository by its name."""
        is_named = name.lower() == str(self.view.node["name"]).lower()
        return self.view if is_named and self._is_owner(owner) else None

    def repository_of_id(self, identity: str) -> RepositoryView | None:
        """The one repository."""
        return self.view

    def commit_of_id(self, identity: str) -> Node | None:
        """A commit by its node id."""
        return self.view.commit_by_id(identity)

    def node(self, identity: str) -> Node | None:
        """Anything by its node id; recorded commits have ids of the old form."""
        return super().node(identity) or self.view.commit_by_id(identity)


def _read(folder: Path, name: str) -> list[Any]:
    """Records of a file, each once; of an object of lists, all with their key as `_number`."""
    path = folder / f"{name}.json"
    if not path.is_file():
        return []
    try:
        content = json.loads(path.read_text())
    except ValueError as error:
        raise RecordedError(f"{path}: {error}") from None
    if isinstance(content, dict):
        content = [{**one, "_number": int(key)} for key, rows in content.items() for one in rows]
    unique: dict[Any, Any] = {}
    for one in content:
        identity = one.get("id") or one.get("sha") or one.get("tag") or one.get("number")
        unique[(identity, one.get("_number"))] = one
    return list(unique.values())


class RecordedView(RepositoryView):
    """The recorded repository."""

    def __init__(
        self, catalog: RecordedCatalog, folder: Path, repository: Any, pulls: list[Any]
    ) -> None:
        super().__init__()
        self.catalog = catalog
        self.database_id = int(repository["id"])
        self.web = str(repository["html_url"])
        language = repository.get("language")
        self.node = {
            "__typename": "Repository", "id": repository["node_id"],
            "databaseId": self.database_id, "name": repository["name"],
            "nameWithOwner": repository["full_name"], "owner": catalog.owners[0],
            "description": repository.get("description"), "url": self.web,
            "createdAt": _time(repository["created_at"]),
            "updatedAt": _time(repository["updated_at"]),
            "pushedAt": _time(repository.get("pushed_at")), "archivedAt": None,
            "isArchived": bool(repository.get("archived")), "isDisabled": False,
            "isEmpty": False, "isFork": bool(repository.get("fork")),
            "isPrivate": bool(repository.get("private")), "isMirror": False, "isTemplate": False,
            "visibility": "PRIVATE" if repository.get("private") else "PUBLIC",
            "diskUsage": repository.get("size"), "forkCount": repository.get("forks_count") or 0,
            "stargazerCount": repository.get("stargazers_count") or 0,
            "primaryLanguage": {
                "__typename": "Language", "id": f"LA_{language}", "name": language, "color": None,
            } if language else None,
            "_topics": repository.get("topics") or [],
        }  # fmt: skip
        self.node["_view"] = self
        self._commits: dict[str, Node] = {}
        self._commit_ids: dict[str, str] = {}
        self._pulls_of: dict[str, list[Node]] = {}
        self._labels: dict[int, Node] = {}
        pull_commits = _read(folder, "pull_commits")
        runs = _read(folder, "workflow_runs")
        self._read_commits(_read(folder, "commits"), pull_commits, runs)
        self._read_pulls(folder, pulls, pull_commits)
        self._read_issues(folder)
        self.labels = list(self._labels.values())
        self._read_refs(repository["default_branch"], _read(folder, "tags"))
        self._read_releases(_read(folder, "releases"))
        self._read_deployments(folder)
        self._read_runs(runs, _read(folder, "workflow_jobs"))

    def _read_commits(self, bare: list[Any], full: list[Any], runs: list[Any]) -> None:
        for one in full:
            git = one["commit"]
            self._add_commit(
                one["sha"], one["node_id"], tuple(parent["sha"] for parent in one["parents"]),
                git["author"], git["committer"], git["message"],
                self.catalog.account(one.get("author")), self.catalog.account(one.get("committer")),
            )  # fmt: skip
        heads = {run["head_sha"]: run["head_commit"] for run in runs if run.get("head_commit")}
        for one in bare:
            if one["sha"] in self._commits:
                continue
            head = heads.get(one["sha"]) or {}
            author = {**(head.get("author") or {}), "date": one["authored_date"]}
            committer = {**(head.get("committer") or {}), "date": one["committed_date"]}
            self._add_commit(
                one["sha"], node_id("C", self.database_id, one["sha"]), tuple(one["parents"]),
                author, committer, head.get("message") or "", None, None,
            )  # fmt: skip

    def _add_commit(
        self, sha: str, identity: str, parents: tuple[str, ...], author: Any, committer: Any,
        message: str, author_user: Node | None, committer_user: Node | None,
    ) -> None:  # fmt: skip
        headline, _, rest = message.partition("\n")
        authored, committed = _time(author["date"]), _time(committer["date"])
        self._commit_ids[identity] = sha
        self._commits[sha] = {
            "__typename": "Commit", "id": identity, "oid": sha, "abbreviatedOid": sha[:7],
            "additions": 0, "deletions": 0, "changedFiles": 0, "changedFilesIfAvailable": None,
            "authoredDate": authored, "committedDate": committed,
            "author": git_actor(author.get("name"), author.get("email"), authored, author_user),
            "committer": git_actor(
                committer.get("name"), committer.get("email"), committed, committer_user
            ),
            "message": message, "messageHeadline": headline, "messageBody": rest.lstrip("\n"),
            "repository": self.node, "url": f"{self.web}/commit/{sha}",
            "commitUrl": f"{self.web}/commit/{sha}", "_parents": parents,
        }  # fmt: skip

    def commit(self, sha: str | None) -> Node | None:
        """The commit, None if it was not recorded."""
        return self._commits.get(sha) if sha else None

    def commit_by_id(self, identity: str) -> Node | None:
        """The commit of a node id."""
        return self.commit(self._commit_ids.get(identity))

    def parents(self, sha: str) -> tuple[str, ...]:
        """Hashes of the parents that were recorded."""
        return tuple(one for one in self._commits[sha]["_parents"] if one in self._commits)

    def find_sha(self, text: str) -> str | None:
        """The hash that a ref name, a hash or an abbreviation stands for."""
        for ref in (*self.heads, *self.tags):
            if ref["_commit"] and text in (ref["name"], ref["prefix"] + ref["name"]):
                return str(ref["_commit"]["oid"])
        if text == "HEAD" and self.heads:
            return str(self.heads[0]["_commit"]["oid"])
        if text in self._commits:
            return text
        found = [sha for sha in self._commits if len(text) >= 4 and sha.startswith(text)]
        return found[0] if len(found) == 1 else None

    def pulls_of_commit(self, sha: str) -> list[Node]:
        """The pull requests that have the commit, or were merged by it."""
        return self._pulls_of.get(sha, [])

    def _tip(self) -> str | None:
        """The default branch's newest commit: not recorded, so the end of the longest past."""
        with_children = {parent for sha in self._commits for parent in self.parents(sha)}
        ends = [sha for sha in self._commits if sha not in with_children]
        return max(
            ends,
            key=lambda sha: (len(self.ancestors(sha)), self._commits[sha]["committedDate"]),
            default=None,
        )

    def _read_refs(self, branch: str, tags: list[Any]) -> None:
        tip = self._tip()
        if tip is not None:
            commit = self._commits[tip]
            self.heads = [self._ref(branch, "refs/heads/", commit, commit, None)]
        for one in tags:
            commit_node = self.commit(one["commit_sha"])
            target = commit_node
            made = _time(one.get("created"))
            if one.get("type") == "tag":
                oid = sha1("tag object", one["tag"], one["commit_sha"])
                target = {
                    "__typename": "Tag", "id": node_id("TA", self.database_id, oid), "oid": oid,
                    "abbreviatedOid": oid[:7], "name": one["tag"], "message": None,
                    "repository": self.node, "target": commit_node,
                    "commitUrl": f"{self.web}/commit/{oid}",
                    "tagger": git_actor(None, None, made, None),
                }  # fmt: skip
            self.tags.append(self._ref(one["tag"], "refs/tags/", target, commit_node, made))

    def _ref(
        self, name: str, prefix: str, target: Any, commit: Node | None, made: str | None
    ) -> Node:
        return {
            "__typename": "Ref", "id": node_id("REF", self.database_id, prefix + name),
            "name": name, "prefix": prefix, "target": target, "repository": self.node,
            "_commit": commit, "_date": made or (commit["committedDate"] if commit else ""),
        }  # fmt: skip

    def _label(self, label: Any) -> Node:
        return self._labels.setdefault(
            label["id"],
            {
                "__typename": "Label", "id": label["node_id"], "databaseId": label["id"],
                "name": label["name"], "color": label["color"],
                "isDefault": bool(label.get("default")), "description": label.get("description"),
                "createdAt": None, "updatedAt": None, "repository": self.node,
                "url": label["url"],
            },
        )  # fmt: skip

    def _read_pulls(self, folder: Path, pulls: list[Any], commits: list[Any]) -> None:
        shas: dict[int, list[str]] = {}
        for one in commits:
            shas.setdefault(one["_number"], []).append(one["sha"])
        comments = self._comments(folder)
        reviews: dict[int, list[Any]] = {}
        for one in _read(folder, "pull_reviews"):
            reviews.setdefault(one["_number"], []).append(one)
        remarks: dict[int, list[Any]] = {}
        for one in _read(folder, "pull_review_comments"):
            remarks.setdefault(_last_number(one["pull_request_url"]), []).append(one)
        by_number = {one["number"]: one for one in pulls}
        for number, one in sorted(by_number.items()):
            node = self._pull(one, shas.get(number, []))
            node["_comments"] = self._comment_nodes(comments, number, node, "pullRequest")
            node["_reviews"] = self._reviews(node, reviews.get(number, []), remarks.get(number, []))
            self.pulls.append(node)
            for sha in {*node["_shas"], node["_merge"]} - {None}:
                self._pulls_of.setdefault(sha, []).append(node)

    def _pull(self, one: Any, shas: list[str]) -> Node:
        is_merged = bool(one["merged_at"])
        state = "MERGED" if is_merged else one["state"].upper()
        return {
            "__typename": "PullRequest", "id": one["node_id"], "databaseId": one["id"],
            "fullDatabaseId": str(one["id"]), "number": one["number"], "title": one["title"],
            "body": one.get("body") or "", "author": self.catalog.account(one["user"]),
            "state": state, "isDraft": bool(one.get("draft")), "baseRefName": one["base"]["ref"],
            "baseRefOid": one["base"]["sha"], "headRefName": one["head"]["ref"],
            "headRefOid": one["head"]["sha"], "isCrossRepository": True,
            "additions": one.get("additions") or 0, "deletions": one.get("deletions") or 0,
            "changedFiles": one.get("changed_files") or 0,
            "createdAt": _time(one["created_at"]), "updatedAt": _time(one["updated_at"]),
            "closedAt": _time(one["closed_at"]), "closed": state != "OPEN",
            "mergedAt": _time(one["merged_at"]), "merged": is_merged,
            "mergedBy": self.catalog.account(one.get("merged_by")), "url": one["html_url"],
            "permalink": one["html_url"], "repository": self.node,
            "_merge": one["merge_commit_sha"] if is_merged else None, "_shas": shas,
            "_labels": [self._label(label) for label in one["labels"]], "_closes": (),
            "_assignees": [
                node for node in map(self.catalog.account, one.get("assignees") or []) if node
            ],
            "_turns": [],
        }  # fmt: skip

    def _comments(self, folder: Path) -> dict[int, list[Any]]:
        comments: dict[int, list[Any]] = {}
        for one in _read(folder, "issue_comments"):
            comments.setdefault(_last_number(one["issue_url"]), []).append(one)
        self._recorded_comments = comments
        return comments

    def _comment_nodes(
        self, comments: dict[int, list[Any]], number: int, parent: Node, link: str
    ) -> list[Node]:
        return [
            {
                "__typename": "IssueComment", "id": one["node_id"], "databaseId": one["id"],
                "fullDatabaseId": str(one["id"]), "author": self.catalog.account(one["user"]),
                "body": one.get("body") or "", "createdAt": _time(one["created_at"]),
                "updatedAt": _time(one["updated_at"]), "issue": None, "pullRequest": None,
                "repository": self.node, "url": one["html_url"], link: parent, "_parent": parent,
            }
            for one in sorted(comments.get(number, []), key=lambda one: one["created_at"])
        ]  # fmt: skip

    def _reviews(self, pull: Node, reviews: list[Any], comments: list[Any]) -> list[Node]:
        by_id = {one["id"]: one for one in reviews}
        for one in comments:
            number = one["pull_request_review_id"]
            known = by_id.get(number)
            if known is None:
                by_id[number] = {
                    "id": number, "node_id": _legacy_id("PullRequestReview", number),
                    "user": one["user"], "body": "", "state": "COMMENTED",
                    "submitted_at": one["created_at"], "commit_id": one["commit_id"],
                    "html_url": f"{pull['url']}#pullrequestreview-{number}", "_made_up": True,
                }  # fmt: skip
            elif known.get("_made_up"):
                known["submitted_at"] = max(known["submitted_at"], one["created_at"])
        return [
            self._review(pull, one, comments)
            for one in sorted(
                by_id.values(), key=lambda one: (one["submitted_at"] or "", one["id"])
            )
        ]

    def _review(self, pull: Node, one: Any, comments: Iterable[Any]) -> Node:
        submitted = _time(one["submitted_at"])
        node: Node = {
            "__typename": "PullRequestReview", "id": one["node_id"], "databaseId": one["id"],
            "fullDatabaseId": str(one["id"]), "author": self.catalog.account(one["user"]),
            "body": one.get("body") or "", "state": one["state"].upper(),
            "submittedAt": submitted, "publishedAt": submitted, "createdAt": submitted,
            "updatedAt": submitted, "pullRequest": pull, "repository": self.node,
            "_sha": one.get("commit_id"), "url": one["html_url"],
        }  # fmt: skip
        node["_comments"] = [
            {
                "__typename": "PullRequestReviewComment", "id": comment["node_id"],
                "databaseId": comment["id"], "fullDatabaseId": str(comment["id"]),
                "author": self.catalog.account(comment["user"]),
                "body": comment.get("body") or "", "createdAt": _time(comment["created_at"]),
                "draftedAt": _time(comment["created_at"]),
                "publishedAt": _time(comment["created_at"]),
                "updatedAt": _time(comment["updated_at"]), "path": comment.get("path") or "",
                "_sha": comment.get("commit_id"), "pullRequest": pull, "pullRequestReview": node,
                "repository": self.node, "state": "SUBMITTED", "url": comment["html_url"],
            }
            for comment in comments
            if comment["pull_request_review_id"] == one["id"]
        ]  # fmt: skip
        return node

    def _read_issues(self, folder: Path) -> None:
        for one in _read(folder, "issues"):
            if one.get("pull_request"):
                for label in one["labels"]:
                    self._label(label)
                continue
            reason = one.get("state_reason")
            node: Node = {
                "__typename": "Issue", "id": one["node_id"], "databaseId": one["id"],
                "fullDatabaseId": str(one["id"]), "number": one["number"], "title": one["title"],
                "body": one.get("body") or "", "author": self.catalog.account(one["user"]),
                "state": one["state"].upper(), "stateReason": reason.upper() if reason else None,
                "createdAt": _time(one["created_at"]), "updatedAt": _time(one["updated_at"]),
                "closedAt": _time(one["closed_at"]), "closed": one["state"] != "open",
                "repository": self.node, "url": one["html_url"],
                "_labels": [self._label(label) for label in one["labels"]],
                "_assignees": [
                    node for node in map(self.catalog.account, one.get("assignees") or []) if node
                ],
            }  # fmt: skip
            node["_comments"] = self._comment_nodes(
                self._recorded_comments, one["number"], node, "issue"
            )
            self.issues.append(node)

    def _read_releases(self, releases: list[Any]) -> None:
        by_tag = {ref["name"]: ref for ref in self.tags}
        for one in releases:
            ref = by_tag.get(one["tag_name"])
            self.releases.append({
                "__typename": "Release", "id": one["node_id"], "databaseId": one["id"],
                "name": one.get("name"), "tagName": one["tag_name"], "tag": ref,
                "tagCommit": ref["_commit"] if ref else None, "description": one.get("body"),
                "author": self.catalog.account(one.get("author")), "isDraft": one["draft"],
                "isPrerelease": one["prerelease"], "isLatest": False,
                "createdAt": _time(one["created_at"]), "publishedAt": _time(one["published_at"]),
                "updatedAt": _time(one["published_at"] or one["created_at"]),
                "repository": self.node, "url": one["html_url"],
            })  # fmt: skip

    def _read_deployments(self, folder: Path) -> None:
        statuses: dict[int, list[Any]] = {}
        for one in _read(folder, "deployment_statuses"):
            number = one.get("_number") or _last_number(one["deployment_url"])
            statuses.setdefault(number, []).append(one)
        for one in _read(folder, "deployments"):
            creator = self.catalog.account(one.get("creator")) or self.catalog.viewer
            node: Node = {
                "__typename": "Deployment", "id": one["node_id"], "databaseId": one["id"],
                "environment": one.get("environment"), "latestEnvironment": one.get("environment"),
                "originalEnvironment": one.get("original_environment"), "task": one.get("task"),
                "commitOid": one["sha"], "description": one.get("description"), "payload": None,
                "createdAt": _time(one["created_at"]), "updatedAt": _time(one["updated_at"]),
                "state": None, "creator": creator, "repository": self.node, "_ref": one["ref"],
            }  # fmt: skip
            node["_statuses"] = [
                {
                    "__typename": "DeploymentStatus", "id": status["node_id"],
                    "databaseId": status["id"], "state": status["state"].upper(),
                    "environment": status.get("environment"),
                    "createdAt": _time(status["created_at"]),
                    "updatedAt": _time(status["updated_at"]),
                    "creator": self.catalog.account(status.get("creator")) or creator,
                    "deployment": node, "description": status.get("description"),
                    "environmentUrl": None, "logUrl": None,
                }
                for status in sorted(
                    statuses.get(one["id"], []), key=lambda status: status["created_at"]
                )
            ]  # fmt: skip
            if node["_statuses"]:
                state = node["_statuses"][-1]["state"]
                node["state"] = "ACTIVE" if state == "SUCCESS" else state
            self.deployments.append(node)

    def _read_runs(self, runs: list[Any], jobs: list[Any]) -> None:
        by_run: dict[int, list[Any]] = {}
        for job in jobs:
            by_run.setdefault(job["run_id"], []).append(
                {key: value for key, value in job.items() if not key.startswith("_")}
            )
        for run in sorted(runs, key=lambda run: (run["created_at"], run["id"]), reverse=True):
            node = dict(run)
            # As recorded, but in the manner of `exclude_pull_requests`; actors are shown anew.
            node["pull_requests"] = []
            node["actor"] = self.catalog.account(run.get("actor"))
            node["triggering_actor"] = self.catalog.account(run.get("triggering_actor"))
            node["_jobs"] = by_run.pop(run["id"], [])
            self.runs.append(node)
        # Jobs of runs that were not recorded can still be asked for by the run's number.
        self.other_jobs = by_run


def _last_number(url: str) -> int:
    return int(url.rstrip("/").rsplit("/", 1)[-1])
