"""Values as people read them."""

from __future__ import annotations

from datetime import date

import pytest

from orchestration.commands.report import Value, cell, human


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (2.54, "per day", "2.5 per day"),
        (0.5, "per day", "3.5 per week"),
        (0.1, "per day", "3.0 per month"),
        (0.25, "hours", "15 min"),
        (5.0, "hours", "5.0 h"),
        (60.0, "hours", "2.5 days"),
        (24.0 * 21, "hours", "3.0 weeks"),
        (0.125, "ratio", "12 %"),
        (0.042, "ratio", "4.2 %"),
        (0.0, "ratio", "0 %"),
    ],
)
def test_a_value_is_told_in_the_unit_that_people_use(value: float, unit: str, text: str) -> None:
    assert human(value, unit) == text


def make(**changes: object) -> Value:
    facts = {
        "entity_type": "service",
        "entity_id": "s",
        "name": "checkout",
        "metric": "change_lead_time",
        "period_start": date(2026, 1, 1),
        "period_end": date(2026, 4, 1),
        "value": 5.0,
        "unit": "hours",
        "numerator": None,
        "denominator": None,
        "sample_size": 12,
        "status": "ok",
        "band": "elite",
        "open_count": None,
    }
    return Value(**{**facts, **changes})  # type: ignore[arg-type]


def test_a_cell_shows_value_band_and_sample_size() -> None:
    assert cell(make()) == ("5.0 h\nelite, n 12", "green")


def test_null_is_not_shown_as_zero() -> None:
    text, _ = cell(make(value=None, band=None, status="no_source", sample_size=0))
    assert text == "–\nno source"


def test_a_sample_too_small_for_a_band_says_so() -> None:
    text, _ = cell(make(band=None, status="insufficient_data", sample_size=2))
    assert text == "5.0 h\ninsufficient data, n 2"


def test_failures_not_yet_recovered_are_told() -> None:
    text, _ = cell(make(open_count=1))
    assert text == "5.0 h\nelite, n 12, 1 open"
