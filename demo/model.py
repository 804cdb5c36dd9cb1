"""What a company is made of: immutable facts with their times, so that any moment can be shown.

Two kinds of things live here. What GitHub would know (accounts, commits, pull requests, …) carries
the time of every change. What only the storyteller knows (`Shipment`, `Change`, `Incident`) says
what each deployment shipped and what went wrong; the truth is computed from these alone.
All times are aware datetimes in UTC with whole seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody or something that acts on GitHub; a deleted one is served as null."""

    id: str
    database_id: int
    login: str
    name: str
    email: str
    kind: str = "User"  # User or Bot
    is_deleted: bool = False
    is_bot_by_settings: bool = False
    created_at: datetime | None = None

    @property
    def is_bot(self) -> bool:
        """True for GitHub's bots and for those that only the settings call one."""
        return self.kind == "Bot" or self.is_bot_by_settings


@dataclass(frozen=True, slots=True)
class Membership:
    """An account in a team; role is MAINTAINER or MEMBER."""

    account: Account
    role: str


@dataclass(frozen=True, slots=True)
class Team:
    """A team, the team above it, its people, and its permission per repository name."""

    id: str
    database_id: int
    slug: str
    name: str
    parent_slug: str | None
    created_at: datetime
    members: tuple[Membership, ...]
    permissions: tuple[tuple[str, str], ...]  # (repository name, ADMIN | MAINTAIN | WRITE | READ)


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit; `pushed_at` is when GitHub got to know it, `pull_numbers` what it came with."""

    sha: str
    parents: tuple[str, ...]
    author: Account
    authored_at: datetime
    committed_at: datetime
    pushed_at: datetime
    message: str
    additions: int
    deletions: int
    changed_files: int
    has_account: bool = True  # False: the e-mail belongs to no account

    @property
    def headline(self) -> str:
        """The first line of the message."""
        return self.message.partition("\n")[0]


@dataclass(frozen=True, slots=True)
class Push:
    """The whole branch of a pull request after a push; a force-push replaces commits."""

    at: datetime
    shas: tuple[str, ...]
    is_forced: bool = False


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment in a conversation, or on changed lines."""

    id: str
    database_id: int
    author: Account | None
    created_at: datetime
    body: str


@dataclass(frozen=True, slots=True)
class Review:
    """A review with its comments on lines; a PENDING one has no `submitted_at`."""

    id: str
    database_id: int
    author: Account | None
    state: str
    created_at: datetime
    submitted_at: datetime | None
    commit_sha: str
    body: str
    comments: tuple[Comment, ...] = ()


@dataclass(frozen=True, slots=True)
class DraftTurn:
    """A turn between draft and ready: READY_FOR_REVIEW or CONVERT_TO_DRAFT."""

    id: str
    kind: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Labelling:
    """A label given to an issue or pull request, for good."""

    name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class PullRequest:
    """A pull request with everything that ever happened to it."""

    id: str
    database_id: int
    number: int
    title: str
    body: str
    author: Account
    base_ref: str
    head_ref: str
    created_at: datetime
    pushes: tuple[Push, ...]
    touched: tuple[datetime, ...]  # times of all events, ascending: updatedAt as of any moment
    opened_as_draft: bool = False
    draft_turns: tuple[DraftTurn, ...] = ()
    reviews: tuple[Review, ...] = ()
    comments: tuple[Comment, ...] = ()
    labels: tuple[Labelling, ...] = ()
    closes: tuple[int, ...] = ()
    merged_at: datetime | None = None
    merged_by: Account | None = None
    merge_commit_sha: str | None = None
    merge_method: str | None = None  # squash, merge or rebase
    closed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Closing:
    """One closing of an issue, and the reopening that followed, if any."""

    at: datetime
    reason: str = "COMPLETED"
    reopened_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Issue:
    """An issue; its closings are in order, only the last can be without a reopening."""

    id: str
    database_id: int
    number: int
    title: str
    body: str
    author: Account
    created_at: datetime
    touched: tuple[datetime, ...]
    assignees: tuple[Account, ...] = ()
    labels: tuple[Labelling, ...] = ()
    comments: tuple[Comment, ...] = ()
    closings: tuple[Closing, ...] = ()


@dataclass(frozen=True, slots=True)
class Status:
    """One status of a deployment, GraphQL spelling (QUEUED, IN_PROGRESS, SUCCESS, …)."""

    id: str
    database_id: int
    state: str
    at: datetime
    creator: Account


