"""Endpoints of the repository and of everything that is run and shipped from it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from demo.gitlab_catalog import Node, Ordered, ProjectView
from demo.gitlab_rest import Asked, Listed, RestError, bad_parameter, not_found, route, shown
from demo.gitlab_work import short_pipeline

_PIPELINE_STATES = (
    "created", "waiting_for_resource", "preparing", "waiting_for_callback", "pending", "running",
    "success", "failed", "canceling", "canceled", "skipped", "manual", "scheduled",
)  # fmt: skip
_DEPLOYMENT_STATES = ("created", "running", "success", "failed", "canceled", "skipped", "blocked")
_DEPLOYMENT_ORDERS = ("id", "iid", "created_at", "updated_at", "finished_at", "ref")
_FINISHED = ("success", "failed", "canceled", "skipped")


# Commits


def _seconds(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()


@route("projects/:id/repository/commits")
def _commits(asked: Asked, text: str) -> Any:
    view = asked.project(text, "repository")
    since, until = _seconds(asked.moment("since")), _seconds(asked.moment("until"))
    name = asked.text("ref_name")
    if asked.flag("all"):
        shas = view.history(*view.heads())
    else:
        name = name or view.node["default_branch"]
        if name is None:
            return Listed([], is_counted=False)
        starts = [view.find_sha(one) for one in name.split("..")]
        if None in starts:  # an unknown ref: git finds nothing, GitLab says so
            if asked.text("ref_name") is None:
                return Listed([], is_counted=False)
            raise not_found("Commit")
        shas = view.history(starts[-1] or "")
        if len(starts) == 2:  # base..head
            known = set(view.history(starts[0] or ""))
            shas = [sha for sha in shas if sha not in known]
    if asked.flag("first_parent") and shas:
        line = [shas[0]]
        while (commit := view.commit(line[-1])) and commit["parent_ids"]:
            if view.commit(commit["parent_ids"][0]) is None:
                break
            line.append(commit["parent_ids"][0])
        shas = line
    path = asked.text("path")
    if path:
        shas = [sha for sha in shas if _touches(view, sha, path)]
    rows: list[str] = shas
    if since is not None or until is not None:
        low, high = since or 0.0, until if until is not None else float("inf")
        rows = [sha for sha in shas if low <= (view.commit(sha) or {})["_at"] <= high]
    with_stats = asked.flag("with_stats")

    def show(sha: str) -> Node:
        commit = view.commit(sha)
        assert commit is not None
        found = shown(commit)
        if not with_stats:
            found.pop("stats", None)
        return found

    return Listed(rows, show, is_counted=False)


def _touches(view: ProjectView, sha: str, path: str) -> bool:
    wanted = path.rstrip("/")
    return any(
        name == wanted or name.startswith(wanted + "/")
        for change in view.changes(sha)
        for name in (change["old_path"], change["new_path"])
    )


def _commit_of(asked: Asked, text: str, ref: str) -> tuple[ProjectView, Node]:
    view = asked.project(text, "repository")
    sha = view.find_sha(ref)
    commit = view.commit(sha) if sha else None
    if commit is None:
        raise not_found("Commit")
    return view, commit


@route("projects/:id/repository/commits/:sha")
def _commit(asked: Asked, text: str, ref: str) -> Any:
    view, commit = _commit_of(asked, text, ref)
    runs = view.pipelines_at(commit["id"])
    found = {
        **shown(commit), "status": runs[0]["status"] if runs else None,
        "project_id": view.node["id"], "last_pipeline": short_pipeline(runs[0]) if runs else None,
    }  # fmt: skip
    if not asked.flag("stats", True):
        found.pop("stats", None)
    return found


@route("projects/:id/repository/commits/:sha/diff")
def _diff(asked: Asked, text: str, ref: str) -> Any:
    view, commit = _commit_of(asked, text, ref)
    return Listed(view.changes(commit["id"]))


@route("projects/:id/repository/commits/:sha/merge_requests")
def _commit_merge_requests(asked: Asked, text: str, ref: str) -> Any:
    view, commit = _commit_of(asked, text, ref)
    return Listed(view.merge_requests_of(commit["id"]))


@route("projects/:id/repository/commits/:sha/refs")
def _refs(asked: Asked, text: str, ref: str) -> Any:
    view, commit = _commit_of(asked, text, ref)
    which = asked.choice("type", ("branch", "tag", "all"), "all")
    rows = [
        {"type": kind, "name": row["name"]}
        for kind, plural in (("branch", "branches"), ("tag", "tags"))
        if which in (kind, "all")
        for row in view.rows(plural)
        if commit["id"] in view.history(row["commit"]["id"])
    ]
    return Listed(rows)


@route("projects/:id/repository/branches")
def _branches(asked: Asked, text: str) -> Any:
    view = asked.project(text, "repository")
    return Listed(view.ordered("branches", "name", False).rows)


@route("projects/:id/repository/branches/:branch")
def _branch(asked: Asked, text: str, branch: str) -> Any:
    found = asked.project(text, "repository").find("branches", branch, "name")
    if found is None:
        raise not_found("Branch")
    return shown(found)


@route("projects/:id/repository/tags")
def _tags(asked: Asked, text: str) -> Any:
    view = asked.project(text, "repository")
    field = asked.choice("order_by", ("name", "updated", "version"), "updated")
    is_descending = asked.choice("sort", ("asc", "desc"), "desc") == "desc"
    search = asked.text("search") or ""
    rows = [row for row in view.rows("tags") if search.strip("^$") in row["name"]]
    return Listed(Ordered(rows, "_date" if field == "updated" else "name", is_descending).rows)


@route("projects/:id/repository/tags/:name")
def _tag(asked: Asked, text: str, name: str) -> Any:
    found = asked.project(text, "repository").find("tags", name, "name")
    if found is None:
        raise not_found("Tag")
    return shown(found)


@route("projects/:id/releases")
def _releases(asked: Asked, text: str) -> Any:
    view = asked.project(text, "releases")
    field, is_descending = asked.order(("released_at", "created_at"), "released_at", "desc")
    return Listed(view.ordered("releases", field, is_descending).rows)


@route("projects/:id/releases/:tag_name")
def _release(asked: Asked, text: str, name: str) -> Any:
    found = asked.project(text, "releases").find("releases", name, "tag_name")
    if found is None:
        raise not_found()
    return shown(found)


# Environments and deployments


@route("projects/:id/environments", needs_user=True)
def _environments(asked: Asked, text: str) -> Any:
    view = asked.project(text, "environments")
    name, state = asked.text("name"), asked.text("states")
    rows = [
        row for row in view.ordered("environments", "id", False).rows
        if (name is None or row["name"] == name) and (state is None or row["state"] == state)
    ]  # fmt: skip
    return Listed(rows)


@route("projects/:id/environments/:environment_id", needs_user=True)
def _environment(asked: Asked, text: str, number: str) -> Any:
    view = asked.project(text, "environments")
    row = asked.row(view, "environments", number)
    own = [
        one for one in view.ordered("deployments", "id", True).rows
        if one["environment"]["id"] == row["id"] and one["status"] == "success"
    ]  # fmt: skip
    return {**shown(row), "last_deployment": shown(own[0]) if own else None}


def _inefficient(reason: str) -> RestError:
    return RestError(400, f"400 Bad request - {reason}")


@route("projects/:id/deployments", needs_user=True)
def _deployments(asked: Asked, text: str) -> Any:
    """Filters and orders must fit together: the rules of GitLab's DeploymentsFinder."""
    view = asked.project(text, "environments")
    field, is_descending = asked.order(_DEPLOYMENT_ORDERS, "id", "asc")
    updated = asked.stamp("updated_after"), asked.stamp("updated_before")
    finished = asked.stamp("finished_after"), asked.stamp("finished_before")
    status = asked.choice("status", ("", *_DEPLOYMENT_STATES), "")
    if any(updated) and any(finished):
        raise _inefficient("Both `updated_at` filter and `finished_at` filter can not be specified")
    if any(updated) != (field == "updated_at"):
        raise _inefficient("`updated_at` filter and `updated_at` sorting must be paired")
    if any(finished) != (field == "finished_at"):
        raise _inefficient("`finished_at` filter and `finished_at` sorting must be paired")
    if any(finished) and status != "success":
        raise _inefficient("`finished_at` filter must be combined with `success` status filter.")
    column = {"iid": "id", "created_at": "id", "finished_at": "_finished_at"}.get(field, field)
    ordered = view.ordered("deployments", column, is_descending)
    rows = ordered.between(*(updated if any(updated) else finished))
    environment = asked.text("environment")
    rows = [
        row for row in rows
        if (not status or row["status"] == status)
        and (environment is None or row["environment"]["name"] == environment)
        and (field != "finished_at" or row.get("_finished_at"))
    ]  # fmt: skip
    return Listed(rows)


