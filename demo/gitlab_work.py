"""Endpoints of merge requests and issues, of a project and of a group."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from demo.gitlab_catalog import Node, Ordered, ProjectView, payload
from demo.gitlab_people import basic
from demo.gitlab_rest import Asked, Listed, bad_parameter, not_found, route, shown

_MR_ORDERS = ("created_at", "label_priority", "merged_at", "milestone_due", "popularity",
              "priority", "title", "updated_at")  # fmt: skip
_ISSUE_ORDERS = ("created_at", "due_date", "label_priority", "milestone_due", "popularity",
                 "priority", "relative_position", "title", "updated_at", "weight")  # fmt: skip
_MR_STATES = ("opened", "closed", "locked", "merged", "all")
Test = Callable[[Node], bool]


def _common_tests(asked: Asked, states: tuple[str, ...]) -> list[Test]:
    """The filters that merge requests and issues share."""
    tests: list[Test] = []
    state = asked.choice("state", states, "all")
    if state != "all":
        tests.append(_is("state", state))
    labels = asked.text("labels")
    if labels:
        wanted = set(labels.split(","))
        tests.append(lambda row: wanted <= set(row["labels"]))
    iids = {int(one) for one in asked.lists.get("iids", ()) if one.isdigit()}
    if iids:
        tests.append(lambda row: row["iid"] in iids)
    author = asked.number("author_id")
    if author is not None:
        tests.append(lambda row: (row["author"] or {}).get("id") == author)
    username = asked.text("author_username")
    if username:
        tests.append(lambda row: (row["author"] or {}).get("username") == username)
    return tests


def _time_tests(asked: Asked, ordered_by: str) -> list[Test]:
    """The filters by time, without those of the column the rows are ordered by."""
    tests: list[Test] = []
    for column in ("created", "updated"):
        after, before = asked.stamp(f"{column}_after"), asked.stamp(f"{column}_before")
        field = f"{column}_at"
        if field != ordered_by and (after or before):
            tests.append(_within(field, after, before))
    return tests


def _selected(asked: Asked, ordered: Ordered, field: str, tests: list[Test]) -> list[Node]:
    after = before = None
    if field in ("created_at", "updated_at"):
        name = field.removesuffix("_at")
        after, before = asked.stamp(f"{name}_after"), asked.stamp(f"{name}_before")
    rows = ordered.between(after, before)
    return [row for row in rows if all(test(row) for test in tests)] if tests else rows


def _merge_requests(asked: Asked, source: Callable[[str, bool], Ordered]) -> Listed:
    field, is_descending = asked.order(_MR_ORDERS, "created_at", "desc")
    tests = _common_tests(asked, _MR_STATES) + _time_tests(asked, field)
    for name in ("source_branch", "target_branch"):
        branch = asked.text(name)
        if branch:
            tests.append(_is(name, branch))
    wip = asked.choice("wip", ("", "yes", "no"), "")
    if wip:
        tests.append(_is("draft", wip == "yes"))
    for name, is_after in (("merged_after", True), ("merged_before", False)):
        edge = asked.stamp(name)
        if edge:
            tests.append(_merged(edge, is_after))
    simple = asked.choice("view", ("", "simple"), "") == "simple"
    rows = _selected(asked, source(field, is_descending), field, tests)
    return Listed(rows, _simple if simple else None)


def _merged(edge: str, is_after: bool) -> Test:
    def test(row: Node) -> bool:
        at = row["merged_at"]
        return at is not None and (at >= edge if is_after else at <= edge)

    return test


def _is(name: str, value: Any) -> Test:
    return lambda row: bool(row[name] == value)


def _within(name: str, after: str | None, before: str | None) -> Test:
    return lambda row: (not after or row[name] >= after) and (not before or row[name] <= before)


def _simple(row: Node) -> Node:
    names = ("id", "iid", "project_id", "title", "description", "state", "created_at",
             "updated_at", "web_url")  # fmt: skip
    row = payload(row)
    return {name: row[name] for name in names}


def _issues(asked: Asked, source: Callable[[str, bool], Ordered], is_project: bool) -> Listed:
    field, is_descending = asked.order(_ISSUE_ORDERS, "created_at", "desc")
    tests = _common_tests(asked, ("opened", "closed", "all")) + _time_tests(asked, field)
    kind = asked.choice(
        "issue_type", ("", "issue", "incident", "test_case", "requirement", "task"), ""
    )
    if kind:
        tests.append(_is("issue_type", kind))
    rows = _selected(asked, source(field, is_descending), field, tests)
    orders = ("created_at", "updated_at", "title", "weight", "due_date", "relative_position")
    # Keyset paging of a project's issues is documented since 18.3, without an end to offset paging.
    return Listed(rows, keyset="Issue" if is_project else None, keyset_orders=orders,
                  is_limited=False)  # fmt: skip


@route("groups/:id/merge_requests")
def _group_merge_requests(asked: Asked, text: str) -> Any:
    group = asked.group(text)["id"]
    archived = not asked.flag("non_archived", True)
    return _merge_requests(
        asked,
        lambda field, down: asked.catalog.group_rows(
            group, "merge_requests", field, down, archived
        ),
    )


@route("groups/:id/issues")
def _group_issues(asked: Asked, text: str) -> Any:
    group = asked.group(text)["id"]
    archived = not asked.flag("non_archived", True)
    return _issues(
        asked,
        lambda field, down: asked.catalog.group_rows(group, "issues", field, down, archived),
        False,
    )


@route("projects/:id/merge_requests")
def _project_merge_requests(asked: Asked, text: str) -> Any:
    view = asked.project(text, "merge_requests")
    return _merge_requests(asked, lambda field, down: view.ordered("merge_requests", field, down))


@route("projects/:id/issues")
def _project_issues(asked: Asked, text: str) -> Any:
    view = asked.project(text)
    if view.node.get("issues_access_level") == "disabled":
        return Listed([])  # the finder gives nothing, without a word
    return _issues(asked, lambda field, down: view.ordered("issues", field, down), True)


def _merge_request(asked: Asked, text: str, iid: str) -> tuple[ProjectView, Node]:
    view = asked.project(text, "merge_requests")
    return view, asked.row(view, "merge_requests", iid, "iid")


def _issue(asked: Asked, text: str, iid: str) -> tuple[ProjectView, Node]:
    view = asked.project(text, "issues")
    return view, asked.row(view, "issues", iid, "iid")


@route("projects/:id/merge_requests/:iid")
def _one_merge_request(asked: Asked, text: str, iid: str) -> Any:
    view, row = _merge_request(asked, text, iid)
    row = payload(row)
    pipelines = view.pipelines_at(row["sha"])
    head = pipelines[0] if pipelines else None
    return {
        **shown(row), "subscribed": False, "changes_count": row.get("_changes"),
        "latest_build_started_at": head and head.get("started_at"),
        "latest_build_finished_at": head and head.get("finished_at"),
        "first_deployed_to_production_at": None, "pipeline": None, "merge_error": None,
        "head_pipeline": head and shown(head),
        "diff_refs": {
            "base_sha": row.get("_base_sha"), "head_sha": row["sha"],
            "start_sha": row.get("_base_sha"),
        },
        "user": {"can_merge": False},
    }  # fmt: skip


@route("projects/:id/merge_requests/:iid/commits")
def _merge_request_commits(asked: Asked, text: str, iid: str) -> Any:
    view, row = _merge_request(asked, text, iid)
    return Listed(view.part("merge_requests", "commits", row), _bare)


def _bare(commit: Node) -> Node:
    return {key: value for key, value in commit.items() if key != "stats" and key[0] != "_"}


def _notes(asked: Asked, view: ProjectView, kind: str, row: Node) -> Listed:
    field, is_descending = asked.order(("created_at", "updated_at"), "created_at", "desc")
    rows = view.part(kind, "notes", row)
    which = asked.choice(
        "activity_filter", ("all_notes", "only_comments", "only_activity"), "all_notes"
    )
    if which != "all_notes":
        rows = [one for one in rows if one["system"] == (which == "only_activity")]
    return Listed(Ordered(rows, field, is_descending).rows)


@route("projects/:id/merge_requests/:iid/notes")
def _merge_request_notes(asked: Asked, text: str, iid: str) -> Any:
    view, row = _merge_request(asked, text, iid)
    return _notes(asked, view, "merge_requests", row)


@route("projects/:id/issues/:iid/notes")
def _issue_notes(asked: Asked, text: str, iid: str) -> Any:
    view, row = _issue(asked, text, iid)
    return _notes(asked, view, "issues", row)


@route("projects/:id/merge_requests/:iid/approvals", needs_user=True)
def _approvals(asked: Asked, text: str, iid: str) -> Any:
    view, row = _merge_request(asked, text, iid)
    row = payload(row)
    given = view.part("merge_requests", "approvals", row)
    kept = ("id", "iid", "project_id", "title", "description", "state", "created_at",
            "updated_at", "merge_status")  # fmt: skip
    return {
        **{key: row.get(key) for key in kept}, "approved": True, "approvals_required": 0,
        "approvals_left": 0, "require_password_to_approve": False,
        "approved_by": [shown(one) for one in given], "suggested_approvers": [],
        "approvers": [], "approver_groups": [], "user_has_approved": False,
        "user_can_approve": False, "approval_rules_left": [], "has_approval_rules": False,
        "merge_request_approvers_available": True, "multiple_approval_rules_available": True,
        "invalid_approvers_rules": [],
    }  # fmt: skip


@route("projects/:id/merge_requests/:iid/approval_state", needs_user=True)
def _approval_state(asked: Asked, text: str, iid: str) -> Any:
    view, row = _merge_request(asked, text, iid)
    given = view.part("merge_requests", "approvals", row)
    rule = {
        "id": row["id"], "name": "All Members", "rule_type": "any_approver",
        "report_type": None, "eligible_approvers": [], "approvals_required": 0, "users": [],
        "groups": [], "contains_hidden_groups": False, "section": None, "source_rule": None,
        "overridden": False, "code_owner": False, "approved": True,
        "approved_by": [one["user"] for one in given],
    }  # fmt: skip
    return {"approval_rules_overwritten": False, "rules": [rule]}


@route("projects/:id/merge_requests/:iid/resource_state_events", needs_user=True)
def _merge_request_events(asked: Asked, text: str, iid: str) -> Any:
    view, row = _merge_request(asked, text, iid)
    return Listed(view.part("merge_requests", "state_events", row))


@route("projects/:id/issues/:iid/resource_state_events", needs_user=True)
def _issue_events(asked: Asked, text: str, iid: str) -> Any:
    view, row = _issue(asked, text, iid)
    return Listed(view.part("issues", "state_events", row))


@route("projects/:id/merge_requests/:iid/closes_issues")
def _closes(asked: Asked, text: str, iid: str) -> Any:
    view, row = _merge_request(asked, text, iid)
    return Listed(view.part("merge_requests", "closes", row))


@route("projects/:id/merge_requests/:iid/pipelines")
def _merge_request_pipelines(asked: Asked, text: str, iid: str) -> Any:
    view, row = _merge_request(asked, text, iid)
    shas = [one["id"] for one in view.part("merge_requests", "commits", row)]
    return Listed([one for sha in shas for one in view.pipelines_at(sha)], short_pipeline)


def short_pipeline(row: Node) -> Node:
    """A pipeline as lists show it."""
    names = ("id", "iid", "project_id", "sha", "ref", "status", "source", "created_at",
             "updated_at", "web_url", "name")  # fmt: skip
    return {name: row.get(name) for name in names}


@route("projects/:id/merge_requests/:iid/participants")
def _participants(asked: Asked, text: str, iid: str) -> Any:
    view, row = _merge_request(asked, text, iid)
    people = [row["author"], *(one["author"] for one in view.part("merge_requests", "notes", row))]
    found = {one["id"]: one for one in people if one is not None}
    return Listed(list(found.values()), basic)


@route("projects/:id/issues/:iid")
def _one_issue(asked: Asked, text: str, iid: str) -> Any:
    _, row = _issue(asked, text, iid)
    return {**shown(row), "subscribed": False}


@route("projects/:id/issues/:iid/related_merge_requests")
def _related(asked: Asked, text: str, iid: str) -> Any:
    view, row = _issue(asked, text, iid)
    return Listed(view.part("issues", "related", row))


@route("projects/:id/issues/:iid/closed_by")
def _closed_by(asked: Asked, text: str, iid: str) -> Any:
    view, row = _issue(asked, text, iid)
    merge_requests = view.part("issues", "related", row)
    return Listed([
        one for one in merge_requests
        if any(issue["id"] == row["id"] for issue in view.part("merge_requests", "closes", one))
    ])  # fmt: skip


@route("projects/:id/labels")
def _labels(asked: Asked, text: str) -> Any:
    view = asked.project(text)
    rows = view.ordered("labels", "name", False).rows
    if not asked.flag("include_ancestor_groups", True):
        rows = [row for row in rows if row["is_project_label"]]
    show = None
    if not asked.flag("with_counts"):
        counts = ("open_issues_count", "closed_issues_count", "open_merge_requests_count")
        show = lambda row: {k: v for k, v in shown(row).items() if k not in counts}  # noqa: E731
    return Listed(rows, show)


@route("projects/:id/labels/:label_id")
def _label(asked: Asked, text: str, label: str) -> Any:
    view = asked.project(text)
    key, field = (int(label), "id") if label.isdigit() else (label, "name")
    found = view.find("labels", key, field)
    if found is None:
        raise not_found("Label")
    return shown(found)


@route("groups/:id/issues_statistics")
def _statistics(asked: Asked, text: str) -> Any:
    rows = _group_issues(asked, text).rows
    closed = sum(row["state"] == "closed" for row in rows)
    counts = {"all": len(rows), "closed": closed, "opened": len(rows) - closed}
    return {"statistics": {"counts": counts}}


@route("merge_requests", needs_user=True)
def _own_merge_requests(asked: Asked) -> Any:
    scope = asked.choice("scope", ("created_by_me", "assigned_to_me", "all"), "created_by_me")
    if scope == "assigned_to_me":
        return Listed([])
    me = asked.catalog.viewer["id"]
    tops = [key for key, node in asked.catalog.groups.items() if node["parent_id"] is None]
    if not tops:
        raise bad_parameter("scope")

    def source(field: str, down: bool) -> Ordered:
        every = (asked.catalog.group_rows(top, "merge_requests", field, down, True) for top in tops)
        rows = (row for one in every for row in one.rows)
        mine = (row for row in rows if scope == "all" or (row["author"] or {}).get("id") == me)
        return Ordered(mine, field, down)

    return _merge_requests(asked, source)