@dataclass(frozen=True, slots=True)
class Deployment:
    """A GitHub deployment with its history of statuses, oldest first."""

    id: str
    database_id: int
    environment: str
    ref: str
    sha: str
    creator: Account
    created_at: datetime
    statuses: tuple[Status, ...]
    task: str = "deploy"


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag, there from `created_at`; an annotated one has a date and an object of its own."""

    name: str
    sha: str
    created_at: datetime
    is_annotated: bool
    tagger: Account
    object_sha: str


@dataclass(frozen=True, slots=True)
class Release:
    """A release; a draft until `published_at`, for ever if that is None."""

    id: str
    database_id: int
    tag_name: str
    name: str
    author: Account
    created_at: datetime
    published_at: datetime | None
    is_prerelease: bool = False


@dataclass(frozen=True, slots=True)
class Job:
    """A job of one attempt of a workflow run."""

    database_id: int
    name: str
    created_at: datetime
    started_at: datetime
    completed_at: datetime
    conclusion: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt of a workflow run."""

    number: int
    actor: Account
    started_at: datetime
    completed_at: datetime
    conclusion: str
    jobs: tuple[Job, ...]


@dataclass(frozen=True, slots=True)
class WorkflowRun:
    """A run of a workflow with its attempts, in order."""

    database_id: int
    workflow_id: int
    name: str
    path: str
    event: str
    branch: str
    sha: str
    run_number: int
    actor: Account
    created_at: datetime
    attempts: tuple[Attempt, ...]


@dataclass(frozen=True, slots=True)
class BranchHead:
    """A long-lived branch other than the default one pointing to a commit from `at` on."""

    name: str
    at: datetime
    sha: str


@dataclass(frozen=True, slots=True)
class Change:
    """Something that gets shipped: a merged pull request, or a commit pushed to the default branch.

    `id` is the pull request's node id, or the commit's sha; `reverts` the id of the change undone.
    """

    kind: str  # pull_request or commit
    id: str
    sha: str
    first_commit_at: datetime
    merged_at: datetime
    is_bot: bool = False
    is_hotfix: bool = False
    reverts: str | None = None
    closes: tuple[int, ...] = ()  # numbers of the issues it resolves
    is_into_default_branch: bool = True


@dataclass(frozen=True, slots=True)
class Shipment:
    """A successful deployment to production as the storyteller remembers it.

    `changes` are those that reached this environment with it for the first time.

    `deployment_id` is the node id of the deployment or release, or `<repository id>:tag:<name>`.
    `known_at` is when it could be seen from outside (a light tag dates itself by its commit).
    """

    deployment_id: str
    environment: str
    commit_sha: str
    finished_at: datetime
    known_at: datetime
    changes: tuple[Change, ...]
    is_rollback: bool = False
    is_first: bool = False
    swallowed: tuple[str, ...] = ()  # ids of changes that a first deployment had in it already


@dataclass(frozen=True, slots=True)
class Blame:
    """From `said_at` on, the incident's texts name something that this deployment shipped."""

    deployment_id: str
    said_at: datetime


@dataclass(frozen=True, slots=True)
class Incident:
    """An issue that is an incident from `labelled_at` on."""

    number: int
    issue_id: str
    opened_at: datetime
    labelled_at: datetime
    closings: tuple[Closing, ...] = ()
    blames: tuple[Blame, ...] = ()


@dataclass(frozen=True, slots=True)
class RepositoryStory:
    """A repository, all that happened in it until the end of the story, and what it meant."""

    id: str
    database_id: int
    owner: str
    name: str
    description: str
    habit: str
    default_branch: str
    language: str | None
    topics: tuple[str, ...]
    created_at: datetime
    is_private: bool = True
    is_fork: bool = False
    archived_at: datetime | None = None
    commits: dict[str, Commit] = field(default_factory=dict)
    commit_pulls: dict[str, int] = field(default_factory=dict)  # sha → number it came in with
    main: tuple[str, ...] = ()  # the default branch's first-parent line, oldest first
    branches: tuple[BranchHead, ...] = ()
    pulls: tuple[PullRequest, ...] = ()
    issues: tuple[Issue, ...] = ()
    labels: tuple[tuple[str, str, bool], ...] = ()  # name, color, is_default
    deployments: tuple[Deployment, ...] = ()
    tags: tuple[Tag, ...] = ()
    releases: tuple[Release, ...] = ()
    runs: tuple[WorkflowRun, ...] = ()
    has_deployment_source: bool = False
    shipments: tuple[Shipment, ...] = ()
    incidents: tuple[Incident, ...] = ()
    merged: tuple[Change, ...] = ()  # every merged pull request and direct push, oldest first

    @property
    def full_name(self) -> str:
        """owner/name."""
        return f"{self.owner}/{self.name}"


@dataclass(frozen=True, slots=True)
class Owner:
    """The account that owns the repositories: an Organization, or a User."""

    id: str
    database_id: int
    login: str
    name: str
    kind: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Period:
    """First day and the day after the last, in the organization's time zone."""

    start: date
    end: date
