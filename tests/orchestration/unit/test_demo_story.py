"""Which company the demo tells: the known one, unless another one, or its telling, has changed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from orchestration.commands.demo import TELLING, Story, chosen_story
from orchestration.homes import Home

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def test_a_known_story_goes_on(tmp_path: Path) -> None:
    home = Home(tmp_path, {})
    told = chosen_story(None, None, None, None, NOW)
    told.write(home)
    assert chosen_story(Story.read(home), None, None, None, NOW) == told


def test_a_story_of_an_older_telling_is_begun_anew(tmp_path: Path) -> None:
    home = Home(tmp_path, {})
    # As versions before GitLab and Jira kept it.
    (tmp_path / "story.json").write_text(
        '{"seed": 7, "repositories": 12, "months": 6, "start": "2026-01-01"}'
    )
    known = Story.read(home)
    assert known is not None
    told = chosen_story(known, None, None, None, NOW)
    assert told != known
    assert told.telling == TELLING
    assert (told.seed, told.repositories) == (7, 12)


def test_another_size_is_another_company() -> None:
    told = chosen_story(None, None, None, None, NOW)
    assert chosen_story(told, 3, None, None, NOW) != told
    assert chosen_story(told, 3, None, None, NOW).repositories == 3
    assert replace(told, repositories=3).seed == told.seed