@route("projects/:id/deployments/:deployment_id", needs_user=True)
def _deployment(asked: Asked, text: str, number: str) -> Any:
    view = asked.project(text, "environments")
    return shown(asked.row(view, "deployments", number))


@route("projects/:id/deployments/:deployment_id/merge_requests", needs_user=True)
def _deployed(asked: Asked, text: str, number: str) -> Any:
    view = asked.project(text, "environments")
    row = asked.row(view, "deployments", number)
    earlier = [
        one for one in view.ordered("deployments", "id", True).rows
        if one["id"] < row["id"] and one["environment"]["id"] == row["environment"]["id"]
        and one["status"] == "success"
    ]  # fmt: skip
    known = set(view.history(earlier[0]["sha"])) if earlier else set()
    shas = set(view.history(row["sha"])) - known
    names = ("merge_commit_sha", "squash_commit_sha", "sha")
    rows = [
        one for one in view.rows("merge_requests")
        if one["state"] == "merged" and any(one[name] in shas for name in names)
    ]  # fmt: skip
    return Listed(rows)


# Pipelines and jobs


@route("projects/:id/pipelines")
def _pipelines(asked: Asked, text: str) -> Any:
    view = asked.project(text, "builds")
    orders = ("id", "status", "ref", "updated_at", "user_id")
    field, is_descending = asked.order(orders, "id", "desc")
    column = {"user_id": "id"}.get(field, field)
    ordered = view.ordered("pipelines", column, is_descending)
    updated = asked.stamp("updated_after"), asked.stamp("updated_before")
    is_by_time = field == "updated_at"
    rows = ordered.between(*updated) if is_by_time else ordered.rows
    status = asked.choice("status", ("", *_PIPELINE_STATES), "")
    scope = asked.choice("scope", ("", "running", "pending", "finished", "branches", "tags"), "")
    after, before = asked.stamp("created_after"), asked.stamp("created_before")
    wanted = {name: asked.text(name) for name in ("ref", "sha", "source", "name")}
    rows = [
        row for row in rows
        if (is_by_time or _is_between(row.get("updated_at"), *updated))
        and _is_between(row.get("created_at"), after, before)
        and (not status or row["status"] == status)
        and (not scope or _in_scope(row, scope))
        and all(value is None or row.get(name) == value for name, value in wanted.items())
        and (row.get("source") != "parent_pipeline" or wanted["source"] == "parent_pipeline")
    ]  # fmt: skip
    return Listed(rows, short_pipeline)


