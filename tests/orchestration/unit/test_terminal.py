"""What `sei run` shows of a run."""

from __future__ import annotations

import io
from typing import Any

from rich.console import Console

from orchestration.terminal import RunDisplay


def shown(*events: dict[str, Any]) -> tuple[RunDisplay, str]:
    output = io.StringIO()
    display = RunDisplay(Console(file=output, width=200, highlight=False))
    with display:
        for event in events:
            display.show(event)
    return display, output.getvalue()


def test_each_step_is_a_line_with_its_duration() -> None:
    display, text = shown(
        {"kind": "run", "run_id": "abcdef0123", "steps": ["github"]},
        {"kind": "step", "step": "github"},
        {"kind": "table", "step": "github", "table": "raw_github.commits"},
        {"kind": "step_done", "step": "github", "seconds": 12.34},
        {"kind": "end", "succeeded": True},
    )
    assert display.succeeded
    assert not display.problem
    assert "12.3 s" in text
    assert "1 tables" in text


def test_a_failed_step_is_the_problem_with_its_reason() -> None:
    display, _ = shown(
        {"kind": "step_failed", "step": "dbt", "reason": "a test failed", "is_mistake": False},
        {"kind": "end", "succeeded": False},
    )
    assert not display.succeeded
    assert display.problem.endswith(": a test failed")


def test_the_first_of_several_problems_is_told() -> None:
    display, _ = shown(
        {"kind": "step_failed", "step": "github", "reason": "one", "is_mistake": True},
        {"kind": "step_failed", "step": "dbt", "reason": "two", "is_mistake": False},
    )
    assert display.problem.endswith("one")
    assert display.is_mistake


def test_a_failed_check_is_named_at_once() -> None:
    _, text = shown(
        {
            "kind": "check",
            "table": "marts.fct_commits",
            "name": "sha_is_whole",
            "passed": False,
            "severity": "WARN",
            "description": "[3 rows]",
        }
    )
    assert "marts.fct_commits: sha_is_whole – [3 rows]" in text


def test_a_refresh_under_way_is_the_problem() -> None:
    display, _ = shown({"kind": "busy", "run_id": "abcdef0123"})
    assert "another refresh is under way (run abcdef01)" in display.problem


def test_a_kind_of_event_that_is_not_known_is_passed_over() -> None:
    display, text = shown({"kind": "later"})
    assert text == ""
    assert not display.problem
