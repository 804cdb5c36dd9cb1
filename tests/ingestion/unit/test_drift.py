"""What replies look like, and when that has changed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ingestion.contracts import GITLAB
from ingestion.http import BadReply, Shapes
from ingestion.http.shapes import asked_shape
from ingestion.loading import to_arrow, unexpected_shape
from ingestion.loading.drift import drifted
from tests.fixtures.gitlab_site import ANN

LIST = "GET /projects/{id}/merge_requests"


def entry(**more: Any) -> dict[str, Any]:
    found = {"id": 7, "title": "Fix", "merged_at": "2026-01-11T08:00:00.000Z", "draft": False,
             "author": ANN, "labels": ["bug"], "milestone": None}  # fmt: skip
    return {**found, **more}


class Api:
    """Replies of one list, twenty entries each, sync by sync."""

    def __init__(self) -> None:
        self.state: dict[str, Any] = {}

    def sync(self, *entries: dict[str, Any], pages: int = 1) -> list[tuple[str, str]]:
        """The drift of a sync: field and change."""
        return [(row["field"], row["change"]) for row in self.rows(*entries, pages=pages)]

    def rows(self, *entries: dict[str, Any], pages: int = 1) -> list[dict[str, Any]]:
        shapes = Shapes()
        for _ in range(pages):
            shapes.meet(LIST, list(entries or [entry()] * 20))
        found = drifted(self.state, shapes.take())
        self.state = json.loads(json.dumps(self.state))
        return found


@pytest.fixture
def api() -> Api:
    """A list that has been read for long."""
    api = Api()
    assert api.sync(pages=60) == []
    return api


def test_nothing_is_told_while_nothing_changes_and_the_state_comes_to_rest(api):
    before = json.dumps(api.state)
    assert api.sync(pages=5) == []
    assert json.dumps(api.state) == before


def test_a_new_field_is_told_once_and_not_what_is_in_it(api):
    rows = api.rows(*[entry(imported={"from": "x", "at": 1})] * 20)
    assert [(r["field"], r["change"], r["found"], r["is_needed"]) for r in rows] == [
        ("[].imported", "new_field", "object", False)
    ]
    assert api.sync(*[entry(imported={"from": "x", "at": 1})] * 20) == []


def test_a_field_that_is_gone_from_all_entries_is_told_and_one_that_some_lack_is_not(api):
    gone = {name: value for name, value in entry().items() if name != "merged_at"}
    assert api.sync(gone, *[entry()] * 19) == []
    api = Api()
    api.sync(pages=60)
    (row,) = api.rows(*[gone] * 20)
    assert (row["field"], row["change"], row["expected"], row["is_needed"]) == (
        "[].merged_at", "missing_field", "time", True
    )  # fmt: skip
    assert api.sync(*[gone] * 20) == []


def test_few_entries_without_a_field_say_nothing(api):
    assert api.sync(*[{"id": 1}] * 5) == []


@pytest.mark.parametrize(
    ("field", "value", "expected", "found", "is_needed"),
    [
        ("id", "gid://7", "number", "text", True),
        ("merged_at", "11.01.2026", "time", "text", True),
        ("merged_at", 1768118400, "time", "number", True),
        ("title", {"plain": "x"}, "text", "object", False),
        ("draft", "no", "boolean", "text", False),
    ],
)
def test_a_type_that_flips_is_told(api, field, value, expected, found, is_needed):
    row, *inside = api.rows(*[entry()] * 19, entry(**{field: value}))
    assert (row["field"], row["change"]) == (f"[].{field}", "type_changed")
    assert (row["expected"], row["found"], row["is_needed"]) == (expected, found, is_needed)
    assert not inside


def test_a_null_an_empty_text_and_a_text_like_a_date_are_no_change(api):
    assert api.sync(*[entry(merged_at=None, title="2026-01-11", author=None)] * 20) == []
    assert api.sync(*[entry(title="", milestone="M1")] * 20) == []


def test_first_syncs_learn_in_silence():
    api = Api()
    assert api.sync(*[entry()] * 20) == []
    assert api.sync(*[entry(later=1, id="x")] * 20) == []


def test_no_value_is_kept(api):
    api.rows(*[entry(secret="hunter2-value", title="Jane Doe")] * 20)
    assert not any(word in json.dumps(api.state) for word in ("hunter2", "Jane", "Fix", "bug"))


def test_what_asks_for_other_fields_is_another_list():
    assert asked_shape({"page": 2, "simple": True, "view": "x"}, None) == "?simple=true&view=x"
    assert asked_shape(None, {"variables": {"first": 50, "withEmail": False}}) == "?withEmail=false"
    assert asked_shape({"page": 2}, {"jql": "x"}) == ""


def test_a_value_of_another_type_is_named_by_field_and_types_and_not_shown():
    row = {name: None for name in GITLAB["labels"].column_names()}
    row |= {"project_id": 1, "id": "gid-secret", "name": "bug", "is_project_label": True}
    with pytest.raises(BadReply, match="labels: id: bigint expected, str found") as caught:
        to_arrow(GITLAB["labels"], [row], "gitlab", None)  # type: ignore[arg-type]
    assert "secret" not in str(caught.value)
    row |= {"id": 3, "name": {"text": "secret"}}
    with pytest.raises(BadReply, match="labels: name: text expected, dict found"):
        to_arrow(GITLAB["labels"], [row], "gitlab", None)  # type: ignore[arg-type]


def test_a_reply_that_makes_no_row_is_explained_without_its_values():
    assert "iid is missing" in unexpected_shape(KeyError("iid"))
    said = unexpected_shape(ValueError("invalid literal for int(): 'secret'"))
    assert "another type" in said
    assert "secret" not in said
