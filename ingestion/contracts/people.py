"""Which columns of the raw tables tell of people: what an erasure replaces.

A test holds this against the contracts: a column that looks like a person's and is not named here
fails it.
"""

from __future__ import annotations

from dataclasses import dataclass

from ingestion.contracts.tables import RAW_SCHEMAS


@dataclass(frozen=True)
class Actor:
    """Columns of a row that tell of one person; each may be missing."""

    id: str | None = None
    login: str | None = None
    name: str | None = None
    emails: tuple[str, ...] = ()
    emptied: tuple[str, ...] = ()
    """Set to null when the person is an erased one: what they wrote, what else tells of them."""


@dataclass(frozen=True)
class PeopleColumns:
    """All columns of one table that tell of people."""

    actors: tuple[Actor, ...] = ()
    ids: tuple[str, ...] = ()
    """Lists (json) of account ids."""
    logins: tuple[str, ...] = ()
    """Lists (json) of logins."""
    prose: tuple[str, ...] = ()
    """Texts and names of branches, in which somebody may be mentioned."""


def _signed(*prose: str, id_: str | None = None, login: str | None = None) -> PeopleColumns:
    actor = Actor(id=id_, login=login, name="author_name", emails=("author_email",))
    return PeopleColumns((actor,), prose=prose)


def _of(*actors: Actor, prose: tuple[str, ...] = (), **lists: tuple[str, ...]) -> PeopleColumns:
    return PeopleColumns(actors, prose=prose, **lists)


_GITHUB_AUTHOR = Actor(id="author_id", login="author_login")
_GITHUB_WRITER = Actor(id="author_id", login="author_login", emptied=("body",))
_GITLAB_AUTHOR = Actor(id="author_id", login="author_username")
_GITLAB_WRITER = Actor(id="author_id", login="author_username", emptied=("body",))

_GITHUB = {
    "team_members": _of(Actor(id="user_id", login="user_login")),
    "users": _of(
        Actor(
            id="id",
            login="login",
            name="name",
            emails=("public_email",),
            emptied=("database_id",),
        )
    ),
    "repositories": _of(prose=("default_branch",)),
    "commits": _signed("message_headline", id_="author_id", login="author_login"),
    "pull_requests": _of(
        _GITHUB_WRITER,
        Actor(login="merged_by_login"),
        prose=("title", "body", "base_ref_name", "head_ref_name"),
        # A branch that begins with a login such as jane-2 looks like one that names an issue.
        logins=("issue_keys",),
    ),
    "pull_request_commits": _signed("message_headline", id_="author_id", login="author_login"),
    "pull_request_reviews": _of(_GITHUB_AUTHOR),
    "pull_request_review_comments": _of(_GITHUB_WRITER, prose=("body",)),
    "issue_comments": _of(_GITHUB_WRITER, prose=("body",)),
    "issues": _of(_GITHUB_WRITER, prose=("title", "body"), logins=("assignee_logins",)),
    "releases": _of(_GITHUB_AUTHOR, prose=("name",)),
    "deployments": _of(Actor(login="creator_login"), prose=("ref_name",)),
    "deployment_statuses": _of(Actor(login="creator_login")),
    "workflow_runs": _of(Actor(login="actor_login"), prose=("head_branch",)),
    "workflow_jobs": _of(prose=("head_branch",)),
}

_GITLAB = {
    "group_members": _of(Actor(id="user_id", login="username")),
    "users": _of(
        Actor(id="id", login="username", name="name", emails=("public_email", "commit_email"))
    ),
    "projects": _of(prose=("default_branch",)),
    "commits": _signed("message_headline"),
    "merge_requests": _of(
        _GITLAB_WRITER,
        Actor(login="merged_by_username"),
        prose=("title", "body", "target_branch", "source_branch"),
        logins=("issue_keys",),
    ),
    "merge_request_commits": _signed("message_headline"),
    "merge_request_notes": _of(_GITLAB_WRITER, prose=("body",)),
    "merge_request_approvals": _of(Actor(id="user_id", login="username")),
    "issues": _of(_GITLAB_WRITER, prose=("title", "body"), ids=("assignee_ids",)),
    "releases": _of(_GITLAB_AUTHOR, prose=("name",)),
    "deployments": _of(Actor(login="creator_username"), prose=("ref_name",)),
    "pipelines": _of(prose=("name", "ref_name")),
    "jobs": _of(Actor(login="username"), prose=("ref_name",)),
}

_JIRA = {
    "projects": _of(Actor(id="lead_account_id")),
    "boards": _of(prose=("name",)),
    "users": _of(Actor(id="id", name="name", emails=("email",), emptied=("time_zone",))),
    "issues": _of(
        Actor(id="creator_id", emptied=("body",)),
        Actor(id="reporter_id", emptied=("body",)),
        Actor(id="assignee_id"),
        prose=("title", "body"),
    ),
    "issue_changes": _of(
        Actor(id="author_id"),
        Actor(id="from_value", name="from_text"),
        Actor(id="to_value", name="to_text"),
        prose=("from_value", "from_text", "to_value", "to_text"),
    ),
    "worklogs": _of(Actor(id="author_id")),
    "remote_links": _of(prose=("url", "title")),
}

PEOPLE_COLUMNS: dict[tuple[str, str], PeopleColumns] = {
    (schema, name): columns
    for schema, tables in zip(RAW_SCHEMAS, (_GITHUB, _GITLAB, _JIRA), strict=True)
    for name, columns in tables.items()
}
