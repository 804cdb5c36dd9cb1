"""Which fields hold story points, sprints and the flag: by kind and name, never by number."""

from __future__ import annotations

from typing import Any

import pytest

from ingestion.jira.fields import chosen, rivals
from ingestion.settings import JiraConnection, SettingsError

FLOAT = "com.atlassian.jira.plugin.system.customfieldtypes:float"
BOXES = "com.atlassian.jira.plugin.system.customfieldtypes:multicheckboxes"
POINTS = "com.pyxis.greenhopper.jira:jsw-story-points"
SPRINT = "com.pyxis.greenhopper.jira:gh-sprint"


def connection(**more: Any) -> JiraConnection:
    return JiraConnection.model_validate(
        {"url": "https://acme.atlassian.net", "email": "a@b.c", "token": "env:T", **more}
    )


def field(id_: str, name: str, kind: str, type_: str = "number", **more: Any) -> dict[str, Any]:
    return {"id": id_, "name": name, "custom": True,
            "schema": {"type": type_, "custom": kind}, **more}  # fmt: skip


SUMMARY = {"id": "summary", "name": "Summary", "schema": {"type": "string"}, "custom": False}


@pytest.mark.parametrize(
    "found",
    [
        field("customfield_10555", "Story point estimate", POINTS),
        field("customfield_10555", "Whatever", POINTS),
        field("customfield_10555", "Story Points", FLOAT),
        field("customfield_10555", "故事点", FLOAT),
        field("customfield_10555", "点", FLOAT, untranslatedName="Story Points"),
    ],
)
def test_story_points_by_kind_or_by_name(found: dict[str, Any]) -> None:
    assert chosen([SUMMARY, found], connection()).story_points == ("customfield_10555",)


@pytest.mark.parametrize(
    "other",
    [
        field("customfield_10016", "Story Points", "a:textfield", "string"),
        field("customfield_10016", "Original story points", FLOAT),
        field("customfield_10016", "Points of a story", FLOAT),
    ],
)
def test_what_is_no_number_or_called_otherwise_holds_none(other: dict[str, Any]) -> None:
    assert chosen([SUMMARY, other], connection()).story_points == ()


def test_of_several_the_kind_comes_first_then_the_untranslated_name_then_age() -> None:
    fields = [
        field("customfield_10100", "Story Points", FLOAT, untranslatedName="Story Points"),
        field("customfield_9000", "Story Points", FLOAT, untranslatedName="Story Points"),
        field("customfield_8000", "故事点", FLOAT),
        field("customfield_20000", "Story point estimate", POINTS),
    ]

    found = chosen(fields, connection())

    assert found.story_points == (
        "customfield_20000",
        "customfield_9000",
        "customfield_10100",
        "customfield_8000",
    )
    assert {row["id"]: row["preference"] for row in found.rows if row["used_as"]} == {
        "customfield_20000": 1,
        "customfield_9000": 2,
        "customfield_10100": 3,
        "customfield_8000": 4,
    }


def test_of_twins_the_one_that_more_boards_estimate_with_comes_first() -> None:
    fields = [
        field("customfield_1", "Story Points", FLOAT),
        field("customfield_2", "Story Points", FLOAT),
    ]

    assert rivals(fields)
    assert chosen(fields, connection(), {"customfield_2": 3}).story_points == (
        "customfield_2",
        "customfield_1",
    )


def test_the_two_that_jira_makes_itself_are_no_rivals() -> None:
    """Company-managed projects have one, team-managed the other: no issue has both."""
    assert not rivals(
        [
            field("customfield_1", "Story Points", FLOAT),
            field("customfield_2", "Story point estimate", POINTS),
        ]
    )


def test_sprint_flag_and_what_a_search_asks_for() -> None:
    fields = [
        field("customfield_77", "スプリント", SPRINT, "array"),
        field("customfield_78", "标记", BOXES, "array", untranslatedName="Flagged"),
        field("customfield_79", "Teams", BOXES, "array"),
    ]

    found = chosen(fields, connection())

    assert found.sprint == ("customfield_77",)
    assert found.flagged == ("customfield_78",)
    assert {"summary", "customfield_77", "customfield_78"} <= set(found.asked())
    assert "customfield_79" not in found.asked()


def test_settings_may_name_the_fields_by_id_or_name() -> None:
    fields = [
        field("customfield_1", "Story Points", FLOAT),
        field("customfield_2", "Size", FLOAT),
        field("customfield_3", "Sprint", SPRINT, "array"),
    ]

    found = chosen(fields, connection(story_points_field="Size", sprint_field="customfield_3"))

    assert (found.story_points, found.sprint) == (("customfield_2",), ("customfield_3",))


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        (
            {"story_points_field": "customfield_9"},
            '[[jira]] "jira", story_points_field: "customfield_9": the site has none',
        ),
        (
            {"story_points_field": "Twin"},
            '[[jira]] "jira", story_points_field: "Twin": 2 fields are called so; write an id',
        ),
        (
            {"story_points_field": "summary"},
            '[[jira]] "jira", story_points_field: "summary" is no number',
        ),
        (
            {"sprint_field": "customfield_1"},
            '[[jira]] "jira", sprint_field: "customfield_1" is no field of sprints',
        ),
    ],
)
def test_a_wrong_override_is_one_line(setting: dict[str, str], message: str) -> None:
    fields = [SUMMARY, field("customfield_1", "Twin", FLOAT), field("customfield_2", "Twin", FLOAT)]

    with pytest.raises(SettingsError) as error:
        chosen(fields, connection(**setting))

    assert str(error.value) == message


def test_changes_of_texts_are_told_from_changes_of_values() -> None:
    found = chosen(
        [
            SUMMARY,
            {"id": "status", "name": "Status", "schema": {"type": "status"}, "custom": False},
            {"id": "description", "name": "D", "schema": {"type": "string"}, "custom": False},
            field("customfield_1", "Notes", "a:textarea", "string"),
            field("customfield_2", "Story Points", FLOAT),
            field("customfield_3", "Team", "a:select", "option"),
        ],
        connection(),
    )

    texts = {
        id_
        for id_ in ("summary", "status", "description", "customfield_1", "customfield_2",
                    "customfield_3", "customfield_of_yore")
        if found.holds_text(id_, id_)
    }  # fmt: skip
    assert texts == {"summary", "description", "customfield_1", "customfield_of_yore"}
    # Old entries have no id of a field.
    assert found.holds_text(None, "Comment")
    assert not found.holds_text(None, "Link")
