"""What a company is made of: immutable facts with their times, so that any moment can be shown.

Two kinds of things live here. What GitHub or GitLab would know (accounts, commits, pull requests,
…) carries the time of every change. What only the storyteller knows (`Shipment`, `Change`,
`Incident`) says what each deployment shipped and what went wrong; the truth is computed from these.
All times are aware datetimes in UTC with whole seconds. What Jira would know: planning_model.py.

For the API servers, `Company` (company.py) has: `stories` (each with its `source`; GitLab's
`gitlab_stories` alone), `groups` and `gitlab_accounts` for GitLab, `jira` (a JiraSite). All hold
the whole story; a server shows it as of its clock.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

from demo.planning_model import JiraIssue, JiraRemoteLink


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody or something that acts on GitHub or GitLab.

    GitHub: `id` is the node id, a deleted one is served as null. GitLab: `id` is the number
    (`database_id`) as text, `login` the username, `is_bot` from `kind`, nobody is deleted but
    somebody may be blocked. `person` is the same text for all accounts of one person (or bot) on
    all sources. `email` is what commits carry most often; `public_email` is what the profile shows;
    `signatures` are the (name, e-mail) pairs that the owner's commits carry, the usual one first;
    `registered` are the addresses by which GitHub finds the account of a commit.
    """

    id: str
    database_id: int
    login: str
    name: str
    email: str
    kind: str = "User"  # User or Bot
    is_deleted: bool = False
    is_bot_by_settings: bool = False
    created_at: datetime | None = None
    source: str = "github"  # github or gitlab
    person: str = ""
    public_email: str | None = None
    signatures: tuple[tuple[str, str], ...] = ()
    registered: tuple[str, ...] = ()
    blocked_at: datetime | None = None

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
class GroupMember:
    """A GitLab account that is a direct member of a group from `since` on.

    `access_level`: 10 guest, 20 reporter, 30 developer, 40 maintainer, 50 owner.
    """

    account: Account
    access_level: int
    since: datetime
    until: datetime | None = None  # removed: the API no longer tells


@dataclass(frozen=True, slots=True)
class Group:
    """A GitLab group with its direct members; `parent_id` is None at the top."""

    id: int
    path: str  # the last part
    full_path: str
    name: str
    parent_id: int | None
    created_at: datetime
    members: tuple[GroupMember, ...]


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit; `pushed_at` is when the source got to know it.

    `written_name` and `written_email` are what the commit itself says of its author: all that
    GitLab tells. On GitHub `has_account` says whether it finds the author's account by the e-mail.
    """

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
    signature: tuple[str, str] | None = None  # name and e-mail; None: the account's own

    @property
    def written_name(self) -> str:
        """The author's name in the commit."""
        return self.signature[0] if self.signature else self.author.name

    @property
    def written_email(self) -> str:
        """The author's e-mail in the commit."""
        return self.signature[1] if self.signature else self.author.email

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
    """A review with its comments on lines; a PENDING one has no `submitted_at`.

    On GitLab an APPROVED one is an approval with its system note (`database_id` is the note's id),
    a CHANGES_REQUESTED one the system note "requested changes"; COMMENTED leaves nothing of its
    own, PENDING nothing at all. Its comments are notes (DiffNote); `body` is empty, since GitLab
    has no text of a review. An approval stands until `withdrawn_at` ("unapproved …", a system note
    with the id `withdrawn_note_id`).
    """

    id: str
    database_id: int
    author: Account | None
    state: str
    created_at: datetime
    submitted_at: datetime | None
    commit_sha: str
    body: str
    comments: tuple[Comment, ...] = ()
    withdrawn_at: datetime | None = None
    withdrawn_note_id: int = 0


@dataclass(frozen=True, slots=True)
class DraftTurn:
    """A turn between draft and ready: READY_FOR_REVIEW or CONVERT_TO_DRAFT.

    On GitLab a system note with the id `database_id`: "marked this merge request as **ready**" or
    "… **draft**", by the author. A draft's title begins with "Draft: " as long as it is one.
    """

    id: str
    kind: str
    at: datetime
    database_id: int = 0


