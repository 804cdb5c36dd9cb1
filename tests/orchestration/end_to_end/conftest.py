"""Installations that live as long as the session."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.fixtures.pipeline import Installation, make_installation, remove


@pytest.fixture(scope="session")
def installation() -> Iterator[Callable[[str], Installation]]:
    """Makes installations by name; all are stopped and removed at the end."""
    made: list[Installation] = []

    def make(name: str) -> Installation:
        made.append(make_installation(name))
        return made[-1]

    yield make
    for one in made:
        remove(one)