def _is_between(value: str | None, after: str | None, before: str | None) -> bool:
    if value is None:
        return after is None and before is None
    return (after is None or value >= after) and (before is None or value <= before)


def _in_scope(row: Node, scope: str) -> bool:
    if scope == "finished":
        return row["status"] in _FINISHED
    if scope in ("branches", "tags"):
        return bool(row.get("tag")) == (scope == "tags")
    return bool(row["status"] == scope)


@route("projects/:id/pipelines/:pipeline_id")
def _pipeline(asked: Asked, text: str, number: str) -> Any:
    return shown(asked.row(asked.project(text, "builds"), "pipelines", number))


def _scopes(asked: Asked) -> set[str]:
    """The statuses asked for by scope=… or scope[]=…; 400 if one does not exist."""
    found = set(asked.lists.get("scope", ()))
    if asked.query.get("scope"):
        found.add(asked.query["scope"])
    if found - set(_PIPELINE_STATES):
        raise bad_parameter("scope")
    return found


@route("projects/:id/pipelines/:pipeline_id/jobs")
def _pipeline_jobs(asked: Asked, text: str, number: str) -> Any:
    view = asked.project(text, "builds")
    pipeline = asked.row(view, "pipelines", number)
    scopes, with_retried = _scopes(asked), asked.flag("include_retried")
    rows = [
        row for row in view.jobs_of(pipeline["id"])
        if (with_retried or not row.get("_is_retried")) and (not scopes or row["status"] in scopes)
    ]  # fmt: skip
    return Listed(rows)


@route("projects/:id/jobs", needs_user=True)
def _jobs(asked: Asked, text: str) -> Any:
    view = asked.project(text, "builds")
    scopes = _scopes(asked)
    rows = view.ordered("jobs", "id", True).rows
    if scopes:
        rows = [row for row in rows if row["status"] in scopes]
    return Listed(rows, keyset="Ci::Build", keyset_orders=("id",), keyset_directions=("desc",),
                  is_counted=False)  # fmt: skip


@route("projects/:id/jobs/:job_id", needs_user=True)
def _job(asked: Asked, text: str, number: str) -> Any:
    return shown(asked.row(asked.project(text, "builds"), "jobs", number))