@dataclass(frozen=True, slots=True)
class Labelling:
    """A label given to an issue or pull request, for good."""

    name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class PullRequest:
    """A pull request, or a GitLab merge request, with everything that ever happened to it.

    GitLab: `id` is the global id as text, `number` the iid (merge requests are numbered apart from
    issues). `merge_method` is merge (a merge commit), ff (the branch rebased by a last forced push,
    then fast-forwarded: no commit of its own, `merge_commit_sha` is None), squash (squash commit,
    fast-forwarded: `squash_commit_sha` only) or squash_merge (`squash_commit_sha` and a merge
    commit on top of it). Merging and closing leave system notes; ids for them are up to the server.
    """

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
    squash_commit_sha: str | None = None  # GitLab


@dataclass(frozen=True, slots=True)
class Closing:
    """One closing of an issue, and the reopening that followed, if any."""

    at: datetime
    reason: str = "COMPLETED"
    reopened_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Issue:
    """An issue; its closings are in order, only the last can be without a reopening.

    GitLab: `kind` is its type (issue or incident), `severity` that of an incident.
    """

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
    kind: str = "issue"
    severity: str | None = None


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
    """A deployment with its history of statuses, oldest first.

    GitLab shows the last status only: QUEUED is created, IN_PROGRESS running, FAILURE failed, ERROR
    canceled (there is no INACTIVE). `job_id` is the job that did it, with exactly the statuses'
    times: created with the deployment, started at IN_PROGRESS, finished at the last one; None for a
    deployment made through the API, whose `updated_at` is the time of its last status.
    """

    id: str
    database_id: int
    environment: str
    ref: str
    sha: str
    creator: Account
    created_at: datetime
    statuses: tuple[Status, ...]
    task: str = "deploy"
    job_id: int | None = None  # GitLab


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
    """A release; a draft until `published_at`, for ever if that is None.

    GitLab knows neither drafts nor prereleases: created and released at `published_at`.
    """

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
    """A job of one attempt of a workflow run, or of a GitLab pipeline (conclusion as GitHub's)."""

    database_id: int
    name: str
    created_at: datetime
    started_at: datetime
    completed_at: datetime
    conclusion: str  # success, failure or cancelled
    stage: str = "test"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt of a workflow run; on GitLab the second holds only the jobs that were retried."""

    number: int
    actor: Account
    started_at: datetime
    completed_at: datetime
    conclusion: str
    jobs: tuple[Job, ...]


@dataclass(frozen=True, slots=True)
class WorkflowRun:
    """A run of a workflow with its attempts, in order; on GitLab a pipeline.

    Pipeline: id `database_id`, iid `run_number`, `event` is the source (push,
    merge_request_event, web), `branch` the ref.
    """

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
    fixes: tuple[str, ...] = ()  # ids of the incidents of Jira that it names
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
    """An issue that is an incident from `labelled_at` on; one of Jira has no number (0)."""

    number: int
    issue_id: str
    opened_at: datetime
    labelled_at: datetime
    closings: tuple[Closing, ...] = ()
    blames: tuple[Blame, ...] = ()
    source: str = ""  # the source that the issue is in; empty: the repository's


@dataclass(frozen=True, slots=True)
class Mention:
    """A pull request that names an issue of Jira, and where: branch, title, text, commit or
    remote_link (from Jira to the pull request)."""

    pull_id: str
    issue_id: str
    key: str  # the issue's at the time
    method: str
    at: datetime


@dataclass(frozen=True, slots=True)
class RepositoryStory:
    """A repository, all that happened in it until the end of the story, and what it meant.

    `source` says where it lives. GitLab: `id` is the project's number as text, `owner` the full
    path of its group (`group_id`), so `full_name` is the path with namespace. `jira_issues` are
    the incidents that its people keep in Jira, complete.
    """

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
    source: str = "github"
    group_id: int | None = None
    merge_method: str = "squash"  # GitLab: as in PullRequest
    mentions: tuple[Mention, ...] = ()
    remote_links: tuple[tuple[str, JiraRemoteLink], ...] = ()  # (issue id, link)
    jira_issues: tuple[JiraIssue, ...] = ()

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
